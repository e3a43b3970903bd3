//! One question to a model, including continuation and repair of its answer.
//!
//! A truncated answer is continued up to three times. If the answer is not JSON, does not match its type, or fails the
//! caller's check, the model gets one repair question with the exact faults. A refusal, a denied call or a second unusable
//! answer is a [`Failure`].

use serde::de::DeserializeOwned;

use crate::answer::{extract_json, join_continuation};
use crate::host;
use crate::prompt::fenced;
use crate::types::{Content, Failure, Level, Message, ModelError, Request, Response, Role};
use crate::work::failure;

const MAX_CONTINUATIONS: usize = 3;
const CONTINUE_PROMPT: &str = "Your answer was cut off by its length. Continue exactly where it stopped: no repetition, no introduction, \
                     no new fence, only the characters that follow.";

/// A question to a model. Build it with [`Question::new`], send it with [`Question::json`] or [`Question::text`].
#[derive(Debug, Clone)]
pub struct Question {
    /// Purpose of the call, for example `design`; shown to people and used in reports. Follow-up calls append `/continue`
    /// or `/repair`.
    pub label: String,
    /// `fast`, `default` or `deep`.
    pub tier: String,
    /// System message: the role and the rules.
    pub system: String,
    /// User message: the question and its data.
    pub user: String,
    /// JSON Schema of the answer, enforced where the provider supports it.
    pub schema: Option<String>,
    /// Limit of one answer in tokens; a longer answer is continued by another call.
    pub max_output_tokens: u32,
}

impl Question {
    /// Creates a question for tier `default` with a limit of 16,000 tokens per answer.
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

    /// Sets the tier.
    #[must_use]
    pub fn tier(mut self, tier: impl Into<String>) -> Self {
        self.tier = tier.into();
        self
    }

    /// Sets the JSON Schema of the answer.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// Sets the limit of one answer in tokens.
    #[must_use]
    pub fn max_output_tokens(mut self, tokens: u32) -> Self {
        self.max_output_tokens = tokens;
        self
    }

    /// Asks, and returns the answer as text. Makes up to four calls if the answer is truncated.
    pub async fn text(&self) -> Result<String, Failure> {
        self.complete_answer(&self.label, self.first_messages()).await
    }

    /// Asks, and returns the answer as a `T`. `check` gets the value and its JSON text and returns every fault, worded so that
    /// a model can correct it; `|_, _| Vec::new()` accepts every value.
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
                "the model's answer to `{}` is unusable, also after one repair: {}",
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
                return Err(failure(format!("`{label}`: the model used {limit} tokens without an answer")));
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
                "`{label}`: the answer exceeds {} times {limit} tokens",
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
    // Faults repeat words of the answer, so they are fenced as data.
    let list = fenced("Faults", &list);
    format!(
        "This answer cannot be used.\n\n{list}\nFix exactly these faults and keep everything else. Answer with the whole \
         corrected JSON and nothing around it."
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
        ModelError::Budget(why) => format!("the budget is exhausted: {why}"),
        ModelError::Invalid(why) => format!("the request cannot be answered: {why}"),
        ModelError::TooLong(why) => format!("the request is too long for the model: {why}"),
        ModelError::Unavailable(why) => format!("the model cannot be reached: {why}"),
        ModelError::Other(why) => why.clone(),
    }
}
