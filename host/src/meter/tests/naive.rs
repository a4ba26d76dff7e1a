//! The naive model of fuel: each instruction, dead code included, pays for itself just before it runs.

use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, Function, GlobalSection, GlobalType, ValType,
    reencode::{Error, Reencode, utils},
};
use wasmparser::{FunctionBody, ModuleArity, Operator, Parser, ValidPayload, Validator, WasmModuleResources};

use super::super::cost::{cost, local_cost};

/// The export that counts fuel upwards.
pub(super) const SPENT: &str = "spent";

/// Instruments `module`, which must have at least one global and one export.
pub(super) fn instrument(module: &[u8]) -> Vec<u8> {
    let mut naive = Naive { bodies: rewrite_bodies(module, n_globals(module)), n_globals: n_globals(module) };
    let mut out = wasm_encoder::Module::new();
    naive.parse_core_module(&mut out, Parser::new(0), module).unwrap();
    out.finish()
}

fn n_globals(module: &[u8]) -> u32 {
    super::super::module::Module::read(module).unwrap().n_globals
}

struct Naive {
    bodies: Vec<Function>,
    n_globals: u32,
}

impl Reencode for Naive {
    type Error = std::convert::Infallible;

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_global_section(self, globals, section)?;
        let counter = GlobalType { val_type: ValType::I64, mutable: true, shared: false };
        globals.global(counter, &ConstExpr::i64_const(0));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_export_section(self, exports, section)?;
        exports.export(SPENT, ExportKind::Global, self.n_globals);
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, _: FunctionBody<'_>) -> Result<(), Error> {
        code.function(&self.bodies.remove(0));
        Ok(())
    }
}

fn rewrite_bodies(module: &[u8], counter: u32) -> Vec<Function> {
    let mut validator = Validator::new_with_features(super::run::features());
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let ValidPayload::Func(function, body) = validator.payload(&payload.unwrap()).unwrap() {
            bodies.push(rewrite(function.into_validator(Default::default()), &body, counter));
        }
    }
    bodies
}

fn rewrite<T: WasmModuleResources>(
    mut validator: wasmparser::FuncValidator<T>,
    body: &FunctionBody<'_>,
    counter: u32,
) -> Function {
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader).unwrap();
    let mut encode = wasm_encoder::reencode::RoundtripReencoder;
    let locals = body.get_locals_reader().unwrap().into_iter().map(Result::unwrap);
    let mut locals: Vec<_> = locals.map(|(n, val_type)| (n, encode.val_type(val_type).unwrap())).collect();
    locals.push((1, ValType::I32));
    let size = validator.len_locals();
    let mut function = Function::new(locals);
    for (n, val_type) in body.get_locals_reader().unwrap().into_iter().map(Result::unwrap) {
        let fuel = i64::try_from(u64::from(n) * local_cost(val_type)).unwrap();
        function.instructions().global_get(counter).i64_const(fuel).i64_add().global_set(counter);
    }
    let mut operators = body.get_operators_reader().unwrap();
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset().unwrap();
        charge(&validator, &operator, counter, size, &mut function);
        validator.op(offset, &operator).unwrap();
        function.instruction(&encode.instruction(operator).unwrap());
    }
    function
}

fn charge(
    module: &impl ModuleArity,
    operator: &Operator<'_>,
    counter: u32,
    size: u32,
    function: &mut Function,
) {
    let (pops, pushes) = operator.operator_arity(module).unwrap();
    let values = match operator {
        Operator::Br { .. } | Operator::Return => pops,
        Operator::BrIf { .. } | Operator::BrTable { .. } | Operator::If { .. } => pops - 1,
        Operator::Call { .. } | Operator::CallIndirect { .. } => pops + pushes,
        _ => 0,
    };
    let cost = cost(operator, values).unwrap();
    let mut sink = function.instructions();
    if cost.fixed > 0 {
        let fixed = i64::try_from(cost.fixed).unwrap();
        sink.global_get(counter).i64_const(fixed).i64_add().global_set(counter);
    }
    if let Some(item_log2) = cost.item_log2 {
        sink.local_tee(size).local_get(size).i64_extend_i32_u().i64_const(1 << item_log2).i64_mul();
        sink.global_get(counter).i64_add().global_set(counter);
    }
}
