//! The vectors in `plugins/sdk-vectors`, which the SDKs of all languages run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::Rc;

use phasegate_plugin::edits::{Edit, EditFault, apply_diff, apply_edits, keep_form};
use phasegate_plugin::testing::{Activity, MockHost};
use phasegate_plugin::types::{
    Content, Failure, FeedbackItem, Issue, Location, Message, ModelError, Request, Role, Severity, Tool, ToolCall,
    ToolResult,
};
use phasegate_plugin::{Prompt, Question, Repository, Sections, SharedBy, Toolbox, Work, diff, fenced, fenced_named};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value, json};

fn cases(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk-vectors").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no text `{member}` in {value}")).to_owned()
}

fn optional(value: &Value, member: &str) -> Option<String> {
    value[member].as_str().map(str::to_owned)
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    serde_json::from_value(value.clone()).unwrap()
}

/// The name and the content of a variant.
fn variant(value: &Value) -> (&str, &Value) {
    let member = value.as_object().and_then(|object| object.iter().next());
    member.map(|(name, inner)| (name.as_str(), inner)).unwrap()
}

#[test]
fn fenced_texts() {
    for case in cases("fenced.json") {
        let (title, inside) = (text(&case, "title"), text(&case, "text"));
        let made = match optional(&case, "file") {
            Some(file) => fenced_named(&title, &file, &inside),
            None => fenced(&title, &inside),
        };
        assert_eq!(made, case["expected"], "{}", case["name"]);
    }
}

#[test]
fn prompts() {
    for case in cases("prompt.json") {
        let prompt = Prompt::new(text(&case, "text").leak());
        let values = pairs(&case["values"]);
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let made = catch_unwind(AssertUnwindSafe(|| prompt.render(&values)));
        let made = made.map_err(|panic| panic.downcast_ref::<String>().cloned().unwrap_or_default());
        match optional(&case, "fault") {
            Some(fault) => assert_eq!(made, Err(fault), "{}", case["name"]),
            None => assert_eq!(made, Ok(text(&case, "expected")), "{}", case["name"]),
        }
    }
}

#[test]
fn sections() {
    for case in cases("sections.json") {
        assert_eq!(json!(sections_of(&case["sections"]).texts()), case["expected"], "{}", case["name"]);
    }
}

fn sections_of(sections: &Value) -> Sections {
    let shared_by = |name: &str| match name {
        "run" => SharedBy::Run,
        "phases" => SharedBy::Phases,
        "agent" => SharedBy::Agent,
        "subject" => SharedBy::Subject,
        "attempt" => SharedBy::Attempt,
        "call" => SharedBy::Call,
        other => panic!("{other}"),
    };
    pairs(sections).iter().fold(Sections::new(), |sections, (name, text)| sections.add(shared_by(name), text))
}

#[test]
fn schemas() {
    for case in cases("schema.json") {
        let question = Question::new("schema", "", "").schema(text(&case, "schema"));
        assert_eq!(question.schema, optional(&case, "expected"), "{}", case["name"]);
    }
}

#[test]
fn feedback() {
    for case in cases("feedback.json") {
        let items: Vec<FeedbackItem> = list(&case["feedback"]).iter().map(feedback_item).collect();
        let host = MockHost::new().assignment(|assignment| assignment.feedback = items);
        let (made, _) = host.run_with(|work| async move { work.feedback_text() });
        assert_eq!(made, case["expected"], "{}", case["name"]);
    }
}

fn feedback_item(item: &Value) -> FeedbackItem {
    FeedbackItem {
        source: text(item, "source"),
        about: Vec::new(),
        issues: list(&item["issues"]).iter().map(issue).collect(),
        instructions: text(item, "instructions"),
    }
}

fn issue(issue: &Value) -> Issue {
    let location = issue["location"].as_object().map(|location| Location {
        path: text(&issue["location"], "path"),
        line: location["line"].as_u64().map(|line| u32::try_from(line).unwrap()),
    });
    Issue {
        id: text(issue, "id"),
        severity: match text(issue, "severity").as_str() {
            "low" => Severity::Low,
            "medium" => Severity::Medium,
            "high" => Severity::High,
            "critical" => Severity::Critical,
            other => panic!("{other}"),
        },
        category: text(issue, "category"),
        defect_type: text(issue, "defect_type"),
        phase_injected: text(issue, "phase_injected"),
        description: text(issue, "description"),
        evidence: text(issue, "evidence"),
        impact: text(issue, "impact"),
        recommendation: optional(issue, "recommendation"),
        location,
    }
}

#[test]
fn edits() {
    for case in cases("edits.json") {
        let base = text(&case, "base");
        let made = match optional(&case, "text") {
            Some(whole) => Ok(keep_form(&base, &whole)),
            None => apply_edits(&base, &serde_json::from_value::<Vec<Edit>>(case["edits"].clone()).unwrap()),
        };
        assert_changed(&case, made);
    }
}

#[test]
fn diffs() {
    for case in cases("diff.json") {
        let made = match optional(&case, "diff") {
            Some(diff) => apply_diff(&text(&case, "base"), &diff),
            None => {
                let (old, new) = (optional(&case, "old"), optional(&case, "new"));
                Ok(diff::unified(&text(&case, "path"), old.as_deref(), new.as_deref()))
            }
        };
        assert_changed(&case, made);
    }
}

fn assert_changed(case: &Value, made: Result<String, Vec<EditFault>>) {
    match made {
        Ok(made) => assert_eq!(made, case["expected"], "{}", case["name"]),
        Err(faults) => {
            let faults: Vec<String> = faults.iter().map(EditFault::to_string).collect();
            assert_eq!(json!(faults), case["faults"], "{}", case["name"]);
        }
    }
}

#[test]
fn values_in_answers() {
    for case in cases("fit.json") {
        let content = json!([{"text": case["answer"]}]);
        let answer = |label: &str| json!({"label": label, "content": content, "stop": "end", "output_tokens": 1});
        let question = json!({
            "question": {"label": "fit", "system": "", "user": "", "schema": case["schema"]},
            "refused": case["refused"],
            "answers": [answer("fit"), answer("fit/repair")],
        });
        let (made, _) = run(&question);
        let faults: Vec<&str> = list(&case["faults"]).iter().filter_map(Value::as_str).collect();
        match made {
            Ok(value) => assert_eq!(value, case["value"], "{}", case["name"]),
            Err(Failure::Failed(why)) => {
                let start = "the model's answer to `fit` is unusable, also after one repair: ";
                assert_eq!(why, format!("{start}{}", faults.join("; ")), "{}", case["name"]);
            }
            Err(other) => panic!("{}: {other:?}", case["name"]),
        }
    }
}

#[test]
fn questions() {
    cases("question.json").iter().for_each(assert_asked);
}

#[test]
fn tools() {
    cases("tools.json").iter().for_each(assert_asked);
}

fn assert_asked(case: &Value) {
    let name = &case["name"];
    let (made, activity) = run(case);
    match made {
        Ok(value) => assert_eq!(Some(&value), case.get("value"), "{name}"),
        Err(Failure::Failed(why)) => assert_eq!(why, case["failure"], "{name}"),
        Err(other) => panic!("{name}: {other:?}"),
    }
    let log: Vec<String> = activity.log.iter().map(|line| log_line(line)).collect();
    assert_eq!(json!(log), case["log"], "{name}");
    let requests = &activity.requests;
    if let Some(expected) = case.get("requests") {
        assert_eq!(&Value::from_iter(requests.iter().map(request_json)), expected, "{name}");
    }
    if let Some(expected) = case.get("sent") {
        let sent = requests.iter().map(|request| json!([request.label, request.tool_choice]));
        assert_eq!(&Value::from_iter(sent), expected, "{name}");
    }
    let last = requests.last().unwrap();
    if let Some(expected) = case.get("last_text") {
        let content = last.messages.last().and_then(|message| message.content.last());
        assert_eq!(content.map(content_json), Some(json!({"text": expected})), "{name}");
    }
    if let Some(expected) = case.get("last_results") {
        let content = last.messages.iter().flat_map(|message| &message.content);
        let results: Vec<Value> = content.filter_map(|part| content_json(part).get("tool_result").cloned()).collect();
        let from = results.len() - list(expected).len();
        assert_eq!(&results[from..], list(expected), "{name}");
    }
}

/// Turns `Level::Info: text` into `info: text`.
fn log_line(line: &str) -> String {
    let (level, text) = line.strip_prefix("Level::").unwrap_or(line).split_once(": ").unwrap();
    format!("{}: {text}", level.to_lowercase())
}

fn request_json(request: &Request) -> Value {
    let tool = |tool: &Tool| json!({"name": tool.name, "description": tool.description, "parameters": tool.parameters});
    json!({
        "label": request.label,
        "tier": request.tier,
        "messages": request.messages.iter().map(message_json).collect::<Vec<_>>(),
        "tools": request.tools.iter().map(tool).collect::<Vec<_>>(),
        "tool_choice": request.tool_choice,
        "answer_schema": request.answer_schema,
        "max_output_tokens": request.max_output_tokens,
        "temperature": request.temperature,
    })
}

fn message_json(message: &Message) -> Value {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    json!({"role": role, "content": message.content.iter().map(content_json).collect::<Vec<_>>()})
}

fn content_json(content: &Content) -> Value {
    match content {
        Content::Text(text) => json!({"text": text}),
        Content::ToolCall(ToolCall { id, name, arguments }) => {
            json!({"tool_call": {"id": id, "name": name, "arguments": arguments}})
        }
        Content::ToolResult(ToolResult { id, text, is_error }) => {
            json!({"tool_result": {"id": id, "text": text, "is_error": is_error}})
        }
        Content::Opaque(block) => json!({"opaque": block}),
        Content::Other(other) => json!({"other": other}),
    }
}

/// Asks the question of a case.
fn run(case: &Value) -> (Result<Value, Failure>, Activity) {
    let mut host = MockHost::new();
    for file in list(&case["repository"]) {
        let bytes = || serde_json::from_value::<Vec<u8>>(file["bytes"].clone()).unwrap();
        host = host.file(&text(file, "path"), optional(file, "text").map_or_else(bytes, String::into_bytes));
    }
    for answer in list(&case["answers"]) {
        let label = text(answer, "label");
        host = match answer.get("error") {
            Some(error) => host.model_error(&label, model_error(error)),
            None => {
                let content = list(&answer["content"]).iter().map(content_of).collect();
                host.content(&label, content, &text(answer, "stop"), answer["output_tokens"].as_u64().unwrap())
            }
        };
    }
    host.run_with(|work| ask(case, work))
}

fn model_error(error: &Value) -> ModelError {
    let (name, why) = variant(error);
    let why = why.as_str().unwrap().to_owned();
    match name {
        "denied" => ModelError::Denied(why),
        "budget" => ModelError::Budget(why),
        "invalid" => ModelError::Invalid(why),
        "too_long" => ModelError::TooLong(why),
        "unavailable" => ModelError::Unavailable(why),
        _ => ModelError::Other(why),
    }
}

fn content_of(content: &Value) -> Content {
    let (name, inner) = variant(content);
    let inner_text = || inner.as_str().unwrap().to_owned();
    match name {
        "text" => Content::Text(inner_text()),
        "opaque" => Content::Opaque(inner_text()),
        "tool_call" => Content::ToolCall(ToolCall {
            id: text(inner, "id"),
            name: text(inner, "name"),
            arguments: text(inner, "arguments"),
        }),
        _ => Content::Other(inner_text()),
    }
}

async fn ask(case: &Value, work: Work) -> Result<Value, Failure> {
    let mut question = question_of(&case["question"]);
    if let Some(tools) = case["tools"].as_array() {
        question = question.tools(Rc::new(Scripted(tools.clone())));
    }
    if case["repository"].is_array() {
        let repository = Repository::open(&work)?.expect("the host has files");
        question = question.tools(Rc::new(repository.tools()));
    }
    if case["method"] == "text" {
        return question.text().await.map(Value::String);
    }
    let schema: Value = serde_json::from_str(question.schema.as_deref().unwrap_or("{}")).unwrap();
    REQUIRED.set(list(&schema["required"]).iter().filter_map(Value::as_str).map(str::to_owned).collect());
    match schema["type"] == "array" {
        true => value_of::<Vec<Value>>(&question, &case["refused"]).await,
        false => value_of::<Object>(&question, &case["refused"]).await,
    }
}

fn question_of(given: &Value) -> Question {
    let user = match &given["user"] {
        sections @ Value::Array(_) => sections_of(sections),
        _ => Sections::from(text(given, "user")),
    };
    let mut question = Question::new(text(given, "label"), text(given, "system"), user);
    if let Some(tier) = optional(given, "tier") {
        question = question.tier(tier);
    }
    if let Some(schema) = optional(given, "schema") {
        question = question.schema(schema);
    }
    if let Some(limit) = given["max_output_tokens"].as_u64() {
        question = question.max_output_tokens(u32::try_from(limit).unwrap());
    }
    question
}

async fn value_of<T: DeserializeOwned + Into<Value>>(question: &Question, refused: &Value) -> Result<Value, Failure> {
    let check = |_: &T, json: &str| {
        let value: Value = serde_json::from_str(json).unwrap();
        let is_refused = refused["member"].as_str().is_some_and(|member| value[member] == refused["value"]);
        if is_refused { vec![text(refused, "fault")] } else { Vec::new() }
    };
    question.json(check).await.map(Into::into)
}

thread_local! {
    /// The members that an [`Object`] must have.
    static REQUIRED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Any object with the required members. It is read as a struct is.
struct Object(Map<String, Value>);

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object.0)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Object", &[], ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Object, A::Error> {
        let mut object = Map::new();
        while let Some((name, value)) = members.next_entry::<String, Value>()? {
            object.insert(name, value);
        }
        let is_missing = |name: &&String| !object.contains_key(name.as_str());
        match REQUIRED.with_borrow(|required| required.iter().find(is_missing).cloned()) {
            Some(name) => Err(A::Error::custom(format!("missing field `{name}`"))),
            None => Ok(Object(object)),
        }
    }
}

/// Tools with the same result for every call.
#[derive(Debug)]
struct Scripted(Vec<Value>);

impl Toolbox for Scripted {
    fn tools(&self) -> Vec<Tool> {
        let tool = |tool: &Value| Tool {
            name: text(tool, "name"),
            description: text(tool, "description"),
            parameters: text(tool, "parameters"),
        };
        self.0.iter().map(tool).collect()
    }

    fn call(&self, name: &str, _: &Value) -> Result<String, String> {
        let tool = self.0.iter().find(|tool| tool["name"] == name).expect("the tool exists");
        match optional(tool, "error") {
            Some(why) => Err(why),
            None => Ok(repeated(&tool["result"])),
        }
    }
}

fn repeated(value: &Value) -> String {
    match value["times"].as_u64() {
        Some(times) => text(value, "repeat").repeat(usize::try_from(times).unwrap()),
        None => value.as_str().unwrap().to_owned(),
    }
}
