//! Judges gates: from findings and thresholds, or from a run of tests that the host made. Verdicts have no other
//! source.
//!
//! No output of a plugin is a verdict. A gate that cannot be judged is `not_judged`, which never counts as a pass.
//! Reasons, ids and reports are stored text.

mod baseline;
mod findings;
mod judgement;
mod tests_run;

pub use baseline::{Baseline, Changed, Comparison, NotRun, RepositoryTests, compare_with_baseline};
pub use findings::{check_findings, judge_findings};
pub use judgement::{GateContext, Judgement};
pub use tests_run::{KeptTest, SuiteRun, judge_tests, outcome_of_tests};
