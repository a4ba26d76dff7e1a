//! Random modules within the profile, from wasm-smith, and EEs made of them.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::convert::Infallible;

use arbitrary::Unstructured;
use wasm_encoder::reencode::{self, Error, Reencode};
use wasm_encoder::{
    BlockType, CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection,
    Instruction, Module, SectionId, TypeSection, ValType,
};
use wasm_smith::{InstructionKind, InstructionKinds};
use wasmparser::{AbstractHeapType, FuncType, Parser, Payload, TypeRef};

/// Returns bytes for wasm-smith that depend only on a number.
pub(crate) fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    });
    bytes.take(3000).collect()
}

/// A configuration that keeps wasm-smith within the profile, except for `externref`, which comes with reference types.
pub(crate) fn config() -> wasm_smith::Config {
    wasm_smith::Config {
        export_everything: true,
        max_imports: 0,
        min_types: 2,
        min_funcs: 3,
        min_globals: 1,
        min_memories: 1,
        max_memories: 1,
        max_memory32_bytes: 1 << 20,
        max_tables: 2,
        max_table_elements: 1000,
        max_type_size: 200,
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        relaxed_simd_enabled: false,
        shared_everything_threads_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: true,
        ..wasm_smith::Config::default()
    }
}

/// All instructions that neither loop nor call, so that their function returns.
pub(crate) fn straight_line() -> InstructionKinds {
    InstructionKinds::new(&[
        InstructionKind::Numeric,
        InstructionKind::VectorInt,
        InstructionKind::Vector,
        InstructionKind::Reference,
        InstructionKind::Parametric,
        InstructionKind::Variable,
        InstructionKind::Table,
        InstructionKind::Memory,
    ])
}

/// Makes a module of these bytes, with `funcref` in place of `externref`.
///
/// With `steps_max`, loops and recursion end after that many steps.
pub(crate) fn random_module(
    config: wasm_smith::Config,
    steps_max: Option<u32>,
    bytes: &[u8],
) -> arbitrary::Result<Vec<u8>> {
    let mut module = wasm_smith::Module::new(config, &mut Unstructured::new(bytes))?;
    if let Some(steps_max) = steps_max {
        let ended = module.ensure_termination(steps_max);
        ended.expect("all code is wasm-smith's own");
    }
    let module = module.to_bytes();
    let mut without_externref = Module::new();
    Funcrefs
        .parse_core_module(&mut without_externref, Parser::new(0), &module)
        .expect("wasm-smith makes valid modules");
    Ok(without_externref.finish())
}

/// Makes an EE of a module. Its `main` calls some of the module's functions, logs their results, the globals and the
/// memory, and saves the first bytes of the memory as post-state root.
///
/// The module's own exports are removed; its imports stay.
pub(crate) fn as_ee(module: &[u8]) -> Vec<u8> {
    let parts = Parts::read(module);
    let mut ee = Module::new();
    EeWriter { parts, n_types: 0 }
        .parse_core_module(&mut ee, Parser::new(0), module)
        .expect("the module is valid");
    ee.finish()
}

/// The functions that `main` calls.
const HOST_IMPORTS: [(&str, &str, &[ValType]); 3] = [
    ("debug", "print64", &[ValType::I64]),
    ("debug", "printMemHex", &[ValType::I32, ValType::I32]),
    ("eth2", "savePostStateRoot", &[ValType::I32]),
];

const N_HOST_IMPORTS: u32 = HOST_IMPORTS.len() as u32;

/// The number of the module's functions that `main` calls.
const CALLS_MAX: usize = 4;

/// Replaces `externref` by `funcref`.
struct Funcrefs;

impl Reencode for Funcrefs {
    type Error = Infallible;

    fn abstract_heap_type(&mut self, ty: AbstractHeapType) -> Result<wasm_encoder::AbstractHeapType, Error> {
        let ty = if ty == AbstractHeapType::Extern { AbstractHeapType::Func } else { ty };
        Ok(reencode::utils::abstract_heap_type(self, ty))
    }
}

/// Adds the host's imports, after those of the module, and `main`.
struct EeWriter {
    parts: Parts,
    /// The number of the module's own types.
    n_types: u32,
}

impl EeWriter {
    fn import_host(&self, imports: &mut ImportSection) {
        for (ty, (module, name, _)) in (self.n_types..).zip(HOST_IMPORTS) {
            imports.import(module, name, EntityType::Function(ty));
        }
    }
}

impl Reencode for EeWriter {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Error> {
        Ok(if index < self.parts.n_imported { index } else { index + N_HOST_IMPORTS })
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), Error> {
        reencode::utils::parse_type_section(self, types, section)?;
        self.n_types = types.len();
        for (_, _, parameters) in HOST_IMPORTS {
            types.ty().function(parameters.iter().copied(), []);
        }
        types.ty().function([], []);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), Error> {
        reencode::utils::parse_import_section(self, imports, section)?;
        self.import_host(imports);
        Ok(())
    }

    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Result<(), Error> {
        if after == Some(SectionId::Type) && before != Some(SectionId::Import) {
            let mut imports = ImportSection::new();
            self.import_host(&mut imports);
            module.section(&imports);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        reencode::utils::parse_function_section(self, functions, section)?;
        functions.function(self.n_types + N_HOST_IMPORTS);
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        _: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), Error> {
        let main = self.parts.n_imported + N_HOST_IMPORTS + self.parts.function_types.len() as u32;
        exports.export("memory", ExportKind::Memory, 0).export("main", ExportKind::Func, main);
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        reencode::utils::parse_code_section(self, code, section)?;
        code.function(&self.parts.main());
        Ok(())
    }
}

/// The facts about the module that `main` needs.
#[derive(Default)]
struct Parts {
    types: Vec<FuncType>,
    n_imported: u32,
    /// The types of the functions that are not imported.
    function_types: Vec<u32>,
    globals: Vec<wasmparser::ValType>,
}

impl Parts {
    fn read(module: &[u8]) -> Self {
        let mut parts = Self::default();
        for payload in Parser::new(0).parse_all(module).map(|payload| payload.expect("the module is valid")) {
            match payload {
                Payload::TypeSection(section) => {
                    let types = section.into_iter_err_on_gc_types();
                    parts.types = types.map(|ty| ty.expect("there are only functions")).collect();
                }
                Payload::ImportSection(section) => {
                    let imports = section.into_imports().map(|import| import.expect("it is valid").ty);
                    parts.n_imported = imports.filter(|ty| matches!(ty, TypeRef::Func(_))).count() as u32;
                }
                Payload::FunctionSection(section) => {
                    parts.function_types = section.into_iter().map(|ty| ty.expect("it is valid")).collect();
                }
                Payload::GlobalSection(section) => {
                    let globals =
                        section.into_iter().map(|global| global.expect("it is valid").ty.content_type);
                    parts.globals = globals.collect();
                }
                _ => {}
            }
        }
        parts
    }

    fn main(&self) -> Function {
        let print64 = self.n_imported;
        let mut main = Main { function: Function::new([(1, ValType::V128)]), print64 };
        let first = self.n_imported + N_HOST_IMPORTS;
        for (index, ty) in (first..).zip(&self.function_types).take(CALLS_MAX) {
            let func_type = &self.types[*ty as usize];
            for parameter in func_type.params() {
                main.argument(*parameter);
            }
            main.function.instruction(&Instruction::Call(index));
            for result in func_type.results().iter().rev() {
                main.log(*result);
            }
        }
        // Wasm-smith imports only functions, so these are all.
        for (index, ty) in (0..).zip(&self.globals) {
            main.function.instruction(&Instruction::GlobalGet(index));
            main.log(*ty);
        }
        for instruction in [
            Instruction::MemorySize(0),
            Instruction::If(BlockType::Empty),
            Instruction::I32Const(0),
            Instruction::I32Const(65536),
            Instruction::Call(print64 + 1),
            Instruction::I32Const(0),
            Instruction::Call(print64 + 2),
            Instruction::End,
            Instruction::End,
        ] {
            main.function.instruction(&instruction);
        }
        main.function
    }
}

/// The unfinished function `main`.
struct Main {
    function: Function,
    print64: u32,
}

impl Main {
    fn argument(&mut self, ty: wasmparser::ValType) {
        self.function.instruction(&match ty {
            wasmparser::ValType::I32 => Instruction::I32Const(5),
            wasmparser::ValType::I64 => Instruction::I64Const(-7),
            wasmparser::ValType::F32 => Instruction::F32Const(1.5.into()),
            wasmparser::ValType::F64 => Instruction::F64Const(f64::NAN.into()),
            wasmparser::ValType::V128 => Instruction::V128Const(-9),
            wasmparser::ValType::Ref(_) => Instruction::RefNull(wasm_encoder::HeapType::FUNC),
        });
    }

    /// Logs the value on the stack.
    fn log(&mut self, ty: wasmparser::ValType) {
        let print = Instruction::Call(self.print64);
        let instructions = match ty {
            wasmparser::ValType::I32 => vec![Instruction::I64ExtendI32U, print],
            wasmparser::ValType::I64 => vec![print],
            wasmparser::ValType::F32 => {
                vec![Instruction::I32ReinterpretF32, Instruction::I64ExtendI32U, print]
            }
            wasmparser::ValType::F64 => vec![Instruction::I64ReinterpretF64, print],
            wasmparser::ValType::V128 => vec![
                Instruction::LocalTee(0),
                Instruction::I64x2ExtractLane(0),
                print.clone(),
                Instruction::LocalGet(0),
                Instruction::I64x2ExtractLane(1),
                print,
            ],
            wasmparser::ValType::Ref(_) => vec![Instruction::RefIsNull, Instruction::I64ExtendI32U, print],
        };
        for instruction in &instructions {
            self.function.instruction(instruction);
        }
    }
}
