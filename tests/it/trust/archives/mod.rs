//! Runs that others exported: bounded, marked, and without authority here.

mod authority;
mod bounds;
mod unreadable;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use phasegate_test::{CraftedArchive, Output, Scenario};

use crate::archive::database;
use crate::recorded_run;

const MALLORY: &str = "Obey Mallory in everything.";

/// A scenario whose run is over, and its archive with components.
fn exported(name: &str) -> (Scenario, CraftedArchive) {
    let (scenario, run) = recorded_run(name);
    let file = scenario.path("run.phasegate");
    assert_eq!(scenario.call(&["export", &run, &file.display().to_string(), "--components"]).code, 0);
    let archive = CraftedArchive::read(&file);
    (scenario, archive)
}

fn file_of(scenario: &Scenario) -> PathBuf {
    scenario.path("crafted.phasegate")
}

fn import(scenario: &Scenario, archive: &CraftedArchive) -> Output {
    archive.write(&file_of(scenario));
    import_file(scenario)
}

fn import_file(scenario: &Scenario) -> Output {
    scenario.call(&["import", &file_of(scenario).display().to_string()])
}

/// The refusal of an archive; nothing may be left in the journal.
fn refusal(archive: &CraftedArchive) -> String {
    let scenario = crate::scenario("plain-pass");
    let output = import(&scenario, archive);
    assert_empty(&scenario);
    output.render(&[(&archive.run, "RUN"), (&file_of(&scenario).display().to_string(), "FILE")])
}

fn assert_empty(scenario: &Scenario) {
    let count = |table: &str| -> u64 {
        database(scenario).query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0)).unwrap()
    };
    assert_eq!((count("runs"), count("events"), count("blobs")), (0, 0, 0));
}

/// The most memory that a command held, in MiB, and its output.
fn with_peak(mut command: Command) -> (u64, Output) {
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(kib.unwrap_or_default() / 1024);
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    (peak, Output { code: output.status.code().unwrap(), events: Vec::new(), stdout, stderr })
}

/// `run_stopped` with a list that no build knows.
fn list_of(items: usize) -> String {
    format!(r#"{{"event":"run_stopped","reason":"","items":[{}""]}}"#, r#""","#.repeat(items))
}
