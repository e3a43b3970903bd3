//! Compilation: limits on components, compiler processes, and concurrent loads.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::fixture;
use phasegate_process::Digest;
use phasegate_sandbox::{Engine, EngineSettings, LoadError};
use wasm_encoder::{BlockType, CodeSection, Function, FunctionSection, Instruction, Module, TypeSection, ValType};

fn load(settings: EngineSettings, bytes: &[u8]) -> Result<(), LoadError> {
    load_in(&Engine::new(settings).unwrap(), "plugin", bytes)
}

fn load_in(engine: &Engine, name: &str, bytes: &[u8]) -> Result<(), LoadError> {
    engine.load(&name.parse().unwrap(), &Digest::from_content(bytes), || Ok(bytes.to_vec())).map(drop)
}

/// Returns the agent fixture with an additional section.
fn agent_and(section: u8, content: &[u8]) -> Vec<u8> {
    [fixture("agent"), sections(&[(section, content)])].concat()
}

fn sections(sections: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (section, content) in sections {
        bytes.push(*section);
        leb(content.len(), &mut bytes);
        bytes.extend_from_slice(content);
    }
    bytes
}

fn leb(mut n: usize, bytes: &mut Vec<u8>) {
    while n >= 0x80 {
        bytes.push(n as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
}

/// Returns the agent fixture with an inner module that is never instantiated and has functions with this body.
fn agent_with(functions: u32, locals: u32, body: impl Fn(&mut Function)) -> Vec<u8> {
    let (mut types, mut declared, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([ValType::I32], [ValType::I32]);
    for _ in 0..functions {
        declared.function(0);
        let mut function = Function::new([(locals, ValType::I32)]);
        body(&mut function);
        function.instruction(&Instruction::LocalGet(0)).instruction(&Instruction::End);
        code.function(&function);
    }
    let mut module = Module::new();
    module.section(&types).section(&declared).section(&code);
    agent_and(1, &module.finish())
}

/// Emits instructions that each depend on the one before.
fn chain(instructions: u32) -> impl Fn(&mut Function) {
    move |function| {
        for n in 0..instructions / 4 {
            function.instruction(&Instruction::LocalGet(0));
            function.instruction(&Instruction::I32Const(n as i32));
            function.instruction(&Instruction::I32Mul);
            function.instruction(&Instruction::LocalSet(0));
        }
    }
}

/// Emits branches that each change one variable.
fn branches(many: u32, locals: u32) -> impl Fn(&mut Function) {
    move |function| {
        for n in 0..many {
            function.instruction(&Instruction::LocalGet(0)).instruction(&Instruction::If(BlockType::Empty));
            function.instruction(&Instruction::LocalGet(n % locals));
            function.instruction(&Instruction::LocalSet((n + 1) % locals));
            function.instruction(&Instruction::End);
        }
    }
}

#[test]
fn rejects_components_over_the_size_limit() {
    let bytes = fixture("agent");
    let size = bytes.len() as u64;
    let limit = |max_component_bytes| EngineSettings { max_component_bytes, ..EngineSettings::default() };
    load(limit(size), &bytes).unwrap();
    let error = load(limit(size - 1), &bytes).unwrap_err().describe();
    insta::assert_snapshot!(error.replace(&size.to_string(), "SIZE").replace(&(size - 1).to_string(), "LIMIT"), @r"
    plugin `plugin` is too large: SIZE bytes, at most LIMIT allowed
    hint: strip debug information, or raise `max_component_bytes` under `[sandbox]`
    ");
}

#[test]
fn accepts_components_at_each_limit_and_rejects_beyond() {
    let bytes = fixture("agent");
    let limit = |name: &str, limit: u64| {
        let usual = EngineSettings::default();
        match name {
            "max_functions" => EngineSettings { max_functions: limit, ..usual },
            "max_code_bytes" => EngineSettings { max_code_bytes: limit, ..usual },
            "max_function_bytes" => EngineSettings { max_function_bytes: limit, ..usual },
            "max_function_weight" => EngineSettings { max_function_weight: limit, ..usual },
            "max_inner_instances" => EngineSettings { max_inner_instances: limit, ..usual },
            _ => panic!("{name}"),
        }
    };
    let names = ["max_functions", "max_code_bytes", "max_function_bytes", "max_function_weight", "max_inner_instances"];
    let mut messages = String::new();
    for name in names {
        let refused = |most| match load(limit(name, most), &bytes).unwrap_err() {
            LoadError::TooComplex { excess, .. } => excess,
            error => panic!("{error}"),
        };
        let (found, usual) = (refused(0).found, refused(0).bound.setting());
        assert_eq!(usual, name);
        messages += &format!(
            "{}\n",
            refused(found - 1).to_string().replace(&found.to_string(), "N").replace(&(found - 1).to_string(), "LIMIT")
        );
        load(limit(name, found), &bytes).unwrap();
    }
    insta::assert_snapshot!(messages, @r"
    has N functions, at most LIMIT allowed
    has N bytes of code, at most LIMIT allowed
    has a function of N bytes, at most LIMIT allowed
    has a function of weight N (variables times branches), at most LIMIT allowed
    has N inner instances, at most LIMIT allowed
    ");
}

#[test]
fn rejects_expensive_components_before_compilation() {
    let error = |bytes: &[u8]| load(EngineSettings::default(), bytes).unwrap_err().describe();
    insta::assert_snapshot!(error(&agent_with(1, 0, chain(1_600_000))), @r"
    plugin `plugin` has a function of 3591750 bytes, at most 1048576 allowed
    hint: make the plugin smaller, or, if you trust it, raise `max_function_bytes` under `[sandbox]`
    ");
    insta::assert_snapshot!(error(&agent_with(1, 40_000, branches(50_000, 40_000))), @r"
    plugin `plugin` has a function of weight 2000000000 (variables times branches), at most 1000000 allowed
    hint: make the plugin smaller, or, if you trust it, raise `max_function_weight` under `[sandbox]`
    ");
    insta::assert_snapshot!(error(&agent_with(300_000, 0, |_| {})), @r"
    plugin `plugin` has 300375 functions, at most 100000 allowed
    hint: make the plugin smaller, or, if you trust it, raise `max_functions` under `[sandbox]`
    ");
    insta::assert_snapshot!(error(&agent_and(4, &doubling(40))), @r"
    plugin `plugin` has 2199023255562 inner instances, at most 1000 allowed
    hint: make the plugin smaller, or, if you trust it, raise `max_inner_instances` under `[sandbox]`
    ");
}

/// Returns a component that instantiates an inner component twice, which instantiates its inner component twice, and so on.
fn doubling(deep: u32) -> Vec<u8> {
    let header = b"\0asm\x0d\0\x01\0".as_slice();
    let twice = b"\x02\0\0\0\0\0\0".as_slice();
    (0..deep).fold(header.to_vec(), |inner, _| [header, &sections(&[(4, &inner), (5, twice)])].concat())
}

/// Returns settings with a program from `compilers/` as the compiler.
fn compiled_by(program: &str) -> EngineSettings {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/compilers").join(program);
    EngineSettings { compiler: Some(program), max_compile_ms: 200, ..EngineSettings::default() }
}

#[test]
fn hanging_compiler_is_killed() {
    insta::assert_snapshot!(load(compiled_by("hangs"), &fixture("agent")).unwrap_err().describe(), @r"
    plugin `plugin` was not compiled within 200 ms
    hint: make the plugin smaller, or raise `max_compile_ms` under `[sandbox]`
    ");
}

#[test]
fn compiler_process_inherits_no_environment() {
    assert!(std::env::var_os("PATH").is_some(), "the environment of the test is not empty");
    let settings = EngineSettings { max_compile_ms: 60_000, ..compiled_by("refuses") };
    let message = load(settings, &fixture("agent")).unwrap_err().describe();
    let (message, hint) = message.split_once("\nhint: ").unwrap();
    let (first, environment) = message.split_once('\n').unwrap();
    assert_eq!(first, "plugin `plugin` cannot be compiled: compile-component 524288 2147483648");
    let of_shell = |line: &str| line.starts_with("PWD=") || line.starts_with("_=");
    let of_allocator = |line: &str| line == "MIMALLOC_ARENA_EAGER_COMMIT=0";
    assert!(environment.lines().all(|line| of_shell(line) || of_allocator(line)), "{environment}");
    assert!(hint.starts_with("rebuild the plugin"), "{hint}");
}

#[test]
fn missing_compiler_program_is_an_error() {
    insta::assert_snapshot!(load(compiled_by("gone"), &fixture("agent")).unwrap_err().describe(), @r"
    plugin `plugin` cannot be compiled: the compiler failed with a memory limit of 2147483648 bytes (No such file or directory (os error 2))
    hint: make the plugin smaller, or, if you trust it and the compiler lacked memory, raise `max_compile_memory_bytes` under `[sandbox]`
    ");
}

#[test]
fn busy_compilers_give_an_error() {
    let settings = EngineSettings { max_compile_ms: 1, max_compilations: 1, ..EngineSettings::default() };
    let engine = Engine::new(settings).unwrap();
    let first = fixture("agent");
    let loaded = engine.load(&"first".parse().unwrap(), &Digest::from_content(&first), || {
        // The only compiler is busy while this closure runs.
        insta::assert_snapshot!(load_in(&engine, "second", &fixture("blocking")).unwrap_err().describe(), @r"
        plugin `second` cannot be compiled: all compilers (1) were busy for 1 ms
        hint: try again later, or raise `max_compilations` or `max_compile_ms` under `[sandbox]`
        ");
        Ok(first.clone())
    });
    loaded.unwrap();
}

#[test]
fn concurrent_loads_compile_once() {
    let engine = Engine::new(EngineSettings::default()).unwrap();
    let asked = AtomicUsize::new(0);
    let digest = Digest::from_content(&fixture("agent"));
    std::thread::scope(|scope| {
        for n in 0..8 {
            let (engine, asked, digest) = (&engine, &asked, &digest);
            scope.spawn(move || {
                let bytes = || {
                    asked.fetch_add(1, Ordering::Relaxed);
                    Ok(fixture("agent"))
                };
                engine.load(&format!("agent-{n}").parse().unwrap(), digest, bytes).unwrap();
            });
        }
    });
    assert_eq!(asked.into_inner(), 1);
}

#[test]
fn waiting_for_a_load_permit_holds_no_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    let engine = Arc::new(Engine::new(EngineSettings::default()).unwrap());
    let digest = Digest::from_content(&fixture("agent"));
    runtime.block_on(async {
        let first = engine.load_permit(&digest).await;
        let waiting: Vec<_> = (0..100)
            .map(|_| {
                let (engine, digest) = (Arc::clone(&engine), digest.clone());
                tokio::spawn(async move { drop(engine.load_permit(&digest).await) })
            })
            .collect();
        // The only blocking thread is free, and other components get a permit.
        tokio::task::spawn_blocking(|| {}).await.unwrap();
        drop(engine.load_permit(&Digest::from_content(b"another")).await);
        assert!(waiting.iter().all(|task| !task.is_finished()));
        drop(first);
        for task in waiting {
            task.await.unwrap();
        }
    });
}
