//! Builds components from WIT text. They import everything in their world, and every exported function traps.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};

use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection, Instruction, MemArg,
    MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Resolve, SourceMap, WorldItem, WorldKey};

/// Returns the WIT files of a folder below `wit/`, as name and text, sorted by name.
pub fn wit(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit").join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "wit"));
    paths.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

/// Returns the live contract with replaced texts. Each text must exist.
pub fn altered(changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut files = wit("");
    for (from, to) in changes {
        assert!(files.iter().any(|(_, text)| text.contains(from)), "{from}");
        files.iter_mut().for_each(|(_, text)| *text = text.replace(from, to));
    }
    files
}

/// Builds a component for `world` of the package in `files`. `more` are packages that it depends on.
pub fn component(files: &[(String, String)], more: &[&str], world: &str) -> Vec<u8> {
    component_that(files, more, world, trap)
}

/// Builds a component whose exported functions have the body `does` instead.
pub fn component_that(files: &[(String, String)], more: &[&str], world: &str, does: impl Fn() -> Function) -> Vec<u8> {
    let mut resolve = Resolve::default();
    for text in more {
        resolve.push_str("more.wit", text).unwrap();
    }
    let mut sources = SourceMap::new();
    for (name, text) in files {
        sources.push(Path::new(name), text);
    }
    let group = sources.parse().unwrap_or_else(|(_, error)| panic!("{error}"));
    let package = resolve.push_group(group).unwrap_or_else(|error| panic!("{error}"));
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut module = core_module(&resolve, world, does);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}

fn core_module(resolve: &Resolve, world: wit_parser::WorldId, does: impl Fn() -> Function) -> Vec<u8> {
    let world = &resolve.worlds[world];
    let (mut types, mut imports, mut functions) = (TypeSection::new(), ImportSection::new(), FunctionSection::new());
    let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
    let mut imported = 0;
    for (module, function) in listed(resolve, world.imports.iter()) {
        add_type(&mut types, resolve, AbiVariant::GuestImport, function);
        imports.import(&module, &function.name, EntityType::Function(types.len() - 1));
        imported += 1;
    }
    for (interface, function) in listed(resolve, world.exports.iter()) {
        add_type(&mut types, resolve, AbiVariant::GuestExport, function);
        functions.function(types.len() - 1);
        exports.export(&format!("{interface}#{}", function.name), ExportKind::Func, imported + functions.len() - 1);
        code.function(&does());
    }
    types.ty().function([ValType::I32; 4], [ValType::I32]);
    functions.function(types.len() - 1);
    exports.export("cabi_realloc", ExportKind::Func, imported + functions.len() - 1);
    code.function(&trap());
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 2, maximum: None, memory64: false, shared: false, page_size_log2: None });
    exports.export("memory", ExportKind::Memory, 0);
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&memories).section(&exports).section(&code);
    module.finish()
}

fn listed<'a>(
    resolve: &'a Resolve,
    items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>,
) -> Vec<(String, &'a wit_parser::Function)> {
    let functions = items.flat_map(|(key, item)| {
        let WorldItem::Interface { id, .. } = item else { panic!("only interfaces are known here") };
        resolve.interfaces[*id].functions.values().map(move |function| (resolve.name_world_key(key), function))
    });
    functions.collect()
}

fn add_type(types: &mut TypeSection, resolve: &Resolve, variant: AbiVariant, function: &wit_parser::Function) {
    let signature = resolve.wasm_signature(variant, function);
    let core = |types: &[WasmType]| types.iter().map(value_type).collect::<Vec<_>>();
    types.ty().function(core(&signature.params), core(&signature.results));
}

fn value_type(ty: &WasmType) -> ValType {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    }
}

/// Returns a function body that returns a list of `many` zero bytes, for example a text.
pub fn zeros(many: i32) -> Function {
    let mut function = Function::new([]);
    let at = |offset| MemArg { offset, align: 2, memory_index: 0 };
    for (place, word) in [(0, 16), (4, many)] {
        function.instruction(&Instruction::I32Const(0)).instruction(&Instruction::I32Const(word));
        function.instruction(&Instruction::I32Store(at(place)));
    }
    function.instruction(&Instruction::I32Const(0));
    function.instruction(&Instruction::End);
    function
}

fn trap() -> Function {
    let mut function = Function::new([]);
    function.instruction(&Instruction::Unreachable);
    function.instruction(&Instruction::End);
    function
}
