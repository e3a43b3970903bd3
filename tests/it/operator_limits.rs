//! The operator's bounds on the host, `[sandbox]`, and the folder for compiled plugins, as they are met at the command line.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;
use phasegate_test::{Scene, Told};

/// A run with these lines under `[sandbox]`, and with a folder for compiled plugins of its own.
fn run(sandbox: &str, prepare: impl FnOnce(&Scene)) -> (Told, String) {
    let scene = crate::scene("plain-pass");
    let answers = scene.file("answers.toml");
    let config = format!("[models]\ndefault = \"scripted:{answers}\"\n\n[sandbox]\n{sandbox}");
    fs::write(scene.path("phasegate.toml"), config).unwrap();
    prepare(&scene);
    let mut command = scene.run_with(&["--json", "--config", "phasegate.toml"]);
    command.env("XDG_CACHE_HOME", scene.path("cache"));
    let told = Told::of(command);
    let here = scene.path("").canonicalize().unwrap().display().to_string();
    let said = told.stderr.replace(&here, "HERE").replace(scene.path("").to_str().unwrap(), "HERE/");
    let said = format!("{said}exit {}", told.code);
    (told, said)
}

#[test]
fn a_bound_of_the_operator_refuses_a_plugin_before_anything_runs() {
    // Between the longest function of the agent and that of every other plugin of the run.
    let (told, said) = run("max_function_bytes = 15000\n", |_| {});
    assert!(told.events.is_empty());
    let (plugin, rest) = said.split_once(" bytes, ").unwrap();
    assert!(plugin.starts_with("error: plugin `fixture` has a function of "), "{said}");
    assert_snapshot!(rest, @r"
    and at most 15000 are compiled
    hint: its author should make it smaller; if you trust it, raise `max_function_bytes` under `[sandbox]`
    exit 2
    ");
}

#[test]
fn a_bound_that_is_misspelt_or_nothing_is_named_with_its_line() {
    let said = |sandbox: &str| run(sandbox, |_| {}).1;
    assert_snapshot!(said("max_instances = 10\nmax_function_byte = 4000\n"), @r"
    error: phasegate.toml:6: unknown field `max_function_byte`, expected one of `max_instances`, `max_large_instances`, `max_test_runs`, `max_queued`, `max_component_bytes`, `max_functions`, `max_code_bytes`, `max_function_bytes`, `max_function_weight`, `max_inner_instances`, `max_compile_ms`, `max_compile_memory_bytes`, `max_compilations`, `max_cache_bytes`
    hint: did you mean `max_function_bytes`?
    exit 2
    ");
    assert_snapshot!(said("max_compilations = 0\n"), @r"
    error: phasegate.toml:5: must be at least 1
    hint: see the configuration reference in README.md
    exit 2
    ");
    assert_snapshot!(said("max_compile_ms = \"long\"\n"), @r#"
    error: phasegate.toml:5: invalid type: string "long", expected a whole number, 0 or more
    hint: see the configuration reference in README.md
    exit 2
    "#);
}

#[test]
fn a_compiler_that_takes_too_long_or_too_much_memory_is_ended_and_the_bound_is_named() {
    // Agent and strategy are compiled side by side, and either may be the first to fail.
    let either = |said: &str| said.replace("`fixture`", "`PLUGIN`").replace("`phase-aware`", "`PLUGIN`");
    assert_snapshot!(either(&run("max_compile_ms = 1\n", |_| {}).1), @r"
    error: plugin `PLUGIN` was not compiled after 1 ms
    hint: its author should make it smaller; if it is worth the wait, raise `max_compile_ms` under `[sandbox]`
    exit 2
    ");
    let (told, said) = run("max_compile_memory_bytes = 20000000\n", |_| {});
    assert!(told.events.is_empty());
    let said = either(&said);
    let (before, after) = said.split_once("memory allocation of ").unwrap();
    assert_snapshot!(format!("{before}N{}", after.trim_start_matches(char::is_numeric)), @r"
    error: plugin `PLUGIN` cannot be compiled: the compiler, which may take 20000000 bytes of memory, failed (signal: 6 (SIGABRT): N bytes failed)
    hint: its author should make it smaller; if you trust it and memory is what lacked, raise `max_compile_memory_bytes` under `[sandbox]`
    exit 2
    ");
}

#[test]
fn findings_that_are_too_much_to_be_kept_in_events_are_not_taken() {
    let scene = crate::scene("plain-pass");
    let issue = format!(
        "{{ severity = \"low\", phase_injected = \"design\", description = \"{}\" }}",
        "too much of it ".repeat(40_000)
    );
    let pipeline = format!(
        "extends = {:?}\n[[phase]]\nname = \"design-review\"\nmax_retries = 1\nsettings = {{ findings = {{ issues = [{issue}, {issue}] }} }}\n",
        scene.file("base.toml")
    );
    fs::write(scene.path("pipeline.toml"), pipeline).unwrap();
    let (config, task) = (scene.file("phasegate.toml"), scene.file("task.toml"));
    let told = scene.call(&["run", "--json", "--config", &config, "--task", &task, "--pipeline", "pipeline.toml"]);
    assert_eq!(told.code, 1, "{}", told.stderr);
    let said = told.stderr.lines().find(|line| line.contains("could not be taken")).unwrap_or_default();
    let (before, after) = said.split_once("the findings have 12").unwrap_or_default();
    assert!(before.starts_with("design-review#1 came to nothing: "), "{}", told.stderr);
    assert!(after.ends_with(" bytes; at most 1048576 are taken"), "{said}");
}

#[test]
fn a_run_within_its_bounds_passes_and_keeps_what_it_compiled() {
    let (told, _) = run("max_instances = 10\nmax_compilations = 1\nmax_compile_memory_bytes = 400000000\n", |_| {});
    assert_eq!(told.code, 0, "{}", told.stderr);
}

#[test]
fn where_compiled_plugins_cannot_be_kept_a_run_says_so_and_passes() {
    let (told, said) = run("", |scene| fs::write(scene.path("cache"), b"a file").unwrap());
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert!(said.starts_with("compiled plugins are not kept: HERE/cache/phasegate/compiled: "), "{said}");
}

#[test]
fn a_folder_for_compiled_plugins_that_others_may_write_into_is_refused() {
    let (told, said) = run("", |scene| {
        let folder = scene.path("cache/phasegate/compiled");
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    });
    assert!(told.events.is_empty());
    assert_snapshot!(said, @r"
    error: the folder for compiled plugins, HERE/cache/phasegate/compiled, cannot be used: others may write into it
    hint: take that right away: chmod 700 on the folder
    exit 4
    ");
}

#[test]
fn what_was_begun_goes_on_within_the_usual_bounds_though_the_configuration_is_broken_since() {
    let scene = crate::scene("plain-pass");
    let told = scene.run(&[]);
    fs::write(scene.path("phasegate.toml"), "[sandbox]\nmax_instance = 1\n").unwrap();
    let replayed = scene.call(&["replay", &told.run_id(), "--json"]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    let first = replayed.stderr.lines().next().unwrap_or_default();
    assert_snapshot!(first.split(", expected").next().unwrap_or_default(), @"the sandbox has its usual bounds, for its configuration cannot be read: phasegate.toml:2: unknown field `max_instance`");
}
