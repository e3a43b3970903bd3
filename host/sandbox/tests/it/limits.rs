//! Plugins that exceed a limit: the error names the limit, and the host continues.

use std::num::NonZeroU64;
use std::time::Duration;

use crate::common::{MockHost, assignment, call, engine, failure, fixture, load, text_answer, with_limits};
use phasegate_process::Digest;
use phasegate_process::limits::Limits;
use phasegate_sandbox::{CallError, CallErrorKind, LogLevel};
use serde_json::{Value, json};
use wasm_encoder::{
    BlockType, CodeSection, Component, ConstExpr, DataSection, Function, FunctionSection, HeapType, InstanceSection,
    MemArg, MemorySection, MemoryType, Module, ModuleArg, ModuleSection, RefType, StartSection, TableSection,
    TableType, TypeSection,
};
use wasmparser::{Parser, Payload};

fn ms(n: u64) -> NonZeroU64 {
    NonZeroU64::new(n).unwrap()
}

async fn error_of(settings: Value, limits: Limits) -> CallError {
    load("agent").run_agent(&assignment(settings), MockHost::echo(), &with_limits(limits)).await.unwrap_err()
}

#[tokio::test]
async fn spinning_agent_ends_at_its_computing_time() {
    let error = error_of(json!({"do": "spin"}), Limits { cpu_ms: ms(50), ..Limits::default() }).await;
    insta::assert_snapshot!(error.recorded_text(), @r"
    plugin `agent` (phase design, attempt 1) used up its 50 ms of computing time and was stopped
    hint: if its work is honest, raise `cpu_ms` in its limits; else look for an endless loop
    ");
    let call = with_limits(Limits { cpu_ms: ms(50), ..Limits::default() });
    let blocking = load("blocking").run_agent(&assignment(json!({"do": "spin"})), MockHost::echo(), &call).await;
    assert_eq!(blocking.unwrap_err().kind, CallErrorKind::CpuTime { limit_ms: 50 });
}

#[tokio::test]
async fn yielding_counts_as_computing_time() {
    let error = error_of(json!({"do": "yield for ever"}), Limits { cpu_ms: ms(50), ..Limits::default() }).await;
    assert_eq!(error.kind, CallErrorKind::CpuTime { limit_ms: 50 });
}

#[tokio::test]
async fn checks_of_the_host_count_as_computing_time() {
    let costly = |ms: u64| json!({"check": {"kind": "costly", "content": ms}});
    let limits = Limits { cpu_ms: ms(1_000), ..Limits::default() };
    assert_eq!(error_of(costly(1_001), limits).await.kind, CallErrorKind::CpuTime { limit_ms: 1_000 });
    let call = with_limits(limits);
    load("agent").run_agent(&assignment(costly(500)), MockHost::echo(), &call).await.unwrap().unwrap();
    assert!((500..1_000).contains(&call.cpu.ms()), "{:?}", call.cpu);
}

#[tokio::test]
async fn waiting_for_a_model_is_no_computing_time() {
    let host = MockHost::new(|_, _| (Duration::from_millis(30), text_answer("slow")));
    let limits = Limits { cpu_ms: ms(20), ..Limits::default() };
    let attempts = assignment(json!({"ask": "x"}));
    for _ in 0..3 {
        load("agent").run_agent(&attempts, host.clone(), &with_limits(limits)).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn wall_clock_limit_ends_call_and_host_work() {
    let host = MockHost::new(|_, _| (Duration::from_secs(3600), text_answer("never")));
    let call = with_limits(Limits { wall_ms: ms(50), ..Limits::default() });
    let error = load("agent").run_agent(&assignment(json!({"ask": "x"})), host.clone(), &call).await.unwrap_err();
    insta::assert_snapshot!(error.recorded_text(), @r"
    plugin `agent` (phase design, attempt 1) was not done after 50 ms, waiting included, and was stopped
    hint: if it only waited for slow models, raise `wall_ms` in its limits
    ");
    assert!(host.received().answered.is_empty());
}

#[tokio::test]
async fn memory_limit_is_named_in_the_error() {
    let error = error_of(json!({"do": "grow"}), Limits { memory_bytes: 20_000_000, ..Limits::default() }).await;
    let CallErrorKind::Memory { what: "memory", wanted, limit: 20_000_000 } = error.kind else {
        panic!("{error}");
    };
    assert!(wanted > 20_000_000 && wanted < 23_000_000, "{wanted}");
    assert!(error.recorded_text().contains(
        "may have 20000000, and crashed when it got no more\nhint: if its work needs it, raise `memory_bytes`"
    ));
}

/// Returns the agent fixture with one more module, which is instantiated first.
fn agent_with(module: &Module) -> Vec<u8> {
    let agent = fixture("agent");
    let (mut depth, mut modules) = (0, 0);
    for payload in Parser::new(0).parse_all(&agent).map(Result::unwrap) {
        match payload {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ModuleSection { .. } if depth == 1 => modules += 1,
            _ => {}
        }
    }
    let (mut more, mut instances) = (Component::new(), InstanceSection::new());
    instances.instantiate::<[(&str, ModuleArg); 0], &str>(modules, []);
    more.section(&ModuleSection(module)).section(&instances);
    // Skips the header of the component.
    [agent, more.finish()[8..].to_vec()].concat()
}

/// Returns a function as the start of a module, with its sections of types and functions.
fn start_of(function: &Function) -> (TypeSection, FunctionSection, StartSection, CodeSection) {
    let (mut types, mut functions, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([], []);
    functions.function(0);
    code.function(function);
    (types, functions, StartSection { function_index: 0 }, code)
}

/// Returns the agent fixture with an additional table that grows to this size.
fn agent_with_table(elements: i32) -> Vec<u8> {
    let mut tables = TableSection::new();
    let element_type = RefType::FUNCREF;
    tables.table(TableType { element_type, table64: false, minimum: 0, maximum: None, shared: false });
    let mut grow = Function::new([]);
    grow.instructions().ref_null(HeapType::FUNC).i32_const(elements).table_grow(0);
    // Traps if the table did not grow.
    grow.instructions().i32_const(0).i32_lt_s().if_(BlockType::Empty).unreachable().end().end();
    let (types, functions, start, code) = start_of(&grow);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&tables).section(&start).section(&code);
    agent_with(&module)
}

/// Returns the agent fixture with an additional memory in which it traps if a word is not as the module describes it, and
/// then overwrites the word. The words are in more pages than a free slot keeps, and in the data of the module.
fn agent_that_soils_its_memory() -> Vec<u8> {
    let memory_type = MemoryType { minimum: 32, maximum: None, memory64: false, shared: false, page_size_log2: None };
    let (mut memories, mut data) = (MemorySection::new(), DataSection::new());
    memories.memory(memory_type);
    data.active(0, &ConstExpr::i32_const(70_000), *b"data");
    let word = MemArg { offset: 0, align: 2, memory_index: 0 };
    let mut soil = Function::new([]);
    let words = (0..128).map(|n| n * 16_384 + 8).chain([70_000]);
    for at in words {
        let expected = if at == 70_000 { i32::from_le_bytes(*b"data") } else { 0 };
        soil.instructions().i32_const(at).i32_load(word).i32_const(expected).i32_ne();
        soil.instructions().if_(BlockType::Empty).unreachable().end();
        soil.instructions().i32_const(at).i32_const(-1).i32_store(word);
    }
    soil.instructions().end();
    let (types, functions, start, code) = start_of(&soil);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&start).section(&code).section(&data);
    agent_with(&module)
}

#[tokio::test]
async fn no_call_sees_memory_of_another() {
    let bytes = agent_that_soils_its_memory();
    let plugin = engine().load(&"soiling".parse().unwrap(), &Digest::from_content(&bytes), || Ok(bytes)).unwrap();
    // Calls one after another have the same slot of the pool.
    for _ in 0..20 {
        plugin.run_agent(&assignment(json!({})), MockHost::echo(), &call("x")).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn tables_grow_up_to_the_limit() {
    let bytes = agent_with_table(50_000);
    let plugin = engine().load(&"wide".parse().unwrap(), &Digest::from_content(&bytes), || Ok(bytes)).unwrap();
    let run = async |table_elements| {
        let call = with_limits(Limits { table_elements, ..Limits::default() });
        plugin.run_agent(&assignment(json!({})), MockHost::echo(), &call).await.map(drop)
    };
    run(50_000).await.unwrap();
    let refused = |limit| CallErrorKind::Memory { what: "table", wanted: 50_000, limit };
    assert_eq!(run(49_999).await.unwrap_err().kind, refused(49_999));
    assert_eq!(run(20_000).await.unwrap_err().kind, refused(20_000));
}

#[tokio::test]
async fn deep_recursion_is_an_error() {
    // A guest has two stacks: one in its linear memory, and the native one.
    let error = error_of(json!({"do": "recurse without memory"}), Limits::default()).await;
    assert_eq!(error.kind, CallErrorKind::Stack { limit: 512 << 10 });
    let error = error_of(json!({"do": "recurse"}), Limits::default()).await;
    insta::assert_snapshot!(error.recorded_text(), @r"
    plugin `agent` (phase design, attempt 1) crashed: out of bounds memory access
    hint: this is a fault of the plugin; its author needs this message and the plugin's log
    ");
}

#[tokio::test]
async fn panic_message_is_in_the_error() {
    let error = error_of(json!({"do": "panic", "words": "the plan has no units"}), Limits::default()).await;
    let CallErrorKind::Panic(words) = &error.kind else { panic!("{error}") };
    assert!(words.ends_with("the plan has no units"), "{words}");
    let call = call("gate design-review, attempt 2");
    let error = load("strategy").decide(&failure(json!({"do": "panic"})), &call).await.unwrap_err().recorded_text();
    assert!(error.starts_with("plugin `strategy` (gate design-review, attempt 2) panicked: "), "{error}");
    assert!(error.contains("this gate is too much for me"), "{error}");
}

#[tokio::test]
async fn excess_log_is_cut_with_one_notice() {
    let host = MockHost::echo();
    let limits = Limits { log_lines: 3, ..Limits::default() };
    load("agent")
        .run_agent(&assignment(json!({"do": "flood"})), host.clone(), &with_limits(limits))
        .await
        .unwrap()
        .unwrap();
    let log = host.received().log;
    assert_eq!(log.len(), 4);
    assert_eq!(log[2].1, "line 2 of a flood");
    assert_eq!(log[3].0, LogLevel::Warn);
    insta::assert_snapshot!(log[3].1, @r"
    the log is cut here: plugin `agent` (phase design, attempt 1) has used up its 3 lines of log
    hint: if that hides too much, raise `log_lines` in its limits
    ");

    let host = MockHost::echo();
    let limits = Limits { log_bytes: 40, ..Limits::default() };
    load("agent")
        .run_agent(&assignment(json!({"do": "flood"})), host.clone(), &with_limits(limits))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(host.received().log.len(), 3, "two lines of 17 bytes and the notice");
}

#[tokio::test]
async fn log_lines_lose_control_characters() {
    let host = MockHost::echo();
    let work = assignment(json!({"do": "whisper escapes"}));
    load("agent").run_agent(&work, host.clone(), &call("x")).await.unwrap().unwrap();
    assert_eq!(host.lines(), ["[31mred"]);
}

#[tokio::test]
async fn oversized_host_calls_are_rejected_before_copying() {
    let limits = Limits { memory_bytes: 512 << 20, ..Limits::default() };
    for what in ["return much", "say much"] {
        let error = error_of(json!({"do": what}), limits).await;
        assert_eq!(error.kind, CallErrorKind::HostCall { limit: 64 << 20 }, "{what}: {error}");
    }
}

#[tokio::test]
async fn rejects_submissions_over_the_output_limit() {
    let limits = Limits { output_bytes: 10, ..Limits::default() };
    let error = error_of(json!({"artifacts": {"design": "twelve bytes"}}), limits).await;
    insta::assert_snapshot!(error.recorded_text(), @r"
    plugin `agent` (phase design, attempt 1) returned 18 bytes, and at most 10 are taken
    hint: if its work needs it, raise `output_bytes` in its limits
    ");
}

#[tokio::test]
async fn endless_requests_end_at_the_call_limit() {
    let error = error_of(json!({"do": "ask for ever"}), Limits { calls: 25, ..Limits::default() }).await;
    insta::assert_snapshot!(error.recorded_text(), @r"
    plugin `agent` (phase design, attempt 1) asked for more than 25 model calls and test runs
    hint: if its work needs it, raise `calls` in its limits; else look for a loop that asks
    ");
}

#[tokio::test]
async fn request_bytes_are_limited_in_total() {
    let limits = Limits { calls_bytes: 10_000, ..Limits::default() };
    let error = error_of(json!({"do": "ask for ever"}), limits).await;
    insta::assert_snapshot!(error.recorded_text(), @r"
    plugin `agent` (phase design, attempt 1) put more than 10000 bytes into its model calls and test runs together
    hint: if its work needs it, raise `calls_bytes` in its limits; else it should say less
    ");
}

#[tokio::test]
async fn instance_and_handle_limits_are_named() {
    let error = error_of(json!({}), Limits { instances: 1, ..Limits::default() }).await;
    insta::assert_snapshot!(error.recorded_text(), @r"
    plugin `agent` (phase design, attempt 1) wanted more than 1 instances, and was stopped
    hint: if its work needs it, raise `instances` in its limits
    ");
    let call = with_limits(Limits { handles: 500, ..Limits::default() });
    let hoards = assignment(json!({"do": "hoard handles"}));
    let error = load("hostile").run_agent(&hoards, MockHost::echo(), &call).await.unwrap_err();
    insta::assert_snapshot!(error.recorded_text(), @r"
    plugin `hostile` (phase design, attempt 1) wanted more than 500 handles, and was stopped
    hint: if its work needs it, raise `handles` in its limits; else look for what is never let go
    ");
}

#[tokio::test]
async fn output_of_a_strategy_is_limited() {
    let says = json!({"give up": "so much to say ", "times": 500_000});
    let call = with_limits(Limits::strategy());
    let error = load("strategy").decide(&failure(says), &call).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Output { size: 7_500_000, limit: 1 << 20 });
}

#[tokio::test]
async fn host_survives_concurrent_bad_plugins() {
    let bad = ["spin", "grow", "recurse", "panic", "return much", "wait for nothing", "yield for ever"];
    let limits = Limits { cpu_ms: ms(300), memory_bytes: 30_000_000, ..Limits::default() };
    let calls = bad
        .into_iter()
        .cycle()
        .take(70)
        .map(|what| tokio::spawn(async move { error_of(json!({"do": what}), limits).await }));
    for ended in futures::future::join_all(calls).await {
        ended.unwrap();
    }
    let work = assignment(json!({"artifacts": {"design": {}}}));
    load("agent").run_agent(&work, MockHost::echo(), &call("x")).await.unwrap().unwrap();
    drop(engine());
}
