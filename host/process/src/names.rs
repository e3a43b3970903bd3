//! Names of runs, tasks, phases, plugins and artifacts, each a type of its own so that one cannot stand for another.
//!
//! A name is validated when it is parsed, and later code relies on that. Names become file names and SQL keys, so the
//! allowed characters are few. Clones of a name share its text.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::hint::with_hint;
use crate::text::deserialize_text;

/// An error: the text is not a valid name of its type.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not a {sort}")]
pub struct InvalidName {
    text: String,
    sort: &'static str,
    rule: &'static str,
}

impl InvalidName {
    /// The rule that the name has to follow.
    pub fn hint(&self) -> &'static str {
        self.rule
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $sort:literal, $rule:literal, $pattern:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let check: fn(&str) -> bool = $check;
                match check(text) {
                    true => Ok(Self(text.into())),
                    false => Err(InvalidName { text: text.to_owned(), sort: $sort, rule: $rule }),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize_text(deserializer, |text| {
                    text.parse().map_err(|error: InvalidName| with_hint(&error, Some(error.hint())))
                })
            }
        }

        /// For editors. The pattern accepts every name that the parser accepts.
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }
    };
}

name!(
    /// The id of one run of one task; unique in a state folder.
    RunId, "run id", "a run id has 3 to 64 characters of a-z, 0-9 and -",
    r"^[a-z0-9-]{3,64}$",
    |text| (3..=64).contains(&text.len()) && text.bytes().all(is_kebab)
);
name!(
    /// The id of a task, chosen by a person; many runs may share it.
    TaskId, "task id", "a task id has 3 to 100 characters of A-Z, a-z, 0-9, `.`, `_` and `-`, and starts with a letter or digit",
    r"^[A-Za-z0-9][A-Za-z0-9._-]{2,99}$",
    |text| (3..=100).contains(&text.len()) && starts_alphanumeric(text) && text.bytes().all(is_word)
);
name!(
    /// The name of a phase; unique in its pipeline.
    PhaseName, "phase name", "a phase name has 1 to 40 characters of a-z, 0-9 and -, and starts with a letter or digit",
    r"^[a-z0-9][a-z0-9-]{0,39}$",
    |text| (1..=40).contains(&text.len()) && starts_alphanumeric(text) && text.bytes().all(is_kebab)
);
name!(
    /// The name of a plugin in the pipeline and the configuration; its manifest may use another one.
    PluginName, "plugin name", "a plugin name has 1 to 60 characters of a-z, 0-9 and -, and starts with a letter or digit",
    r"^[a-z0-9][a-z0-9-]{0,59}$",
    |text| (1..=60).contains(&text.len()) && starts_alphanumeric(text) && text.bytes().all(is_kebab)
);
name!(
    /// The name of an artifact within a run. Context files are `context/PATH`; artifacts of the attempt before are
    /// `previous/NAME`.
    ArtifactName, "artifact name", "an artifact name is 1 to 200 characters of plain path segments, without `..` and `\\`",
    r"^[^/\\]+(/[^/\\]+)*$",
    |text| (1..=200).contains(&text.len()) && text.split('/').all(is_plain_segment)
);
name!(
    /// The kind of an artifact; each kind has a JSON Schema, except for context files.
    Kind, "artifact kind", "a kind has 1 to 60 characters of a-z, 0-9 and _",
    r"^[a-z0-9_]{1,60}$",
    |text| (1..=60).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
);

/// The name of a person, as that person's shell or a file gives it: a claim, not an identity that was proved. Spaces around it
/// are removed; names are equal where they have the same characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("minLength" = 1))]
pub struct PersonName(String);

impl PersonName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PersonName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let name = text.trim();
        let rule = "a person's name has 1 to 100 characters, without line ends and other control characters";
        match (1..=100).contains(&name.chars().count()) && !name.chars().any(is_control) {
            true => Ok(Self(name.to_owned())),
            false => Err(InvalidName {
                text: name.chars().filter(|c| !is_control(*c)).take(100).collect(),
                sort: "name of a person",
                rule,
            }),
        }
    }
}

impl TryFrom<String> for PersonName {
    // serde keeps only the text of an error.
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|error: InvalidName| with_hint(&error, Some(error.hint())))
    }
}

impl From<PersonName> for String {
    fn from(name: PersonName) -> Self {
        name.0
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One attempt at one phase. Displayed and parsed as `PHASE#ATTEMPT`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttemptId {
    /// The phase.
    pub phase: PhaseName,
    /// From 1.
    pub attempt: u32,
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.phase, self.attempt)
    }
}

impl FromStr for AttemptId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let rule = "an attempt is PHASE#ATTEMPT, with attempts numbered from 1, as in code-review#2";
        let wrong = || InvalidName { text: text.to_owned(), sort: "phase with an attempt", rule };
        let (phase, number) = text.split_once('#').ok_or_else(wrong)?;
        let digits = !number.starts_with('0') && number.bytes().all(|c| c.is_ascii_digit());
        let attempt = number.parse().ok().filter(|_| digits).ok_or_else(wrong)?;
        Ok(Self { phase: phase.parse().map_err(|_| wrong())?, attempt })
    }
}

/// Whether the character is a control character or changes the reading direction of the text around it.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_kebab(c: u8) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-'
}

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-')
}

fn starts_alphanumeric(text: &str) -> bool {
    text.bytes().next().is_some_and(|c| c.is_ascii_alphanumeric())
}

fn is_plain_segment(segment: &str) -> bool {
    !segment.is_empty() && segment != "." && segment != ".." && !segment.chars().any(|c| c == '\\' || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_names_that_leave_a_folder() {
        for text in ["../x", "a//b", "/abs", "a/../b", "a\\b", ""] {
            assert!(text.parse::<ArtifactName>().is_err(), "{text}");
        }
        assert!(
            "..".parse::<TaskId>().is_err() && "a/b".parse::<TaskId>().is_err() && ".hidden".parse::<TaskId>().is_err()
        );
    }

    #[test]
    fn errors_state_the_rule() {
        let error = "Bad Phase".parse::<PhaseName>().map_err(|error| with_hint(&error, Some(error.hint())));
        assert_eq!(
            error,
            Err("`Bad Phase` is not a phase name\nhint: a phase name has 1 to 40 characters of a-z, 0-9 and -, and starts with a letter or digit".into())
        );
    }

    #[test]
    fn parses_attempts_as_they_are_displayed() {
        let parsed: Result<AttemptId, _> = "code-review#12".parse();
        assert_eq!(parsed.map(|at| at.to_string()).as_deref(), Ok("code-review#12"));
        for text in ["code", "code#", "code#0", "code#01", "code#+1", "code#1#2", "#1", "Code#1", "code#99999999999"] {
            assert!(text.parse::<AttemptId>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_of_people_are_trimmed_and_plain() {
        assert_eq!(" ann lee\n".parse::<PersonName>().map(String::from).as_deref(), Ok("ann lee"));
        for text in ["", "  ", "ann\nlee", "ann\u{1b}[2J", "\u{202e}nna", &"a".repeat(101)] {
            assert!(text.parse::<PersonName>().is_err(), "{text:?}");
        }
    }
}
