//! The target of EEs.

/// The target that EEs are built for.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// The features that EEs use beyond the target's default: products of 128 bits, of which 256-bit arithmetic is made. SIMD is not among
/// them, as LLVM 22 compiles it wrongly: it shifts `0xff_u8` to the right in lanes of 32 bits that it has filled with ones.
pub(super) const FEATURES: &str = "+wide-arithmetic";
