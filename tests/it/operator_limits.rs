//! Limits of the operator in `[sandbox]`, and the folder for compiled components.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;
use phasegate_test::{Output, Scenario};

/// Runs a scenario with these lines under `[sandbox]` and a cache of its own.
fn run(sandbox: &str, prepare: impl FnOnce(&Scenario)) -> (Output, String) {
    let scenario = crate::scenario("plain-pass");
    let answers = scenario.file("answers.toml");
    let config = format!("[models]\ndefault = \"scripted:{answers}\"\n\n[sandbox]\n{sandbox}");
    fs::write(scenario.path("phasegate.toml"), config).unwrap();
    prepare(&scenario);
    let mut command = scenario.run_with(&["--json", "--config", "phasegate.toml"]);
    command.env("XDG_CACHE_HOME", scenario.path("cache"));
    let output = Output::from_command(command);
    let here = scenario.path("").canonicalize().unwrap().display().to_string();
    let message = output.stderr.replace(&here, "HERE").replace(scenario.path("").to_str().unwrap(), "HERE/");
    // The beginning of the header, and what is compiled meanwhile.
    let told = ["task  ", "pipeline  ", "config  ", "compiling ", "compiled fixture", "compiled phase-aware"];
    let lines = message.lines().filter(|line| !told.iter().any(|told| line.starts_with(told)));
    let message = format!("{}exit {}", lines.map(|line| format!("{line}\n")).collect::<String>(), output.code);
    (output, message)
}

#[test]
fn operator_limit_rejects_plugin_before_anything_runs() {
    // The limit is between the longest function of the agent and that of every other plugin.
    let (output, message) = run("max_function_bytes = 15000\n", |_| {});
    assert!(output.events.is_empty());
    let (plugin, rest) = message.split_once(" bytes, ").unwrap();
    assert!(plugin.starts_with("error[PG-0305]: plugin `fixture` has a function of "), "{message}");
    assert_snapshot!(rest, @r"
    at most 15000 allowed
    hint: make the plugin smaller, or, if you trust it, raise `max_function_bytes` under `[sandbox]`
    exit 2
    ");
}

#[test]
fn misspelt_or_zero_limit_is_reported_with_line() {
    let message = |sandbox: &str| run(sandbox, |_| {}).1;
    assert_snapshot!(message("max_instances = 10\nmax_function_byte = 4000\n"), @r"
    error[PG-0102]: phasegate.toml:6: unknown key `max_function_byte` in [sandbox]
      6 | max_function_byte = 4000
        | ^^^^^^^^^^^^^^^^^
    hint: did you mean `max_function_bytes`?
    exit 2
    ");
    assert_snapshot!(message("max_compilations = 0\n"), @r"
    error[PG-0102]: phasegate.toml:5: `sandbox.max_compilations` must be at least 1
      5 | max_compilations = 0
        |                    ^
    hint: see docs/configuration.md#sandbox
    exit 2
    ");
    assert_snapshot!(message("max_compile_ms = \"long\"\n"), @r#"
    error[PG-0102]: phasegate.toml:5: `sandbox.max_compile_ms` must be a whole number, 0 or more, not "long"
      5 | max_compile_ms = "long"
        |                  ^^^^^^
    hint: see docs/configuration.md#sandbox
    exit 2
    "#);
}

#[test]
fn compiler_over_its_time_or_memory_is_ended() {
    // Agent and strategy are compiled in parallel; either may fail first.
    let either = |message: &str| message.replace("`fixture`", "`PLUGIN`").replace("`phase-aware`", "`PLUGIN`");
    assert_snapshot!(either(&run("max_compile_ms = 1\n", |_| {}).1), @"
    error[PG-0306]: plugin `PLUGIN` was not compiled within 1 ms
    hint: make the plugin smaller, or raise `max_compile_ms` under `[sandbox]`
    exit 2
    ");
    let (output, message) = run("max_compile_memory_bytes = 60000000\n", |_| {});
    assert!(output.events.is_empty());
    let message = either(&message);
    let (before, after) = message.split_once("memory allocation of ").unwrap();
    assert_snapshot!(format!("{before}N{}", after.trim_start_matches(char::is_numeric)), @"
    error[PG-0306]: plugin `PLUGIN` cannot be compiled: the compiler failed with a memory limit of 60000000 bytes (signal: 6 (SIGABRT): N bytes failed)
    hint: make the plugin smaller, or, if you trust it and the compiler lacked memory, raise `max_compile_memory_bytes` under `[sandbox]`
    exit 2
    ");
}

#[test]
fn rejects_findings_too_large_for_events() {
    let scenario = crate::scenario("plain-pass");
    let issue = format!(
        "{{ severity = \"low\", phase_injected = \"design\", description = \"{}\" }}",
        "too much of it ".repeat(40_000)
    );
    let pipeline = format!(
        "extends = {:?}\n[[phase]]\nname = \"design-review\"\nmax_retries = 1\nsettings = {{ findings = {{ issues = [{issue}, {issue}] }} }}\n",
        scenario.file("base.toml")
    );
    fs::write(scenario.path("pipeline.toml"), pipeline).unwrap();
    let (config, task) = (scenario.file("phasegate.toml"), scenario.file("task.toml"));
    let output = scenario.call(&["run", "--json", "--config", &config, "--task", &task, "--pipeline", "pipeline.toml"]);
    assert_eq!(output.code, 1, "{}", output.stderr);
    let message = output.stderr.lines().find(|line| line.contains("submitted invalid work")).unwrap_or_default();
    let (before, after) = message.split_once("the findings have 12").unwrap_or_default();
    assert!(before.starts_with("design-review#1 attempt failed: "), "{}", output.stderr);
    assert!(after.ends_with(" bytes; at most 1048576 are taken"), "{message}");
}

#[test]
fn run_within_limits_passes_and_caches_components() {
    let (output, _) = run("max_instances = 10\nmax_compilations = 1\nmax_compile_memory_bytes = 400000000\n", |_| {});
    assert_eq!(output.code, 0, "{}", output.stderr);
}

#[test]
fn run_passes_without_a_writable_cache() {
    let (output, message) = run("", |scenario| fs::write(scenario.path("cache"), b"a file").unwrap());
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(message.starts_with("compiled plugins are not cached: HERE/cache/phasegate/compiled: "), "{message}");
}

#[test]
fn rejects_a_cache_folder_writable_by_others() {
    let (output, message) = run("", |scenario| {
        let folder = scenario.path("cache/phasegate/compiled");
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    });
    assert!(output.events.is_empty());
    assert_snapshot!(message, @"
    error[PG-0312]: the cache folder HERE/cache/phasegate/compiled cannot be used: other users can write to it
    hint: run `chmod 700` on the folder
    exit 4
    ");
}

#[test]
fn resume_ignores_a_configuration_broken_since() {
    let scenario = crate::scenario("plain-pass");
    let output = scenario.run(&[]);
    fs::write(scenario.path("phasegate.toml"), "[sandbox]\nmax_instance = 1\n").unwrap();
    let replayed = scenario.call(&["replay", &output.run_id(), "--json"]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    let first = replayed.stderr.lines().next().unwrap_or_default();
    assert_snapshot!(first.split(", expected").next().unwrap_or_default(), @"using your own settings, because the configuration cannot be used: phasegate.toml:2: unknown key `max_instance` in [sandbox]");
}
