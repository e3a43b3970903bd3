//! The settings that every standard agent takes from the pipeline. A misspelt one is a failure in words.

use phasegate_plugin::{Failure, Question, Work};
use serde::Deserialize;

/// `settings = { tier = "deep", max_output_tokens = 32000 }`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Which models are asked: `fast`, `default` or `deep`.
    pub tier: Option<String>,
    /// Where one answer is cut off (and then continued).
    pub max_output_tokens: Option<u32>,
}

impl Settings {
    /// Those of this assignment.
    pub fn from_work(work: &Work) -> Result<Self, Failure> {
        work.settings()
    }

    /// A question with these settings.
    pub fn apply(&self, mut ask: Question) -> Question {
        if let Some(tier) = &self.tier {
            ask = ask.tier(tier);
        }
        match self.max_output_tokens {
            Some(tokens) => ask.max_output_tokens(tokens),
            None => ask,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use phasegate_plugin::testing::MockHost;

    use super::*;

    #[test]
    fn settings_of_the_pipeline_reach_the_question() {
        let host =
            MockHost::new().assignment(|a| a.settings = r#"{"tier": "deep", "max_output_tokens": 9}"#.to_owned());
        let (ask, _) = host
            .run_with(|work| async move { Settings::from_work(&work).unwrap().apply(Question::new("plan", "", "")) });
        assert_eq!((ask.tier.as_str(), ask.max_output_tokens), ("deep", 9));
    }

    #[test]
    fn a_misspelt_setting_is_refused_by_name() {
        let host = MockHost::new().assignment(|a| a.settings = r#"{"teir": "deep"}"#.to_owned());
        let (settings, _) = host.run_with(|work| async move { Settings::from_work(&work) });
        assert!(matches!(settings, Err(Failure::Failed(why)) if why.contains("unknown field `teir`")));
    }
}
