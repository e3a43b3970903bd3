//! Quality measures of the Personal Software Process: defects by origin and by gate, yield, and cost of quality.
//!
//! The host measures tokens and price per phase over all attempts; each attempt counts as the phase's average. The first
//! attempt of a gate is appraisal cost. Every later attempt, of gates and of other phases, is failure cost. Unknown figures
//! are null, never zero. Pure; cannot fail.

use std::collections::BTreeMap;

use phasegate_plugin::artifacts::{CostOfQuality, DefectMeasure, PhaseMeasures, RootCause};

/// Counts defects by the phase that injected them.
pub fn count_injected(defects: &[DefectMeasure]) -> BTreeMap<String, f64> {
    count_by_name(defects.iter().map(|defect| defect.phase_injected.as_str()))
}

/// Counts defects by the gate that found them.
pub fn count_removed(defects: &[DefectMeasure]) -> BTreeMap<String, f64> {
    count_by_name(defects.iter().map(|defect| defect.gate.as_str()))
}

/// Returns for each gate the share of present defects that it found. Present are the defects found there, and those of earlier
/// phases that a later gate found. `None` if no defect was present.
pub fn phase_yield(phases: &[PhaseMeasures], defects: &[DefectMeasure]) -> BTreeMap<String, Option<f64>> {
    let position = |name: &str| phases.iter().position(|phase| phase.phase == name);
    let share = |gate: usize| {
        let spans = defects.iter().filter_map(|defect| {
            let found = position(&defect.gate)?;
            // An unknown phase counts as injected at the gate that found the defect.
            Some((position(&defect.phase_injected).unwrap_or(found).min(found), found))
        });
        let present: Vec<(usize, usize)> =
            spans.filter(|(injected, found)| *injected <= gate && gate <= *found).collect();
        let removed = present.iter().filter(|(_, found)| *found == gate).count();
        (!present.is_empty()).then(|| round_to(removed as f64 / present.len() as f64, 4))
    };
    let gates = phases.iter().enumerate().filter(|(_, phase)| phase.gate);
    gates.map(|(at, phase)| (phase.phase.clone(), share(at))).collect()
}

/// Computes appraisal and failure cost.
pub fn cost_of_quality(phases: &[PhaseMeasures]) -> CostOfQuality {
    let tokens = |phase: &PhaseMeasures| (phase.input_tokens + phase.output_tokens) as f64;
    let appraisal = |phase: &PhaseMeasures| if phase.gate { first_share(phase) } else { 0.0 };
    let failure = |phase: &PhaseMeasures| if phase.attempts > 0 { 1.0 - first_share(phase) } else { 0.0 };
    let money = |share: &dyn Fn(&PhaseMeasures) -> f64| -> Option<f64> {
        let parts = phases.iter().filter(|phase| share(phase) > 0.0 && phase.calls > 0);
        parts.map(|phase| Some(phase.usd? * share(phase))).sum::<Option<f64>>().map(|usd| round_to(usd, 6))
    };
    CostOfQuality {
        appraisal_tokens: round_to(phases.iter().map(|phase| tokens(phase) * appraisal(phase)).sum(), 1),
        failure_tokens: round_to(phases.iter().map(|phase| tokens(phase) * failure(phase)).sum(), 1),
        appraisal_usd: money(&appraisal),
        failure_usd: money(&failure),
    }
}

/// Returns defects by type, most frequent first. The failure cost is divided evenly among all defects.
pub fn root_causes(defects: &[DefectMeasure], cost: &CostOfQuality) -> Vec<RootCause> {
    let all = defects.len() as f64;
    let by_type = count_by_name(defects.iter().map(|defect| defect.defect_type.as_str()));
    let mut causes: Vec<RootCause> = by_type
        .into_iter()
        .map(|(defect_type, count)| RootCause {
            defect_type,
            count: count as u64,
            tokens_to_fix: round_to(cost.failure_tokens * count / all, 1),
            usd_to_fix: cost.failure_usd.map(|usd| round_to(usd * count / all, 6)),
        })
        .collect();
    causes.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.defect_type.cmp(&b.defect_type)));
    causes
}

/// Returns the number of attempts of each gate.
pub fn gate_attempts(phases: &[PhaseMeasures]) -> BTreeMap<String, f64> {
    phases.iter().filter(|phase| phase.gate).map(|phase| (phase.phase.clone(), phase.attempts as f64)).collect()
}

/// Rounds `value` to this number of decimals.
pub fn round_to(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}

/// Returns the first attempt's share of a phase's cost.
fn first_share(phase: &PhaseMeasures) -> f64 {
    if phase.attempts > 0 { 1.0 / phase.attempts as f64 } else { 0.0 }
}

fn count_by_name<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<String, f64> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name.to_owned()).or_insert(0.0) += 1.0;
    }
    counts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use phasegate_plugin::artifacts::Severity;

    use super::*;

    fn phase(name: &str, gate: bool, attempts: u64, tokens: u64, usd: Option<f64>) -> PhaseMeasures {
        PhaseMeasures {
            phase: name.into(),
            gate,
            attempts,
            calls: attempts,
            input_tokens: tokens,
            usd,
            ..Default::default()
        }
    }

    fn defect(gate: &str, defect_type: &str, phase_injected: &str) -> DefectMeasure {
        DefectMeasure {
            id: "1".into(),
            gate: gate.into(),
            attempt: 1,
            severity: Severity::High,
            defect_type: defect_type.into(),
            phase_injected: phase_injected.into(),
            description: String::new(),
        }
    }

    fn sample_run() -> (Vec<PhaseMeasures>, Vec<DefectMeasure>) {
        let phases = vec![
            phase("planning", false, 1, 100, Some(0.1)),
            phase("design", false, 2, 400, Some(0.4)),
            phase("design-review", true, 2, 600, Some(0.6)),
            phase("code", false, 2, 800, Some(0.8)),
            phase("code-review", true, 2, 200, Some(0.2)),
            phase("test", true, 2, 300, Some(0.3)),
            phase("postmortem", false, 0, 0, None),
        ];
        let defects = vec![
            defect("design-review", "prompt_misinterpretation", "design"),
            defect("code-review", "conventional_code_bug", "design"),
            defect("test", "conventional_code_bug", "code"),
            defect("test", "conventional_code_bug", "design"),
        ];
        (phases, defects)
    }

    #[test]
    fn counts_defects_by_origin_and_by_gate() {
        let (_, defects) = sample_run();
        assert_eq!(count_injected(&defects), BTreeMap::from([("design".into(), 3.0), ("code".into(), 1.0)]));
        assert_eq!(count_removed(&defects)["test"], 2.0);
    }

    #[test]
    fn yield_is_found_over_present_defects() {
        let (phases, defects) = sample_run();
        let found = phase_yield(&phases, &defects);
        assert_eq!(found["design-review"], Some(0.3333), "one of three design defects");
        assert_eq!(found["code-review"], Some(0.3333), "one of two remaining defects and one of the code phase");
        assert_eq!(found["test"], Some(1.0));
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn yield_is_unknown_without_defects() {
        let (phases, _) = sample_run();
        assert_eq!(phase_yield(&phases, &[])["test"], None);
    }

    #[test]
    fn later_attempts_are_failure_cost() {
        let (phases, _) = sample_run();
        let cost = cost_of_quality(&phases);
        assert_eq!((cost.appraisal_tokens, cost.failure_tokens), (550.0, 1_150.0));
        assert_eq!((cost.appraisal_usd, cost.failure_usd), (Some(0.55), Some(1.15)));
    }

    #[test]
    fn unknown_prices_make_the_cost_unknown() {
        let (mut phases, defects) = sample_run();
        phases[3].usd = None;
        let cost = cost_of_quality(&phases);
        assert_eq!((cost.appraisal_usd, cost.failure_usd), (Some(0.55), None));
        assert_eq!(root_causes(&defects, &cost)[0].usd_to_fix, None);
    }

    #[test]
    fn divides_the_failure_cost_among_root_causes() {
        let (phases, defects) = sample_run();
        let causes = root_causes(&defects, &cost_of_quality(&phases));
        assert_eq!(
            (causes[0].defect_type.as_str(), causes[0].count, causes[0].tokens_to_fix),
            ("conventional_code_bug", 3, 862.5)
        );
        assert_eq!(causes[1].tokens_to_fix, 287.5);
        assert_eq!(root_causes(&[], &cost_of_quality(&phases)), vec![]);
    }
}
