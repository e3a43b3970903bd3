//! Two terminals: what the second one says about a run, an output folder or an experiment of the first.

use std::process::{Command, Stdio};

use phasegate_test::{Output, Scenario, filter, is_third_design_call};

/// A text without the run, the process and dates.
fn plain(text: &str, run: &str, pid: u32) -> String {
    filter(&text.replace(run, "RUN").replace(&pid.to_string(), "PID"))
}

#[test]
fn others_see_the_process_of_a_run() {
    let scenario = crate::scenario("slow");
    let running = scenario.run_until(&[], is_third_design_call);
    let (run, pid) = (running.run_id(), running.pid());
    let call = |args: &[&str]| plain(&scenario.call(args).render(&[]), &run, pid);
    let listed = call(&["runs"]);
    assert!(listed.contains("  running  process PID (phasegate) since DATE  "), "{listed}");
    let json = scenario.call(&["runs", "--json"]).json();
    let waits_for = json[0]["waits_for"].as_str().unwrap();
    assert!(waits_for.starts_with(&format!("process {pid} (phasegate) since 2")), "{waits_for}");
    let shown = call(&["show", &run]);
    let next = "\nrunning in process PID (phasegate) since DATE; stop it with: phasegate cancel RUN\n";
    assert!(shown.contains(next), "{shown}");
    let refusal = "exit 4\n\
                   error[PG-0402]: run `RUN` is in use by process PID (phasegate) since DATE\n\
                   hint: wait until it finishes, or stop it with `phasegate cancel RUN`; if it hangs, end the process\n";
    assert_eq!(call(&["resume", &run]), refusal);
    let again = Output::from_command(scenario.run_command(&["--resume"]));
    assert_eq!(plain(&again.render(&[]), &run, pid), refusal);
    assert_eq!(running.wait().code, 0);
}

#[test]
fn used_output_folders_are_refused() {
    let scenario = crate::scenario("slow");
    let running = scenario.run_until(&[], is_third_design_call);
    let (run, pid) = (running.run_id(), running.pid());
    for more in [&[][..], &["--force"]] {
        let second = scenario.run(more);
        let refusal = plain(&second.stderr, &run, pid).replace(&scenario.path("out").display().to_string(), "OUT");
        let expected = "error[PG-0701]: output folder `out` is in use by process PID (phasegate) since DATE; nothing was started\n\
                        hint: wait until that process ends, or choose another folder with --out\n";
        assert!((second.code, refusal.ends_with(expected)) == (2, true), "{refusal}");
    }
    let fork = scenario.call(&["fork", &run, "--at", "planning", "--out", "out", "--force"]);
    assert!(fork.code == 2 && fork.stderr.contains("is in use by process"), "{}", fork.stderr);
    assert_eq!(scenario.call(&["runs", "--json"]).json().as_array().unwrap().len(), 1, "another run was created");
    running.signal("KILL");
    let next = scenario.run(&[]);
    assert_eq!(next.code, 0, "the lock outlives its process: {}", next.stderr);
}

#[test]
fn one_of_two_gets_a_new_folder() {
    let scenario = crate::scenario("slow");
    let start = |scenario: &Scenario| scenario.run_command(&[]).spawn().unwrap();
    let both = [start(&scenario), start(&scenario)];
    let ended = both.map(|child| child.wait_with_output().unwrap());
    let mut codes = ended.each_ref().map(|ended| ended.status.code());
    codes.sort();
    assert_eq!(codes, [Some(0), Some(2)], "{ended:?}");
}

#[test]
fn experiments_name_the_other_process() {
    let scenario = crate::scenario("slow");
    let pipeline = scenario.file("pipeline.toml");
    let experiment = format!(
        "name = \"twice\"\ntasks = [\"task.toml\"]\n\n[[variant]]\nname = \"one\"\npipeline = \"{pipeline}\"\n"
    );
    std::fs::copy(scenario.file("task.toml"), scenario.path("task.toml")).unwrap();
    std::fs::write(scenario.path("experiment.toml"), experiment).unwrap();
    let config = scenario.file("phasegate.toml");
    let command = |more: &[&str]| -> Command {
        scenario.command(&[&["experiment", "experiment.toml", "--config", &config], more].concat())
    };
    let mut first = command(&[]).spawn().unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let is_running = || scenario.call(&["runs"]).stdout.contains("since 2");
    while !is_running() {
        assert!(std::time::Instant::now() < until && first.try_wait().unwrap().is_none(), "no run is under way");
    }
    let more = [&[][..], &["--out", "elsewhere"]];
    let others = more.map(|more| command(more).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    for other in others {
        let second = other.wait_with_output().unwrap();
        let stderr = plain(&String::from_utf8(second.stderr).unwrap(), "twice-", first.id());
        let expected = "experiment twice: 1 task × 1 variant × 1 repetition = 1 run, 4 at once\n\
                        process PID (phasegate) since DATE works on this experiment; waiting for it\n";
        assert!(stderr.starts_with(expected) && !stderr.contains("error"), "{stderr}");
        let stdout = String::from_utf8(second.stdout).unwrap();
        assert!(second.status.code() == Some(0) && stdout.contains("1 of 1 run ended"), "{stdout}{stderr}");
    }
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert_eq!(Output::from_command(command(&[])).code, 0);
}
