//! Answers that are complete but not as asked: the user reads a notice, once for each model.

use std::sync::Arc;

use phasegate_test::{ModelServer, Output, ProviderKind};
use serde_json::{Value, json};

use super::{ANSWER, KEY, Run, respond};

fn notices(output: &Output) -> Vec<&str> {
    output.stderr.lines().filter_map(|line| line.split_once("phasegate_notice: ")).map(|(_, notice)| notice).collect()
}

fn notices_about(answer: Value) -> Vec<String> {
    let respond = move |_: &Value| respond(200, "application/json", answer.to_string());
    let (output, _) = Run::of(ProviderKind::Chat).against(respond);
    notices(&output).into_iter().map(str::to_owned).collect()
}

fn answer(finish: &str, usage: Value) -> Value {
    json!({ "choices": [{ "message": { "content": ANSWER }, "finish_reason": finish }], "usage": usage })
}

#[test]
fn full_windows_are_told() {
    let usage = json!({ "prompt_tokens": 3900, "completion_tokens": 196 });
    assert_eq!(
        notices_about(answer("length", usage)),
        [
            "mine:m: the answer was cut off after 196 of 1000 tokens, because the context window was full after 3900 tokens \
          of prompt; hint: raise the context size of the server, or shorten the context of the task"
        ]
    );
    let usage = json!({ "prompt_tokens": 3900, "completion_tokens": 1000 });
    assert!(notices_about(answer("length", usage)).is_empty());
}

#[test]
fn uncounted_answers_are_told_once() {
    for usage in [Value::Null, json!({}), json!({ "prompt_tokens": null })] {
        assert_eq!(notices_about(answer("stop", usage)), ["mine:m: the server counts no tokens; they are estimated"]);
    }
}

/// The notices of a run of Phasegate's own planner, whose provider always gives this answer.
fn notices_of_planner(provider: &str, kind: &str, answer: Value) -> Vec<String> {
    let respond = move |_: &Value| respond(200, "application/json", answer.to_string());
    let server = ModelServer::start(KEY, Arc::new(respond));
    let scenario = crate::scenario("asks-models");
    let config = format!(
        "[models]\ndefault = \"{provider}:m\"\n[providers.{provider}]\nkind = \"{kind}\"\nbase_url = \"{}/v1\"\n",
        server.address
    );
    scenario.set_user_config(&config);
    std::fs::write(scenario.path("models.toml"), &config).unwrap();
    let file = scenario.path("models.toml").display().to_string();
    let command = scenario.first_task_command(&["--config", &file]);
    let output = Output::from_command(command);
    notices(&output).into_iter().map(str::to_owned).collect()
}

#[test]
fn prompts_that_servers_cut_are_told() {
    let usage = json!({ "prompt_tokens": 256, "completion_tokens": 10 });
    for (provider, hint) in [
        (
            "ollama",
            "set the environment variable OLLAMA_CONTEXT_LENGTH of the Ollama server, or `PARAMETER num_ctx` in the model's Modelfile",
        ),
        ("mine", "raise the context size of the server (num_ctx of Ollama, --ctx-size of llama.cpp)"),
    ] {
        let found = notices_of_planner(provider, "openai", answer("stop", usage.clone()));
        let cut = found.iter().find(|notice| notice.contains("counted 256 tokens in a prompt of ")).unwrap();
        assert!(cut.ends_with(&format!(" bytes; it may have cut the prompt off; hint: {hint}")), "{cut}");
        assert_eq!(found.iter().filter(|notice| notice.contains("256 tokens")).count(), 1);
    }
}

#[test]
fn answers_beside_the_required_tool_are_told() {
    let usage = json!({ "input_tokens": 5000, "output_tokens": 10 });
    let content = json!([{ "type": "text", "text": "Here is the plan: first, I add." }]);
    let beside = json!({ "content": content, "stop_reason": "end_turn", "usage": usage });
    let expected = ["mine:m: the model answered without the JSON that was required of it; hint: set [providers.mine] \
                     structured = false, which asks for it in the prompt"];
    assert_eq!(notices_of_planner("mine", "anthropic", beside), expected);
    let usage = json!({ "prompt_tokens": 5000, "completion_tokens": 10 });
    let beside = json!({ "choices": [{ "message": { "content": "As you wish: {}" }, "finish_reason": "stop" }], "usage": usage });
    assert_eq!(notices_of_planner("mine", "openai", beside), expected);
}

#[test]
fn required_tools_that_are_not_called_are_told() {
    let usage = json!({ "prompt_tokens": 50, "completion_tokens": 10, "input_tokens": 50, "output_tokens": 10 });
    let text = json!({ "type": "text", "text": ANSWER });
    for (kind, beside) in [
        (ProviderKind::Chat, answer("stop", usage.clone())),
        (ProviderKind::Messages, json!({ "content": [text], "stop_reason": "end_turn", "usage": usage })),
    ] {
        let run = Run { scenario: "requires-a-tool", ..Run::of(kind) };
        let (output, requests) = run.against(move |_: &Value| respond(200, "application/json", beside.to_string()));
        assert_eq!((output.code, requests[0].body["tools"].as_array().unwrap().len()), (0, 1), "{}", output.stderr);
        let expected = "mine:m: the model answered without the tool call that was required (tool_choice `look`)";
        assert_eq!(notices(&output), [expected]);
    }
}
