//! `phasegate init`: what it writes.

use insta::assert_snapshot;

use super::Desk;

#[test]
fn init_writes_a_configuration_and_a_first_task_and_never_overwrites() {
    let desk = Desk::empty();
    assert_snapshot!(desk.says(&["init", "new"]), @r"
    wrote new/phasegate.toml: which models, at what price and budget, and whom to ask
    wrote new/task.toml: a first task

    next: set ANTHROPIC_API_KEY or OPENAI_API_KEY, start Ollama, or name a model in new/phasegate.toml; then
      phasegate run --task new/task.toml
    exit 0
    ");
    assert_snapshot!(desk.refuses(&["init", "new"]), @r"
    exit 2
    error: new/phasegate.toml is there already, nothing was written
    hint: name another folder, or move it away
    ");
}

#[test]
fn what_init_writes_is_in_order_and_asks_for_a_model() {
    let desk = Desk::empty();
    desk.says(&["init"]);
    let config = desk.path().join("phasegate.toml");
    let nobody = "\n[providers.ollama]\nbase_url = \"http://127.0.0.1:9/v1\"\n";
    std::fs::write(&config, std::fs::read_to_string(&config).unwrap() + nobody).unwrap();
    assert_snapshot!(desk.refuses(&["run", "--task", "task.toml"]), @r#"
    exit 2
    error: no model to ask: [models] names none, neither ANTHROPIC_API_KEY nor OPENAI_API_KEY is set, and no Ollama answers at http://127.0.0.1:9/v1
    hint: export ANTHROPIC_API_KEY=… or OPENAI_API_KEY=…, or start Ollama and pull a model,
    or write into phasegate.toml under [models]: default = "anthropic:claude-sonnet-4-6", or "scripted:FILE" for answers written by hand
    "#);
}
