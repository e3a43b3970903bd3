//! The settings of every standard agent. An unknown setting is a [`Failure`] that names it.

use phasegate_plugin::{Failure, Question, Work};
use serde::Deserialize;

/// Settings from the pipeline: `settings = { tier = "deep", max_output_tokens = 32000 }`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Tier of the model: `fast`, `default` or `deep`. Default: the question's own tier.
    pub tier: Option<String>,
    /// Limit of the first answer in tokens; a longer answer is asked for once more with four times as many. Default: the
    /// question's own limit.
    pub max_output_tokens: Option<u32>,
    /// A repository with at most so many tokens of text is given whole. Default: 12,000.
    pub repository_tokens: Option<u64>,
}

impl Settings {
    /// Parses the settings of this assignment.
    pub fn from_work(work: &Work) -> Result<Self, Failure> {
        work.settings()
    }

    /// Applies these settings to a question.
    pub fn apply(&self, mut question: Question) -> Question {
        if let Some(tier) = &self.tier {
            question = question.tier(tier);
        }
        match self.max_output_tokens {
            Some(tokens) => question.max_output_tokens(tokens),
            None => question,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use phasegate_plugin::testing::MockHost;

    use super::*;

    #[test]
    fn applies_settings_to_the_question() {
        let host =
            MockHost::new().assignment(|a| a.settings = r#"{"tier": "deep", "max_output_tokens": 9}"#.to_owned());
        let (question, _) = host
            .run_with(|work| async move { Settings::from_work(&work).unwrap().apply(Question::new("plan", "", "")) });
        assert_eq!((question.tier.as_str(), question.max_output_tokens), ("deep", 9));
    }

    #[test]
    fn rejects_unknown_settings() {
        let host = MockHost::new().assignment(|a| a.settings = r#"{"teir": "deep"}"#.to_owned());
        let (settings, _) = host.run_with(|work| async move { Settings::from_work(&work) });
        assert!(matches!(settings, Err(Failure::Failed(why)) if why.contains("unknown field `teir`")));
    }
}
