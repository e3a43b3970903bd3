//! The traits a plugin implements and the macros that export them. One macro a component.

use std::future::Future;

use crate::Work;
use crate::types::{Decision, Failure, File, GateFailure, Submission, TestRun};

/// One phase's work, or a gate's findings. Export it with [`agent!`](crate::agent).
pub trait Agent {
    /// Does the work. Called once per instance.
    fn run(work: Work) -> impl Future<Output = Result<Submission, Failure>>;
}

/// The same without `async`, for the world `agent-plugin-blocking`. Export it with
/// [`agent_blocking!`](crate::agent_blocking); models are then asked through `bindings::agent_blocking`.
pub trait AgentBlocking {
    /// Does the work. Called once per instance.
    fn run(work: Work) -> Result<Submission, Failure>;
}

/// Decides who revises what when a gate has failed. Pure: the same failure gives the same decision. Export it with
/// [`strategy!`](crate::strategy).
pub trait Strategy {
    /// The decision.
    fn decide(failure: GateFailure) -> Decision;
}

/// Executes code that nobody trusts. Export it with [`runner!`](crate::runner).
pub trait Runner {
    /// JSON object: `language`, `version`, `modules`, `test_frameworks`, `notes`.
    fn environment() -> String;
    /// Names of the tests, found by parsing alone; or every build error as `path:line: what`.
    fn collect(code: Vec<File>, tests: Vec<File>) -> Result<Vec<String>, Vec<String>>;
    /// Runs the tests of `path`, which is one of `tests`.
    fn run_tests(code: Vec<File>, tests: Vec<File>, path: String) -> Result<TestRun, crate::types::BenchError>;
}

/// Exports an [`Agent`](crate::Agent) as the component's `agent`.
#[macro_export]
macro_rules! agent {
    ($agent:ty) => {
        const _: () = {
            use $crate::bindings::agent as bindings;
            struct Exported;
            impl bindings::exports::phasegate::plugin::agent::Guest for Exported {
                async fn run(
                    assignment: $crate::types::Assignment,
                ) -> ::core::result::Result<$crate::types::Submission, $crate::types::Failure> {
                    $crate::install_panic_hook();
                    <$agent as $crate::Agent>::run($crate::Work::new(assignment)).await
                }
            }
    bindings::export!(Exported with_types_in $crate::bindings::agent);
        };
    };
}

/// Exports an [`AgentBlocking`](crate::AgentBlocking) as the component's `agent-blocking`.
#[macro_export]
macro_rules! agent_blocking {
    ($agent:ty) => {
        const _: () = {
            use $crate::bindings::agent_blocking as bindings;
            struct Exported;
            impl bindings::exports::phasegate::plugin::agent_blocking::Guest for Exported {
                fn run(
                    assignment: $crate::types::Assignment,
                ) -> ::core::result::Result<$crate::types::Submission, $crate::types::Failure> {
                    $crate::install_panic_hook();
                    <$agent as $crate::AgentBlocking>::run($crate::Work::new(assignment))
                }
            }
    bindings::export!(Exported with_types_in $crate::bindings::agent_blocking);
        };
    };
}

/// Exports a [`Strategy`](crate::Strategy) as the component's `feedback`.
#[macro_export]
macro_rules! strategy {
    ($strategy:ty) => {
        const _: () = {
            use $crate::bindings::feedback as bindings;
            struct Exported;
            impl bindings::exports::phasegate::plugin::feedback::Guest for Exported {
                fn decide(failure: $crate::types::GateFailure) -> $crate::types::Decision {
                    $crate::install_panic_hook();
                    <$strategy as $crate::Strategy>::decide(failure)
                }
            }
    bindings::export!(Exported with_types_in $crate::bindings::feedback);
        };
    };
}

/// Exports a [`Runner`](crate::Runner) as the component's `runner`. That world has no log, so a panic stays mute.
#[macro_export]
macro_rules! runner {
    ($runner:ty) => {
        const _: () = {
            use $crate::bindings::runner as bindings;
            use $crate::types::{BenchError, File, TestRun};
            struct Exported;
            impl bindings::exports::phasegate::plugin::runner::Guest for Exported {
                fn environment() -> String {
                    <$runner as $crate::Runner>::environment()
                }
                fn collect(code: Vec<File>, tests: Vec<File>) -> ::core::result::Result<Vec<String>, Vec<String>> {
                    <$runner as $crate::Runner>::collect(code, tests)
                }
                fn run_tests(
                    code: Vec<File>,
                    tests: Vec<File>,
                    path: String,
                ) -> ::core::result::Result<TestRun, BenchError> {
                    <$runner as $crate::Runner>::run_tests(code, tests, path)
                }
            }
    bindings::export!(Exported with_types_in $crate::bindings::runner);
        };
    };
}
