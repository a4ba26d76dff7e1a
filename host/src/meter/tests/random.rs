//! Random modules within the profile, from wasm-smith.

#[path = "../../../tests/support/random.rs"]
mod generator;

use finite_wasm::{Analysis, prefix_sum_vec::PrefixSumVec, wasmparser as finite_wasmparser};
use wasmtime::{ExternType, Module};

use super::{
    super::{Linkage, NATIVE_BYTES_PER_SLOT, analysis, analysis::FRAME_SLOTS, module},
    instrument,
    run::{self, Outcome, STACK_SLOTS, argument, run_metered, run_naive, run_plain, validate},
};

const MODULES: u64 = 1000;
const FUEL: i64 = 100_000;

/// The `seed`th module. It has a global and an export, so that the naive model finds sections to add to.
pub(super) fn module(seed: u64, may_trap: bool, wide: bool) -> Vec<u8> {
    let config = wasm_smith::Config {
        disallow_traps: !may_trap,
        wide_arithmetic_enabled: wide,
        ..generator::config()
    };
    generator::random_module(config, None, &generator::bytes(seed)).unwrap()
}

#[test]
fn instrumented_modules_are_valid() {
    for seed in 0..MODULES {
        let module = module(seed, true, true);
        for linkage in [Linkage::Alone, Linkage::Linked] {
            validate(&instrument(&module, linkage).unwrap().code);
        }
    }
}

/// Results and state are those of the plain module, and the fuel that of the naive model.
#[test]
fn metering_changes_nothing_but_the_fuel_and_the_fuel_is_the_sum_of_all_prices() {
    let engine = run::engine();
    let (mut returned, mut trapped, mut stopped) = (0, 0, 0);
    for seed in 0..MODULES / 2 {
        let wasm = module(seed, seed % 4 == 0, true);
        let compiled = Module::new(&engine, &wasm).unwrap();
        let function = compiled.exports().filter_map(|export| match export.ty() {
            ExternType::Func(func_type) => Some((export.name().to_owned(), func_type)),
            _ => None,
        });
        for (name, func_type) in function.take(3) {
            let arguments: Vec<_> = func_type.params().map(|param| argument(&param)).collect();
            let metered = run_metered(&engine, &wasm, &name, &arguments, (FUEL, STACK_SLOTS));
            match metered.outcome {
                Outcome::OutOfFuel | Outcome::StackOverflow => {
                    stopped += 1;
                    continue;
                }
                Outcome::Returned(_) => {
                    returned += 1;
                    assert_eq!(
                        metered.fuel,
                        run_naive(&engine, &wasm, &name, &arguments).fuel,
                        "{seed} {name}"
                    );
                }
                Outcome::Trapped(_) => trapped += 1,
            }
            let plain = run_plain(&engine, &wasm, &name, &arguments);
            assert_eq!(metered.outcome, plain.outcome, "{seed} {name}");
            // After a trap in the start function there is no state to compare, unless the start function is an export.
            if !plain.state.is_empty() {
                assert_eq!(metered.state, plain.state, "{seed} {name}");
            }
        }
    }
    assert!(returned > 300 && trapped > 30 && stopped > 30, "{returned} {trapped} {stopped}");
}

struct Slots;

impl finite_wasm::max_stack::SizeConfig for Slots {
    fn size_of_value(&self, _: finite_wasmparser::ValType) -> u8 {
        1
    }

    fn size_of_function_activation(&self, locals: &PrefixSumVec<finite_wasmparser::ValType, u32>) -> u64 {
        locals.max_index().map_or(0, |last| u64::from(*last) + 1)
    }
}

#[test]
fn frames_are_as_large_as_finite_wasm_says() {
    for seed in 0..MODULES {
        let wasm = module(seed, true, false);
        let finite = Analysis::new().with_stack(Slots).analyze(&wasm).unwrap();
        let module = module::Module::read(&wasm).unwrap();
        let sizes = finite.function_frame_sizes.iter().zip(&finite.function_operand_stack_sizes);
        for ((index, body), (locals, operands)) in
            (module.n_imported_functions..).zip(&module.bodies).zip(sizes)
        {
            let analysis = analysis::analyse(&module, index, body).unwrap();
            // finite-wasm 0.6.1 does not pop the table index of `call_indirect`.
            if analysis.indirect_calls.is_empty() {
                let slots = FRAME_SLOTS + locals + operands;
                let covering = analysis.native_bytes.div_ceil(NATIVE_BYTES_PER_SLOT);
                assert_eq!(analysis.frame_slots, slots.max(covering), "{seed} {index}");
            }
        }
    }
}
