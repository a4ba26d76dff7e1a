//! The limits of consensus on scripts.

/// The most bytes of a legacy or segwit v0 script that is executed; tapscript has no limit of its own.
pub const SCRIPT_BYTES_MAX: usize = 10_000;
/// The most bytes of a stack element.
pub const ELEMENT_BYTES_MAX: usize = 520;
/// The most operations of a legacy or segwit v0 script, without pushes, and with each key of `OP_CHECKMULTISIG`.
pub const OPERATIONS_MAX: usize = 201;
/// The most elements on stack and altstack together.
pub const STACK_ELEMENTS_MAX: usize = 1_000;
/// The most keys of `OP_CHECKMULTISIG`.
pub const MULTISIG_KEYS_MAX: usize = 20;
/// The most sigops of a block, each of which counts [`WITNESS_SCALE_FACTOR`] times outside of a witness (BIP 141).
pub const BLOCK_SIGOP_COST_MAX: u64 = 80_000;
/// The most weight of a block (BIP 141).
pub const BLOCK_WEIGHT_MAX: u64 = 4_000_000;
/// The weight of a byte outside of a witness, and the cost of a sigop there (BIP 141).
pub const WITNESS_SCALE_FACTOR: u64 = 4;
/// The sigops budget of tapscript: what is added to the bytes of the witness (BIP 342).
pub const VALIDATION_WEIGHT_OFFSET: usize = 50;
/// The sigops budget of tapscript: what a signature check with a signature takes (BIP 342).
pub const VALIDATION_WEIGHT_PER_SIGOP: usize = 50;
