//! The complete text of every error. A new error does not compile until it has a sample here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use phasegate_process::budget::{BudgetBound, BudgetExceeded};
use phasegate_process::manifest::Manifest;
use phasegate_process::model::Tier;
use phasegate_process::pipeline::Grants;
use phasegate_process::{Digest, PluginName};

use super::*;
use crate::contract::Misfit;
use crate::shape::{Bound, Excess};

/// Builds a sample of each variant. A variant without a sample does not compile.
macro_rules! one_of_each {
    ($type:ty: $($variant:pat => $sample:expr,)*) => {{
        let known = |it: &$type| match it { $($variant => (),)* };
        let samples: Vec<$type> = vec![$($sample,)*];
        samples.iter().for_each(known);
        samples
    }};
}

fn call_errors() -> Vec<CallErrorKind> {
    use CallErrorKind as K;
    let exceeded = |bound, needed, left, limit| K::BudgetExceeded(BudgetExceeded { bound, needed, left, limit });
    let mut samples = one_of_each!(CallErrorKind:
        K::Trap(_) => K::Trap("out of bounds memory access".to_owned()),
        K::Panic(_) => K::Panic("panicked at src/lib.rs:7:9: the plan has no units".to_owned()),
        K::Exit(_) => K::Exit(3),
        K::CpuTime { .. } => K::CpuTime { limit_ms: 30_000 },
        K::WallClock { .. } => K::WallClock { limit_ms: 3_600_000 },
        K::Memory { .. } => K::Memory { what: "memory", wanted: 268_500_992, limit: 268_435_456 },
        K::TooMany { .. } => K::TooMany { what: "instances", limit: 100 },
        K::Output { .. } => K::Output { size: 33_554_433, limit: 33_554_432 },
        K::HostCall { .. } => K::HostCall { limit: 67_108_864 },
        K::Calls { .. } => K::Calls { limit: 1_000 },
        K::CallsBytes { .. } => K::CallsBytes { limit: 268_435_456 },
        K::OpenCalls { .. } => K::OpenCalls { limit: 200 },
        K::BudgetExceeded(_) => exceeded(BudgetBound::Tokens, 9_000, 8_000, 2_000_000),
        K::Answer { .. } => K::Answer { size: 8_388_609, limit: 8_388_608 },
        K::Artifacts { .. } => K::Artifacts { limit: 1_000 },
        K::Artifact { .. } => K::Artifact { size: 4_194_305, limit: 4_194_304 },
        K::ArtifactsTotal { .. } => K::ArtifactsTotal { limit: 268_435_456 },
        K::Read { .. } => K::Read { limit: 1_073_741_824 },
        K::Stack { .. } => K::Stack { limit: 524_288 },
        K::Stuck => K::Stuck,
        K::BadAnswer(_) => K::BadAnswer("check `c` has the status `fine`".to_owned()),
        K::WrongWorld { .. } => K::WrongWorld { is: "a test runner", needed: "an agent" },
        K::Busy { .. } => K::Busy { queued: 10_000 },
        K::Host(_) => K::Host("the answer to call 3 is lost".to_owned()),
    );
    samples.extend([
        K::Memory { what: "table", wanted: 20_001, limit: 20_000 },
        K::TooMany { what: "handles", limit: 10_000 },
        exceeded(BudgetBound::Usd, 500_000_000, 250_000_000, 20_000_000_000),
    ]);
    samples
}

fn load_errors() -> Vec<LoadError> {
    use LoadError as L;
    let plugin = || "visitor".parse::<PluginName>().unwrap();
    let inspect = || InspectError::NotAComponent("unexpected end-of-file".to_owned());
    let mut samples = one_of_each!(LoadError:
        L::Read { .. } => L::Read { plugin: plugin(), reason: "permission denied".to_owned() },
        L::Digest { .. } => L::Digest { plugin: plugin(), expected: Digest::from_content(b"a"), found: Digest::from_content(b"b") },
        L::TooLarge { .. } => L::TooLarge { plugin: plugin(), size: 134_217_729, limit: 134_217_728 },
        L::TooComplex { .. } => L::TooComplex {
            plugin: plugin(),
            excess: Excess { bound: Bound::Functions, found: 100_001, limit: 100_000 },
        },
        L::TooSlow { .. } => L::TooSlow { plugin: plugin(), limit_ms: 300_000 },
        L::CompilerDied { .. } => L::CompilerDied {
            plugin: plugin(),
            how: "signal: 6 (SIGABRT): memory allocation of 4096 bytes failed".to_owned(),
            limit_bytes: 2 << 30,
        },
        L::NoCompiler { .. } => L::NoCompiler { plugin: plugin(), compilers: 2, limit_ms: 300_000 },
        L::Inspect { .. } => L::Inspect { plugin: plugin(), source: inspect() },
        L::Misfit { .. } => L::Misfit {
            plugin: plugin(),
            misfit: Box::new(Misfit::from_linker("it wants a function that is not there".to_owned())),
        },
        L::NotGranted { .. } => L::NotGranted {
            plugin: plugin(),
            wanted: "models".to_owned(),
            grants: Grants { models: vec![Tier::Default], ..Grants::default() },
        },
        L::Compile { .. } => L::Compile { plugin: plugin(), reason: "unsupported feature".to_owned() },
    );
    for bound in [Bound::CodeBytes, Bound::FunctionBytes, Bound::FunctionWeight, Bound::InnerInstances] {
        samples.push(L::TooComplex { plugin: plugin(), excess: Excess { bound, found: 1_000_001, limit: 1_000_000 } });
    }
    let manifest = Manifest::parse("name = 7").unwrap_err();
    samples.push(L::Inspect { plugin: plugin(), source: manifest.into() });
    let manifest = Manifest::parse(&" ".repeat(1 << 20)).unwrap_err();
    samples.push(L::Inspect { plugin: plugin(), source: manifest.into() });
    samples
}

/// Joins the texts and asserts that each has one paragraph and one or more hints.
fn render_all(samples: impl IntoIterator<Item = String>) -> String {
    let mut all = String::new();
    for text in samples {
        assert!(text.starts_with("plugin `visitor` ") || text.starts_with("plugin `visitor`: "), "{text}");
        let (what, hints) = text.split_once("\nhint: ").unwrap_or_else(|| panic!("no hint: {text}"));
        assert!(hints.lines().skip(1).all(|line| line.starts_with("hint: ")), "something after the hints: {text}");
        assert!(!what.contains("\n\n"), "one paragraph: {text}");
        all.push_str(&text);
        all.push_str("\n\n");
    }
    all
}

#[test]
fn call_errors_name_plugin_context_and_hint() {
    let samples = call_errors().into_iter().map(|kind| {
        let error = CallError { plugin: "visitor".parse().unwrap(), doing: "phase design, attempt 2".to_owned(), kind };
        error.recorded_text()
    });
    let all = render_all(samples);
    assert_eq!(all.matches("plugin `visitor` (phase design, attempt 2) ").count(), call_errors().len());
    insta::assert_snapshot!(all, @r"
    plugin `visitor` (phase design, attempt 2) crashed: out of bounds memory access
    hint: this is a fault of the plugin; its author needs this message and the plugin's log

    plugin `visitor` (phase design, attempt 2) panicked: panicked at src/lib.rs:7:9: the plan has no units
    hint: this is a fault of the plugin; its author needs this message and the plugin's log

    plugin `visitor` (phase design, attempt 2) ended itself with status 3 instead of answering
    hint: this is a fault of the plugin; its author needs this message and the plugin's log

    plugin `visitor` (phase design, attempt 2) used up its 30000 ms of computing time and was stopped
    hint: if its work is honest, raise `cpu_ms` in its limits; else look for an endless loop

    plugin `visitor` (phase design, attempt 2) was not done after 3600000 ms, waiting included, and was stopped
    hint: if it only waited for slow models, raise `wall_ms` in its limits

    plugin `visitor` (phase design, attempt 2) wanted memory of 268500992 bytes, may have 268435456, and crashed when it got no more
    hint: if its work needs it, raise `memory_bytes` in its limits

    plugin `visitor` (phase design, attempt 2) wanted more than 100 instances, and was stopped
    hint: if its work needs it, raise `instances` in its limits

    plugin `visitor` (phase design, attempt 2) returned 33554433 bytes, and at most 33554432 are taken
    hint: if its work needs it, raise `output_bytes` in its limits

    plugin `visitor` (phase design, attempt 2) handed the host more than 67108864 bytes in one call
    hint: if its work needs it, raise `host_call_bytes` in its limits

    plugin `visitor` (phase design, attempt 2) asked for more than 1000 model calls and test runs
    hint: if its work needs it, raise `calls` in its limits; else look for a loop that asks

    plugin `visitor` (phase design, attempt 2) put more than 268435456 bytes into its model calls and test runs together
    hint: if its work needs it, raise `calls_bytes` in its limits; else it should say less

    plugin `visitor` (phase design, attempt 2) had more than 200 model calls and test runs open at once
    hint: if its work needs it, raise `calls_at_once` in its limits; else it should await some before it asks more

    plugin `visitor` (phase design, attempt 2) asked a model for what may take 9000 tokens, and has 8000 of its 2000000 left
    hint: if its work is worth it, raise `tokens` in its limits; else it should ask less, or for shorter answers

    plugin `visitor` (phase design, attempt 2) was answered with 8388609 bytes by a model, and at most 8388608 are taken
    hint: if its work needs it, raise `answer_bytes` in its limits; else it should ask for shorter answers

    plugin `visitor` (phase design, attempt 2) handed over more than 1000 artifacts, to be checked or submitted
    hint: if its work needs it, raise `artifacts` in its limits; else look for a loop that checks

    plugin `visitor` (phase design, attempt 2) handed over an artifact of 4194305 bytes, and at most 4194304 are taken
    hint: if its work needs it, raise `artifact_bytes` in its limits

    plugin `visitor` (phase design, attempt 2) handed over artifacts of more than 268435456 bytes together, to be checked or submitted
    hint: if its work needs it, raise `artifacts_bytes` in its limits

    plugin `visitor` (phase design, attempt 2) read more than 1073741824 bytes of its inputs, each reading counted
    hint: if its work needs it, raise `read_bytes` in its limits; else it should keep what it has read

    plugin `visitor` (phase design, attempt 2) used up its 524288 bytes of stack and crashed
    hint: if its work needs it, raise `stack_bytes` in its limits; else look for a recursion without end

    plugin `visitor` (phase design, attempt 2) waits, but nothing that it could wait for is under way
    hint: its author should look for a task or future that is awaited but never completed

    plugin `visitor` (phase design, attempt 2) gave an answer that cannot be taken: check `c` has the status `fine`
    hint: its author should hold it against the contract in `wit/`

    plugin `visitor` (phase design, attempt 2) is a test runner, and an agent is needed here
    hint: check which plugin the pipeline names in this place

    plugin `visitor` (phase design, attempt 2) could not start: all instances are in use and 10000 calls are waiting for one
    hint: run fewer tasks at once, or raise `max_instances` (of test runners `max_test_runs`) under `[sandbox]`

    plugin `visitor` (phase design, attempt 2) could not be run by the host: the answer to call 3 is lost
    hint: try again; if it stays, this is a fault of the host worth reporting

    plugin `visitor` (phase design, attempt 2) wanted table of 20001 elements, may have 20000, and crashed when it got no more
    hint: if its work needs it, raise `table_elements` in its limits

    plugin `visitor` (phase design, attempt 2) wanted more than 10000 handles, and was stopped
    hint: if its work needs it, raise `handles` in its limits; else look for what is never let go

    plugin `visitor` (phase design, attempt 2) asked a model for what may take 0.5000 USD, and has 0.2500 of its 20.0000 left
    hint: if its work is worth it, raise `usd` in its limits; else it should ask less, or for shorter answers
    ");
}

#[test]
fn load_errors_name_plugin_and_hint() {
    insta::assert_snapshot!(render_all(load_errors().iter().map(LoadError::describe)), @r#"
    plugin `visitor` cannot be read: permission denied
    hint: check the path and the permissions of its file

    plugin `visitor` is not the pinned component: expected sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb, found sha256:3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d
    hint: restore the pinned component, or start a new run

    plugin `visitor` is too large: 134217729 bytes, at most 134217728 allowed
    hint: strip debug information, or raise `max_component_bytes` under `[sandbox]`

    plugin `visitor` has 100001 functions, at most 100000 allowed
    hint: make the plugin smaller, or, if you trust it, raise `max_functions` under `[sandbox]`

    plugin `visitor` was not compiled within 300000 ms
    hint: make the plugin smaller, or raise `max_compile_ms` under `[sandbox]`

    plugin `visitor` cannot be compiled: the compiler failed with a memory limit of 2147483648 bytes (signal: 6 (SIGABRT): memory allocation of 4096 bytes failed)
    hint: make the plugin smaller, or, if you trust it and the compiler lacked memory, raise `max_compile_memory_bytes` under `[sandbox]`

    plugin `visitor` cannot be compiled: all compilers (2) were busy for 300000 ms
    hint: try again later, or raise `max_compilations` or `max_compile_ms` under `[sandbox]`

    plugin `visitor`: not a WebAssembly component: unexpected end-of-file
    hint: build the plugin as a component (with the plugin SDK, componentize-py or jco), not as a core module

    plugin `visitor` does not fit this host: it wants a function that is not there
    hint: operator: no grant or setting helps; use a build that fits phasegate:plugin@0.1.0
    hint: author: build it against the `wit/` of 0.1.0

    plugin `visitor` asks for models, which is not granted
    hint: to grant it, set `grants = { models = ["default"] }` under `[plugins.visitor]`

    plugin `visitor` cannot be compiled: unsupported feature
    hint: rebuild the plugin without WebAssembly proposals that this host does not support

    plugin `visitor` has 1000001 bytes of code, at most 1000000 allowed
    hint: make the plugin smaller, or, if you trust it, raise `max_code_bytes` under `[sandbox]`

    plugin `visitor` has a function of 1000001 bytes, at most 1000000 allowed
    hint: make the plugin smaller, or, if you trust it, raise `max_function_bytes` under `[sandbox]`

    plugin `visitor` has a function of weight 1000001 (variables times branches), at most 1000000 allowed
    hint: make the plugin smaller, or, if you trust it, raise `max_function_weight` under `[sandbox]`

    plugin `visitor` has 1000001 inner instances, at most 1000000 allowed
    hint: make the plugin smaller, or, if you trust it, raise `max_inner_instances` under `[sandbox]`

    plugin `visitor`: invalid manifest: manifest:1: `name` must be a text, not `7`
    hint: its author has to correct plugin.toml; see plugins/sdk/README.md

    plugin `visitor`: invalid manifest: it has 1048576 bytes, at most 262144 are allowed
    hint: its author has to shorten it
    "#);
}
