//! PSP's measures of quality: where defects came in and went out, what looking cost and what mending cost.
//!
//! The host measures tokens and money for each phase over all its attempts. An attempt is taken to cost the phase's average. Of a gate,
//! the first attempt is appraisal; every attempt after the first, of gates and of other phases, is the cost of failure, because without
//! a failure there would have been none. Promises: what is not known is null, never zero. Cannot fail. Pure.

use std::collections::BTreeMap;

use phasegate_plugin::artifacts::{CostOfQuality, DefectMeasure, PhaseMeasures, RootCause};

/// Defects by the phase whose work held them.
pub fn count_injected(defects: &[DefectMeasure]) -> BTreeMap<String, f64> {
    count_by_name(defects.iter().map(|defect| defect.phase_injected.as_str()))
}

/// Defects by the gate that found them.
pub fn count_removed(defects: &[DefectMeasure]) -> BTreeMap<String, f64> {
    count_by_name(defects.iter().map(|defect| defect.gate.as_str()))
}

/// For each gate, the share of the defects present in it that it found: those found there, and those of earlier phases that only a
/// later gate found. Null where none was present.
pub fn phase_yield(phases: &[PhaseMeasures], defects: &[DefectMeasure]) -> BTreeMap<String, Option<f64>> {
    let position = |name: &str| phases.iter().position(|phase| phase.phase == name);
    let share = |gate: usize| {
        let spans = defects.iter().filter_map(|defect| {
            let found = position(&defect.gate)?;
            // A phase that the run does not know came in, for all that can be said, right before it was found.
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

/// What looking and what mending took.
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

/// Defects by their type, most frequent first, the cost of failure shared evenly among all of them.
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

/// How often each gate was judged.
pub fn gate_attempts(phases: &[PhaseMeasures]) -> BTreeMap<String, f64> {
    phases.iter().filter(|phase| phase.gate).map(|phase| (phase.phase.clone(), phase.attempts as f64)).collect()
}

/// `value` to so many decimals.
pub fn round_to(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}

/// The first attempt's share of a phase.
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
    fn defects_are_counted_where_they_injected_and_where_they_went_out() {
        let (_, defects) = sample_run();
        assert_eq!(count_injected(&defects), BTreeMap::from([("design".into(), 3.0), ("code".into(), 1.0)]));
        assert_eq!(count_removed(&defects)["test"], 2.0);
    }

    #[test]
    fn a_gates_yield_is_what_it_found_of_what_was_there() {
        let (phases, defects) = sample_run();
        let found = phase_yield(&phases, &defects);
        assert_eq!(found["design-review"], Some(0.3333), "one of three design defects");
        assert_eq!(found["code-review"], Some(0.3333), "one of the two that were left and the one that code brought");
        assert_eq!(found["test"], Some(1.0));
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn a_gate_that_nothing_reached_has_no_yield() {
        let (phases, _) = sample_run();
        assert_eq!(phase_yield(&phases, &[])["test"], None);
    }

    #[test]
    fn first_judgements_are_appraisal_and_everything_done_again_is_failure() {
        let (phases, _) = sample_run();
        let cost = cost_of_quality(&phases);
        assert_eq!((cost.appraisal_tokens, cost.failure_tokens), (550.0, 1_150.0));
        assert_eq!((cost.appraisal_usd, cost.failure_usd), (Some(0.55), Some(1.15)));
    }

    #[test]
    fn an_unknown_price_makes_the_cost_unknown_and_not_zero() {
        let (mut phases, defects) = sample_run();
        phases[3].usd = None;
        let cost = cost_of_quality(&phases);
        assert_eq!((cost.appraisal_usd, cost.failure_usd), (Some(0.55), None));
        assert_eq!(root_causes(&defects, &cost)[0].usd_to_fix, None);
    }

    #[test]
    fn root_causes_share_the_cost_of_failure_evenly() {
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
