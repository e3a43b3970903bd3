//! Signals: a run stops and is recorded, other commands end, and `nohup` and containers are respected.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Command;
use std::time::{Duration, Instant};

use phasegate_test::{Output, RunningProcess, Terminal, is_third_design_call};

#[test]
fn each_signal_stops_a_run_resumably() {
    for (name, code, reason) in [("HUP", 129, "SIGHUP"), ("INT", 130, "Ctrl-C"), ("TERM", 143, "SIGTERM")] {
        let scenario = crate::scenario("slow");
        let running = scenario.run_until(&[], is_third_design_call);
        let run = running.run_id();
        let stopped = running.signal(name);
        assert_eq!(stopped.code, code, "{}", stopped.stderr);
        let recorded = stopped.events_named("run_stopped").next().unwrap();
        assert_eq!(recorded["reason"], format!("interrupted by {reason}"));
        assert!(stopped.stderr.contains(&format!("phasegate resume {run}")), "{}", stopped.stderr);
        assert!(scenario.path("out/result.json").exists(), "what there is so far was not written");
        let resumed = scenario.resume(&run);
        assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    }
}

#[test]
fn closing_the_terminal_stops_the_run() {
    let scenario = crate::scenario("slow");
    let mut terminal = Terminal::start(&scenario.run_with(&["--config", &scenario.file("phasegate.toml")]));
    terminal.wait_for("design#1 started");
    let pid = terminal.pid();
    // Ends the program that has the other side of the terminal.
    drop(terminal);
    let until = Instant::now() + Duration::from_secs(60);
    while fs::exists(format!("/proc/{pid}")).unwrap() {
        assert!(Instant::now() < until, "the run goes on without its terminal");
        std::thread::sleep(Duration::from_millis(20));
    }
    let listed = scenario.call(&["runs", "--json"]);
    assert!(listed.stdout.contains("interrupted by SIGHUP"), "{}", listed.stdout);
}

#[test]
fn signals_end_a_question_without_a_record() {
    let scenario = crate::scenario("waits-at-a-failure");
    for (name, code) in [("TERM", 143), ("HUP", 129)] {
        let command = match name {
            "TERM" => scenario.run_with(&["--config", &scenario.file("phasegate.toml")]),
            _ => scenario.command(&["resume"]),
        };
        let mut terminal = Terminal::start(&command);
        terminal.wait_for("[l]ater? ");
        terminal.signal(name);
        let (ended, shown) = terminal.wait();
        assert_eq!(ended, code, "{shown}");
        assert!(shown.contains("nothing was decided"), "{shown}");
    }
    assert!(scenario.call(&["runs"]).stdout.contains("  waiting  a person (design-review#1)  "));
}

#[test]
fn nohup_stays_in_force() {
    let scenario = crate::scenario("slow");
    let running = RunningProcess::start(in_shell("trap '' HUP", &scenario.run_command(&[])), is_third_design_call);
    let ended = running.signal("HUP");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn commands_that_record_nothing_end_at_once() {
    let scenario = crate::scenario("slow");
    let running = scenario.run_until(&[], is_third_design_call);
    let run = running.run_id();
    for (name, code) in [("HUP", 129), ("TERM", 143)] {
        let mut following = scenario.command(&["log", &run, "--follow"]).spawn().unwrap();
        let (mut lines, mut line) = (BufReader::new(following.stdout.take().unwrap()), String::new());
        lines.read_line(&mut line).unwrap();
        send(name, following.id());
        assert_eq!(following.wait().unwrap().code(), Some(code));
    }
    assert_eq!(running.wait().code, 0);
}

#[test]
fn first_process_of_a_container_obeys_signals() {
    let contained = ["--user", "--map-root-user", "--pid", "--fork", "--kill-child"];
    if !Command::new("unshare").args(contained).arg("true").status().is_ok_and(|status| status.success()) {
        return eprintln!("not tested: processes cannot be put into a container here");
    }
    let scenario = crate::scenario("slow");
    let inside = scenario.run_command(&[]);
    let mut outside = Command::new("unshare");
    outside.args(contained).arg(inside.get_program()).args(inside.get_args());
    like(&mut outside, &inside);
    let running = RunningProcess::start(outside, is_third_design_call);
    let unshare = running.pid();
    let children = fs::read_to_string(format!("/proc/{unshare}/task/{unshare}/children")).unwrap();
    send("TERM", children.trim().parse().unwrap());
    let stopped = running.wait();
    assert_eq!(stopped.code, 143, "{}", stopped.stderr);
    assert!(stopped.story().contains("stopped: interrupted by SIGTERM"), "{}", stopped.story());
}

/// Gives a command the folder, the environment and the streams of another one.
fn like(command: &mut Command, other: &Command) {
    command.current_dir(other.get_current_dir().unwrap()).env_clear();
    command.envs(other.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(std::process::Stdio::null());
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
}

/// The same command after a line of the shell, in the same process.
pub fn in_shell(line: &str, command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("{line}; exec \"$0\" \"$@\"")]).arg(command.get_program()).args(command.get_args());
    like(&mut shell, command);
    shell
}

fn send(signal: &str, pid: u32) {
    assert!(Command::new("kill").args(["-s", signal, &pid.to_string()]).status().unwrap().success());
}

/// Runs a command to its end after a line of the shell.
pub fn call_in_shell(line: &str, command: &Command) -> Output {
    Output::from_command(in_shell(line, command))
}
