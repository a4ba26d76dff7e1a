//! WebAssembly leaves the bits of a NaN open; here they are always the canonical ones.

mod support;

use support::{run, saving};

/// A NaN with a payload, and one that is negative and signalling.
const F32_NANS: [&str; 2] = ["nan:0x212345", "-nan:0x1"];
const F64_NANS: [&str; 2] = ["nan:0x2123456789ab", "-nan:0x1"];

const F32_CANONICAL: [u8; 4] = [0, 0, 0xc0, 0x7f];
const F64_CANONICAL: [u8; 8] = [0, 0, 0, 0, 0, 0, 0xf8, 0x7f];

/// Returns the post-state root of an EE that stores something at 0, over 32 bytes of zero.
#[track_caller]
fn stored(store: &str) -> [u8; 32] {
    run(&saving(store), b"").expect("it runs").post_state_root.0
}

#[track_caller]
fn check<const N: usize>(store: &str, lanes: usize, canonical: [u8; N]) {
    let memory = stored(store);
    for lane in memory[..N * lanes].chunks(N) {
        assert_eq!(lane, canonical, "{store}");
    }
}

#[test]
fn nans_of_scalar_arithmetic_are_canonical() {
    for (ty, nans, other, check) in [
        ("f32", F32_NANS, "f64", (|store: &str| check(store, 1, F32_CANONICAL)) as fn(&str)),
        ("f64", F64_NANS, "f32", |store: &str| check(store, 1, F64_CANONICAL)),
    ] {
        let store = |value: String| check(&format!("({ty}.store (i32.const 0) {value})"));
        for nan in nans {
            for operation in ["add", "sub", "mul", "div", "min", "max"] {
                store(format!("({ty}.{operation} ({ty}.const {nan}) ({ty}.const 1))"));
                store(format!("({ty}.{operation} ({ty}.const 1) ({ty}.const {nan}))"));
            }
            for operation in ["sqrt", "ceil", "floor", "trunc", "nearest"] {
                store(format!("({ty}.{operation} ({ty}.const {nan}))"));
            }
        }
        for value in [
            format!("({ty}.div ({ty}.const 0) ({ty}.const 0))"),
            format!("({ty}.sub ({ty}.const inf) ({ty}.const inf))"),
            format!("({ty}.mul ({ty}.const -inf) ({ty}.const 0))"),
            format!("({ty}.sqrt ({ty}.const -1))"),
        ] {
            store(value);
        }
        // Computed at run time from values that the compiler does not know, and converted in both directions.
        let conversion = if ty == "f32" { "f32.demote_f64" } else { "f64.promote_f32" };
        store(format!("({conversion} ({other}.const -nan:0x12345))"));
        store(format!("({ty}.add ({ty}.load (i32.const 64)) ({ty}.const {}))", nans[1]));
    }
}

#[test]
fn nans_of_vector_arithmetic_are_canonical() {
    for (shape, ty, nans, check) in [
        ("f32x4", "f32", F32_NANS, (|store: &str| check(store, 4, F32_CANONICAL)) as fn(&str)),
        ("f64x2", "f64", F64_NANS, |store: &str| check(store, 2, F64_CANONICAL)),
    ] {
        for nan in nans {
            let nans = format!("({shape}.splat ({ty}.const {nan}))");
            let ones = format!("({shape}.splat ({ty}.const 1))");
            for operation in ["add", "sub", "mul", "div", "min", "max"] {
                check(&format!("(v128.store (i32.const 0) ({shape}.{operation} {nans} {ones}))"));
                check(&format!("(v128.store (i32.const 0) ({shape}.{operation} {ones} {nans}))"));
            }
            for operation in ["sqrt", "ceil", "floor", "trunc", "nearest"] {
                check(&format!("(v128.store (i32.const 0) ({shape}.{operation} {nans}))"));
            }
        }
    }
}

#[test]
fn other_instructions_keep_the_bits_of_a_nan() {
    // Specified to the bit: constants, loads and stores, reinterpretation, neg, abs, copysign.
    let memory = stored("(f32.store (i32.const 0) (f32.const nan:0x212345))");
    assert_eq!(memory[..4], [0x45, 0x23, 0xa1, 0x7f]);
    let memory = stored("(f32.store (i32.const 0) (f32.neg (f32.const nan:0x212345)))");
    assert_eq!(memory[..4], [0x45, 0x23, 0xa1, 0xff]);
    let memory = stored("(f32.store (i32.const 0) (f32.abs (f32.const -nan:0x212345)))");
    assert_eq!(memory[..4], [0x45, 0x23, 0xa1, 0x7f]);
}
