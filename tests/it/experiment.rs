//! `experiment`: the example from start to end, and experiments that are killed, stopped or over budget.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use insta::assert_snapshot;
use phasegate_journal::{Journal, SqliteJournal};
use phasegate_process::{Event, Recorded};
use phasegate_test::{Output, Scenario, examples};
use serde_json::Value;

/// A copy of `examples/compare-strategies` to edit.
struct Project(Scenario);

impl Project {
    fn new() -> Self {
        let project = Self(crate::scenario("experiment"));
        fs::create_dir_all(project.path("tasks")).unwrap();
        let from = examples().join("compare-strategies");
        for name in ["experiment.toml", "phasegate.toml", "answers.toml"] {
            fs::copy(from.join(name), project.path(name)).unwrap();
        }
        for name in ["roman.toml", "shares.toml", "slugs.toml"] {
            fs::copy(from.join("tasks").join(name), project.path("tasks").join(name)).unwrap();
        }
        project
    }

    /// The same with texts replaced: file, old text, new text.
    fn with(edits: &[(&str, &str, &str)]) -> Self {
        let project = Self::new();
        edits.iter().for_each(|(file, old, new)| project.edit(file, old, new));
        project
    }

    fn edit(&self, file: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(old), "{file} has no {old}");
        fs::write(self.path(file), text.replace(old, new)).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    fn command(&self, more: &[&str]) -> Command {
        self.0.command(&[&["experiment", "experiment.toml"], more].concat())
    }

    fn run(&self, more: &[&str]) -> Output {
        Output::from_command(self.command(more))
    }

    /// Runs it until it has reported this many cells.
    fn run_until(&self, cells: usize) -> RunningExperiment {
        let mut child = self.command(&["--jobs", "2"]).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut message = String::new();
        let mut seen = 0;
        while seen < cells {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "the experiment ended early: {message}");
            seen += usize::from(line.contains("gate attempt"));
            message.push_str(&line);
        }
        RunningExperiment { child, stderr, message }
    }

    fn journal(&self) -> SqliteJournal {
        SqliteJournal::open(&self.path("state")).unwrap()
    }

    fn runs(&self) -> BTreeMap<String, Vec<Recorded>> {
        let journal = self.journal();
        journal.runs().unwrap().into_iter().map(|run| (run.to_string(), journal.events(&run).unwrap())).collect()
    }

    fn answered(&self) -> usize {
        let runs = self.runs();
        runs.values().flatten().filter(|it| matches!(it.event, Event::ModelAnswered { .. })).count()
    }

    /// The results file without measured time.
    fn results(&self) -> Value {
        let text = fs::read(self.path("phasegate-out/experiment-strategies/results.json")).unwrap();
        without_time(serde_json::from_slice(&text).unwrap())
    }
}

struct RunningExperiment {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    message: String,
}

impl RunningExperiment {
    fn signal(mut self, name: &str) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
        self.stderr.read_to_string(&mut self.message).unwrap();
        (self.child.wait().unwrap().code(), self.message)
    }
}

fn without_time(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.remove("elapsed_ms");
            fields.values_mut().for_each(|field| *field = without_time(field.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without_time(item.take())),
        _ => {}
    }
    value
}

/// Replaces the rest of rows that depend on the length of prompts or on time.
fn plain(text: &str, rows: &[&str]) -> String {
    let line = |line: &str| {
        let measured = rows.iter().find(|row| line.starts_with(**row));
        measured.map_or_else(|| line.to_owned(), |row| format!("{row} …"))
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

/// A table whose columns are separated by `part`, with `…` in the named columns.
fn columns(text: &str, part: &str, without: &[&str]) -> String {
    let mut lines = text.lines();
    let heads: Vec<&str> = lines.next().unwrap().split(part).collect();
    let dropped = |place: usize| heads.get(place).is_some_and(|head| without.iter().any(|name| head.starts_with(name)));
    let kept = |line: &str| {
        let cells = line.split(part).enumerate();
        cells.map(|(place, cell)| if dropped(place) { "…" } else { cell }).collect::<Vec<_>>().join(part)
    };
    std::iter::once(heads.join(part)).chain(lines.map(kept)).collect::<Vec<_>>().join("\n")
}

#[test]
fn example_distinguishes_the_strategies() {
    let project = Project::new();
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_snapshot!(plain(&output.stdout, &["cost per passed", "tokens per passed", "time per run"]), @r"
    strategies: 12 of 12 runs ended

                       phase-aware     nearest
    passed             6 of 6          4 of 6
    pass rate          100% [61, 100]  67% [30, 90]
    attempts to pass   5.3 [4.8, 5.9]  4.5 [3.6, 5.4]
    cost per passed …
    tokens per passed …
    escaped per run    1.0             1.7
    time per run …

    passed, by task
    ROMAN-001          2 of 2          2 of 2
    SHARES-001         2 of 2          0 of 2
    SLUGS-001          2 of 2          2 of 2

    answers were scripted: the result says nothing about a model
    ");
    assert!(output.stdout.lines().all(|line| line.chars().count() <= 80));

    // The same command again makes no calls, and the other formats contain the same.
    let asked = project.answered();
    let markdown = project.run(&["--markdown"]);
    assert_snapshot!(columns(&markdown.stdout, " | ", &["cost", "tokens", "time"]), @r"
    | variant | passed | pass rate | attempts to pass | cost per passed | tokens per passed | escaped per run | time per run |
    |---|---|---|---|---|---|---|---|
    | phase-aware | 6 of 6 | 100% [61, 100] | 5.3 [4.8, 5.9] | … | … | 1.0 | …
    | nearest | 4 of 6 | 67% [30, 90] | 4.5 [3.6, 5.4] | … | … | 1.7 | …

    | passed | phase-aware | nearest |
    |---|---|---|
    | ROMAN-001 | 2 of 2 | 2 of 2 |
    | SHARES-001 | 2 of 2 | 0 of 2 |
    | SLUGS-001 | 2 of 2 | 2 of 2 |

    [low, high] are 95 % intervals: Wilson's for pass rates, Student's for means. They assume independent runs; repetitions of one task are not independent. Attempts to pass count the verdicts of all gates in runs that passed, so a variant that fails the hard tasks looks better. Cost and tokens per passed run are the totals of all runs of the variant, divided by the runs that passed. Escaped defects are issues that an earlier gate could have found. Escaped defects and time are means over the runs that ended.

    **Answers were scripted: the figures describe the process and say nothing about a model.**
    ");
    let csv = project.run(&["--csv"]);
    assert!(csv.stdout.ends_with("\r\n") && csv.stdout.lines().count() == 3);
    assert_snapshot!(columns(&csv.stdout, ",", &["usd", "tokens", "elapsed"]), @r#"
    variant,runs,passed,failed,aborted,waiting,stopped,not_started,pass_rate,pass_rate_low,pass_rate_high,attempts_to_pass,attempts_to_pass_low,attempts_to_pass_high,usd,usd_per_passed,tokens,tokens_per_passed,escaped,escaped_low,escaped_high,elapsed_ms,elapsed_ms_low,elapsed_ms_high,maybe_billed,scripted
    phase-aware,6,6,0,0,0,0,0,1,0.609666,1,5.333333,4.791407,5.87526,…,…,…,…,1,1,1,…,…,…,0,true
    nearest,6,4,2,0,0,0,0,0.666667,0.299993,0.903229,4.5,3.581307,5.418693,…,…,…,…,1.666667,0.582814,2.750519,…,…,…,0,true
    "#);
    let json: Value = serde_json::from_str(&project.run(&["--json"]).stdout).unwrap();
    assert_eq!((project.answered(), without_time(json.clone())), (asked, project.results()));
    assert!(csv.stderr.contains("12 runs ended before and are kept"), "{}", csv.stderr);

    // The cost of a passed run is the cost of all runs, so a strategy that gives up on tasks costs more for each passed
    // run.
    let [aware, nearest] = ["phase-aware", "nearest"].map(|name| {
        let of = |list: &str| {
            json[list].as_array().unwrap().iter().filter(|it| it["variant"] == name).cloned().collect::<Vec<_>>()
        };
        let (figures, cells) = (of("variants").remove(0), of("cells"));
        let spent: f64 = cells.iter().map(|cell| cell["usd"].as_f64().unwrap()).sum();
        let each = figures["usd_per_passed"].as_f64().unwrap();
        assert!((each - spent / figures["passed"].as_f64().unwrap()).abs() < 1e-8);
        each
    });
    assert!(nearest > aware, "{nearest} {aware}");

    // No run has another one in its history.
    let runs = project.runs();
    let pinned: BTreeSet<_> = runs
        .values()
        .map(|events| match &events[0].event {
            Event::RunCreated(created) => (created.history.clone(), created.inputs[1].digest.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((runs.len(), pinned.len()), (12, 1));
    assert_eq!(project.journal().blob(&pinned.first().unwrap().0).unwrap().unwrap(), b"[]");
    files_are_there(&project, &runs);
}

fn files_are_there(project: &Project, runs: &BTreeMap<String, Vec<Recorded>>) {
    let out = project.path("phasegate-out/experiment-strategies");
    let report = fs::read_to_string(out.join("report.md")).unwrap();
    assert!(report.starts_with("# Experiment strategies\n\n12 of 12 runs ended.\n"), "{report}");
    for run in runs.keys() {
        assert!(out.join("runs").join(run).join("result.json").is_file() && report.contains(run));
    }
    let cells = fs::read_to_string(out.join("cells.csv")).unwrap();
    assert_eq!(cells.lines().count(), 13);
    assert!(cells.lines().any(|line| line.contains("nearest,SHARES-001,1,strategies-shares-001-nearest-1-")));
    assert!(cells.contains(
        "failed,\"gate test failed after 3 attempts: 1 of 3 tests did not pass (1 failed, 0 errored, 0 skipped)\",7,"
    ));
}

const ONCE: (&str, &str, &str) = ("experiment.toml", "repetitions = 2", "repetitions = 1");

/// The artifacts and verdicts of each run, without artifacts that contain measured time.
fn digests(runs: &BTreeMap<String, Vec<Recorded>>) -> Vec<String> {
    let measured = ["run_measures", "postmortem_report", "pips"];
    let line = |run: &str, event: &Event| match event {
        Event::ArtifactStored { at, artifact } if !measured.contains(&artifact.name.as_str()) => {
            Some(format!("{run} {at} {} {}", artifact.name, artifact.digest))
        }
        Event::GateJudged { at, verdict, reason, .. } => Some(format!("{run} {at} {} {reason}", verdict.as_str())),
        _ => None,
    };
    let all = runs.iter().flat_map(|(run, events)| events.iter().filter_map(move |it| line(run, &it.event)));
    all.collect()
}

#[test]
fn killed_experiment_resumes_without_repeating_calls() {
    let whole = Project::with(&[ONCE]);
    assert_eq!(whole.run(&[]).code, 0);
    let project = Project::with(&[ONCE]);
    project.run_until(2).signal("KILL");
    let before = project.answered();
    assert!(before < whole.answered(), "the kill came too late");
    let output = project.run(&["--async"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stderr.contains("ended before and are kept"), "{}", output.stderr);

    let runs = project.runs();
    for (run, events) in &runs {
        let mut calls = BTreeSet::new();
        for recorded in events {
            if let Event::ModelAnswered { at, call, .. } = &recorded.event {
                assert!(calls.insert((at.to_string(), *call)), "{run}: call {call} of {at} was answered twice");
            }
        }
    }
    assert_eq!(project.answered(), whole.answered());
    assert_eq!(digests(&runs), digests(&whole.runs()));
    let but_for_what_may_have_been_billed =
        |project: &Project| project.results()["variants"].to_string().split("maybe_billed").next().map(str::to_owned);
    assert_eq!(but_for_what_may_have_been_billed(&project), but_for_what_may_have_been_billed(&whole));
}

#[test]
fn one_budget_covers_all_runs_and_can_grow() {
    let project = Project::with(&[ONCE, ("experiment.toml", "usd = 5.0", "calls = 40")]);
    let output = project.run(&[]);
    assert_eq!(output.code, 4, "{}", output.stderr);
    assert_eq!(project.answered(), 40);
    let words = "experiment `strategies`: call budget exhausted: needs 1, 0 of 40 left\n\
                 hint: nothing is lost; raise [budget] in experiment.toml and run the same command again\n";
    assert_eq!(output.stderr.matches(words).count(), 1, "{}", output.stderr);
    assert!(output.stderr.ends_with("Not every run has ended. Repeat the command to continue.\n"), "{}", output.stderr);
    let rows = |label: &str| output.stdout.lines().any(|line| line.starts_with(label));
    assert!(rows("stopped") && rows("not started"), "{}", output.stdout);

    // Spent calls count after a resume.
    let again = project.run(&[]);
    assert_eq!((again.code, project.answered()), (4, 40));
    assert!(again.stderr.contains("at most 40 calls in total; "), "{}", again.stderr);
    project.edit("experiment.toml", "calls = 40", "calls = 400");
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let whole = Project::with(&[ONCE]);
    whole.run(&[]);
    assert_eq!((project.answered(), digests(&project.runs())), (whole.answered(), digests(&whole.runs())));
    assert_eq!(project.results(), whole.results());
}

#[test]
fn ctrl_c_stops_an_experiment_resumably() {
    let project = Project::with(&[ONCE]);
    let (code, message) = project.run_until(1).signal("INT");
    assert_eq!(code, Some(130), "{message}");
    assert!(message.contains("stopping; press Ctrl-C again to end at once\n"), "{message}");
    assert!(message.ends_with("Not every run has ended. Repeat the command to continue.\n"), "{message}");
    let results = project.results();
    let open = results["cells"].as_array().unwrap().iter().filter(|cell| cell["standing"] != "passed").count();
    assert!(open > 0);
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stdout.starts_with("strategies: 6 of 6 runs ended\n"), "{}", output.stdout);
}

#[test]
fn sigterm_stops_an_experiment_resumably() {
    let project = Project::with(&[ONCE]);
    let (code, message) = project.run_until(1).signal("TERM");
    assert_eq!(code, Some(143), "{message}");
    assert!(message.contains("stopping because of SIGTERM; another signal ends at once\n"), "{message}");
    assert_eq!(project.run(&[]).code, 0);
}

#[test]
fn waiting_runs_are_counted_and_reported() {
    let project = Project::with(&[
        ONCE,
        ("experiment.toml", "tasks/*.toml", "tasks/shares.toml"),
        ("phasegate.toml", "default = \"never\"", "default = \"on_exhausted\""),
    ]);
    let output = project.run(&[]);
    assert_eq!(output.code, 3, "{}", output.stderr);
    assert_snapshot!(plain(&output.stdout, &["cost per passed", "tokens per passed", "time per run"]), @r"
    strategies: 1 of 2 runs ended

                       phase-aware     nearest
    passed             1 of 1          0 of 0
    pass rate          100% [21, 100]  -
    attempts to pass   6.0             none passed
    cost per passed …
    tokens per passed …
    escaped per run    1.0             -
    time per run …
    waiting            0               1

    passed, by task
    SHARES-001         1 of 1          0 of 0

    answers were scripted: the result says nothing about a model
    ");
    let results = project.results();
    let waiting =
        results["cells"].as_array().unwrap().iter().find(|cell| cell["standing"] == "waiting").unwrap().clone();
    let run = waiting["run"].as_str().unwrap();
    let said = format!(
        "1 run waits for a decision. Decide, then repeat the command.\n  list them: phasegate runs\n  what to decide, and the \
         commands: phasegate show {run}\n"
    );
    assert!(output.stderr.ends_with(&said), "{}", output.stderr);
    assert_eq!(output.stderr.matches(run).count(), 2, "one line a run and one hint: {}", output.stderr);
    assert!(!output.stderr.contains("approve") && !output.stderr.contains("continue"), "{}", output.stderr);
    let shown = project.0.call(&["show", run]).stdout;
    let (_, command) = shown.split_once(&format!("phasegate abort {run} --at ")).unwrap();
    let at = command.split(' ').next().unwrap();
    assert_eq!(project.0.call(&["abort", run, "--at", at, "--by", "ann", "--reason", "seen enough"]).code, 0);
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(project.results()["variants"][1]["aborted"], 1);
}

#[test]
fn edited_variant_reruns_only_itself() {
    let project = Project::with(&[ONCE, ("experiment.toml", "tasks/*.toml", "tasks/slugs.toml")]);
    assert_eq!(project.run(&[]).code, 0);
    let before: BTreeSet<String> = project.runs().into_keys().collect();
    project.edit(
        "experiment.toml",
        "feedback = \"nearest-phase\"",
        "feedback = \"nearest-phase\"\nset = { phases.test.max_retries = 2 }",
    );
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stderr.contains("1 run ended before and is kept\n"), "{}", output.stderr);
    let new: Vec<String> = project.runs().into_keys().filter(|run| !before.contains(run)).collect();
    assert!(new.len() == 1 && new[0].starts_with("strategies-slugs-001-nearest-1-"), "{new:?}");
}

/// The message of an experiment that is rejected before anything is recorded.
fn refusal(edits: &[(&str, &str, &str)]) -> String {
    let project = Project::with(edits);
    let output = project.run(&[]);
    assert_eq!(output.code, 2, "{}", output.stderr);
    assert!(!project.path("phasegate-out").exists());
    output.stderr
}

#[test]
fn rejects_a_bad_experiment_file_before_recording() {
    let variant = "feedback = \"nearest-phase\"";
    assert_snapshot!(refusal(&[("experiment.toml", "repetitions", "repetition")]), @r"
    error[PG-0102]: experiment.toml:9: unknown key `repetition`
      9 | repetition = 2
        | ^^^^^^^^^^
    hint: did you mean `repetitions`?
    ");
    assert_snapshot!(refusal(&[("experiment.toml", variant, "set = { models.defualt = \"a:b\" }")]), @r#"
    error[PG-0102]: experiment.toml:22: variant `nearest`, set `models`: `models` has no such key: `defualt`
      22 | set = { models.defualt = "a:b" }
         |         ^^^^^^
    hint: did you mean `default`?
    "#);
    assert_snapshot!(refusal(&[("experiment.toml", variant, "set = { models.default = \"nobody:b\" }")]), @r#"
    experiment strategies: 3 tasks × 2 variants × 2 repetitions = 12 runs, 4 at once
    error[PG-0102]: experiment.toml:22: variant `nearest`: [models] default: `nobody:b` names the provider `nobody`, which is not known
      22 | set = { models.default = "nobody:b" }
         |         ^^^^^^
    hint: choose from anthropic, ollama, openai, scripted
    hint: describe another as [providers.nobody] with kind and base_url
    "#);
    assert_snapshot!(refusal(&[("tasks/roman.toml", "requirements", "requirement")]), @r"
    error[PG-0102]: tasks/roman.toml:4: unknown key `requirement`
      4 | requirement = [
        | ^^^^^^^^^^^
    hint: did you mean `requirements`?
    ");
    assert_snapshot!(refusal(&[("experiment.toml", variant, "agent = { code = \"nearest-phase\" }")]), @r#"
    experiment strategies: 3 tasks × 2 variants × 2 repetitions = 12 runs, 4 at once
    error[PG-0102]: experiment.toml:22: variant `nearest`: plugin nearest-phase is of world feedback-plugin, but the pipeline uses it as an agent
      22 | agent = { code = "nearest-phase" }
         |           ^^^^
    hint: `phasegate plugin inspect FILE` shows what a component is
    "#);
}

#[test]
fn table_of_many_variants_fits_eighty_columns() {
    let project = Project::with(&[ONCE, ("experiment.toml", "usd = 5.0", "calls = 0")]);
    let file = fs::read_to_string(project.path("experiment.toml")).unwrap();
    let more: String =
        ('a'..='f').map(|c| format!("[[variant]]\nname = \"variant-{c}-of-many-with-a-name\"\n")).collect();
    fs::write(project.path("experiment.toml"), file + &more).unwrap();
    let output = project.run(&[]);
    assert_eq!(output.code, 4, "{}", output.stderr);
    assert!(output.stdout.lines().all(|line| line.chars().count() <= 80), "{}", output.stdout);
    for name in ["phase-aware", "nearest", "variant-a-of-many", "variant-f-of-many"] {
        assert_eq!(output.stdout.matches(&format!("  {name}")).count(), 1, "{}", output.stdout);
    }
}

#[test]
fn leaves_a_foreign_output_folder_alone() {
    let project = Project::new();
    fs::create_dir_all(project.path("mine")).unwrap();
    fs::write(project.path("mine/diary.txt"), "").unwrap();
    let output = project.run(&["--out", "mine"]);
    assert_eq!(output.code, 2);
    assert_snapshot!(output.stderr, @"
    error[PG-0101]: mine is not the output folder of an experiment; nothing was started
    hint: choose another folder with --out
    ");
    assert!(!Path::new(&project.path("state")).exists());
}
