//! One question to a model, with another call where the answer is cut off or unusable.
//!
//! The value of [`Question::json`] is found wherever it stands in the answer. A cut answer is asked for once more with four
//! times the room, or within the model's own limit; an answer that is not JSON, does not match its type or fails the caller's
//! check gets one repair question with the exact faults and the schema. A truncated text is continued up to three times.
//! Follow-up questions repeat the model's reasoning as the host returned it. With tools, the model may call them before each of
//! its answers, within the limits of [`Toolbox`].
//!
//! A refusal, a denied call, a full context window or a second unusable answer is a [`Failure`].

use std::rc::Rc;

use serde::de::DeserializeOwned;

use crate::answer::join_continuation;
use crate::fit::{choose, member_names};
use crate::prompt::fenced;
use crate::sections::Sections;
use crate::tools::{Allowance, Toolbox};
use crate::types::{Content, Failure, Level, Message, ModelError, Request, Response, Role};
use crate::work::failure;
use crate::{host, schema};

const MAX_CONTINUATIONS: usize = 3;
/// How many times as long as the first answer the second one may be.
const MORE_ROOM: u32 = 4;
const CONTINUE_PROMPT: &str = "Your answer was cut off by its length. Continue exactly where it stopped: no repetition, no introduction, \
                     no new fence, only the characters that follow.";

/// A question to a model. Build it with [`Question::new`], send it with [`Question::json`] or [`Question::text`].
#[derive(Debug, Clone)]
pub struct Question {
    /// Purpose of the call, for example `design`; shown to people and used in reports. Follow-up calls append `/longer`,
    /// `/repair` or `/continue`, and calls that return the results of tools `/tools`.
    pub label: String,
    /// `fast`, `default` or `deep`.
    pub tier: String,
    /// System message: the role and the rules.
    pub system: String,
    /// User message: the question and its data.
    pub user: Sections,
    /// JSON Schema of the answer, enforced where the provider supports it.
    pub schema: Option<String>,
    /// Limit of the first answer in tokens.
    pub max_output_tokens: u32,
    /// The functions that the model can call before it answers.
    pub tools: Option<Rc<dyn Toolbox>>,
}

impl Question {
    /// Creates a question for tier `default` with a limit of 16,000 tokens per answer.
    pub fn new(label: impl Into<String>, system: impl Into<String>, user: impl Into<Sections>) -> Self {
        Self {
            label: label.into(),
            tier: "default".to_owned(),
            system: system.into(),
            user: user.into(),
            schema: None,
            max_output_tokens: 16_000,
            tools: None,
        }
    }

    /// Sets the tier.
    #[must_use]
    pub fn tier(mut self, tier: impl Into<String>) -> Self {
        self.tier = tier.into();
        self
    }

    /// Sets the JSON Schema of the answer. Models write the members in its order. Bounds above 100 of items and characters are
    /// left out, because servers cannot compile them: let the check of [`Question::json`] hold them.
    #[must_use]
    pub fn schema(mut self, schema: impl AsRef<str>) -> Self {
        self.schema = Some(schema::for_models(schema.as_ref()));
        self
    }

    /// Sets the limit of the first answer in tokens.
    #[must_use]
    pub fn max_output_tokens(mut self, tokens: u32) -> Self {
        self.max_output_tokens = tokens;
        self
    }

    /// Lets the model call these functions before it answers: at most 20 times, 100 calls and 128 KiB of results for one
    /// question.
    #[must_use]
    pub fn tools(mut self, toolbox: Rc<dyn Toolbox>) -> Self {
        self.tools = Some(toolbox);
        self
    }

    /// Asks, and returns the answer as text. Makes up to four calls if the answer is truncated.
    pub async fn text(&self) -> Result<String, Failure> {
        let mut limit = self.max_output_tokens;
        let mut talk = self.start();
        let mut last = self.ask(&self.label, &mut talk, limit, None).await?;
        let mut answer = Answer::of(&last);
        for _ in 0..MAX_CONTINUATIONS {
            if !is_cut(&last) {
                return Ok(answer.text);
            }
            limit = self.limit_of_model(&last, limit)?;
            if answer.text.trim().is_empty() {
                return Err(failure(format!("`{}`: the model used {limit} tokens without an answer", self.label)));
            }
            let messages = talk.with(&answer, CONTINUE_PROMPT.to_owned());
            last = self.send(&format!("{}/continue", self.label), messages, limit, false).await?;
            answer.extend(&last);
        }
        if is_cut(&last) {
            let times = MAX_CONTINUATIONS + 1;
            return Err(failure(format!("`{}`: the answer exceeds {times} times {limit} tokens", self.label)));
        }
        Ok(answer.text)
    }

    /// Asks, and returns the answer as a `T`. `check` gets the value and its JSON text and returns every fault, worded so that
    /// a model can correct it; `|_, _| Vec::new()` accepts every value. If the answer contains several values, exactly one
    /// distinct value must fit.
    pub async fn json<T: DeserializeOwned>(&self, check: impl Fn(&T, &str) -> Vec<String>) -> Result<T, Failure> {
        let members = self.schema.as_deref().map(member_names).unwrap_or_default();
        let parse = |answer: &str| choose(answer, &members, &check);
        let mut talk = self.start();
        let first = self.ask_whole(&self.label, &mut talk, &parse).await?;
        let Unusable { answer, faults } = match first {
            Ok(value) => return Ok(value),
            Err(unusable) => unusable,
        };
        host::log(Level::Info, &format!("{}: asking again: {}", self.label, faults.join("; ")));
        talk.messages = talk.with(&answer, repair_prompt(&faults, self.schema.as_deref()));
        let second = self.ask_whole(&format!("{}/repair", self.label), &mut talk, &parse).await?;
        second.map_err(|Unusable { faults, .. }| {
            failure(format!(
                "the model's answer to `{}` is unusable, also after one repair: {}",
                self.label,
                faults.join("; ")
            ))
        })
    }

    /// Asks, and asks once more with more room if the answer is cut off before it is complete.
    async fn ask_whole<T>(
        &self,
        label: &str,
        talk: &mut Conversation,
        parse: &impl Fn(&str) -> Result<T, Vec<String>>,
    ) -> Result<Result<T, Unusable>, Failure> {
        let mut limit = self.max_output_tokens;
        let mut response = self.ask(label, talk, limit, None).await?;
        let mut answer = Answer::of(&response);
        let mut parsed = parse(&answer.text);
        if parsed.is_err() && is_cut(&response) {
            let of_model = self.limit_of_model(&response, limit)?;
            let is_own = of_model < limit;
            limit = if is_own { of_model } else { limit.saturating_mul(MORE_ROOM) };
            host::log(Level::Info, &format!("{label}: the answer was cut off; asking again for up to {limit} tokens"));
            response = self.ask(&format!("{label}/longer"), talk, limit, is_own.then_some(limit)).await?;
            answer = Answer::of(&response);
            parsed = parse(&answer.text);
        }
        if parsed.is_err() && is_cut(&response) {
            limit = self.limit_of_model(&response, limit)?;
            return Err(failure(format!("`{label}`: the answer exceeds {limit} tokens")));
        }
        Ok(parsed.map_err(|faults| Unusable { answer, faults }))
    }

    /// Asks, and answers the model's tool calls until it gives an answer. The calls and their results join the conversation. A
    /// model with a limit of its own is told that limit.
    async fn ask(
        &self,
        label: &str,
        talk: &mut Conversation,
        limit: u32,
        own_limit: Option<u32>,
    ) -> Result<Response, Failure> {
        let label_of_results = format!("{label}/tools");
        let mut label = label;
        loop {
            let mut messages = talk.messages.clone();
            if let Some(own) = own_limit {
                messages = with_limit(messages, own);
            }
            let may_call = talk.allowance.is_left();
            let response = self.send(label, messages, limit, may_call).await?;
            let toolbox = self.tools.as_deref().filter(|_| may_call);
            let Some(turns) = toolbox.and_then(|toolbox| talk.allowance.answer(toolbox, &response)) else {
                return Ok(response);
            };
            talk.messages.extend(turns);
            label = &label_of_results;
        }
    }

    /// Returns the limit that cut an answer off: the one that was asked for, or the model's own lower one. Fails if the context
    /// window is full: neither more room nor a continuation would help.
    ///
    /// The limits of models are round numbers; what a prompt leaves of a window is not.
    fn limit_of_model(&self, response: &Response, limit: u32) -> Result<u32, Failure> {
        let used = response.usage.output_tokens;
        match u32::try_from(used).unwrap_or(u32::MAX) {
            used if used == 0 || used >= limit => return Ok(limit),
            used if is_round(used) => return Ok(used),
            used if used >= limit / 2 => return Ok(limit),
            _ => {}
        }
        Err(failure(format!(
            "`{}`: the model {} stopped after {used} of {limit} tokens: its context window is full, or its own limit for an \
             answer is lower; use a model with a larger window, or give it less context",
            self.label, response.model
        )))
    }

    fn start(&self) -> Conversation {
        let user = self.user.texts().into_iter().map(Content::Text).collect();
        let messages = vec![message(Role::System, self.system.clone()), Message { role: Role::User, content: user }];
        Conversation { messages, allowance: Allowance::new() }
    }

    async fn send(
        &self,
        label: &str,
        messages: Vec<Message>,
        max_output_tokens: u32,
        may_call: bool,
    ) -> Result<Response, Failure> {
        let tools = self.tools.as_ref().map(|toolbox| toolbox.tools()).unwrap_or_default();
        let choice = if may_call && !tools.is_empty() { "auto" } else { "none" };
        let request = Request {
            label: label.to_owned(),
            tier: self.tier.clone(),
            messages,
            tools,
            tool_choice: choice.to_owned(),
            answer_schema: self.schema.clone(),
            max_output_tokens,
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

/// An answer, or several joined ones.
struct Answer {
    /// Blocks of the provider, such as reasoning.
    blocks: Vec<Content>,
    text: String,
}

impl Answer {
    fn of(response: &Response) -> Self {
        Self { blocks: blocks_of(response), text: response_text(response) }
    }

    /// Adds the continuation of a truncated text.
    fn extend(&mut self, continuation: &Response) {
        self.text = join_continuation(&self.text, &response_text(continuation));
        self.blocks.extend(blocks_of(continuation));
    }

    /// Returns the answer as the model's message in a later request: blocks are repeated unchanged, before the text.
    fn as_message(&self) -> Message {
        let text = Content::Text(self.text.clone());
        Message { role: Role::Assistant, content: self.blocks.iter().cloned().chain([text]).collect() }
    }
}

fn blocks_of(response: &Response) -> Vec<Content> {
    response.content.iter().filter(|content| matches!(content, Content::Opaque(_))).cloned().collect()
}

/// An answer without a usable value.
struct Unusable {
    answer: Answer,
    faults: Vec<String>,
}

/// The messages so far, and what is left of the limits of tool calls.
struct Conversation {
    messages: Vec<Message>,
    allowance: Allowance,
}

impl Conversation {
    /// Returns the messages, an answer to them, and a further request.
    fn with(&self, answer: &Answer, request: String) -> Vec<Message> {
        let mut messages = self.messages.clone();
        messages.push(answer.as_message());
        messages.push(message(Role::User, request));
        messages
    }
}

/// Returns whether a number of tokens is one that makers of models choose as a limit.
fn is_round(tokens: u32) -> bool {
    tokens.is_multiple_of(256) || tokens.is_multiple_of(500)
}

/// Adds the limit to the question, for a model that cannot write more.
fn with_limit(mut messages: Vec<Message>, limit: u32) -> Vec<Message> {
    let text = format!(
        "Your first answer was cut off at {limit} tokens, and you cannot write more than that. Give the whole answer within \
         that limit: shorten descriptions, and leave nothing out that is required."
    );
    if let Some(question) = messages.last_mut() {
        question.content.push(Content::Text(text));
    }
    messages
}

fn is_cut(response: &Response) -> bool {
    response.stop == "max-tokens"
}

fn repair_prompt(faults: &[String], schema: Option<&str>) -> String {
    let list: String = faults.iter().map(|fault| format!("- {fault}\n")).collect();
    // Faults repeat words of the answer, so they are fenced as data.
    let list = fenced("Faults", &list);
    let schema = schema.map(|schema| format!("The answer must satisfy this JSON Schema:\n\n{schema}\n\n"));
    format!(
        "This answer cannot be used.\n\n{list}\n{}Fix exactly these faults and keep everything else. Answer with the whole \
         corrected JSON and nothing around it.",
        schema.unwrap_or_default()
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
