//! The postmortem's figures, computed from the plan and the host's measurements.
//!
//! Unknown figures are null, never zero. Measured times are left out, because equal answers must give equal artifacts; they
//! are in the journal and in the host's report. Pure; cannot fail.

use phasegate_plugin::artifacts::{Accuracy, EstimationAccuracy, PostmortemReport, ProjectPlan, RunMeasures};

use crate::quality::{self, round_to};

/// Computes the report; its summary is empty.
pub fn report(task_id: &str, plan: &ProjectPlan, measures: &RunMeasures) -> PostmortemReport {
    let cost = quality::cost_of_quality(&measures.phases);
    PostmortemReport {
        task_id: task_id.to_owned(),
        estimation_accuracy: accuracy(plan, measures),
        defect_density: defect_density(plan, measures),
        defects_injected: quality::count_injected(&measures.defects),
        defects_removed: quality::count_removed(&measures.defects),
        phase_yield: quality::phase_yield(&measures.phases, &measures.defects),
        root_causes: quality::root_causes(&measures.defects, &cost),
        cost_of_quality: cost,
        attempts_per_gate: quality::gate_attempts(&measures.phases),
        summary: String::new(),
    }
}

fn accuracy(plan: &ProjectPlan, measures: &RunMeasures) -> EstimationAccuracy {
    let estimate = plan.estimate.as_ref();
    let totals = &measures.totals;
    EstimationAccuracy {
        tokens: compare(
            estimate.map(|estimate| estimate.tokens),
            Some((totals.input_tokens + totals.output_tokens) as f64),
        ),
        usd: compare(estimate.and_then(|estimate| estimate.usd), totals.usd),
        latency_ms: compare(estimate.and_then(|estimate| estimate.latency_ms), None),
        complexity: compare(Some(plan.total_est_complexity as f64), None),
    }
}

fn compare(planned: Option<f64>, actual: Option<f64>) -> Accuracy {
    let variance_percent = match (planned, actual) {
        (Some(planned), Some(actual)) if planned > 0.0 => Some(round_to((actual - planned) / planned * 100.0, 1)),
        _ => None,
    };
    Accuracy { planned, actual, variance_percent }
}

/// Returns the number of defects per point of estimated complexity.
fn defect_density(plan: &ProjectPlan, measures: &RunMeasures) -> Option<f64> {
    let complexity = plan.total_est_complexity as f64;
    (complexity > 0.0).then(|| round_to(measures.defects.len() as f64 / complexity, 4))
}

#[cfg(test)]
mod tests {
    use phasegate_plugin::artifacts::{Estimate, Totals};

    use super::*;

    fn measures(usd: Option<f64>) -> RunMeasures {
        let totals = Totals { calls: 3, input_tokens: 800, output_tokens: 400, usd, elapsed_ms: 98_765 };
        RunMeasures { totals, ..Default::default() }
    }

    #[test]
    fn compares_actual_with_planned_figures() {
        let estimate = Estimate { tokens: 1_000.0, usd: Some(0.5), latency_ms: Some(5_000.0), ..Default::default() };
        let plan = ProjectPlan { total_est_complexity: 40, estimate: Some(estimate), ..Default::default() };
        let found = report("T-1", &plan, &measures(Some(0.4))).estimation_accuracy;
        assert_eq!(
            found.tokens,
            Accuracy { planned: Some(1_000.0), actual: Some(1_200.0), variance_percent: Some(20.0) }
        );
        assert_eq!(found.usd.variance_percent, Some(-20.0));
        assert_eq!(found.complexity, Accuracy { planned: Some(40.0), actual: None, variance_percent: None });
    }

    #[test]
    fn variance_is_unknown_without_estimate_or_price() {
        let found = report("T-1", &ProjectPlan::default(), &measures(None));
        assert_eq!(found.estimation_accuracy.tokens.variance_percent, None);
        assert_eq!(found.estimation_accuracy.usd, Accuracy::default());
        assert_eq!(found.defect_density, None);
    }

    #[test]
    fn omits_measured_times() {
        let text = serde_json::to_string(&report("T-1", &ProjectPlan::default(), &measures(None))).unwrap_or_default();
        assert!(!text.contains("98765"), "{text}");
    }
}
