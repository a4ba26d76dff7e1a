//! The target of EEs.

/// The target that EEs are built for.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// The target features of EEs beyond the default: products of 128 bits, which make 256-bit arithmetic fast. SIMD is not among them,
/// because LLVM 22 miscompiles it: to shift `0xff_u8` to the right, it uses lanes of 32 bits that it has filled with ones.
pub(super) const FEATURES: &str = "+wide-arithmetic";
