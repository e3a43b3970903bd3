//! The files of `init --demo`: the example whose answers are written by hand, as in `examples/first-task`.

macro_rules! example {
    ($($file:literal),* $(,)?) => {
        [$(($file, include_str!(concat!("../../../../../examples/first-task/", $file)))),*]
    };
}

/// Paths and contents.
pub const FILES: [(&str, &str); 27] = example![
    "phasegate.toml",
    "task.toml",
    "answers.toml",
    "answers/code-1.json",
    "answers/code-2.json",
    "answers/code-review/best-practices-1.json",
    "answers/code-review/best-practices-2.json",
    "answers/code-review/documentation.json",
    "answers/code-review/performance.json",
    "answers/code-review/quality.json",
    "answers/code-review/security.json",
    "answers/code-review/test-coverage.json",
    "answers/design-1.json",
    "answers/design-2.json",
    "answers/design-review/api-design.json",
    "answers/design-review/architecture-1.json",
    "answers/design-review/architecture-2.json",
    "answers/design-review/data-integrity-1.json",
    "answers/design-review/data-integrity-2.json",
    "answers/design-review/maintainability.json",
    "answers/design-review/performance.json",
    "answers/design-review/security.json",
    "answers/diagnosis.json",
    "answers/plan.json",
    "answers/postmortem.json",
    "answers/tests-1.json",
    "answers/tests-2.json",
];
