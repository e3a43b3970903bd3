//! Names of runs, tasks, phases, plugins and artifacts, each a type of its own so that one cannot stand for another.
//!
//! A name is validated when it is parsed, and later code relies on that. Names become file names and SQL keys, so the
//! allowed characters are few.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::hint::with_hint;

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
    ($(#[$doc:meta])* $name:ident, $sort:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

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
                    true => Ok(Self(text.to_owned())),
                    false => Err(InvalidName { text: text.to_owned(), sort: $sort, rule: $rule }),
                }
            }
        }

        impl TryFrom<String> for $name {
            // serde keeps only the text of an error.
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse().map_err(|error: InvalidName| with_hint(&error, Some(error.hint())))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
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
    |text| (3..=64).contains(&text.len()) && text.bytes().all(is_kebab)
);
name!(
    /// The id of a task, chosen by a person; many runs may share it.
    TaskId, "task id", "a task id has 3 to 100 characters of A-Z, a-z, 0-9, `.`, `_` and `-`, and starts with a letter or digit",
    |text| (3..=100).contains(&text.len()) && starts_alphanumeric(text) && text.bytes().all(is_word)
);
name!(
    /// The name of a phase; unique in its pipeline.
    PhaseName, "phase name", "a phase name has 1 to 40 characters of a-z, 0-9 and -, and starts with a letter or digit",
    |text| (1..=40).contains(&text.len()) && starts_alphanumeric(text) && text.bytes().all(is_kebab)
);
name!(
    /// The name of a plugin in the pipeline and the configuration; its manifest may use another one.
    PluginName, "plugin name", "a plugin name has 1 to 60 characters of a-z, 0-9 and -, and starts with a letter or digit",
    |text| (1..=60).contains(&text.len()) && starts_alphanumeric(text) && text.bytes().all(is_kebab)
);
name!(
    /// The name of an artifact within a run. Context files are `context/PATH`; artifacts of the attempt before are
    /// `previous/NAME`.
    ArtifactName, "artifact name", "an artifact name is 1 to 200 characters of plain path segments, without `..` and `\\`",
    |text| (1..=200).contains(&text.len()) && text.split('/').all(is_plain_segment)
);
name!(
    /// The kind of an artifact; each kind has a JSON Schema, except for context files.
    Kind, "artifact kind", "a kind has 1 to 60 characters of a-z, 0-9 and _",
    |text| (1..=60).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
);

/// One attempt at one phase. Displayed as `PHASE#ATTEMPT`.
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
}
