//! Providers that runs could not reach one after another: no further run asks them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use phasegate_experiment::PlannedVariant;
use phasegate_process::model::Tier;
use phasegate_process::sync::lock;
use phasegate_runtime::Error;

use crate::terminal::format::count;

/// The runs in a row after which a provider counts as gone.
const MOST_IN_A_ROW: usize = 3;

/// The runs in a row that could not reach a provider, by its name.
#[derive(Debug, Default)]
pub struct Outages(Mutex<BTreeMap<String, usize>>);

impl Outages {
    /// Notes how the run of a variant ended.
    pub fn record(&self, variant: Option<&PlannedVariant>, error: Option<&Error>) {
        let mut in_a_row = lock(&self.0);
        match error {
            Some(Error::NoAnswer { unreached: Some(provider), .. }) => {
                *in_a_row.entry(provider.to_string()).or_default() += 1;
            }
            // Stopped, or over budget: says nothing about a provider.
            Some(_) => {}
            None => in_a_row.retain(|provider, runs| *runs >= MOST_IN_A_ROW || !uses(variant, provider)),
        }
    }

    /// Whether a run of this variant would ask a provider that is gone.
    pub fn is_blocked(&self, variant: Option<&PlannedVariant>) -> bool {
        self.gone().iter().any(|provider| uses(variant, provider))
    }

    /// Says which providers are gone and that `left` runs were not started for it; empty if none is.
    pub fn render(&self, left: usize) -> String {
        let gone: Vec<String> = self.gone().into_iter().map(|provider| format!("`{provider}`")).collect();
        if gone.is_empty() {
            return String::new();
        }
        let (one, verb) = (gone.len() == 1, if left == 1 { "was" } else { "were" });
        format!(
            "{} {} could not be reached, or refused the key, in {MOST_IN_A_ROW} runs one after another. {} {verb} not started because of that. \
             Nothing is lost: repeat the command when {} again.\n",
            if one { "provider" } else { "providers" },
            gone.join(", "),
            count(left as u64, "run"),
            if one { "it answers" } else { "they answer" },
        )
    }

    fn gone(&self) -> BTreeSet<String> {
        lock(&self.0).iter().filter(|(_, runs)| **runs >= MOST_IN_A_ROW).map(|(provider, _)| provider.clone()).collect()
    }
}

/// Whether a variant asks models of a provider. One without a configured model may ask any.
fn uses(variant: Option<&PlannedVariant>, provider: &str) -> bool {
    let Some(variant) = variant.filter(|variant| variant.may_ask_models) else { return false };
    let models = &variant.settings.models;
    let mut configured = Tier::ALL.iter().filter_map(|tier| Some(models.configured(*tier)?.1)).peekable();
    configured.peek().is_none() || configured.any(|model| model.provider() == provider)
}
