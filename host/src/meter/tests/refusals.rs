//! Modules that cannot be instrumented.

use super::{
    super::{Linkage, MeterError},
    instrument,
};

#[track_caller]
fn check(wat: &str, expected: &str) {
    let error = instrument(&wat::parse_str(wat).unwrap(), Linkage::Alone).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn reserved_names_are_refused() {
    check(
        r#"(module (import "outrider" "fuel" (global (mut i64))))"#,
        r#"import "outrider" "fuel": the module name is reserved for metering"#,
    );
    for name in ["outrider_fuel", "outrider_stack", "outrider_pages", "outrider_grow", "outrider_start"] {
        check(
            &format!(r#"(module (func (export "{name}")))"#),
            &format!(r#"export "{name}": the name is reserved for metering"#),
        );
    }
}

#[test]
fn instructions_without_a_price_are_refused() {
    check(
        "(module (func return_call 0))",
        "instruction ReturnCall { function_index: 0 } at offset 0x17 has no fuel cost",
    );
    check(
        "(module (func (result v128) (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0))))",
        "instruction I8x16RelaxedSwizzle at offset 0x3c has no fuel cost",
    );
    check(
        "(module (memory 1 1 shared) (func atomic.fence))",
        "instruction AtomicFence at offset 0x1d has no fuel cost",
    );
}

#[test]
fn sections_of_other_proposals_are_refused() {
    check("(module (tag))", "unsupported section 13 at offset 0x10");
}

#[test]
fn bytes_that_are_not_a_module_are_refused() {
    for bytes in [&b""[..], b"\0asm", b"\0asm\x0d\0\x01\0", b"\0asm\x01\0\0\0\x0a\x05\x01"] {
        let error = instrument(bytes, Linkage::Alone).unwrap_err();
        assert!(matches!(error, MeterError::Malformed(_) | MeterError::Section { .. }), "{error:?}");
    }
}

/// Modules with randomly changed bytes may fail, but do not panic.
#[test]
fn mangled_modules_do_not_panic() {
    let original = wat::parse_str(super::programs::EVERYTHING).unwrap();
    let mut state = 1_u64;
    for _ in 0..20_000 {
        let mut mangled = original.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let at = usize::try_from(state >> 33).unwrap() % mangled.len();
            mangled[at] = state.to_le_bytes()[3];
        }
        for linkage in [Linkage::Alone, Linkage::Linked] {
            let _ = instrument(&mangled, linkage);
        }
    }
}
