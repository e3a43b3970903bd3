//! One question to a model, until its answer is usable or the reasons why not are in words.
//!
//! A truncated answer is continued, up to three times. An answer that is no JSON, does not fit its type, or fails the
//! caller's check gets one more question with the exact faults. A refusal, a host's denial or a second unusable answer is
//! a [`Failure`].

use serde::de::DeserializeOwned;

use crate::answer::{extract_json, join_continuation};
use crate::types::{Content, Failure, Level, Message, ModelError, Request, Response, Role};
use crate::{failure, host};

const MAX_CONTINUATIONS: usize = 3;
const CONTINUE_PROMPT: &str = "Your answer was cut off by its length. Go on from exactly where it stopped: no repetition, no introduction, \
                     no new fence, only the characters that come next.";

/// A question: who asks (label), what, and how long the answer may be.
#[derive(Debug, Clone)]
pub struct Question {
    /// What this call is for, in a few words; people and reports see it.
    pub label: String,
    /// `fast`, `default` or `deep`.
    pub tier: String,
    /// Who the model is to be.
    pub system: String,
    /// The question with all its data.
    pub user: String,
    /// JSON Schema of the answer, for providers that can enforce it.
    pub schema: Option<String>,
    /// Where an answer is cut off.
    pub max_output_tokens: u32,
}

impl Question {
    /// A question at tier `default`, with room for a long answer.
    pub fn new(label: impl Into<String>, system: impl Into<String>, user: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            tier: "default".to_owned(),
            system: system.into(),
            user: user.into(),
            schema: None,
            max_output_tokens: 16_000,
        }
    }

    /// At another tier.
    #[must_use]
    pub fn tier(mut self, tier: impl Into<String>) -> Self {
        self.tier = tier.into();
        self
    }

    /// With a JSON Schema of the answer.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// With another limit for the answer.
    #[must_use]
    pub fn max_output_tokens(mut self, tokens: u32) -> Self {
        self.max_output_tokens = tokens;
        self
    }

    /// The answer as text, however many calls it takes.
    pub async fn text(&self) -> Result<String, Failure> {
        self.complete_answer(&self.label, self.first_messages()).await
    }

    /// The answer as a `T`. `check` sees the value and its JSON text, and returns every fault in words that a model can act
    /// on; `|_, _| Vec::new()` accepts all.
    pub async fn json<T: DeserializeOwned>(&self, check: impl Fn(&T, &str) -> Vec<String>) -> Result<T, Failure> {
        let first = self.complete_answer(&self.label, self.first_messages()).await?;
        let faults = match parse_checked(&first, &check) {
            Ok(value) => return Ok(value),
            Err(faults) => faults,
        };
        host::log(Level::Info, &format!("{}: asking again: {}", self.label, faults.join("; ")));
        let mut messages = self.first_messages();
        messages.push(message(Role::Assistant, first));
        messages.push(message(Role::User, repair_prompt(&faults)));
        let second = self.complete_answer(&format!("{}/repair", self.label), messages).await?;
        parse_checked(&second, &check).map_err(|faults| {
            failure(format!(
                "the model's answer to `{}` is unusable, also when asked again: {}",
                self.label,
                faults.join("; ")
            ))
        })
    }

    fn first_messages(&self) -> Vec<Message> {
        vec![message(Role::System, self.system.clone()), message(Role::User, self.user.clone())]
    }

    async fn complete_answer(&self, label: &str, messages: Vec<Message>) -> Result<String, Failure> {
        let first = self.send(label, messages.clone(), self.schema.clone()).await?;
        let mut truncated = first.stop == "max-tokens";
        let mut text = response_text(&first);
        let continuation = format!("{label}/continue");
        for _ in 0..MAX_CONTINUATIONS {
            if !truncated {
                return Ok(text);
            }
            if text.trim().is_empty() {
                let limit = self.max_output_tokens;
                return Err(failure(format!(
                    "`{label}`: the model used up {limit} tokens before it answered anything"
                )));
            }
            let mut messages = messages.clone();
            messages.push(message(Role::Assistant, text.clone()));
            messages.push(message(Role::User, CONTINUE_PROMPT.to_owned()));
            let next = self.send(&continuation, messages, None).await?;
            truncated = next.stop == "max-tokens";
            text = join_continuation(&text, &response_text(&next));
        }
        if truncated {
            let limit = self.max_output_tokens;
            return Err(failure(format!(
                "`{label}`: the answer is longer than {} times {limit} tokens and was cut off",
                MAX_CONTINUATIONS + 1
            )));
        }
        Ok(text)
    }

    async fn send(&self, label: &str, messages: Vec<Message>, schema: Option<String>) -> Result<Response, Failure> {
        let request = Request {
            label: label.to_owned(),
            tier: self.tier.clone(),
            messages,
            tools: Vec::new(),
            tool_choice: "none".to_owned(),
            answer_schema: schema,
            max_output_tokens: self.max_output_tokens,
            temperature: None,
        };
        let response =
            host::complete(request).await.map_err(|error| failure(format!("`{label}`: {}", describe(&error))))?;
        if response.stop == "refusal" {
            return Err(failure(format!(
                "`{label}`: the model {} refused: {}",
                response.model,
                response_text(&response)
            )));
        }
        Ok(response)
    }
}

fn parse_checked<T: DeserializeOwned>(text: &str, check: impl Fn(&T, &str) -> Vec<String>) -> Result<T, Vec<String>> {
    let json = extract_json(text).map_err(|fault| vec![fault])?;
    let value: T = serde_json::from_str(json).map_err(|error| vec![error.to_string()])?;
    let faults = check(&value, json);
    if faults.is_empty() { Ok(value) } else { Err(faults) }
}

fn repair_prompt(faults: &[String]) -> String {
    let list: String = faults.iter().map(|fault| format!("- {fault}\n")).collect();
    format!(
        "This answer cannot be used:\n{list}Mend exactly that and keep everything else. Answer with the whole corrected JSON \
         and nothing around it."
    )
}

fn message(role: Role, text: String) -> Message {
    Message { role, content: vec![Content::Text(text)] }
}

fn response_text(response: &Response) -> String {
    let texts = response.content.iter().filter_map(|content| match content {
        Content::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn describe(error: &ModelError) -> String {
    match error {
        ModelError::Denied(why) => format!("the host does not allow this model call: {why}"),
        ModelError::Budget(why) => format!("the budget is used up: {why}"),
        ModelError::Invalid(why) => format!("the request cannot be answered: {why}"),
        ModelError::TooLong(why) => format!("the request is too long for the model: {why}"),
        ModelError::Unavailable(why) => format!("the model cannot be reached: {why}"),
        ModelError::Other(why) => why.clone(),
    }
}
