//! Adds probes to a module.
//!
//! The two imports come after the module's own, so its defined functions move up by two and every reference to them is
//! renumbered. A function with the number N and results R becomes
//!
//! ```text
//! i32.const N   call $enter
//! block (result R)
//!   ;; the body, with `br` to this block for each `return`
//! end
//! call $leave
//! ```
//!
//! Branches stay as they are, because the block takes the place of the function's own label.

use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, EntityType, FunctionSection, ImportSection, Module, TypeSection, ValType,
};
use wasmparser::{
    CompositeInnerType, FunctionBody, FunctionSectionReader, ImportSectionReader, Operator, Parser, TypeRef,
    TypeSectionReader,
};

use super::{ENTER_IMPORT, LEAVE_IMPORT, N_PROBES};
use crate::meter::{IMPORT_MODULE, MeterError};

/// Returns the metered module `module` with probes; its function 0 has the number `first_number`.
pub(super) fn rewrite(module: &[u8], first_number: u32) -> Result<Vec<u8>, MeterError> {
    let mut probes = Probes { next_number: first_number, ..Probes::default() };
    let mut encoder = Module::new();
    probes.parse_core_module(&mut encoder, Parser::new(0), module)?;
    Ok(encoder.finish())
}

#[derive(Default)]
struct Probes {
    /// For each type of the original, the type of a block with the same results.
    block_types: Vec<BlockType>,
    enter_type: u32,
    leave_type: u32,
    n_imported_functions: u32,
    /// The types of the defined functions.
    function_types: Vec<u32>,
    /// The number of written bodies.
    n_bodies: usize,
    /// The number of the next function to write.
    next_number: u32,
}

impl Reencode for Probes {
    type Error = Infallible;

    fn function_index(&mut self, original: u32) -> Result<u32, Error> {
        let is_imported = original < self.n_imported_functions;
        Ok(if is_imported { original } else { original.saturating_add(N_PROBES) })
    }

    /// Adds the types of the probes, and one for each block that yields several values.
    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_type_section(self, types, section.clone())?;
        for group in section {
            for ty in group?.types() {
                let results = match &ty.composite_type.inner {
                    CompositeInnerType::Func(ty) => ty.results(),
                    CompositeInnerType::Array(_)
                    | CompositeInnerType::Struct(_)
                    | CompositeInnerType::Cont(_) => &[],
                };
                let block_type = self.block_type_for(results, types)?;
                self.block_types.push(block_type);
            }
        }
        self.enter_type = types.len();
        types.ty().function([ValType::I32], []);
        self.leave_type = types.len();
        types.ty().function([], []);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_import_section(self, imports, section.clone())?;
        for import in section.into_imports() {
            let is_function = matches!(import?.ty, TypeRef::Func(_));
            self.n_imported_functions = self.n_imported_functions.saturating_add(is_function.into());
        }
        self.next_number = self.next_number.saturating_add(self.n_imported_functions);
        imports.import(IMPORT_MODULE, ENTER_IMPORT, EntityType::Function(self.enter_type));
        imports.import(IMPORT_MODULE, LEAVE_IMPORT, EntityType::Function(self.leave_type));
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        self.function_types = section.clone().into_iter().collect::<Result<_, _>>()?;
        utils::parse_function_section(self, functions, section)
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), Error> {
        let [enter, leave] = [0, 1].map(|probe| self.n_imported_functions.saturating_add(probe));
        let number = self.next_number.cast_signed();
        let block_type = self.next_block_type();
        let mut function = self.new_function_with_parsed_locals(&body)?;
        function.instructions().i32_const(number).call(enter).block(block_type);
        // The number of open constructs of the body.
        let mut depth = 0_u32;
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            match operator {
                Operator::Return => {
                    function.instructions().br(depth);
                    continue;
                }
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                    depth = depth.saturating_add(1);
                }
                Operator::End => depth = depth.saturating_sub(1),
                _ => {}
            }
            function.instruction(&self.instruction(operator)?);
        }
        function.instructions().call(leave).end();
        code.function(&function);
        Ok(())
    }
}

impl Probes {
    fn block_type_for(
        &mut self,
        results: &[wasmparser::ValType],
        types: &mut TypeSection,
    ) -> Result<BlockType, Error> {
        Ok(match results {
            [] => BlockType::Empty,
            [result] => BlockType::Result(self.val_type(*result)?),
            results => {
                let index = types.len();
                types.ty().function([], self.val_types(results.to_vec())?);
                BlockType::FunctionType(index)
            }
        })
    }

    /// Moves on to the next function, and returns the type of the block around its body.
    fn next_block_type(&mut self) -> BlockType {
        let ty = self.function_types.get(self.n_bodies).and_then(|ty| usize::try_from(*ty).ok());
        self.n_bodies = self.n_bodies.saturating_add(1);
        self.next_number = self.next_number.saturating_add(1);
        // A validated module has a type for each body.
        ty.and_then(|ty| self.block_types.get(ty).copied()).unwrap_or(BlockType::Empty)
    }
}
