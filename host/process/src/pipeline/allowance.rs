//! How many tests a gate accepts that did not run to a result: `allow = { skipped = 2, xfailed = "unlimited" }`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The tests that a test gate accepts although they did not pass. The default accepts none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TestAllowance {
    /// Tests that did not run.
    #[serde(skip_serializing_if = "AllowedTests::is_none")]
    pub skipped: AllowedTests,
    /// Tests that failed as their suite expects.
    #[serde(skip_serializing_if = "AllowedTests::is_none")]
    pub xfailed: AllowedTests,
}

impl TestAllowance {
    /// Returns whether no such test is accepted.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A number of tests, or any number of them. The default is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowedTests {
    /// At most this many.
    AtMost(u32),
    /// Any number, written `"unlimited"`.
    Unlimited,
}

const UNLIMITED: &str = "unlimited";

impl AllowedTests {
    /// Returns whether this many tests are accepted.
    pub fn accepts(self, number: usize) -> bool {
        match self {
            Self::AtMost(most) => number <= most as usize,
            Self::Unlimited => true,
        }
    }

    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for AllowedTests {
    fn default() -> Self {
        Self::AtMost(0)
    }
}

impl fmt::Display for AllowedTests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "{most}"),
            Self::Unlimited => f.write_str(UNLIMITED),
        }
    }
}

impl Serialize for AllowedTests {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::AtMost(most) => most.serialize(serializer),
            Self::Unlimited => UNLIMITED.serialize(serializer),
        }
    }
}

impl JsonSchema for AllowedTests {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "AllowedTests".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 0, "maximum": u32::MAX }, { "const": UNLIMITED }] })
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a number of tests is a whole number, or \"unlimited\"")]
enum RawAllowed {
    Whole(i64),
    Word(String),
}

impl<'de> Deserialize<'de> for AllowedTests {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let invalid = |given: String| {
            let message = format!("`{given}` is no number of tests: write 0 or more, or \"{UNLIMITED}\"");
            serde::de::Error::custom(message)
        };
        match RawAllowed::deserialize(deserializer)? {
            RawAllowed::Whole(number) => {
                u32::try_from(number).map(Self::AtMost).map_err(|_| invalid(number.to_string()))
            }
            RawAllowed::Word(word) if word == UNLIMITED => Ok(Self::Unlimited),
            RawAllowed::Word(word) => Err(invalid(word)),
        }
    }
}
