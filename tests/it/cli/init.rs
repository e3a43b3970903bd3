//! `init`: the files that it writes.

use insta::assert_snapshot;

use crate::workspace;

#[test]
fn init_writes_files_and_never_overwrites() {
    let workspace = workspace();
    assert_snapshot!(workspace.render(&["init", "new"]), @"
    Wrote new/phasegate.toml: models, prices, budget and approvals.
    Wrote new/task.toml: a first task.
    Wrote new/.phasegate-schemas: what editors show about both.

    Next: set ANTHROPIC_API_KEY or OPENAI_API_KEY, start Ollama, or set a model in new/phasegate.toml. Then run:
      phasegate run new/task.toml
    exit 0
    ");
    assert_snapshot!(workspace.reject(&["init", "new"]), @"
    exit 2
    error[PG-0101]: new/phasegate.toml already exists; nothing was written
    hint: give another folder, or move the file
    ");
}

#[test]
fn init_files_are_valid_and_need_a_model() {
    let workspace = workspace();
    workspace.render(&["init"]);
    let config = workspace.path("phasegate.toml");
    let nobody = "\n[providers.ollama]\nbase_url = \"http://127.0.0.1:9/v1\"\n";
    std::fs::write(&config, std::fs::read_to_string(&config).unwrap() + nobody).unwrap();
    assert_snapshot!(workspace.reject(&["run", "--task", "task.toml"]), @r#"
    task      FIRST-001: Write a Python module `slug` that turns a title into a slug for web addresses.
    pipeline  tsp: planning → design → design-review → code → code-review → test → postmortem
    config    phasegate.toml
    exit 2
    error[PG-0201]: no model to ask: [models] names none, neither ANTHROPIC_API_KEY nor OPENAI_API_KEY is set, and no Ollama answers at http://127.0.0.1:9/v1
    hint: export ANTHROPIC_API_KEY=… or OPENAI_API_KEY=…, or start Ollama and pull a model,
    hint: or write into phasegate.toml under [models]: default = "anthropic:claude-sonnet-4-6", or "scripted:FILE" for answers written by hand,
    hint: or see a run that needs no model: `phasegate init --demo demo`, then `phasegate run demo/task.toml`
    "#);
}
