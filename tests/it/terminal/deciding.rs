//! Decisions of the person at the terminal of a run that waits.

use std::fs;
use std::time::{Duration, Instant};

use phasegate_test::{Output, Scenario, Terminal};

pub const QUESTION: &str = "[v]iew, [o]verride, [r]eject, a[b]ort or [l]ater? ";

/// A run that waits at a failed design review, at a terminal with this environment.
pub fn asked(environment: &[(&str, &str)]) -> (Scenario, Terminal) {
    let scenario = crate::scenario("waits-at-a-failure");
    let mut command = scenario.run_with(&["--config", &scenario.file("phasegate.toml")]);
    command.envs(environment.iter().copied());
    let mut terminal = Terminal::start(&command);
    terminal.wait_for(QUESTION);
    (scenario, terminal)
}

/// The reasons of the decisions that the only run has.
pub fn reasons(scenario: &Scenario) -> Vec<String> {
    let log = scenario.call(&["log", "ANSWER-001", "--json"]);
    log.events_named("approval_given").map(|it| it["reason"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn work_is_there_before_the_question() {
    let scenario = crate::scenario("waits-at-a-failure");
    let mut command = scenario.run_with(&["--config", &scenario.file("phasegate.toml")]);
    command.env("PAGER", "sed 's/^/paged: /'");
    let mut terminal = Terminal::start(&command);
    let shown = terminal.wait_for(QUESTION);
    assert!(shown.contains("the work so far: out\n"), "{shown}");
    assert!(
        shown.contains(" of task ANSWER-001, run answer-001-") && shown.contains(", as ann (?: help)\n"),
        "{shown}"
    );
    let report = fs::read_to_string(scenario.path("out/report.md")).unwrap();
    assert!(report.contains("waiting"), "{report}");
    // As a line of the progress, and in the question.
    assert_eq!(shown.matches("1 high (it fails at 1)").count(), 2, "{shown}");
    terminal.type_line("v");
    let work = terminal.wait_for("decide about ");
    terminal.wait_for(QUESTION);
    assert!(work.contains("paged: design-review#1 (") && work.contains("\npaged: ---- design_notes ("), "{work}");
    assert!(work.contains("\npaged: below: design_notes, plan\n") && work.contains("\npaged: attempt: 1\n"), "{work}");
    assert!(work.contains("\ndesign-review#1 ("), "the question is not repeated: {work}");
    terminal.type_line("l");
    assert_eq!(terminal.wait().0, 3);
}

#[test]
fn ctrl_c_at_a_question_records_nothing() {
    for answered in ["", "o\r", "b\r"] {
        let (scenario, mut terminal) = asked(&[]);
        terminal.type_keys(answered);
        if !answered.is_empty() {
            terminal.wait_for("reason: ");
        }
        terminal.type_keys("half a reason\x03");
        let (code, end) = terminal.wait();
        assert_eq!(code, 130, "{end}");
        assert!(end.contains("nothing was decided; run answer-001-"), "{end}");
        assert!(reasons(&scenario).is_empty());
    }
}

#[test]
fn signals_end_the_question_as_ctrl_c_does() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (scenario, mut terminal) = asked(&[]);
        terminal.type_keys("ov");
        terminal.signal(signal);
        terminal.wait_for("nothing was decided; run answer-001-");
        let (ended, end) = terminal.wait();
        assert_eq!((ended, reasons(&scenario)), (code, Vec::new()), "{end}");
    }
}

#[test]
fn command_abort_asks_again_at_a_terminal() {
    let scenario = crate::scenario("waits-at-a-failure");
    assert_eq!(scenario.run(&[]).code, 3);
    let abort = scenario.command(&["abort", "ANSWER-001", "--reason", "wrong task"]);
    for (sure, code, recorded) in [("", 2, 0), ("y", 0, 1)] {
        let mut terminal = Terminal::start(&abort);
        terminal.wait_for("end run ANSWER-001 for good? [y/N] ");
        terminal.type_line(sure);
        assert_eq!((terminal.wait().0, reasons(&scenario).len()), (code, recorded));
    }
}

#[test]
fn decisions_elsewhere_end_the_question() {
    for (verb, past, ends_with) in [("override", "overridden", 0), ("abort", "aborted", 1)] {
        let (scenario, mut terminal) = asked(&[]);
        terminal.type_keys("ov");
        let given = scenario.call(&[verb, "ANSWER-001", "--by", "ben", "--reason", "known"]);
        assert_eq!(given.code, 0, "{}", given.stderr);
        let (code, end) = terminal.wait();
        assert!(end.contains(&format!("decided meanwhile: design-review#1 {past} by ben at ")), "{end}");
        assert!(end.contains(" UTC: known\nyou had typed: ov\n"), "{end}");
        assert_eq!((code, reasons(&scenario)), (ends_with, vec!["known".to_owned()]), "{end}");
    }
}

#[test]
fn runs_that_others_resume_are_followed() {
    let (scenario, terminal) = asked(&[]);
    let given = scenario.call(&["override", "ANSWER-001", "--by", "ben", "--reason", "known", "--resume"]);
    assert_eq!(given.code, 0, "{}", given.stderr);
    assert!(given.stdout.contains("passed; overridden by a person: design-review"), "{}", given.stdout);
    let (code, end) = terminal.wait();
    assert!(end.contains("decided meanwhile: design-review#1 overridden by ben at "), "{end}");
    assert!(end.contains("passed; overridden by a person: design-review"), "{end}");
    assert_eq!((code, reasons(&scenario)), (0, vec!["known".to_owned()]), "{end}");
}

#[test]
fn first_answer_at_two_terminals_counts() {
    let (scenario, mut first) = asked(&[]);
    let mut second = Terminal::start(&scenario.command(&["resume", "ANSWER-001"]));
    second.wait_for(QUESTION);
    second.type_line("o");
    second.wait_for("reason: ");
    second.type_line("fine");
    assert_eq!(second.wait().0, 0);
    first.wait_for("decided meanwhile: design-review#1 overridden by ann at ");
    assert_eq!((first.wait().0, reasons(&scenario)), (0, vec!["fine".to_owned()]));
}

#[test]
fn others_wait_while_one_is_asked() {
    let scenario = crate::scenario("waits-at-a-failure");
    let write = |name: &str, text: &str| {
        fs::write(scenario.path(name), text).unwrap();
        scenario.path(name).display().to_string()
    };
    let task = fs::read_to_string(scenario.file("task.toml")).unwrap();
    let second = write("second.toml", &task.replace("ANSWER-001", "ANSWER-002"));
    // The second run gets its plan when the first one asks.
    write("answers.toml", "[[answer]]\ntext = '{ \"said\": \"yes\" }'\ndelay_ms = 1500\n");
    let config = write("slow.toml", "[models]\ndefault = \"scripted:answers.toml\"\n");
    let planning = "[[phase]]\nname = \"planning\"\nsettings = { ask = \"plan\" }\n";
    let pipeline = write("slow-pipeline.toml", &format!("extends = '{}'\n{planning}", scenario.file("pipeline.toml")));
    let run = ["run", "--resume", "--pipeline", &pipeline, "--config", &config, "--task", &scenario.file("task.toml")];
    assert_eq!(scenario.call(&run).code, 3);
    let mut terminal = Terminal::start(&scenario.command(&[&run[..], &["--task", &second, "--jobs", "2"]].concat()));
    let first = terminal.wait_for(QUESTION);
    assert!(first.contains(" of task ANSWER-001, run answer-001-"), "{first}");
    let until = Instant::now() + Duration::from_secs(60);
    while scenario.call(&["runs"]).stdout.matches("waiting").count() < 2 {
        assert!(Instant::now() < until, "the other run does not wait");
    }
    let text = terminal.text();
    assert!(text.trim_end().ends_with(QUESTION.trim_end()) && !text.contains("planning#1 done"), "{text}");
    terminal.type_line("l");
    terminal.wait_for("planning#1 done");
    terminal.wait_for(" of task ANSWER-002, run answer-002-");
    terminal.wait_for(QUESTION);
    terminal.type_line("l");
    assert_eq!(terminal.wait().0, 3);
    // Both wait now. Ctrl-C at one question leaves out the other one.
    let mut terminal = Terminal::start(&scenario.command(&[&run[..], &["--task", &second, "--jobs", "2"]].concat()));
    terminal.wait_for(QUESTION);
    terminal.type_keys("\x03");
    let (code, end) = terminal.wait();
    assert!(code == 130 && !end.contains("decide about"), "{end}");
    // A decision is confirmed before the next question.
    let mut terminal = Terminal::start(&scenario.command(&[&run[..], &["--task", &second, "--jobs", "2"]].concat()));
    terminal.wait_for(QUESTION);
    terminal.type_line("o");
    terminal.wait_for("reason: ");
    terminal.type_line("known");
    let next = terminal.wait_for(QUESTION);
    let confirmed = next.split("decide about").next().unwrap();
    assert!(confirmed.contains(": overridden design-review#1 ("), "{next}");
    terminal.type_keys("\x03");
    assert_eq!(terminal.wait().0, 130);
}

#[test]
fn decisions_can_resume_the_run() {
    let scenario = crate::scenario("waits-at-a-failure");
    let waiting = scenario.run(&[]);
    let mut decide = scenario.command(&["override", &waiting.run_id(), "--reason", "a\x1b[31m b\x07", "--resume"]);
    decide.env_remove("USER");
    let output = Output::from_command(decide);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stdout.contains("passed; overridden by a person: design-review"), "{}", output.stdout);
    assert_eq!(reasons(&scenario), ["a[31m b"]);
    let account = std::process::Command::new("id").arg("-un").output().unwrap().stdout;
    let log = scenario.call(&["log", &waiting.run_id(), "--json"]);
    let by = log.events_named("approval_given").next().unwrap()["by"].clone();
    assert_eq!(by, String::from_utf8(account).unwrap().trim());
}

#[test]
fn reasons_come_from_stdin_or_a_file() {
    for (option, text) in [("--reason", "from stdin\nsecond"), ("--reason-file", "from a file\nsecond")] {
        let scenario = crate::scenario("waits-at-a-failure");
        assert_eq!(scenario.run(&[]).code, 3);
        let file = scenario.path("reason.txt");
        fs::write(&file, format!("{text}\n")).unwrap();
        let value = if option == "--reason" { "-" } else { file.to_str().unwrap() };
        let mut decide = scenario.command(&["override", "ANSWER-001", option, value, "--resume"]);
        decide.stdin(fs::File::open(&file).unwrap());
        let output = Output::from_command(decide);
        assert_eq!((output.code, reasons(&scenario)), (0, vec![text.to_owned()]), "{}", output.stderr);
        let report = fs::read_to_string(scenario.path("out/report.md")).unwrap();
        assert!(report.contains(&format!(" | {} | ", text.replace('\n', "<br>"))), "{report}");
    }
}

#[test]
fn unreadable_reasons_record_nothing() {
    let scenario = crate::scenario("waits-at-a-failure");
    assert_eq!(scenario.run(&[]).code, 3);
    let missing = scenario.call(&["override", "ANSWER-001", "--reason-file", "nowhere.txt"]);
    let expected = "the reason cannot be read from nowhere.txt: there is no such file; nothing was recorded";
    assert!(missing.code == 2 && missing.stderr.contains(expected), "{}", missing.stderr);
    fs::write(scenario.path("long.txt"), "a".repeat(64 * 1024 + 1)).unwrap();
    let long = scenario.call(&["override", "ANSWER-001", "--reason-file", "long.txt"]);
    assert!(long.code == 2 && long.stderr.contains("it has more than 64 KiB"), "{}", long.stderr);
    assert!(reasons(&scenario).is_empty());
}
