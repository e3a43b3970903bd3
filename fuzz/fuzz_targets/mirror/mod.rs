//! A component that returns arbitrary memory. Each of its functions decodes a text from its parameters, writes the decoded
//! bytes to the start of its memory, and returns the address 0. So the text determines the result that the host lifts,
//! pointers and lengths included. A function can call an import first, with parameters from the memory, eight bytes each; its
//! result is then at [`AFTER_A_CALL`].
//!
//! The text is `"`, a letter (`a` for no import, `b` for the first import, …), two letters of `a` to `p` per byte, `"`.

use std::path::Path;

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, ImportSection, InstructionSink, MemArg, MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Function as Declared, Resolve, SourceMap, WorldId, WorldItem, WorldKey};

const CONTRACT: [(&str, &str); 4] = [
    ("types.wit", include_str!("../../../wit/types.wit")),
    ("models.wit", include_str!("../../../wit/models.wit")),
    ("host.wit", include_str!("../../../wit/host.wit")),
    ("plugin.wit", include_str!("../../../wit/plugin.wit")),
];

/// The most bytes that a text may encode. The host's parameters follow them in memory.
pub const MAX_TEXT_BYTES: usize = 1 << 16;
const PAGES: u64 = 8;
/// The address of the result after a call of an import. The parameters of every import take less.
const AFTER_A_CALL: i32 = 256;

/// Returns the text for these bytes and this import; 0 is no import.
pub fn text(import: u8, bytes: &[u8]) -> String {
    let letter = |number: u8| char::from(b'a' + number);
    let encoded = bytes.iter().flat_map(|byte| [letter(byte >> 4), letter(byte & 15)]);
    ['"', letter(import % 16)].into_iter().chain(encoded).chain(['"']).collect()
}

/// Builds a component of this world.
pub fn component(world: &str) -> Vec<u8> {
    let mut sources = SourceMap::new();
    CONTRACT.iter().for_each(|(name, text)| sources.push(Path::new(name), *text));
    let mut resolve = Resolve::default();
    let group = sources.parse().map_err(|(_, error)| error).unwrap();
    let package = resolve.push_group(group).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut module = core_module(&resolve, world);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}

fn core_module(resolve: &Resolve, world: WorldId) -> Vec<u8> {
    let world = resolve.worlds.get(world).unwrap();
    let (mut types, mut imports, mut functions) = (TypeSection::new(), ImportSection::new(), FunctionSection::new());
    let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
    let mut imported = Vec::new();
    for (module, function) in interface_functions(resolve, world.imports.iter()) {
        let (params, results) = signature(resolve, AbiVariant::GuestImport, function);
        types.ty().function(params.clone(), results.clone());
        imports.import(&module, &function.name, EntityType::Function(types.len() - 1));
        imported.push((params, results));
    }
    let before = imported.len() as u32;
    for (interface, function) in interface_functions(resolve, world.exports.iter()) {
        let (params, results) = signature(resolve, AbiVariant::GuestExport, function);
        let body = body(&function.name, params.len() as u32, &imported);
        types.ty().function(params, results);
        functions.function(types.len() - 1);
        exports.export(&format!("{interface}#{}", function.name), ExportKind::Func, before + functions.len() - 1);
        code.function(&body);
    }
    types.ty().function([ValType::I32; 4], [ValType::I32]);
    functions.function(types.len() - 1);
    exports.export("cabi_realloc", ExportKind::Func, before + functions.len() - 1);
    code.function(&realloc());
    let mut memories = MemorySection::new();
    let (minimum, maximum) = (PAGES, Some(PAGES));
    memories.memory(MemoryType { minimum, maximum, memory64: false, shared: false, page_size_log2: None });
    exports.export("memory", ExportKind::Memory, 0);
    let mut globals = GlobalSection::new();
    let next = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
    globals.global(next, &ConstExpr::i32_const(MAX_TEXT_BYTES as i32));
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&memories).section(&globals);
    module.section(&exports).section(&code);
    module.finish()
}

fn interface_functions<'a>(
    resolve: &'a Resolve,
    items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>,
) -> Vec<(String, &'a Declared)> {
    let mut functions = Vec::new();
    for (key, item) in items {
        if let WorldItem::Interface { id, .. } = item {
            let interface = resolve.interfaces.get(*id).unwrap();
            functions.extend(interface.functions.values().map(|function| (resolve.name_world_key(key), function)));
        }
    }
    functions
}

fn signature(resolve: &Resolve, variant: AbiVariant, function: &Declared) -> (Vec<ValType>, Vec<ValType>) {
    let signature = resolve.wasm_signature(variant, function);
    let core = |types: &[WasmType]| types.iter().map(value_type).collect();
    (core(&signature.params), core(&signature.results))
}

fn value_type(ty: &WasmType) -> ValType {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    }
}

/// Builds `cabi_realloc`: allocates behind all earlier allocations and frees nothing.
fn realloc() -> Function {
    let mut function = Function::new([(1, ValType::I32)]);
    let (align, size, at) = (2, 3, 4);
    let mut code = function.instructions();
    code.global_get(0).local_get(align).i32_add().i32_const(1).i32_sub();
    code.i32_const(0).local_get(align).i32_sub().i32_and().local_tee(at);
    code.local_get(size).i32_add().global_set(0).local_get(at).end();
    function
}

/// Builds the body of a function. Its text is its settings, or the content of its first file.
fn body(name: &str, params: u32, imported: &[(Vec<ValType>, Vec<ValType>)]) -> Function {
    let mut function = Function::new([(4, ValType::I32)]);
    let (from, left, to, call) = (params, params + 1, params + 2, params + 3);
    let mut code = function.instructions();
    match name {
        "decide" => code.local_get(13).local_set(from).local_get(14).local_set(left),
        "run" => code.local_get(0).i32_load(at(68)).local_set(from).local_get(0).i32_load(at(72)).local_set(left),
        "collect" | "run-tests" => {
            code.local_get(0).i32_load(at(8)).local_set(from).local_get(0).i32_load(at(12)).local_set(left)
        }
        _ => {
            return {
                code.i32_const(0).end();
                function
            };
        }
    };
    decode(&mut code, from, left, to, call);
    for (number, (params, results)) in (1..).zip(imported) {
        code.local_get(call).i32_const(number).i32_eq().if_(BlockType::Empty);
        for (place, param) in (0..).zip(params) {
            code.i32_const(8 * place);
            match param {
                ValType::I64 => code.i64_load(at(0)),
                ValType::F32 => code.f32_load(at(0)),
                ValType::F64 => code.f64_load(at(0)),
                _ => code.i32_load(at(0)),
            };
        }
        code.call(number as u32 - 1);
        results.iter().for_each(|_| {
            code.drop();
        });
        code.end();
    }
    code.i32_const(AFTER_A_CALL).i32_const(0).local_get(call).select().end();
    function
}

/// Sets `call` to the letter, and writes the decoded rest to the start of the memory.
fn decode(code: &mut InstructionSink<'_>, from: u32, left: u32, to: u32, call: u32) {
    let letter = |code: &mut InstructionSink<'_>, place: u64| {
        code.local_get(from).i32_load8_u(at(place)).i32_const(i32::from(b'a')).i32_sub();
    };
    letter(code, 1);
    code.local_set(call);
    // Skip the quotes and the letter.
    code.local_get(left).i32_const(3).i32_sub().local_set(left);
    code.local_get(from).i32_const(2).i32_add().local_set(from);
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    code.local_get(left).i32_const(2).i32_lt_s().br_if(1);
    code.local_get(to);
    letter(code, 0);
    code.i32_const(4).i32_shl();
    letter(code, 1);
    code.i32_or().i32_store8(at(0));
    code.local_get(to).i32_const(1).i32_add().local_set(to);
    code.local_get(from).i32_const(2).i32_add().local_set(from);
    code.local_get(left).i32_const(2).i32_sub().local_set(left);
    code.br(0).end().end();
}

fn at(offset: u64) -> MemArg {
    MemArg { offset, align: 0, memory_index: 0 }
}
