//! `share_until`: variants continue one beginning, which a server of models is asked for once.

use std::collections::BTreeSet;
use std::fs;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use phasegate_journal::{Journal, SqliteJournal};
use phasegate_test::{ModelServer, Output, ProviderKind, Scenario, scenarios};
use serde_json::Value;

const KEY: &str = "no-key";

/// The review sends the first work of every run back; planning and design ask a model.
const FAILS_ONCE: &str = r#"
[[phase.settings.attempts]]
findings = { issues = [{ phase_injected = "planning", description = "The plan forgets the question." }] }

[[phase.settings.attempts]]
findings = { reviewers = ["fixture"] }
"#;

const TWO: &str = r#"
[[variant]]
name = "aware"

[[variant]]
name = "nearest"
feedback = "nearest-phase"
"#;

struct Project {
    scenario: Scenario,
    server: ModelServer,
}

impl Project {
    /// An experiment with one task, whose review has these settings. The server answers each request after `ready`.
    fn new(review: &str, experiment: &str, ready: impl Fn(usize) + Send + Sync + 'static) -> Self {
        let asked = Mutex::new(0);
        let respond = move |request: &Value| {
            let number = {
                let mut asked = asked.lock().unwrap();
                *asked += 1;
                *asked
            };
            ready(number);
            ProviderKind::Chat.answer(request, "{ \"said\": \"yes\" }", 3)
        };
        let server = ModelServer::start(KEY, Arc::new(respond));
        let scenario = crate::scenario("asks-models");
        let base = scenarios().join("base.toml").display().to_string();
        let pipeline = format!(
            "extends = \"{base}\"\n[[phase]]\nname = \"planning\"\nsettings = {{ ask = \"plan\" }}\n\
             [[phase]]\nname = \"design\"\nsettings = {{ ask = \"design\" }}\n[[phase]]\nname = \"design-review\"\n{review}"
        );
        let config = format!(
            "pipeline = \"pipeline.toml\"\n[models]\ndefault = \"mine:m\"\n[providers.mine]\nkind = \"openai\"\n\
             base_url = \"{}/v1\"\n[prices.\"mine:m\"]\ninput = 100.0\noutput = 100.0\n",
            server.address
        );
        let project = Self { scenario, server };
        project.scenario.set_user_config(&config.replace("pipeline = \"pipeline.toml\"\n", ""));
        project.write("pipeline.toml", &pipeline);
        project.write("phasegate.toml", &config);
        fs::copy(scenarios().join("task.toml"), project.scenario.path("task.toml")).unwrap();
        project.write("x.toml", experiment);
        project
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.scenario.path(name), text).unwrap();
    }

    fn run(&self, more: &[&str]) -> Output {
        self.scenario.call(&[&["experiment", "x.toml", "--json"], more].concat())
    }

    fn results(&self, more: &[&str]) -> Value {
        let output = self.run(more);
        assert_eq!(output.code, 0, "{}\n{}", output.stdout, output.stderr);
        serde_json::from_str(&output.stdout).unwrap()
    }

    fn asked(&self) -> usize {
        self.server.requests().len()
    }

    fn replay_all(&self) {
        let journal = SqliteJournal::open(&self.scenario.path("state")).unwrap();
        let runs = journal.runs().unwrap();
        drop(journal);
        runs.iter().for_each(|run| drop(self.scenario.check_replay(run.as_str(), &[])));
    }
}

fn experiment(calls: u32, variants: &str) -> String {
    format!(
        "name = \"pairs\"\ntasks = [\"task.toml\"]\nshare_until = \"first-decision\"\n[budget]\ncalls = {calls}\n\
         tokens = 1_000_000\nusd = 10.0\n{variants}"
    )
}

fn cells(results: &Value) -> &[Value] {
    results["cells"].as_array().unwrap()
}

/// Two requests before the review; then planning and design again, or design alone.
#[test]
fn variants_pay_their_common_beginning_once() {
    let project = Project::new(FAILS_ONCE, &experiment(5, TWO), |_| {});
    let results = project.results(&[]);
    assert_eq!(project.asked(), 5, "{}", results["sharing"]);
    let [aware, nearest] = cells(&results) else { panic!("{results}") };
    assert_eq!((&aware["standing"], &nearest["standing"]), (&Value::from("passed"), &Value::from("passed")));
    // Each cell costs what it would have cost alone; the beginning is in both.
    assert_eq!((aware["calls"].as_u64(), nearest["calls"].as_u64()), (Some(4), Some(3)));
    assert_eq!(aware["shared"], nearest["shared"]);
    assert_eq!((aware["shared"]["calls"].as_u64(), aware["shared"]["whole"].as_bool()), (Some(2), Some(false)));
    assert_ne!(aware["run"], nearest["run"]);
    let each = 1100;
    let tokens = |part: &str| results["sharing"][part]["tokens"].as_u64();
    assert_eq!((tokens("shared"), tokens("spent"), tokens("alone")), (Some(2 * each), Some(5 * each), Some(7 * each)));
    let usd = |part: &str| results["sharing"][part]["usd"].as_f64();
    assert_eq!((usd("shared"), usd("spent"), usd("alone")), (Some(0.22), Some(0.55), Some(0.77)));

    // The budget of five calls is used up and not exceeded; nothing is asked again.
    let again = project.run(&[]);
    assert_eq!((again.code, project.asked()), (0, 5), "{}", again.stderr);
    assert!(again.stderr.contains("5 calls spent before"), "{}", again.stderr);
    assert_eq!(serde_json::from_str::<Value>(&again.stdout).unwrap(), results);
    project.replay_all();

    // A variant that is added later continues the same beginning.
    let third = "[[variant]]\nname = \"later\"\nset = { feedback.settings.raise_after = 5 }\n";
    project.write("x.toml", &experiment(9, &format!("{TWO}{third}")));
    let more = project.results(&[]);
    assert_eq!((project.asked(), cells(&more).len()), (7, 3));
    assert_eq!(cells(&more)[2]["shared"]["run"], aware["shared"]["run"]);
    project.replay_all();
}

#[test]
fn tables_say_what_was_spent_once() {
    let project = Project::new(FAILS_ONCE, &experiment(5, TWO), |_| {});
    assert_eq!(project.run(&[]).code, 0);
    let output = project.scenario.call(&["experiment", "x.toml"]);
    let said = "spent once for all variants: 0.2200 of 0.5500 USD (40 %); without sharing, 0.7700 USD";
    assert!(output.stdout.contains(said), "{}", output.stdout);
    let markdown = project.scenario.call(&["experiment", "x.toml", "--markdown"]);
    assert!(markdown.stdout.contains("0.2200 of 0.5500 USD (40 %)"), "{}", markdown.stdout);
    let file =
        |name: &str| fs::read_to_string(project.scenario.path("phasegate-out/experiment-pairs").join(name)).unwrap();
    assert!(file("report.html").contains(&format!("{said}. The figures of a variant")), "{}", file("report.html"));
    let cells = file("cells.csv");
    let columns: Vec<Vec<&str>> = cells.lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| columns[0].iter().position(|head| *head == name).unwrap();
    let shared = ["shared_whole", "shared_calls", "shared_tokens", "shared_usd"].map(|name| columns[1][column(name)]);
    assert_eq!(shared, ["false", "2", "2200", "0.22"]);
    assert_eq!(columns[1][column("shared_run")], columns[2][column("shared_run")]);
}

#[test]
fn a_complete_beginning_is_not_resumed() {
    let project = Project::new(FAILS_ONCE, &experiment(2, TWO), |_| {});
    // Both calls of the budget are used up by the beginning.
    let output = project.run(&[]);
    assert_eq!(output.code, 4);
    assert!(output.stderr.contains(" ANSWER-001 (shared) #1 complete ("), "{}", output.stderr);
    let listed = project.scenario.call(&["runs", "--json"]);
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let is_beginning = |run: &&Value| run["waits_for"] == "experiment pairs";
    let beginnings: Vec<&Value> = listed.as_array().unwrap().iter().filter(is_beginning).collect();
    let [beginning] = beginnings[..] else { panic!("{listed}") };
    let run = beginning["run_id"].as_str().unwrap();
    let shown = project.scenario.call(&["show", run]).stdout;
    let continued =
        "the variants of experiment pairs continue it, each in a run of its own; repeat the experiment to go on";
    assert!(shown.ends_with(&format!("\n{continued}\n")), "{shown}");
    let resumed = project.scenario.call(&["resume", run]);
    assert_eq!(resumed.render_errors(&[(run, "RUN")]), format!("exit 0\nrun RUN has nothing to resume: {continued}\n"));
    assert_eq!(project.asked(), 2);
}

#[test]
fn a_dry_run_counts_beginnings_once() {
    let project =
        Project::new(FAILS_ONCE, &experiment(20, TWO).replace("[budget]", "repetitions = 3\n[budget]"), |_| {});
    let dry_run = || {
        let text = project.scenario.call(&["experiment", "x.toml", "--dry-run"]).stdout;
        // The time is measured.
        let line = |line: &str| match line.split_once(" tokens in ") {
            Some((estimate, _)) => format!("{estimate} tokens in TIME\n"),
            None => format!("{line}\n"),
        };
        text.lines().map(line).collect::<String>()
    };
    insta::assert_snapshot!(dry_run(), @r"
              to start  to resume  kept  superseded  estimate
    (shared)  3         0          0     0           none: no earlier run
    aware     3         0          0     0           none: no earlier run
    nearest   3         0          0     0           none: no earlier run
    ");
    // A whole run of the same pipeline, of four calls.
    assert_eq!(project.scenario.call(&["run", "--task", "task.toml"]).code, 0);
    insta::assert_snapshot!(dry_run(), @r"
              to start  to resume  kept  superseded  estimate
    (shared)  3         0          0     0           counted with the variants
    aware     3         0          0     0           1.32 USD, 13.2k tokens (mean of 1 run of its pipeline outside of the experiment)
    nearest   3         0          0     0           1.32 USD, 13.2k tokens (mean of 1 run of its pipeline outside of the experiment)

    estimate    at most 2.64 USD and 26.4k tokens in TIME
                shared beginnings are counted for each variant
    ");
    project.write("x.toml", &experiment(20, TWO));
    assert_eq!(project.run(&[]).code, 0);
    project.write("x.toml", &experiment(20, TWO).replace("[budget]", "repetitions = 3\n[budget]"));
    insta::assert_snapshot!(dry_run(), @r"
              to start  to resume  kept  superseded  estimate
    (shared)  2         0          1     0           0.4400 USD, 4.4k tokens (mean of 1 run)
    aware     2         0          1     0           0.4400 USD, 4.4k tokens (mean of 1 run)
    nearest   2         0          1     0           0.2200 USD, 2.2k tokens (mean of 1 run)

    estimate    1.10 USD and 11.0k tokens in TIME
    ");
    let planned: Value = serde_json::from_str(&project.run(&["--dry-run"]).stdout).unwrap();
    crate::schemas::check("experiment-dry-run", &planned);
    // Two beginnings of two calls; two runs with two more calls, and two with one.
    assert_eq!(planned["estimate"]["calls"], 10.0);
    assert_eq!(
        (&planned["shared_beginnings"]["to_start"], &planned["shared_beginnings"]["kept"]),
        (&2.into(), &1.into())
    );
}

#[test]
fn runs_without_a_failure_are_shared_whole() {
    let project = Project::new("", &experiment(2, TWO), |_| {});
    let results = project.results(&[]);
    assert_eq!(project.asked(), 2);
    let [aware, nearest] = cells(&results) else { panic!("{results}") };
    assert_eq!((&aware["run"], &aware["shared"]["whole"]), (&nearest["run"], &Value::from(true)));
    assert_eq!((&aware["standing"], &nearest["standing"]), (&Value::from("passed"), &Value::from("passed")));
    assert_eq!(results["sharing"]["whole_runs"], 1);
    assert_eq!(results["sharing"]["spent"], results["sharing"]["shared"]);
    let run = aware["run"].as_str().unwrap();
    assert!(project.scenario.path("phasegate-out/experiment-pairs/runs").join(run).join("result.json").is_file());
    assert_eq!((project.run(&[]).code, project.asked()), (0, 2));
    project.replay_all();
}

/// Kills an experiment while the server holds this request, and runs it to its end.
fn kill_at(request: usize) -> usize {
    let (arrived, arrival) = channel::<()>();
    let (release, released) = channel::<()>();
    let held: Mutex<Option<Receiver<()>>> = Mutex::new(Some(released));
    let project = Project::new(FAILS_ONCE, &experiment(20, TWO), move |number| {
        if number == request {
            arrived.send(()).unwrap();
            let released = held.lock().unwrap().take();
            let _ = released.map(|released| released.recv());
        }
    });
    let mut child = project.scenario.command(&["experiment", "x.toml", "--jobs", "1"]).spawn().unwrap();
    arrival.recv_timeout(Duration::from_secs(120)).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    drop(release);
    let results = project.results(&[]);
    let runs: BTreeSet<&str> = cells(&results).iter().map(|cell| cell["shared"]["run"].as_str().unwrap()).collect();
    assert_eq!(runs.len(), 1, "one beginning");
    project.replay_all();
    project.asked()
}

#[test]
fn a_killed_experiment_repeats_one_request() {
    // In the beginning, and after it.
    for request in [2, 4] {
        assert_eq!(kill_at(request), 6, "killed at request {request}");
    }
}

#[test]
fn rejects_variants_that_differ_in_more() {
    let refused = |experiment: &str| {
        let project = Project::new(FAILS_ONCE, experiment, |_| {});
        let output = project.run(&[]);
        assert_eq!((output.code, project.asked()), (2, 0), "{}", output.stderr);
        output.stderr
    };
    let other =
        "[[variant]]\nname = \"aware\"\n[[variant]]\nname = \"patient\"\nset = { phases.test.max_retries = 9 }\n";
    insta::assert_snapshot!(refused(&experiment(5, other)), @r"
    error[PG-0102]: x.toml:12: variant `patient` differs from `aware` in more than its strategy, so their runs have no common beginning
      12 | set = { phases.test.max_retries = 9 }
         |         ^^^^^^
    hint: let the variants differ in `feedback` and `feedback.settings` only, or remove `share_until`
    ");
    let word = experiment(5, TWO).replace("first-decision", "first-gate");
    insta::assert_snapshot!(refused(&word), @r#"
    error[PG-0102]: x.toml:3: `share_until` cannot be `first-gate`
      3 | share_until = "first-gate"
        |               ^^^^^^^^^^^^
    hint: runs can share their beginning up to `first-decision`
    "#);
}
