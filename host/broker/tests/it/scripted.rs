//! Scripted answers.

use crate::common::{Complete as _, broker, call, models, refused, request};
use phasegate_broker::{Call, CallPath, PromptMeasure};
use phasegate_process::model::{Content, Error, Response};

const SCRIPT: &str = r#"
[[answer]]
label = "design-review/*"
attempt = 2
text = "second attempt"

[[answer]]
label = "design-review/security"
occurrence = 2
text = "asked again"

[[answer]]
label = "design-review/*"
phase = "design-review"
contains = ["review", "the design"]
json = { issues = [], score = 1.5 }

[[answer]]
label = "cut"
text = "half an ans"
stop = "max-tokens"
input_tokens = 1200
output_tokens = 300

[[answer]]
label = "tool"
text = "Let me look."
tool_calls = [{ name = "read", arguments = { path = "a.py" } }, { id = "mine", name = "list" }]

[[answer]]
label = "down"
error = "unavailable: the line is dead"

[[answer]]
label = "file"
text-file = "answers/a.md"

[[answer]]
label = "generated/*"
generated_bytes = 2000
"#;

async fn ask(label: &str, path: CallPath) -> Result<Response, Error> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.toml"), SCRIPT).unwrap();
    std::fs::create_dir(folder.path().join("answers")).unwrap();
    std::fs::write(folder.path().join("answers/a.md"), "# From a file\n").unwrap();
    let broker = broker(&models("scripted:script.toml"), "", folder.path()).await.unwrap();
    let mut request = request("review the design please");
    request.label = label.into();
    broker
        .complete(
            Call { path, request: request.into(), idempotency_key: "k".into(), measure: PromptMeasure::default() },
            |_| (),
        )
        .await
}

fn path(phase: &str, attempt: u32, occurrence: u32) -> CallPath {
    CallPath { phase: phase.into(), attempt, number: 4, occurrence }
}

#[tokio::test]
async fn the_first_matching_block_answers() {
    let text = async |label, path| ask(label, path).await.unwrap().text();
    assert_eq!(text("design-review/security", path("design-review", 1, 1)).await, r#"{"issues":[],"score":1.5}"#);
    assert_eq!(text("design-review/security", path("design-review", 1, 2)).await, "asked again");
    assert_eq!(text("design-review/security", path("design-review", 2, 2)).await, "second attempt");
    assert_eq!(text("file", path("code", 1, 1)).await, "# From a file\n");
}

#[tokio::test]
async fn answers_name_their_script_and_estimate_tokens() {
    let response = ask("design-review/x", path("design-review", 1, 1)).await.unwrap();
    assert_eq!((response.model.as_str(), response.stop.as_str()), ("scripted:script.toml", "end"));
    assert_eq!((response.usage.input_tokens, response.usage.output_tokens, response.usage.usd), (6, 7, None));
    let cut = ask("cut", path("code", 1, 1)).await.unwrap();
    assert_eq!(cut.stop, "max-tokens");
    assert_eq!((cut.usage.input_tokens, cut.usage.output_tokens), (1200, 300));
}

#[tokio::test]
async fn scripts_can_hold_tool_calls_and_errors() {
    let response = ask("tool", path("code", 1, 1)).await.unwrap();
    assert_eq!(response.stop, "tool-calls");
    let call = |id: &str, name: &str, arguments: &str| Content::ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    };
    assert_eq!(
        response.content,
        [
            Content::Text { text: "Let me look.".into() },
            call("call-1", "read", r#"{"path":"a.py"}"#),
            call("mine", "list", "{}")
        ]
    );
    let down = ask("down", path("code", 1, 1)).await.unwrap_err();
    assert_eq!(down, Error::Unavailable("the line is dead".into()));
}

#[tokio::test]
async fn generated_answers_differ_for_each_request() {
    let answer = async |label| ask(label, path("code", 1, 1)).await.unwrap();
    let (one, again, other) = (answer("generated/a").await, answer("generated/a").await, answer("generated/b").await);
    assert_eq!((one.text().len(), one.stop.as_str()), (2000, "end"));
    assert_eq!(one.text(), again.text());
    assert_ne!(one.text(), other.text());
}

#[tokio::test]
async fn unanswered_calls_are_described() {
    let error = ask("design-review/security", path("code", 1, 1)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "model unavailable: scripted:script.toml has no answer for label \"design-review/security\" (phase code, attempt 1, call 4, occurrence 1)\n\
         hint: add an [[answer]] whose conditions match this call"
    );
}

async fn misread(script: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.toml"), script).unwrap();
    std::fs::write(folder.path().join("bad.json"), "{").unwrap();
    let text = refused(&models("scripted:s.toml"), "", folder.path()).await;
    text.replace(&folder.path().display().to_string(), "DIR")
}

#[tokio::test]
async fn faulty_scripts_are_rejected_with_file_and_line() {
    assert_eq!(
        misread("").await,
        "[models] default: DIR/s.toml: no [[answer]]\nhint: write at least one, with text = \"…\""
    );
    assert_eq!(
        misread("\n[[answer]]\ntxet = 'x'").await.lines().next().unwrap(),
        "[models] default: DIR/s.toml:3: unknown key `txet` in [answer]"
    );
    assert_eq!(
        misread("[[answer]]\ntext = 'x'\n\n[[answer]]\nlabel = 'b'\n").await,
        "[models] default: DIR/s.toml:4: this answer needs exactly one reply\nhint: write exactly one of text, json, text-file, json-file, generated_bytes and error, or tool_calls"
    );
    assert_eq!(
        misread("[[answer]]\nerror = 'gone: away'").await,
        "[models] default: DIR/s.toml:1: `gone: away` is not an error\nhint: write KIND: MESSAGE, with denied, budget, invalid, too-long, unavailable or other"
    );
    assert_eq!(
        misread("[[answer]]\ngenerated_bytes = 5").await,
        "[models] default: DIR/s.toml:1: generated_bytes `5` is out of range\nhint: write a size from 27 to 67108864"
    );
    assert_eq!(
        misread("[[answer]]\ngenerated_bytes = 100\ntool_calls = [{ name = 'read' }]").await,
        "[models] default: DIR/s.toml:1: this answer has both generated_bytes and tool_calls\nhint: remove one of them"
    );
    assert_eq!(
        misread("[[answer]]\ntext-file = '../secret'").await,
        "[models] default: DIR/s.toml:1: `../secret` is outside the script's folder\nhint: put the file beside the script"
    );
    assert_eq!(
        misread("[[answer]]\njson-file = 'bad.json'").await,
        "[models] default: DIR/s.toml:1: json-file `bad.json` is not JSON: EOF while parsing an object at line 1 column 1\n\
         hint: use text-file for an answer that is invalid on purpose"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn links_cannot_leave_the_script_folder() {
    let (outside, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(outside.path().join("x"), "secret").unwrap();
    std::os::unix::fs::symlink(outside.path().join("x"), folder.path().join("link")).unwrap();
    std::fs::write(folder.path().join("s.toml"), "[[answer]]\ntext-file = 'link'").unwrap();
    let text = refused(&models("scripted:s.toml"), "", folder.path()).await;
    assert!(text.contains("`link` is outside the script's folder"), "{text}");
}

#[tokio::test]
async fn scripted_brokers_need_no_key() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.toml"), "[[answer]]\ntext = 'x'").unwrap();
    let broker = broker(&models("scripted:s.toml"), "", folder.path()).await.unwrap();
    assert!(broker.is_scripted());
    assert_eq!(broker.complete(call(request("hi")), |_| ()).await.unwrap().text(), "x");
}
