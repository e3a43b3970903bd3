//! The text for runs that stopped, wait, were decided or have ended, and the command that continues each.

use std::time::{Duration, Instant};

use phasegate_test::{Output, Scenario, Terminal, Workspace, filter, is_third_design_call};
use rusqlite::Connection;

use super::signals::call_in_shell;

/// The demo after it has stopped for lack of calls, and the id of the run.
fn stopped(calls: u32) -> (Workspace, String) {
    let workspace = Workspace::with_shared_home(crate::PATHS, "first-minutes");
    assert_eq!(workspace.call(&["init", "--demo"]).code, 0);
    let stopped = workspace.call(&["run", "task.toml", "--set", &format!("budget.calls={calls}")]);
    assert_eq!(stopped.code, 4, "{}", stopped.stderr);
    let run = stopped.stdout.lines().find_map(|line| line.strip_prefix("run ")).unwrap().trim().to_owned();
    (workspace, run)
}

/// The arguments of the command that a text ends with.
fn last_command(text: &str) -> Vec<&str> {
    text.trim_end().rsplit("phasegate ").next().unwrap().split(' ').collect()
}

#[test]
fn raised_budgets_last() {
    let (workspace, run) = stopped(3);
    let shown = workspace.call(&["show", &run]).stdout;
    assert!(shown.ends_with(&format!("\nresume with: phasegate resume {run} --calls 6\n")), "{shown}");
    let raised = workspace.call(&last_command(&shown));
    assert!(raised.stdout.contains("budget    at most 6 calls, "), "{}", raised.stdout);
    assert!(raised.stdout.contains("budget changed to 6 calls by "), "{}", raised.stdout);
    assert!(raised.stderr.contains("call budget exhausted: needs 1, 0 of 6 left"), "{}", raised.stderr);
    let again = workspace.call(&["resume", &run]);
    assert!(again.stdout.contains("budget    at most 6 calls, "), "{}", again.stdout);
    assert!(again.stderr.contains("call budget exhausted: needs 1, 0 of 6 left"), "{}", again.stderr);
    assert!(again.stderr.contains(&format!("`phasegate resume {run} --calls 12`")), "{}", again.stderr);
    assert!(!again.stderr.contains("keeps the values"), "{}", again.stderr);
    let passed = workspace.call(&["resume", &run, "--calls", "60"]);
    assert_eq!(passed.code, 0, "{}", passed.stderr);
    let replayed = workspace.call(&["replay", &run]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
}

#[test]
fn raised_budgets_need_no_second_agreement() {
    let scenario = crate::scenario("asks-models");
    scenario.set_user_config("[budget]\ncalls = 1\n");
    let config = format!("[models]\ndefault = \"scripted:{}\"\n", scenario.file("answers.toml"));
    std::fs::write(scenario.path("models.toml"), config).unwrap();
    let config = scenario.path("models.toml").display().to_string();
    let output = Output::from_command(scenario.run_with(&["--json", "--config", &config]));
    assert_eq!(output.code, 4, "{}", output.stderr);
    let run = output.run_id();
    let raised = scenario.call(&["resume", &run, "--tokens", "1000", "--json"]);
    assert_eq!(raised.code, 4, "{}", raised.stderr);
    // The call was not made, so that the raised limit is recorded and the run stops again.
    let dear = scenario.call(&["resume", &run, "--calls", "2", "--json"]);
    assert_eq!(dear.code, 4, "{}", dear.stderr);
    let later = scenario.call(&["resume", &run, "--json"]);
    assert!(later.stderr.contains("token budget exhausted"), "{}", later.stderr);
    let changed: Vec<_> = [&raised, &dear, &later].map(|output| output.events_named("budget_changed").count()).into();
    assert_eq!(changed, [1, 1, 0]);
    let passed = scenario.call(&["resume", &run, "--tokens", "100000", "--json"]);
    assert_eq!(passed.code, 0, "{}", passed.stderr);
    crate::schemas::check_output("log", &scenario.call(&["log", &run, "--json"]).stdout);
}

#[test]
fn stops_are_told_once_with_whole_hints() {
    let (workspace, run) = stopped(4);
    let again = workspace.call(&["resume", &run]);
    assert_eq!(again.code, 4, "{}", again.stderr);
    let told = format!("{}{}", again.stdout, again.stderr);
    assert_eq!(told.matches("call budget exhausted").count(), 1, "{told}");
    let shown = workspace.call(&["show", &run]).stdout;
    let reason = "design-review#1 (";
    let lines: Vec<&str> = shown.lines().filter(|line| line.contains(reason) || line.contains("hint:")).collect();
    let hint = format!("hint: nothing is lost; continue with `phasegate resume {run} --calls 8`");
    assert_eq!((lines.len(), lines[1]), (3, hint.as_str()), "the latest stop and the one before it: {shown}");
    assert!(
        lines[0].starts_with(&format!("{run} stopped: {reason}")) && lines[2].starts_with("  stopped: "),
        "{shown}"
    );
    let row = shown.lines().find(|line| line.starts_with("design-review ")).unwrap();
    assert!(row.contains("  stopped "), "{shown}");
    assert!(shown.lines().any(|line| line.starts_with("code-review ") && line.contains("not reached")), "{shown}");
    let listed = workspace.call(&["runs", "--json"]).json();
    assert!(!listed[0]["reason"].as_str().unwrap().contains("hint"), "{listed}");
    assert!(listed[0]["reason"].as_str().unwrap().ends_with("needs 1, 0 of 4 left"), "{listed}");
}

/// A waiting run, decided but not resumed, in the scenario's state folder.
fn decided() -> (Scenario, String) {
    let (scenario, run) = crate::recorded_run("waits-at-a-failure");
    let args = ["override", &run, "--at", "design-review#1", "--reason", "good enough"];
    let decided = scenario.call(&args);
    assert_eq!(decided.code, 0, "{}", decided.stderr);
    (scenario, run)
}

#[test]
fn decided_runs_are_ready_to_resume() {
    let (here, run) = decided();
    let listed = here.call(&["runs"]).stdout;
    assert!(listed.contains("  decided  ") && listed.contains("ready to resume ("), "{listed}");
    let shown = here.call(&["show", &run]).stdout;
    assert!(shown.contains(&format!("\n{run} decided: ready to resume (phase ")), "{shown}");
    assert!(shown.ends_with(&format!("\ndecided, ready to resume with: phasegate resume {run}\n")), "{shown}");

    let file = here.path("run.phasegate").display().to_string();
    assert_eq!(here.call(&["export", &run, &file, "--components"]).code, 0);
    let there = crate::scenario("waits-at-a-failure");
    assert_eq!(there.call(&["import", &file]).code, 0);
    let listed = there.call(&["runs"]).stdout;
    assert!(listed.contains("  decided, imported  "), "{listed}");
}

#[test]
fn imported_runs_are_not_called_interrupted() {
    let here = crate::scenario("slow");
    let running = here.run_until(&[], is_third_design_call);
    let run = running.run_id();
    running.signal("KILL");
    let interrupted = here.call(&["show", &run]).stdout;
    assert!(interrupted.contains(&format!("\n{run} interrupted: phase design, attempt 1\n")), "{interrupted}");
    let file = here.path("run.phasegate").display().to_string();
    assert_eq!(here.call(&["export", &run, &file, "--components"]).code, 0);
    let there = crate::scenario("slow");
    assert_eq!(there.call(&["import", &file]).code, 0);
    let shown = there.call(&["show", &run]).stdout;
    assert!(shown.contains(&format!("\n{run} unfinished: imported before its end (phase design")), "{shown}");
    let next = format!("\nimported before its end; resume with: phasegate resume {run} --ask-again\n");
    assert!(shown.ends_with(&next.replace(" --ask-again", "")) || shown.ends_with(&next), "{shown}");
    assert!(there.call(&["runs"]).stdout.contains("  unfinished, imported  "));
}

#[test]
fn decisions_about_running_runs_name_their_process() {
    let scenario = crate::scenario("slow");
    let running = scenario.run_until(&[], is_third_design_call);
    let (run, pid) = (running.run_id(), running.pid());
    for decision in ["approve", "abort"] {
        let refused = scenario.call(&[decision, &run, "--at", "design-review#1", "--reason", "why"]);
        let told = filter(&refused.stderr.replace(&run, "RUN").replace(&pid.to_string(), "PID"));
        let expected = "error[PG-0403]: run RUN does not wait for a person\n\
                        hint: it runs in process PID (phasegate) since DATE: decide when it asks, or stop it with `phasegate \
                        cancel RUN`\n";
        assert_eq!(told, expected);
    }
    assert_eq!(running.wait().code, 0);
}

#[test]
fn cancel_says_what_a_run_waits_for() {
    let (scenario, run) = crate::recorded_run("waits-at-a-failure");
    let refused = scenario.call(&["cancel", &run]);
    let expected = "error[PG-0101]: run RUN is not running: it waits for a decision about design-review#1\n\
                    hint: where another terminal asks about it, press Ctrl-C there: the run still waits then\n\
                    hint: end the run for good with `phasegate abort RUN --at design-review#1 --reason TEXT`\n";
    assert_eq!((refused.code, refused.stderr.replace(&run, "RUN").as_str()), (2, expected));
    let aborted = scenario.call(&["abort", &run, "--at", "design-review#1", "--reason", "enough", "--yes"]);
    assert_eq!(aborted.code, 0, "{}", aborted.stderr);
    let refused = scenario.call(&["cancel", &run]);
    assert!(refused.stderr.contains("has ended (aborted); there is nothing to stop"), "{}", refused.stderr);
}

#[test]
fn ended_runs_have_nothing_to_resume() {
    let (scenario, run) = crate::recorded_run("design-fails-once");
    let report = scenario.path("out/report.md");
    std::fs::remove_file(&report).unwrap();
    let resumed = scenario.call(&["resume", &run]);
    let first = format!("run {run} has already ended (passed); nothing to resume\n");
    assert!(resumed.stdout.starts_with(&first), "{}", resumed.stdout);
    assert_eq!((resumed.code, resumed.stdout.lines().count()), (0, 3), "{}", resumed.stdout);
    assert!(report.exists(), "what is missing in the output folder is written");
}

#[test]
fn locked_journals_name_the_process() {
    let (scenario, run) = crate::recorded_run("waits-at-a-failure");
    let journal = scenario.path("state/journal.db");
    let name = format!("waiting for process {} (", std::process::id());
    let approve = ["override", &run, "--at", "design-review#1", "--reason", "good enough"];
    for args in [&approve[..], &["resume", &run]] {
        let lock = Connection::open(&journal).unwrap();
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        let began = Instant::now();
        let mut terminal = Terminal::start(&scenario.command(args));
        let told = terminal.wait_for("which has locked");
        assert!(told.contains(&name), "{told}");
        assert!(began.elapsed() < Duration::from_secs(15), "the note about the wait comes before its limit");
        lock.execute_batch("ROLLBACK").unwrap();
        drop(lock);
        let (code, rest) = terminal.wait();
        assert_eq!(code, 0, "{rest}");
    }
}

#[test]
fn results_that_are_not_printed_are_named() {
    let scenario = crate::scenario("design-fails-once");
    let command = scenario.run_with(&["--config", &scenario.file("phasegate.toml")]);
    let output = call_in_shell("exec >/dev/full", &command);
    let run = scenario.call(&["runs", "--json"]).json()[0]["run_id"].as_str().unwrap().to_owned();
    let told = format!("run {run} passed; see it with: phasegate show {run}\n");
    assert!(output.stderr.contains(&told), "{}", output.stderr);
    assert!(output.code == 4 && output.stderr.contains("error[PG-0702]"), "{}", output.stderr);
}

#[test]
fn scripted_answers_cost_nothing() {
    let workspace = Workspace::with_shared_home(crate::PATHS, "first-minutes");
    assert_eq!(workspace.call(&["init", "--demo"]).code, 0);
    let (code, screen) = Terminal::start(&workspace.command(&["run", "task.toml"])).wait();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("no cost (scripted)") && !screen.contains("unknown cost"), "{screen}");
    for command in ["runs", "show"] {
        let told = workspace.call(&[command]);
        assert!(told.stdout.contains("no cost (scripted)"), "{command}: {}", told.stdout);
    }
    let run = workspace.call(&["runs", "--json"]).json()[0]["run_id"].as_str().unwrap().to_owned();
    let report = workspace.read(&format!("phasegate-out/{run}/report.md"));
    assert!(report.contains("The answers are scripted and cost nothing.") && !report.contains("unknown"), "{report}");
}

#[test]
fn stopped_ollama_is_to_be_started() {
    let workspace = Workspace::with_shared_home(crate::PATHS, "first-minutes");
    // Nothing listens at this port.
    let nobody =
        "[models]\ndefault = \"ollama:x\"\nretries = 1\n[providers.ollama]\nbase_url = \"http://127.0.0.1:9/v1\"\n";
    workspace.write("phasegate.toml", nobody);
    let output = workspace.call(&["run", "--task-id", "T-1", "--description", "Parse durations"]);
    assert_eq!(output.code, 4, "{}", output.stderr);
    let hints: Vec<&str> = output.stderr.lines().filter(|line| line.starts_with("hint: ")).collect();
    assert_eq!(hints[0], "hint: start Ollama with `ollama serve`", "{}", output.stderr);
    assert_eq!(hints.len(), 3, "{}", output.stderr);
}
