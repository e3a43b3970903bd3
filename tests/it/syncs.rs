//! The syncs of the disk that a run costs. Each question to a model is durable before the provider gets it, and so are the
//! beginning and the end of a run; everything else shares these syncs.

use phasegate_test::{Workspace, fixture, has_strace, syncs};

use crate::PATHS;

/// A phase that asks a model once and stores a note.
fn producing(name: &str, reads: &str) -> String {
    format!(
        "[[phase]]\nname = \"{name}\"\nagent = \"fixture\"\nreads = [\"{reads}\"]\n\
         produces = [{{ name = \"{name}_out\", kind = \"note\" }}]\nsettings = {{ ask = \"{name}\" }}\n"
    )
}

/// A gate that asks a model once for each attempt, and fails at the first.
fn gate(name: &str, revised: &str) -> String {
    let failing = format!("{{ findings = {{ issues = [{{ phase_injected = \"{revised}\" }}] }} }}");
    format!(
        "[[phase]]\nname = \"{name}\"\nagent = \"fixture\"\nreads = [\"{revised}_out\"]\n[phase.settings]\n\
         ask = \"{name}\"\nattempts = [{failing}, {{ findings = {{}} }}]\n[phase.gate]\nreport = \"{name}_report\"\n\
         fails_at = {{ high = 1 }}\nmay_revise = [\"{revised}\"]\n"
    )
}

/// A project whose run has ten attempts with a model call each.
fn project() -> Workspace {
    let phases = [
        producing("plan", "task_requirements"),
        producing("design", "plan_out"),
        gate("review", "design"),
        producing("code", "design_out"),
        gate("check", "code"),
        producing("postmortem", "code_out"),
    ];
    let pipeline = format!(
        "name = \"steps\"\nfeedback = {{ strategy = \"nearest-phase\" }}\n\
         kind = [{{ name = \"note\", schema = \"note.json\" }}]\n{}[plugins.fixture]\npath = {:?}\n\
         grants = {{ models = [\"default\"], test-bench = [\"lines\"] }}\n",
        phases.concat(),
        fixture("agent.wasm")
    );
    Workspace::with_shared_home(PATHS, "syncs").with_files(&[
        ("pipeline.toml", &pipeline),
        ("note.json", "{}"),
        ("answers.toml", "[[answer]]\nlabel = \"*\"\ntext = \"{}\"\n"),
        ("phasegate.toml", "[models]\ndefault = \"scripted:answers.toml\"\n"),
        ("task.toml", "task_id = \"STEPS\"\ndescription = \"count the syncs of a run\"\n"),
    ])
}

#[test]
fn ten_step_runs_sync_fourteen_times_at_most() {
    if !has_strace() {
        return;
    }
    let project = project();
    let args = ["run", "--pipeline", "pipeline.toml", "--task", "task.toml"];
    let first = project.call(&args);
    assert!(first.stdout.contains("10 calls"), "{}{}", first.stdout, first.stderr);
    // What nobody waits for is synced after a few milliseconds, so a machine that is busy adds syncs: the best of some runs
    // counts.
    let runs: Vec<Vec<String>> = (0..8).map(|_| syncs(&project.command(&args))).collect();
    // The database itself calls `fsync`, when a process creates the log and when it writes it back at its end.
    let of_run = |call: &&String| call.starts_with("fdatasync(") && call.contains("journal.db-wal>");
    let least = runs.iter().map(|run| run.iter().filter(of_run).count()).min().unwrap();
    assert!((12..=14).contains(&least), "{least} syncs of the log, in the last run: {:#?}", runs.last());
}
