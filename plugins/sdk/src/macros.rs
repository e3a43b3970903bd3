//! The traits that plugins implement and the macros that export them. A component uses exactly one of these macros.

use std::future::Future;

use crate::types::{BenchError, Decision, Failure, File, GateFailure, Submission, TestRun};
use crate::work::Work;

/// An agent: does the work of a phase or makes the findings of a gate. Export it with [`agent!`](crate::agent).
pub trait Agent {
    /// Does the work of one attempt. The host calls it once per instance.
    fn run(work: Work) -> impl Future<Output = Result<Submission, Failure>>;
}

/// An agent without `async`, for the world `agent-plugin-blocking`. Export it with
/// [`agent_blocking!`](crate::agent_blocking). It calls models through [`bindings::agent_blocking`](crate::bindings).
pub trait AgentBlocking {
    /// Does the work of one attempt. The host calls it once per instance.
    fn run(work: Work) -> Result<Submission, Failure>;
}

/// Decides which phases revise what after a gate has failed. Pure: the same failure gives the same decision. Export it with
/// [`strategy!`](crate::strategy).
pub trait Strategy {
    /// Returns the decision. The host rejects phases that the gate may not revise.
    fn decide(failure: GateFailure) -> Decision;
}

/// A test runner for untrusted code. Export it with [`runner!`](crate::runner).
pub trait Runner {
    /// Returns a JSON object: `language`, `version`, `modules`, `test_frameworks`, `notes`.
    fn environment() -> String;
    /// Returns the names of the tests, found by parsing only, or every build error as `path:line: message`.
    fn collect(code: Vec<File>, tests: Vec<File>) -> Result<Vec<String>, Vec<String>>;
    /// Runs the tests of the file `path`, which is one of `tests`.
    fn run_tests(code: Vec<File>, tests: Vec<File>, path: String) -> Result<TestRun, BenchError>;
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

/// Exports a [`Runner`](crate::Runner) as the component's `runner`. That world has no log, so a panic's message is lost.
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
