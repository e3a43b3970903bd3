//! The report for people.

use super::*;

#[test]
fn report_has_task_gates_decisions_and_cost() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = RecordedRun::finished(&[], &[("src/d.py", "")]);
    std::sync::Arc::make_mut(&mut run.state.created).scripted = true;
    run.write(dir.path()).unwrap();
    let report = read(dir.path(), "report.md");
    for line in [
        "# TASK-1: passed",
        "**Passed**: passed; overridden by a person: code-review. The answers are scripted: no model was asked.",
        "Run `run-1`, pipeline `tsp`.",
        "Parse durations like 1h30m",
        "- R2: minutes",
        "| design-review | 1 | failed | 1 high | 1 high (it fails at 1) | back to design |",
        "| design-review | 2 | passed | none | no issue |  |",
        "| code-review | 1 | failed | 1 high | 1 high (it fails at 1) | overridden by ada |",
        "- **high** design-review#1/I-1 (from design, `src/d.py:3`): minutes are taken for hours *Sent back to design; \
         attempt 2 passed.*",
        "- **high** code-review#1/I-1 (from design, `src/d.py:3`): minutes are taken for hours *Accepted by ada: known and \
         accepted*",
        "- `t.py::old` in test#1: asked for seconds",
        "| 2026-12-31 23:59 UTC | code-review#1 | overridden | ada | known and accepted |  |",
        "| design-review | 2 | 2 | 2000 | 200 | 0.5000 | 3.0 s |",
        "| test | 1 | 1 | 1000 | 100 | 0.2500 | 2.0 s |",
        "| **all** |  | 9 | 9000 | 900 | 2.2500 | 14.0 s |",
        "- **PIP-1** (approved by grace: worth it): units were not said",
        "  - add design: name units",
        &format!("| planning | `{}` |", Digest::from_content(b"planning")),
    ] {
        assert!(report.lines().any(|found| found == line), "`{line}` is not in\n{report}");
    }
    assert!(report.contains("| test#1 | 1 | 1 | 22 | 0 | 0 | 0 | 0 | "), "{report}");
    assert!(!report.contains("may have been billed"));
}

#[test]
fn report_lists_unanswered_calls_and_unknown_prices() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = RecordedRun::new(&[]);
    run.add(Event::PhaseStarted { at: at("planning", 1), inputs: vec![] });
    for call in [1, 2] {
        let (label, model, request) = ("plan".to_owned(), "a:b".to_owned(), Digest::from_content(b"q"));
        run.add(Event::ModelAsked { at: at("planning", 1), call, label, request, model, bound: None });
    }
    let usage = Usage { input_tokens: 10, output_tokens: 1, cached_input_tokens: 0, usd: None };
    let (answer, stop) = (Digest::from_content(b"a"), "end".to_owned());
    run.add(Event::ModelAnswered {
        at: at("planning", 1),
        call: 1,
        answer,
        usage,
        stop,
        elapsed_ms: 9,
        recorded: false,
    });
    run.add(Event::RunStopped { reason: "cancelled by ada".into() });
    run.write(dir.path()).unwrap();
    let report = read(dir.path(), "report.md");
    assert!(report.contains("**Stopped**: cancelled by ada."), "{report}");
    assert!(report.contains("\n- planning#1 call 2 (plan) to a:b, sent 2026-12-31 23:59 UTC\n"), "{report}");
    assert!(report.contains("| planning | 0 | 1 | 10 | 1 | unknown | 0 ms |"), "{report}");
    assert!(report.contains("| design-review | – | not reached |"), "{report}");
}
