//! Parsing of experiments, ids of runs, and messages of errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::pin::pin;

use phasegate_broker::BudgetConfig;
use phasegate_journal::{Append, Blob, Journal, MemoryJournal};
use phasegate_process::experiment::CellId;
use phasegate_process::{AttemptId, Digest, EVENT_FORMAT, Event, RunCreated, RunId, RunStatus};
use phasegate_runtime::{Config, Error, ExperimentCell, RunSettings, Trust, may_belong_to};

use crate::*;

const TASK: &str = "description = \"Parse durations such as 1h30m\"\n";
const TWO: &str = r#"name = "two"
tasks = ["tasks/*.toml"]
repetitions = 2

[[variant]]
name = "phase-aware"

[[variant]]
name = "nearest"
feedback = "nearest-phase"
set = { phases.code-review.max_retries = 5, "models.default" = "b:two" }
"#;

struct Workspace(tempfile::TempDir);

impl Workspace {
    fn new() -> Self {
        let workspace = Self(tempfile::tempdir().unwrap());
        workspace.write("phasegate.toml", "[models]\ndefault = \"a:one\"\n");
        for id in ["ONE", "TWO"] {
            workspace.write(&format!("tasks/{id}.toml"), &format!("task_id = \"{id}\"\n{TASK}"));
        }
        workspace
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Returns variant, task, repetition and run id of each planned run.
    fn plan(&self, text: &str) -> Result<Vec<(String, String, u32, String)>, String> {
        self.write("x.toml", text);
        let here = self.0.path().display().to_string();
        let tell = |error: Error| error.describe().replace(&here, "HERE");
        let experiment = Experiment::read(&self.0.path().join("x.toml")).map_err(|fault| tell(fault.into()))?;
        let config = Config::find(None, self.0.path(), &Trust::default()).unwrap();
        let plan = experiment.plan(&config).map_err(tell)?;
        let names = plan.cells.into_iter().map(|cell| {
            let CellId { variant, task, repetition, run } = cell.place;
            (variant, task.to_string(), repetition, run.to_string())
        });
        Ok(names.collect())
    }

    fn planned(&self, text: &str) -> Plan {
        self.write("x.toml", text);
        let experiment = Experiment::read(&self.0.path().join("x.toml")).unwrap();
        experiment.plan(&Config::find(None, self.0.path(), &Trust::default()).unwrap()).unwrap()
    }

    fn runs(&self, text: &str, variant: &str) -> BTreeSet<String> {
        self.plan(text).unwrap().into_iter().filter(|(of, ..)| of == variant).map(|(.., run)| run).collect()
    }
}

#[test]
fn plans_all_variants_before_the_first_repetition() {
    let cells = Workspace::new().plan(TWO).unwrap();
    assert_eq!(cells.len(), 8);
    let order: Vec<_> =
        cells.iter().map(|(variant, task, repetition, _)| (*repetition, task.as_str(), variant.as_str())).collect();
    assert_eq!(order[..3], [(1, "ONE", "phase-aware"), (1, "ONE", "nearest"), (1, "TWO", "phase-aware")]);
    assert!(cells[1].3.starts_with("two-one-nearest-1-") && cells[1].3.len() == "two-one-nearest-1-".len() + 6);
}

#[test]
fn edits_rename_runs_of_their_variant_only() {
    let workspace = Workspace::new();
    let (aware, nearest) = (workspace.runs(TWO, "phase-aware"), workspace.runs(TWO, "nearest"));
    assert_eq!(workspace.runs(TWO, "nearest"), nearest);
    let edited = TWO.replace("max_retries = 5", "max_retries = 6");
    assert_eq!(workspace.runs(&edited, "phase-aware"), aware);
    assert!(workspace.runs(&edited, "nearest").is_disjoint(&nearest));
    let more = TWO.replace("repetitions = 2", "repetitions = 3");
    assert!(workspace.runs(&more, "nearest").is_superset(&nearest));
    workspace.write("phasegate.toml", "[models]\ndefault = \"a:one\"\nconcurrency = 2\n[budget]\nusd = 1\n");
    assert_eq!(workspace.runs(TWO, "nearest"), nearest, "limits are not part of the id");
}

#[test]
fn new_names_and_prices_keep_identities() {
    let workspace = Workspace::new();
    let identities = |text: &str| -> Vec<String> {
        workspace.planned(text).cells.iter().map(|cell| cell.identity.to_string()).collect()
    };
    let before = identities(TWO);
    assert_eq!(identities(&TWO.replace("name = \"nearest\"", "name = \"closest\"")), before);
    let more = "[prices.\"a:one\"]\ninput = 1\noutput = 1\n[providers.c]\nkind = \"openai\"\nbase_url = \"https://c.example\"\n";
    workspace.write("phasegate.toml", &format!("[models]\ndefault = \"a:one\"\n{more}"));
    assert_eq!(identities(TWO), before);
    assert_ne!(identities(&format!("ask = true\n{TWO}")), before, "gates that may ask are other gates");
}

#[test]
fn equal_variants_have_runs_of_their_own() {
    let plan = Workspace::new().planned(&format!("{TWO}\n[[variant]]\nname = \"again\"\n"));
    let same: Vec<_> = plan.variants.iter().map(|variant| variant.same_as).collect();
    assert_eq!(same, [None, None, Some(0)]);
    let identities: BTreeSet<_> = plan.cells.iter().map(|cell| cell.identity.clone()).collect();
    assert_eq!(identities.len(), 12);
}

/// Records a run that has these events after the first one.
fn record(journal: &dyn Journal, run: &RunId, settings: &RunSettings, more: Vec<Event>) {
    let digest = Digest::from_content(b"");
    let settings = Blob::new(serde_json::to_vec(settings).unwrap());
    let created = RunCreated {
        format: EVENT_FORMAT,
        run_id: run.clone(),
        task_id: "ONE".parse().unwrap(),
        pipeline: digest.clone(),
        inputs: Vec::new(),
        base: Vec::new(),
        components: BTreeMap::new(),
        settings: settings.digest.clone(),
        history: digest,
        scripted: false,
        started_by: None,
        acceptance: None,
        repository: None,
    };
    let owned = ready(journal.acquire(run)).unwrap();
    let events = std::iter::once(Event::RunCreated(Box::new(created))).chain(more).collect();
    let append = Append { run: run.clone(), fence: owned.fence(), next: 1, at_ms: 0, events, blobs: vec![settings] };
    ready(journal.append(append)).unwrap();
}

/// Returns the result of a future that waits for nothing.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(ready) => ready,
        std::task::Poll::Pending => unreachable!("the journal is in memory"),
    }
}

#[test]
fn runs_of_earlier_builds_are_kept() {
    let workspace = Workspace::new();
    let ended = || Event::RunFinished { status: RunStatus::Failed, reason: "enough".to_owned() };
    let at: AttemptId = "code-review#1".parse().unwrap();
    let asked = Event::ApprovalAsked { at, question: "on?".to_owned(), about: Vec::new() };
    // An old run as `events` say: is it the cell's run?
    let is_kept = |text: &str, events: Vec<Event>| {
        let mut plan = workspace.planned(text);
        let experiment = Experiment::read(&workspace.0.path().join("x.toml")).unwrap();
        let journal = MemoryJournal::new();
        let (former, mut settings) = (plan.cells[0].former.clone(), plan.variants[0].settings.clone());
        let (experiment_name, variant) = ("two".to_owned(), "phase-aware".to_owned());
        settings.cell = Some(ExperimentCell {
            experiment: experiment_name,
            variant,
            repetition: 1,
            identity: None,
            shared_beginning: false,
        });
        record(&journal, &former, &settings, events);
        let superseded = plan.adopt(experiment.known_runs(&journal).unwrap());
        assert_eq!(superseded.is_empty(), plan.cells[0].place.run == former);
        superseded.is_empty()
    };
    assert!(is_kept(TWO, vec![ended()]));
    assert!(!is_kept(TWO, vec![]), "it may ask yet");
    assert!(!is_kept(TWO, vec![asked.clone(), ended()]));
    let asking = format!("ask = true\n{TWO}");
    assert!(is_kept(&asking, vec![asked]) && is_kept(&asking, vec![]));
}

#[test]
fn edited_scripts_make_new_runs() {
    let workspace = Workspace::new();
    workspace.write("phasegate.toml", "[models]\ndefault = \"scripted:a.toml\"\n");
    workspace.write("a.toml", "[[answer]]\ntext = \"one\"\n");
    let before = workspace.runs(TWO, "phase-aware");
    workspace.write("a.toml", "[[answer]]\ntext = \"two\"\n");
    assert!(workspace.runs(TWO, "phase-aware").is_disjoint(&before));
}

#[test]
fn edited_context_files_make_new_runs() {
    let workspace = Workspace::new();
    workspace.write("tasks/notes.txt", "one");
    workspace.write("tasks/ONE.toml", &format!("task_id = \"ONE\"\n{TASK}context_files = [\"notes.txt\"]\n"));
    let before = workspace.runs(TWO, "nearest");
    workspace.write("tasks/notes.txt", "two");
    let after = workspace.runs(TWO, "nearest");
    assert_eq!(before.intersection(&after).count(), 2, "runs of the other task");
}

#[test]
fn cuts_long_names_and_keeps_ids_unique() {
    let workspace = Workspace::new();
    let long = "a-rather-long-name-for-a-thing-of-an-exp";
    for id in ["FIRST", "SECOND"] {
        let name = format!("{}-{id}", "A-TASK-WITH-A-VERY-LONG-NAME-INDEED".repeat(2));
        workspace.write(&format!("tasks/{id}.toml"), &format!("task_id = \"{name}\"\n{TASK}"));
    }
    let text = TWO.replace("\"two\"", &format!("{long:?}")).replace("\"nearest\"", "\"another-name-of-some-length\"");
    let cells = workspace.plan(&text).unwrap();
    let runs: BTreeSet<_> = cells.iter().map(|cell| &cell.3).collect();
    assert_eq!(runs.len(), 16);
    assert!(runs.iter().all(|run| run.len() <= 64 && run.starts_with("a-rather-long-na-")), "{runs:?}");
    assert!(cells.iter().all(|(_, task, _, run)| may_belong_to(&run.parse().unwrap(), &task.parse().unwrap())));
    let names: BTreeSet<_> = cells.iter().map(|cell| cell.3.rsplit_once('-').unwrap().0.to_owned()).collect();
    assert_eq!(names.len(), 16, "distinct without the digits of the definition: {names:?}");
}

#[test]
fn errors_name_file_line_and_hint() {
    let variant = "[[variant]]\nname = \"v\"\n";
    let head = "name = \"x\"\ntasks = [\"tasks/ONE.toml\"]\n";
    let workspace = Workspace::new();
    workspace.write("same/TWO.toml", &format!("task_id = \"ONE\"\n{TASK}"));
    workspace.write("same/bad.toml", "task_id = \"BAD\"\ndescription = \"short\"\n");
    for (text, words) in [
        (
            format!("{head}repetition = 3\n{variant}"),
            "HERE/x.toml:3: unknown key `repetition`\nhint: did you mean `repetitions`?",
        ),
        (
            format!("{head}repetitions = 0\n{variant}"),
            "HERE/x.toml:3: `repetitions` must be a whole number, 1 or more, not `0`",
        ),
        (
            format!("{head}repetitions = 9999\n{variant}"),
            "HERE/x.toml:3: 9999 repetitions are too many\nhint: at most 1000",
        ),
        (head.to_owned(), "HERE/x.toml:1: there is no variant\nhint: add `[[variant]]`"),
        (format!("{head}{variant}{variant}"), "HERE/x.toml:6: variant `v` is there twice\nhint: rename one"),
        (
            format!("name = \"X y\"\ntasks = []\n{variant}"),
            "HERE/x.toml:1: `X y` cannot be the name of an experiment\nhint: 1 to 40 characters of a-z, 0-9 and -",
        ),
        (format!("name = \"x\"\ntasks = []\n{variant}"), "HERE/x.toml:2: there is no task\nhint: name at least one"),
        (
            format!("name = \"x\"\ntasks = [\n  \"tasks/ONE.toml\",\n  \"tasks/none.toml\",\n]\n{variant}"),
            "HERE/x.toml:4: there is no task file `tasks/none.toml`\nhint: the path is relative to this file",
        ),
        (format!("name = \"x\"\ntasks = [\"none/*.toml\"]\n{variant}"), "HERE/x.toml:2: no file matches `none/*.toml`"),
        (
            format!("name = \"x\"\ntasks = [\"tasks/ONE.toml\", \"same/TWO.toml\"]\n{variant}"),
            "HERE/x.toml:2: HERE/tasks/ONE.toml and HERE/same/TWO.toml are both called ONE",
        ),
        (
            format!("name = \"x\"\ntasks = [\"same/bad.toml\"]\n{variant}"),
            "HERE/same/bad.toml:2: the description is too short",
        ),
        (
            format!("{head}[budget]\nusd = -1\n{variant}"),
            "HERE/x.toml:4: `budget.usd`: `-1` is not a limit: write a number, 0 or more, or \"unlimited\"",
        ),
        (format!("{head}[budget]\nusb = 1\n{variant}"), "HERE/x.toml:4: unknown key `usb` in [budget]"),
        (
            format!("{head}{variant}feedback = \"nearst-phase\"\n"),
            "HERE/x.toml:5: variant `v`, feedback: there is no strategy `nearst-phase`\nhint: did you mean `nearest-phase`?",
        ),
        (
            format!("{head}{variant}agent = {{ code = \"none.wasm\" }}\n"),
            "HERE/x.toml:5: variant `v`, agent of `code`: there is no file `none.wasm`\nhint: the path is relative to HERE",
        ),
        (
            format!("{head}{variant}pipeline = \"tps\"\n"),
            "HERE/x.toml:5: variant `v`: there is no standard pipeline `tps`\nhint: a standard pipeline, or a file",
        ),
        (
            format!("{head}{variant}[variant.set]\n\"phases.code.max_retires\" = 5\n"),
            "HERE/x.toml:6: variant `v`, set `phases.code.max_retires`: `phases.code` has no such key: `max_retires`\nhint: did \
             you mean `max_retries`?",
        ),
        (
            format!("{head}{variant}set = {{ max_total_attempts = 1 }}\n"),
            "HERE/x.toml:3: variant `v`: max_total_attempts is 1, but 3 gates have to be judged\nhint: allow at least 3",
        ),
    ] {
        let refusal = workspace.plan(&text).unwrap_err();
        assert!(refusal.starts_with(words), "{refusal}\nis not\n{words}");
    }
}

#[test]
fn missing_limits_are_unlimited() {
    let workspace = Workspace::new();
    workspace.write("x.toml", &format!("{TWO}\n[budget]\nusd = 5\n"));
    let experiment = Experiment::read(&workspace.0.path().join("x.toml")).unwrap();
    assert_eq!(experiment.budget, BudgetConfig { usd: Some(5.0), tokens: None, calls: None });
}

#[test]
fn variants_of_any_strategy_continue_one_beginning() {
    let text = |variants: &str| {
        format!("name = \"two\"\ntasks = [\"tasks/ONE.toml\"]\nshare_until = \"first-decision\"\n{variants}")
    };
    let aware = "[[variant]]\nname = \"aware\"\n";
    let nearest = "[[variant]]\nname = \"nearest\"\nfeedback = \"nearest-phase\"\n";
    let settings = "[[variant]]\nname = \"patient\"\nset = { feedback.settings.raise_after = 7 }\n";
    let workspace = Workspace::new();
    let beginnings = |text: &str| -> Vec<String> {
        let cells = workspace.planned(text).cells;
        cells.iter().map(|cell| cell.start.beginning().unwrap().to_string()).collect()
    };
    let all = beginnings(&text(&[aware, nearest, settings].concat()));
    assert!(all.len() == 3 && all[0].starts_with("two-one-shared-1-"), "{all:?}");
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    assert_eq!(beginnings(&text(nearest)), all[..1], "whichever variants there are");
    let plan = workspace.planned(&text(&[aware, nearest].concat()));
    assert_ne!(plan.cells[0].place.run, plan.cells[1].place.run);
    assert_eq!(plan.run_ids().count(), 4);
    let begun = plan.cells[0].beginning().unwrap();
    assert_eq!((begun.place.run.to_string(), begun.start), (all[0].clone(), Start::SharedBeginning));
}
