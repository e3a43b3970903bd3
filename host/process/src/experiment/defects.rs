//! Defects that escaped a gate: found by a later gate, although an earlier one could have found them.
//!
//! An issue escaped where a gate between the phase that injected it and the gate that found it was passed or overridden.
//! Several issues are one defect if these agree: category, injecting phase, file, and the words of the description, in any case
//! and with any punctuation. The line is not compared, because a revision moves it. Within one judgement every issue is a
//! defect of its own, so a defect counts as often as in the judgement that reports it most often. A defect that two judgements
//! describe in other words counts twice.

use std::collections::BTreeMap;

use crate::state::State;
use crate::work::Issue;

/// Returns the number of distinct defects of a run that escaped a gate. An issue from a phase that the pipeline does not have
/// counts as injected at the gate that found it.
pub fn escaped_defects(state: &State) -> usize {
    let phases = &state.pipeline.phases;
    let mut most: BTreeMap<Defect<'_>, usize> = BTreeMap::new();
    for (found, phase) in phases.iter().enumerate() {
        for judged in state.phases.get(&phase.name).iter().flat_map(|known| &known.judged) {
            let mut here: BTreeMap<Defect<'_>, usize> = BTreeMap::new();
            for issue in &judged.issues {
                let injected = phases.iter().position(|phase| phase.name.as_str() == issue.phase_injected);
                let between = injected.and_then(|injected| phases.get(injected..found)).unwrap_or_default();
                if between.iter().any(|phase| phase.gate.is_some()) {
                    *here.entry(Defect::from(issue)).or_default() += 1;
                }
            }
            for (defect, count) in here {
                let known = most.entry(defect).or_default();
                *known = count.max(*known);
            }
        }
    }
    most.into_values().sum()
}

/// The parts by which issues of several judgements are the same defect.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Defect<'a> {
    category: String,
    injected: &'a str,
    path: Option<&'a str>,
    description: String,
}

impl<'a> From<&'a Issue> for Defect<'a> {
    fn from(issue: &'a Issue) -> Self {
        Self {
            category: words(&issue.category),
            injected: &issue.phase_injected,
            path: issue.location.as_ref().map(|location| location.path.as_str()),
            description: words(&issue.description),
        }
    }
}

/// Returns the letters and digits of a text in lower case, its words separated by one space.
fn words(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}
