//! `log`: the events of a run, and following a run that is under way.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command};

use insta::assert_snapshot;

use phasegate_test::{Output, Recordings, Scenario, is_third_design_call};

use crate::recordings;

/// Starts `log --follow` and returns the process, its first line, and the rest of its output.
fn start_following(scenario: &Scenario, run: &str, more: &[&str]) -> (Child, String, BufReader<ChildStdout>) {
    let mut child = scenario.command(&[&["log", run, "--follow"], more].concat()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    (child, first, lines)
}

fn finish((mut child, mut stdout, mut lines): (Child, String, BufReader<ChildStdout>)) -> Output {
    let mut stderr = String::new();
    lines.read_to_string(&mut stdout).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let code = child.wait().unwrap().code().unwrap_or(-1);
    let events = stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    Output { code, events, stdout, stderr }
}

#[test]
fn shows_each_event_of_a_finished_run() {
    let recordings = recordings(&["design-fails-once"]);
    assert_snapshot!(recordings.render(&["log", &recordings.runs[0]]), @r"
    RUN-A DATE
    OFFSET created for task ANSWER-001: pipeline scenario, strategy phase-aware, answers scripted
                input task_requirements (116 bytes, DIGEST)
                input process_notes (29 bytes, DIGEST)
    OFFSET planning#1 started with task_requirements
    OFFSET planning#1 stored plan (note, 77 bytes, DIGEST)
    OFFSET planning#1 done in TIME
    OFFSET design#1 started with plan, task_requirements
    OFFSET design#1 stored design_notes (note, 82 bytes, DIGEST)
    OFFSET design#1 done in TIME
    OFFSET design-review#1 started with design_notes, plan
    OFFSET design-review#1 done in TIME, findings DIGEST
    OFFSET design-review#1 failed: 1 high (it fails at 1)
                high design-review#1/ISSUE-000 (from design): The design forgets the question.
                report design_review_report (findings_report, 561 bytes, DIGEST)
    OFFSET design-review#1 work goes back to design (1 issue)
                design: Gate `design-review` failed at attempt 1; 2 more attempts are left. Revise the work of `design`: fix the cause of each issue, and keep everything else. - design-review#1/ISSUE-000 [high]: The design forgets the question.
    OFFSET design#2 started with plan, task_requirements
    OFFSET design#2 stored design_notes (note, 308 bytes, DIGEST)
    OFFSET design#2 done in TIME
    OFFSET design-review#2 started with design_notes, plan
    OFFSET design-review#2 done in TIME, findings DIGEST
    OFFSET design-review#2 passed: no issue
                report design_review_report (findings_report, 321 bytes, DIGEST)
    OFFSET code#1 started with design_notes
    OFFSET code#1 stored generated_code (135 bytes, DIGEST)
    OFFSET code#1 done in TIME
    OFFSET test#1 started with generated_code, task_requirements
    OFFSET test#1 stored test_suite (151 bytes, DIGEST)
    OFFSET test#1 done in TIME, findings DIGEST
    OFFSET test#1 the host ran 1 test: 1 passed (in TIME)
    OFFSET test#1 passed: all 1 tests passed
                report test_report (569 bytes, DIGEST)
    OFFSET passed: every gate passed
    exit 0
    ");
}

#[test]
fn shows_failing_tests_and_model_calls() {
    let recordings = recordings(&["code-is-mended", "asks-models"]);
    let mended = recordings.render(&["log", &recordings.runs[0]]);
    let tests: Vec<&str> = mended.lines().filter(|line| line.contains("test#1")).collect();
    assert_snapshot!(tests.join("\n"), @r"
    OFFSET test#1 started with generated_code, task_requirements
    OFFSET test#1 stored test_suite (151 bytes, DIGEST)
    OFFSET test#1 done in TIME, findings DIGEST
    OFFSET test#1 the host ran 1 test: 1 failed (in TIME)
    OFFSET test#1 failed: 1 of 1 tests did not pass (1 failed, 0 errored, 0 skipped)
                high test#1/RUN-001 (from code): test t.lines::it_answers did not pass
    OFFSET test#1 work goes back to code (1 issue)
                code: Gate `test` failed at attempt 1; 2 more attempts are left. Revise the work of `code`: fix the cause of each issue, and keep everything else. - test#1/RUN-001 [high]: test t.lines::it_answers did not pass
    ");
    let asked = recordings.render(&["log", &recordings.runs[1]]);
    let calls: Vec<&str> = asked.lines().filter(|line| line.contains("design#1")).collect();
    assert_snapshot!(calls.join("\n"), @r"
    OFFSET design#1 started with plan, task_requirements
    OFFSET design#1 call 1 asks scripted:answers.toml for design (request DIGEST)
    OFFSET design#1 call 1 answered in TIME: end, 14 input tokens, 5 output tokens, unknown cost
    OFFSET design#1 stored design_notes (note, 17 bytes, DIGEST)
    OFFSET design#1 done in TIME
    ");
}

#[test]
fn shows_each_fault_of_an_invalid_output() {
    let recordings = recordings(&["invalid-then-valid"]);
    let refused = recordings.render(&["log", &recordings.runs[0]]);
    let lines: Vec<&str> = refused.lines().skip_while(|line| !line.contains("invalid output")).take(4).collect();
    assert_snapshot!(lines.join("\n"), @r"
    OFFSET planning#1 invalid output after TIME: 1 fault
                plan: it is not JSON: EOF while parsing a list at line 1 column 5
                hint: each retry gets these faults as feedback; if that does not help, give phase `planning` another model or more `max_retries`, or report this to the author of its plugin
    OFFSET planning#2 started with task_requirements
    ");
}

#[test]
fn waiting_run_ends_with_question_and_commands() {
    let recordings = recordings(&["waits-at-a-failure"]);
    let output = recordings.render(&["log", &recordings.runs[0]]);
    let end: Vec<&str> = output.lines().skip_while(|line| !line.contains("design-review#1 failed")).collect();
    assert_snapshot!(end.join("\n"), @r"
    OFFSET design-review#1 failed: 1 high (it fails at 1)
                high design-review#1/ISSUE-000 (from design): The design forgets the question.
                report design_review_report (findings_report, 561 bytes, DIGEST)
    OFFSET design-review#1 waits for a decision: gate design-review failed after 1 attempt: 1 high (it fails at 1). What now?
    exit 0
    ");
    let followed = recordings.render(&["log", &recordings.runs[0], "--follow"]);
    assert_snapshot!(followed.split_once("What now?\n\n").unwrap().1, @r#"
    The run waits for a decision. Decide with one of:
      phasegate override RUN-A --at design-review#1 --reason "why it may continue"
      phasegate reject RUN-A --at design-review#1 --reason "what to change"
      phasegate abort RUN-A --at design-review#1 --reason "why"
    then resume, or add --resume to the decision:
      phasegate resume RUN-A
    exit 0
    "#);
    recordings.scenario.call(&["override", &recordings.runs[0], "--by", "ann", "--reason", "known"]);
    let output = recordings.render(&["log", &recordings.runs[0]]);
    assert!(output.contains("design-review#1 overridden by ann: known\n"), "{output}");
}

#[test]
fn json_equals_the_output_of_run() {
    let mut recordings = recordings(&[]);
    let output = recordings.run("plain-pass", &[]);
    let log = recordings.scenario.call(&["log", &recordings.runs[0], "--json"]);
    assert_eq!((log.code, &log.stdout), (0, &output.stdout));
    let followed = recordings.scenario.call(&["log", &recordings.runs[0], "--json", "--follow"]);
    assert_eq!((followed.code, followed.stdout, followed.stderr), (0, output.stdout, String::new()));
}

#[test]
fn follows_a_run_and_survives_ctrl_c() {
    let scenario = crate::scenario("slow");
    let running = scenario.run_until(&[], is_third_design_call);
    let recordings = Recordings { runs: vec![running.run_id()], scenario };
    let followed = start_following(&recordings.scenario, &recordings.runs[0], &["--json"]);
    let left = start_following(&recordings.scenario, &recordings.runs[0], &[]);
    assert!(Command::new("kill").args(["-s", "INT", &left.0.id().to_string()]).status().unwrap().success());
    let left = finish(left);
    assert_eq!((left.code, left.stderr.as_str()), (130, ""));
    let ran = running.wait();
    let followed = finish(followed);
    assert_eq!((ran.code, followed.code, followed.stderr.as_str()), (0, 0, ""));
    assert_eq!(followed.events, ran.events);
}

#[test]
fn follow_ends_when_the_run_stops() {
    let scenario = crate::scenario("slow");
    let running = scenario.run_until(&[], is_third_design_call);
    let recordings = Recordings { runs: vec![running.run_id()], scenario };
    let followed = start_following(&recordings.scenario, &recordings.runs[0], &[]);
    running.signal("INT");
    let followed = recordings.transcript(&finish(followed));
    let end: Vec<&str> = followed.lines().skip_while(|line| !line.contains("design#1 call 3")).collect();
    assert_snapshot!(end.join("\n"), @r"
    OFFSET design#1 call 3 asks scripted:answers.toml for design (request DIGEST)
    OFFSET stopped: interrupted by Ctrl-C

    resume with: phasegate resume RUN-A
    exit 0
    ");
}

#[test]
fn follow_ends_when_the_process_is_gone() {
    let scenario = crate::scenario("slow");
    let running = scenario.run_until(&[], is_third_design_call);
    let recordings = Recordings { runs: vec![running.run_id()], scenario };
    let followed = start_following(&recordings.scenario, &recordings.runs[0], &[]);
    running.signal("KILL");
    let followed = recordings.transcript(&finish(followed));
    let end: Vec<&str> = followed.lines().skip_while(|line| !line.contains("design#1 call 3")).collect();
    assert_snapshot!(end.join("\n"), @r"
    OFFSET design#1 call 3 asks scripted:answers.toml for design (request DIGEST)

    its process ended; resume with: phasegate resume RUN-A
    exit 0
    ");
}

#[test]
fn rejects_an_unknown_run() {
    let recordings = recordings(&["plain-pass"]);
    assert_snapshot!(recordings.render(&["log", "nothing"]), @"
    exit 2
    error[PG-0101]: no run matches `nothing`
    hint: list all runs with `phasegate runs`
    ");
}
