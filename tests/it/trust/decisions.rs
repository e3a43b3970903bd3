//! A decision is about the attempt that its author read: it is refused once another one waits.

use std::fs;
use std::time::Duration;

use phasegate_test::{Output, Scenario, Terminal, scenarios};

/// A run of which each judgement of the design review waits; the first one failed.
fn waiting_run() -> (Scenario, String) {
    let scenario = crate::scenario("waits-at-a-failure");
    let config = config(&scenario, "design-review = \"always\"");
    let output = Output::from_command(scenario.run_with(&["--json", "--config", &config]));
    assert_eq!(output.code, 3, "{}", output.stderr);
    let run = output.run_id();
    (scenario, run)
}

/// Writes a configuration with these lines under `[hitl]`.
fn config(scenario: &Scenario, hitl: &str) -> String {
    let file = scenario.path("models.toml");
    let answers = scenarios().join("answers.toml");
    fs::write(&file, format!("[models]\ndefault = \"scripted:{}\"\n[hitl]\n{hitl}\n", answers.display())).unwrap();
    file.display().to_string()
}

/// Another person rejects the first attempt and lets the run come to its second.
fn move_on(scenario: &Scenario, run: &str) {
    let rejected = scenario.call(&["reject", run, "--at", "design-review#1", "--by", "ben", "--reason", "once more"]);
    assert_eq!(rejected.code, 0, "{}", rejected.stderr);
    assert_eq!(scenario.resume(run).code, 3);
}

fn decided(scenario: &Scenario, run: &str) -> Vec<String> {
    let log = scenario.call(&["log", run, "--json"]);
    let given = log.events_named("approval_given");
    given.map(|it| format!("{}#{} {} by {}", it["phase"], it["attempt"], it["choice"], it["by"])).collect()
}

fn render(output: &Output, run: &str) -> String {
    output.render_errors(&[(run, "RUN")])
}

#[test]
fn decision_about_an_earlier_attempt_is_refused() {
    let (scenario, run) = waiting_run();
    let read = scenario.call(&["show", &run]).stdout;
    let command = format!("phasegate override {run} --at design-review#1 --reason");
    assert!(read.contains(&command), "{read}");
    move_on(&scenario, &run);

    let late = scenario.call(&["override", &run, "--at", "design-review#1", "--by", "ann", "--reason", "known"]);
    insta::assert_snapshot!(render(&late, &run), @"
    exit 2
    error[PG-0403]: design-review#1 is no longer waiting: design-review#2 is, which was judged at DATE
    hint: read it with `phasegate show RUN`, then decide with `phasegate approve RUN --at design-review#2`
    ");
    insta::assert_snapshot!(render(&scenario.call(&["approve", &run]), &run), @"
    exit 2
    error[PG-0403]: the decision does not name its attempt, and run RUN has several that could be meant: design-review#2 waits
    hint: read it with `phasegate show RUN`, then decide with `phasegate approve RUN --at design-review#2`
    ");
    assert_eq!(decided(&scenario, &run).len(), 1, "only the rejection of the first attempt");

    let shown = scenario.call(&["show", &run]).stdout;
    let approved = scenario.call(&["approve", &run, "--at", "design-review#2"]);
    assert_eq!(approved.code, 0, "{}", approved.stderr);
    let line = approved.stdout.lines().next().unwrap();
    let digest = line.split(['(', ')']).nth(1).unwrap();
    assert_eq!(line, format!("run {run}: approved design-review#2 ({digest}) by ann"));
    assert!(shown.contains(&format!("design-review#2 ({digest})")), "{shown}");
    assert_eq!(decided(&scenario, &run)[1], "\"design-review\"#2 \"approve\" by \"ann\"");
}

#[test]
fn prompt_moves_on_with_others_decisions() {
    let scenario = crate::scenario("waits-at-a-failure");
    let config = config(&scenario, "design-review = \"always\"");
    let mut terminal = Terminal::start(&scenario.run_with(&["--config", &config]));
    let prompt = terminal.wait_for("[v]iew, [o]verride, [r]eject, a[b]ort or [l]ater? ");
    let digest = prompt.rsplit_once("decide about design-review#1 (").unwrap().1.split(')').next().unwrap();
    assert!(prompt.contains("design-review failed: 1 high"), "{prompt}");
    let list = scenario.call(&["runs", "--json"]).stdout;
    let runs: serde_json::Value = serde_json::from_str(&list).unwrap();
    let run = runs[0]["run_id"].as_str().unwrap();
    assert!(scenario.call(&["show", run]).stdout.contains(&format!("design-review#1 ({digest})")));

    terminal.type_line("o");
    terminal.wait_for("reason: ");
    terminal.type_keys("known and harm");
    move_on(&scenario, run);
    let told = terminal.wait_for("[v]iew, [a]pprove, [r]eject, a[b]ort or [l]ater? ");
    assert!(told.contains("decided meanwhile: design-review#1 rejected by ben at "), "{told}");
    assert!(told.contains(": once more\nyou had typed: known and harm\n"), "{told}");
    assert!(told.contains("decide about design-review#2 ("), "{told}");
    terminal.type_line("l");
    let (code, end) = terminal.wait();
    assert_eq!(code, 3, "{end}");
    assert!(end.contains(&format!("phasegate approve {run} --at design-review#2")), "{end}");
    assert_eq!(decided(&scenario, run), ["\"design-review\"#1 {\"reject\":{}} by \"ben\""]);
}

#[test]
fn decision_about_another_gate_is_refused() {
    let (scenario, run) = waiting_run();
    for other in ["test#1", "design-review#2", "nothing#1"] {
        let refused = render(&scenario.call(&["abort", &run, "--at", other]), &run);
        let message = format!("error[PG-0403]: {other} does not wait for a decision: design-review#1 does");
        assert!(refused.starts_with(&format!("exit 2\n{message}")), "{refused}");
        assert!(refused.contains("`phasegate abort RUN --at design-review#1 --reason TEXT`"), "{refused}");
    }
    insta::assert_snapshot!(render(&scenario.call(&["abort", &run, "--at", "design-review"]), &run), @"
    exit 2
    error[PG-0101]: --at: `design-review` is not a phase with an attempt
    hint: an attempt is PHASE#ATTEMPT, with attempts numbered from 1, as in code-review#2
    ");
    insta::assert_snapshot!(render(&scenario.call(&["abort", &run, "--by", "ann\nbob"]), &run), @"
    exit 2
    error[PG-0101]: --by: `annbob` is not a name of a person
    hint: a person's name has 1 to 100 characters, without line ends and other control characters
    ");
    assert_eq!(decided(&scenario, &run), [""; 0]);
}

#[test]
fn decision_about_a_task_needs_one_run() {
    let (scenario, run) = waiting_run();
    let config = scenario.path("models.toml").display().to_string();
    let second = Output::from_command(scenario.run_with(&["--json", "--force", "--config", &config]));
    assert_eq!(second.code, 3, "{}", second.stderr);
    let refused = scenario.call(&["override", "ANSWER-001", "--at", "design-review#1", "--reason", "known"]);
    let text = refused.render_errors(&[(&run, "RUN-1"), (&second.run_id(), "RUN-2")]);
    assert!(
        text.ends_with(
            "error[PG-0101]: task `ANSWER-001` has 2 runs, and a decision is about one of them\n\
             hint: give the id of the run: RUN-2, RUN-1\n"
        ),
        "{text}"
    );
    assert!(decided(&scenario, &run).is_empty() && decided(&scenario, &second.run_id()).is_empty());
}

#[test]
fn only_listed_people_approve_and_never_the_starter() {
    let scenario = crate::scenario("waits-at-a-pass");
    let rules = "{ approvers = [\"ann\", \"ben\"], forbid_self_approval = true }";
    let config = config(&scenario, &format!("design-review = {rules}"));
    let mut unknown = scenario.run_with(&["--json", "--config", &config]);
    unknown.env_remove("USER");
    insta::assert_snapshot!(Output::from_command(unknown).render_errors(&[(&scenarios().display().to_string(), "SCENARIOS")]), @"
    exit 2
    task      ANSWER-001: Write a program that knows the answer.
    pipeline  scenario: planning → design → design-review → code → test
    config    models.toml; pipeline from SCENARIOS/waits-at-a-pass/pipeline.toml
    error[PG-0105]: gate design-review forbids self-approval, and the person who starts the run is unknown
    hint: set USER to the name of the person
    ");
    let output = Output::from_command(scenario.run_with(&["--json", "--config", &config]));
    assert_eq!(output.code, 3, "{}", output.stderr);
    let run = output.run_id();
    assert_eq!(output.events_named("run_created").next().unwrap()["started_by"], "ann");
    let approve = |by: &str| scenario.call(&["approve", &run, "--at", "design-review#1", "--by", by]);
    insta::assert_snapshot!(render(&approve("ann"), &run), @"
    exit 2
    error[PG-0403]: `ann` started run RUN and may not approve gate design-review, which forbids self-approval
    hint: ask another person to decide, reject it, or abort the run
    ");
    insta::assert_snapshot!(render(&approve("mallory"), &run), @"
    exit 2
    error[PG-0403]: `mallory` may not approve gate design-review: its approvers are ann, ben
    hint: ask one of them to decide; anybody may abort the run
    ");
    let shown = scenario.call(&["show", &run]).stdout;
    assert!(shown.contains("approvers: ann, ben; not the person who started the run (ann)"), "{shown}");
    assert_eq!(decided(&scenario, &run), [""; 0]);
    assert_eq!(approve(" ben ").code, 0);
    assert_eq!(scenario.resume(&run).code, 0);
    assert_eq!(decided(&scenario, &run), ["\"design-review\"#1 \"approve\" by \"ben\""]);
    scenario.check_replay(&run, &[]);
}

#[test]
fn expired_question_is_asked_again_by_resume() {
    let scenario = crate::scenario("waits-at-a-pass");
    let config = config(&scenario, "design-review = { expires_after = \"1s\" }");
    let output = Output::from_command(scenario.run_with(&["--json", "--config", &config]));
    assert_eq!(output.code, 3, "{}", output.stderr);
    let run = output.run_id();
    std::thread::sleep(Duration::from_millis(1_100));
    let refused = render(&scenario.call(&["approve", &run]), &run);
    assert!(refused.starts_with("exit 2\nerror[PG-0403]: the question about design-review#1 expired at "), "{refused}");
    let hint = "hint: ask again with `phasegate resume RUN`, reject it, or abort the run\n";
    assert!(refused.ends_with(hint), "{refused}");
    let resumed = scenario.resume(&run);
    assert_eq!((resumed.code, resumed.events_named("approval_asked").count()), (3, 1), "{}", resumed.stderr);
    scenario.check_replay(&run, &[]);
    std::thread::sleep(Duration::from_millis(1_100));
    let rejected = scenario.call(&["reject", &run, "--revise", "design", "--reason", "too late to approve"]);
    assert_eq!(rejected.code, 0, "{}", rejected.stderr);
    assert_eq!(scenario.resume(&run).code, 3);
    scenario.check_replay(&run, &[]);
}
