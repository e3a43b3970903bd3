//! The standard agents as providers see them: the starts that their requests share, the schemas of their answers, and the
//! answers that they accept.

mod answers;
mod follow_ups;
mod prefixes;
mod schemas;

use phasegate_test::{Output, Scenario};
use serde_json::Value;

use crate::first_task::blob;

/// The recorded model requests of a run, in order, each with its label.
pub fn requests(scenario: &Scenario, output: &Output) -> Vec<(String, Value)> {
    let asked = output.events_named("model_asked");
    asked.map(|event| (event["label"].as_str().unwrap().to_owned(), blob(scenario, &event["request"]))).collect()
}

/// The text of all messages of a request.
pub fn message_text(request: &Value) -> String {
    let messages = request["messages"].as_array().unwrap().iter();
    messages
        .flat_map(|message| message["content"].as_array().unwrap())
        .filter_map(|part| part["text"].as_str())
        .collect()
}
