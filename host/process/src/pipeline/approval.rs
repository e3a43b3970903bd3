//! When a gate asks a person, which people may decide, and for how long a question is open.
//!
//! A pipeline's gate and `[hitl]` of the configuration have the same keys. The rules are pinned with the pipeline;
//! [`crate::state::State::check_decision`] applies them.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::hint::with_hint;
use crate::names::PersonName;

/// When a gate asks a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalPolicy {
    /// Never; the run fails instead.
    Never,
    /// When no attempt is left, or the strategy asks for a person.
    #[default]
    OnExhausted,
    /// At every failure, and at a pass for which tests were given up.
    OnFail,
    /// At every judgement.
    Always,
}

/// Which people may decide at a gate, and until when. The default allows everybody for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApprovalRules {
    /// The people who may approve, override and reject; empty allows everybody. Anybody may abort.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<PersonName>,
    /// Whether the person who started the run may neither approve nor override.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub forbid_self_approval: bool,
    /// How long after the question the gate can be approved or overridden, in milliseconds; `None` is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_after_ms: Option<u64>,
}

impl ApprovalRules {
    /// Whether everybody may decide at any time.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The keys of a gate about people, as a file gives them. A key that is absent changes nothing.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalKeys {
    /// When a person is asked.
    pub ask: Option<ApprovalPolicy>,
    /// The people who may approve, override and reject. Default: everybody.
    pub approvers: Option<Approvers>,
    /// Whether the person who started the run may neither approve nor override. Default: false.
    pub forbid_self_approval: Option<bool>,
    /// How long after the question the gate can be approved or overridden, as in `3d`. Default: for ever.
    pub expires_after: Option<ApprovalPeriod>,
}

impl ApprovalKeys {
    /// Changes the policy and the rules of a gate to what the keys say.
    pub fn apply_to(&self, ask: &mut ApprovalPolicy, rules: &mut ApprovalRules) {
        *ask = self.ask.unwrap_or(*ask);
        if let Some(Approvers(names)) = &self.approvers {
            rules.approvers.clone_from(names);
        }
        if let Some(forbid) = self.forbid_self_approval {
            rules.forbid_self_approval = forbid;
        }
        if let Some(ApprovalPeriod(ms)) = self.expires_after {
            rules.expires_after_ms = Some(ms);
        }
    }
}

/// The people who may decide; at least one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<PersonName>")]
#[schemars(extend("minItems" = 1))]
pub struct Approvers(Vec<PersonName>);

impl TryFrom<Vec<PersonName>> for Approvers {
    // serde keeps only the text of an error.
    type Error = String;

    fn try_from(names: Vec<PersonName>) -> Result<Self, String> {
        match names.is_empty() {
            false => Ok(Self(names)),
            true => Err(with_hint(&"`approvers` is empty", Some("name at least one person, or leave the key out"))),
        }
    }
}

/// How long a question is open, in milliseconds: from 1 s to 3650 d. Written as a number with a unit, as in `3d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[0-9]+[smhd]$"))]
pub struct ApprovalPeriod(u64);

impl ApprovalPeriod {
    const SECOND: u64 = 1_000;
    const DAY: u64 = 86_400 * Self::SECOND;
    const LONGEST: u64 = 3_650 * Self::DAY;
}

impl FromStr for ApprovalPeriod {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit = [('s', Self::SECOND), ('m', 60 * Self::SECOND), ('h', 3_600 * Self::SECOND), ('d', Self::DAY)]
            .into_iter()
            .find_map(|(unit, ms)| Some((text.strip_suffix(unit)?, ms)));
        let ms = unit.and_then(|(number, ms)| {
            let digits = number.bytes().all(|c| c.is_ascii_digit());
            number.parse::<u64>().ok().filter(|_| digits)?.checked_mul(ms)
        });
        ms.filter(|ms| (Self::SECOND..=Self::LONGEST).contains(ms)).map(Self).ok_or_else(|| {
            let hint = "write a number and s, m, h or d, from \"1s\" to \"3650d\", as in \"3d\"";
            with_hint(&format!("`{text}` is not a period of time"), Some(hint))
        })
    }
}

impl TryFrom<String> for ApprovalPeriod {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_a_number_and_a_unit() {
        let ms = |text: &str| text.parse().map(|ApprovalPeriod(ms)| ms);
        assert_eq!([ms("90s"), ms("30m")], [Ok(90_000), Ok(1_800_000)]);
        assert_eq!([ms("12h"), ms("3d")], [Ok(43_200_000), Ok(259_200_000)]);
        for text in ["", "3", "d", "3 d", "+3d", "-1d", "0d", "1.5h", "3w", "3651d", "99999999999999999999d"] {
            assert!(ms(text).is_err(), "{text}");
        }
    }

    #[test]
    fn default_rules_are_not_stored() {
        let json = |rules: &ApprovalRules| serde_json::to_string(rules).unwrap_or_default();
        assert!(ApprovalRules::default().is_default());
        assert_eq!(json(&ApprovalRules::default()), "{}");
        let approvers = "ann".parse().into_iter().collect();
        let rules = ApprovalRules { approvers, forbid_self_approval: true, expires_after_ms: Some(5) };
        assert_eq!(json(&rules), r#"{"approvers":["ann"],"forbid_self_approval":true,"expires_after_ms":5}"#);
        assert_eq!(serde_json::from_str(&json(&rules)).ok(), Some(rules));
    }
}
