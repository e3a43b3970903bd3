//! The sections of a question, ordered so that providers can reuse what they know from earlier requests.
//!
//! A provider charges less for the start of a request that equals the start of an earlier one. So text that many requests share
//! comes first, and text of one request comes last.

/// Which requests share a section's text, from the most to the fewest. Sections are sent in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SharedBy {
    /// All agents of the run: the task, its context files, the environment.
    Run,
    /// The agents of several phases: artifacts. Add them in the order in which they are made.
    Phases,
    /// All calls of this agent for the same artifacts: its rules and the form of the answer.
    Agent,
    /// The calls of this agent about one subject, for example the code that it reviews.
    Subject,
    /// The calls of one attempt: the previous work and the feedback on it.
    Attempt,
    /// One call alone, for example the speciality of one reviewer.
    Call,
}

/// The text of a user message in sections. A `String` or `&str` becomes one section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sections(Vec<(SharedBy, String)>);

impl Sections {
    /// Creates a message without sections.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a section after those that the same requests share. White space around it is removed; an empty one adds nothing.
    #[must_use]
    pub fn add(mut self, shared_by: SharedBy, text: impl AsRef<str>) -> Self {
        let text = text.as_ref().trim();
        if !text.is_empty() {
            let at = self.0.partition_point(|(known, _)| *known <= shared_by);
            self.0.insert(at, (shared_by, text.to_owned()));
        }
        self
    }

    /// Returns one text for each [`SharedBy`] that has sections. A provider can reuse a request up to the end of each text.
    /// The whole message is their concatenation.
    pub fn texts(&self) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        let groups = self.0.chunk_by(|(a, _), (b, _)| a == b);
        for group in groups {
            let sections: Vec<&str> = group.iter().map(|(_, text)| text.as_str()).collect();
            if let Some(last) = texts.last_mut() {
                last.push_str("\n\n");
            }
            texts.push(sections.join("\n\n"));
        }
        texts
    }
}

impl From<String> for Sections {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&str> for Sections {
    fn from(text: &str) -> Self {
        Self::new().add(SharedBy::Call, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sends_widely_shared_sections_first() {
        let sections = Sections::new()
            .add(SharedBy::Call, "security")
            .add(SharedBy::Phases, "plan\n")
            .add(SharedBy::Run, "task")
            .add(SharedBy::Agent, "")
            .add(SharedBy::Phases, "design");
        assert_eq!(sections.texts(), ["task\n\n", "plan\n\ndesign\n\n", "security"]);
        assert_eq!(Sections::from("one").texts(), ["one"]);
    }
}
