//! The one table of everything an EE may import.
//!
//! Each entry has two spellings, scout's two: `eth2.blockDataSize` (module `eth2`) and
//! `env.eth2_blockDataSize` (module `env`). Pointers, offsets and lengths are unsigned 32-bit numbers that
//! travel as `i32`; a range that is not within the EE's memory is a trap.

use std::cmp::Ordering;
use std::fmt;

use crate::error::HostCallError;
use crate::imports::{Call, bignum, crypto, debug, eth2, state};

/// One function that an EE may import.
pub struct Import {
    /// The module, such as `eth2`.
    pub module: &'static str,
    /// The name within the module, such as `blockDataSize`.
    pub name: &'static str,
    /// The parameters' names, in order.
    pub parameters: &'static [&'static str],
    /// What the function does, in one sentence.
    pub summary: &'static str,
    /// What a call costs.
    pub fuel: FuelCost,
    pub(crate) function: HostFunction,
}

/// What a call of an import costs, in fuel.
///
/// A price stands for the worst that a call can be given, of inputs that are good, refused and refuted, of all sizes, and is paid
/// before the work is done. It comes from calls in a loop of wasm, their way there and back included. Measured so, no call takes
/// more than 2.6 times as long for its fuel as typical code (`outrider calibrate --filter import`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FuelCost {
    /// For the call itself.
    pub base: u64,
    /// For each unit of work: a byte that is moved or hashed, a tick that is spent, or what the summary names.
    pub per_unit: u64,
}

impl FuelCost {
    /// Converts what a call was measured to take: the call itself in nanoseconds, each unit in picoseconds.
    const fn measured(base_ns: u64, unit_ps: u64) -> Self {
        Self { base: base_ns * FUEL_PER_NS, per_unit: (unit_ps * FUEL_PER_NS).div_ceil(1000) }
    }
}

/// Fuel that guests' own code spends in a nanosecond where it computes hashes, with a margin; typical code spends 65 on the
/// machine that the prices were measured on.
const FUEL_PER_NS: u64 = 25;

/// The least that a call takes, there and back.
const CALL: FuelCost = FuelCost::measured(40, 0);
/// A call that copies bytes.
const COPY: FuelCost = FuelCost::measured(40, 40);
/// A call that logs: the entry is kept as long as there is room, and its bytes are formatted if anybody listens.
const LOG: FuelCost = FuelCost::measured(200, 1000);
/// A call that logs text: a byte that is not UTF-8 becomes three that stand for it, in memory that is fresh.
const LOG_TEXT: FuelCost = FuelCost::measured(200, 3_000);
/// A call that keeps bytes for the provider, in fresh memory, which the kernel has to clear first: that takes ten times as long
/// as to copy.
const KEEP: FuelCost = FuelCost::measured(100, 400);
/// A call that searches a store. One of 300,000 nodes on disk took 2 us for what it had in memory, found or not, and 5 to 6.5
/// for what it read first; a node that is read is copied to fresh memory.
const FETCH: FuelCost = FuelCost::measured(4_000, 400);

/// A module of the ABI: some imports that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportModule {
    /// The name, such as `eth2`.
    pub name: &'static str,
    /// What its functions have in common, in a sentence or two.
    pub summary: &'static str,
}

/// The modules of [`ABI`], in its order.
pub static MODULES: &[ImportModule] = &[
    ImportModule { name: "eth2", summary: "The block, the state root, deposits, and where the block is." },
    ImportModule { name: "debug", summary: "Logs. What is logged changes nothing." },
    ImportModule { name: "bignum", summary: "Arithmetic of numbers of 32 bytes." },
    ImportModule {
        name: "crypto",
        summary: "Hashes, signatures, curves. A function with a result returns 0 if the claim holds or the output is \
                  written, 1 if the input is well-formed but refuted, 2 if it is malformed.",
    },
    ImportModule {
        name: "state",
        summary: "For who holds the whole state and makes blocks; on a shard there are no nodes and no blobs.",
    },
];

/// An export that every EE has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequiredExport {
    /// The name.
    pub name: &'static str,
    /// What it is: `memory` or `function`.
    pub kind: &'static str,
    /// What it is for, in one sentence.
    pub summary: &'static str,
}

/// What an EE has to export.
pub static REQUIRED_EXPORTS: &[RequiredExport] = &[
    RequiredExport {
        name: "memory",
        kind: "memory",
        summary: "What the pointers of the imports point into.",
    },
    RequiredExport {
        name: "main",
        kind: "function",
        summary: "Takes nothing. The host calls it once for a block, and drops what it returns.",
    },
];

/// Every import there is.
pub static ABI: &[Import] = &[
    Import {
        module: "eth2",
        name: "loadPreStateRoot",
        parameters: &["out"],
        summary: "Writes the 32-byte pre-state root at out.",
        fuel: CALL,
        function: HostFunction::I32(eth2::load_pre_state_root),
    },
    Import {
        module: "eth2",
        name: "blockDataSize",
        parameters: &[],
        summary: "Returns the length of the block data in bytes.",
        fuel: CALL,
        function: HostFunction::ToI32(eth2::block_data_size),
    },
    Import {
        module: "eth2",
        name: "blockDataCopy",
        parameters: &["out", "offset", "length"],
        summary: "Copies block_data[offset .. offset + length] to out.",
        fuel: COPY,
        function: HostFunction::I32I32I32(eth2::block_data_copy),
    },
    Import {
        module: "eth2",
        name: "savePostStateRoot",
        parameters: &["pointer"],
        summary: "Reads the 32-byte post-state root at pointer; the last call counts.",
        fuel: CALL,
        function: HostFunction::I32(eth2::save_post_state_root),
    },
    Import {
        module: "eth2",
        name: "pushNewDeposit",
        parameters: &["pointer", "length"],
        summary: "Emits the 184-byte deposit at pointer.",
        fuel: CALL,
        function: HostFunction::I32I32(eth2::push_new_deposit),
    },
    Import {
        module: "eth2",
        name: "refuse",
        parameters: &["pointer", "length"],
        summary: "Refuses the block for the reason at pointer, text of which 1,024 bytes are kept; does not return.",
        fuel: LOG_TEXT,
        function: HostFunction::I32I32(eth2::refuse),
    },
    Import {
        module: "eth2",
        name: "useTicks",
        parameters: &["ticks"],
        summary: "Spends ticks; traps when fewer are left.",
        fuel: FuelCost { base: CALL.base, per_unit: 1 },
        function: HostFunction::I32(eth2::use_ticks),
    },
    Import {
        module: "eth2",
        name: "contextShard",
        parameters: &[],
        summary: "Returns the index of the shard.",
        fuel: CALL,
        function: HostFunction::ToI64(eth2::context_shard),
    },
    Import {
        module: "eth2",
        name: "contextSlot",
        parameters: &[],
        summary: "Returns the slot of the block.",
        fuel: CALL,
        function: HostFunction::ToI64(eth2::context_slot),
    },
    Import {
        module: "eth2",
        name: "contextEeIndex",
        parameters: &[],
        summary: "Returns the EE's own index.",
        fuel: CALL,
        function: HostFunction::ToI64(eth2::context_ee_index),
    },
    Import {
        module: "eth2",
        name: "contextBeaconRoot",
        parameters: &["out"],
        summary: "Writes the 32-byte root of the beacon block at out.",
        fuel: CALL,
        function: HostFunction::I32(eth2::context_beacon_root),
    },
    Import {
        module: "debug",
        name: "print32",
        parameters: &["value"],
        summary: "Logs a 32-bit integer.",
        fuel: LOG,
        function: HostFunction::I32(debug::print32),
    },
    Import {
        module: "debug",
        name: "print64",
        parameters: &["value"],
        summary: "Logs a 64-bit integer.",
        fuel: LOG,
        function: HostFunction::I64(debug::print64),
    },
    Import {
        module: "debug",
        name: "printMem",
        parameters: &["pointer", "length"],
        summary: "Logs text.",
        fuel: LOG_TEXT,
        function: HostFunction::I32I32(debug::print_mem),
    },
    Import {
        module: "debug",
        name: "printMemHex",
        parameters: &["pointer", "length"],
        summary: "Logs bytes in hex.",
        fuel: LOG,
        function: HostFunction::I32I32(debug::print_mem_hex),
    },
    // Not in scout, but in blobs of its time.
    Import {
        module: "debug",
        name: "log",
        parameters: &["value"],
        summary: "Logs a 32-bit integer.",
        fuel: LOG,
        function: HostFunction::I32(debug::log),
    },
    Import {
        module: "debug",
        name: "mem",
        parameters: &["pointer", "length"],
        summary: "Logs bytes in hex.",
        fuel: LOG,
        function: HostFunction::I32I32(debug::mem),
    },
    Import {
        module: "debug",
        name: "print_f2",
        parameters: &["value"],
        summary: "Logs a 32-bit integer.",
        fuel: LOG,
        function: HostFunction::I32(debug::print_f2),
    },
    Import {
        module: "debug",
        name: "print_f6",
        parameters: &["value"],
        summary: "Logs a 32-bit integer.",
        fuel: LOG,
        function: HostFunction::I32(debug::print_f6),
    },
    Import {
        module: "bignum",
        name: "add256",
        parameters: &["a", "b", "sum"],
        summary: "Adds the 256-bit big-endian numbers at a and b; overflow traps.",
        fuel: CALL,
        function: HostFunction::I32I32I32(bignum::add256),
    },
    Import {
        module: "bignum",
        name: "sub256",
        parameters: &["a", "b", "difference"],
        summary: "Subtracts the 256-bit big-endian number at b from that at a; overflow traps.",
        fuel: CALL,
        function: HostFunction::I32I32I32(bignum::sub256),
    },
    // `cargo bench -p outrider-crypto` has what each takes without the way there and back.
    Import {
        module: "crypto",
        name: "keccak256",
        parameters: &["pointer", "length", "out"],
        summary: "Writes the 32-byte Keccak-256 of the bytes.",
        fuel: FuelCost::measured(295, 2_000),
        function: HostFunction::I32I32I32(crypto::keccak256),
    },
    Import {
        module: "crypto",
        name: "sha256",
        parameters: &["pointer", "length", "out"],
        summary: "Writes the 32-byte SHA-256 (FIPS 180-4) of the bytes.",
        fuel: FuelCost::measured(54, 510),
        function: HostFunction::I32I32I32(crypto::sha256),
    },
    Import {
        module: "crypto",
        name: "ripemd160",
        parameters: &["pointer", "length", "out"],
        summary: "Writes the 20-byte RIPEMD-160 of the bytes.",
        fuel: FuelCost::measured(192, 2_700),
        function: HostFunction::I32I32I32(crypto::ripemd160),
    },
    Import {
        module: "crypto",
        name: "blake2bCompress",
        parameters: &["input", "out"],
        summary: "Applies BLAKE2b's F (EIP-152) to 213 bytes and writes 64; the unit is a round.",
        fuel: FuelCost::measured(65, 9_200),
        function: HostFunction::I32x2ToI32(crypto::blake2b_compress),
    },
    Import {
        module: "crypto",
        name: "secp256k1Recover",
        parameters: &["digest", "signature", "id", "out"],
        summary: "Writes the 64-byte key that signed the digest, by the rules of ecrecover.",
        fuel: FuelCost::measured(26_800, 0),
        function: HostFunction::I32x4ToI32(crypto::secp256k1_recover),
    },
    Import {
        module: "crypto",
        name: "secp256k1Verify",
        parameters: &["digest", "signature", "key", "keyLength"],
        summary: "Verifies an ECDSA signature `r || s` under a key of 33 or 65 bytes.",
        fuel: FuelCost::measured(26_200, 0),
        function: HostFunction::I32x4ToI32(crypto::secp256k1_verify),
    },
    Import {
        module: "crypto",
        name: "schnorrVerify",
        parameters: &["message", "length", "signature", "key"],
        summary: "Verifies a Schnorr signature (BIP-340) under an x-only key.",
        fuel: FuelCost::measured(25_900, 2_200),
        function: HostFunction::I32x4ToI32(crypto::schnorr_verify),
    },
    Import {
        module: "crypto",
        name: "modexp",
        parameters: &["base", "baseLength", "exponent", "exponentLength", "modulus", "modulusLength", "out"],
        summary: "Writes base ^ exponent mod modulus (EIP-198), of big-endian numbers; there are (words + 3)^2 * (bits + 16) units, by the \
                  words of 8 bytes of the longer of base and modulus, and the bits of the exponent.",
        fuel: FuelCost::measured(400, 2_300),
        function: HostFunction::I32x7ToI32(crypto::modexp),
    },
    Import {
        module: "crypto",
        name: "bn254Add",
        parameters: &["a", "b", "out"],
        summary: "Adds two points of bn254's G1 (EIP-196).",
        fuel: FuelCost::measured(2_800, 0),
        function: HostFunction::I32x3ToI32(crypto::bn254_add),
    },
    Import {
        module: "crypto",
        name: "bn254Mul",
        parameters: &["point", "scalar", "out"],
        summary: "Multiplies a point of bn254's G1 by a scalar (EIP-196).",
        fuel: FuelCost::measured(50_000, 0),
        function: HostFunction::I32x3ToI32(crypto::bn254_mul),
    },
    Import {
        module: "crypto",
        name: "bn254PairingCheck",
        parameters: &["pairs", "n"],
        summary: "Checks that the product of n pairings is one (EIP-197); the unit is a pair.",
        fuel: FuelCost::measured(350_000, 330_000_000),
        function: HostFunction::I32x2ToI32(crypto::bn254_pairing_check),
    },
    Import {
        module: "crypto",
        name: "bls12381G1Add",
        parameters: &["a", "b", "out"],
        summary: "Adds two points of BLS12-381's G1 (EIP-2537).",
        fuel: FuelCost::measured(2_800, 0),
        function: HostFunction::I32x3ToI32(crypto::bls12381_g1_add),
    },
    Import {
        module: "crypto",
        name: "bls12381G2Add",
        parameters: &["a", "b", "out"],
        summary: "Adds two points of BLS12-381's G2 (EIP-2537).",
        fuel: FuelCost::measured(4_600, 0),
        function: HostFunction::I32x3ToI32(crypto::bls12381_g2_add),
    },
    Import {
        module: "crypto",
        name: "bls12381G1Msm",
        parameters: &["terms", "n", "out"],
        summary: "Sums n multiples of points of G1 (EIP-2537); the unit is a term.",
        fuel: FuelCost::measured(75_000, 60_000_000),
        function: HostFunction::I32x3ToI32(crypto::bls12381_g1_msm),
    },
    Import {
        module: "crypto",
        name: "bls12381G2Msm",
        parameters: &["terms", "n", "out"],
        summary: "Sums n multiples of points of G2 (EIP-2537); the unit is a term.",
        fuel: FuelCost::measured(140_000, 115_000_000),
        function: HostFunction::I32x3ToI32(crypto::bls12381_g2_msm),
    },
    Import {
        module: "crypto",
        name: "bls12381PairingCheck",
        parameters: &["pairs", "n"],
        summary: "Checks that the product of n pairings is one (EIP-2537); the unit is a pair.",
        fuel: FuelCost::measured(350_000, 200_000_000),
        function: HostFunction::I32x2ToI32(crypto::bls12381_pairing_check),
    },
    Import {
        module: "crypto",
        name: "bls12381MapFpToG1",
        parameters: &["element", "out"],
        summary: "Maps a field element to a point of G1 (EIP-2537).",
        fuel: FuelCost::measured(33_000, 0),
        function: HostFunction::I32x2ToI32(crypto::bls12381_map_fp_to_g1),
    },
    Import {
        module: "crypto",
        name: "bls12381MapFp2ToG2",
        parameters: &["element", "out"],
        summary: "Maps an element of the quadratic extension to a point of G2 (EIP-2537).",
        fuel: FuelCost::measured(114_000, 0),
        function: HostFunction::I32x2ToI32(crypto::bls12381_map_fp2_to_g2),
    },
    Import {
        module: "crypto",
        name: "blsVerify",
        parameters: &["key", "message", "length", "signature"],
        summary: "Verifies a BLS signature of the beacon chain.",
        fuel: FuelCost::measured(940_000, 510),
        function: HostFunction::I32x4ToI32(crypto::bls_verify),
    },
    Import {
        module: "crypto",
        name: "blsFastAggregateVerify",
        parameters: &["keys", "n", "message", "length", "signature"],
        summary: "Verifies a BLS signature by n keys of one message; the unit is a key.",
        fuel: FuelCost::measured(890_000, 45_000_000),
        function: HostFunction::I32x5ToI32(crypto::bls_fast_aggregate_verify),
    },
    Import {
        module: "crypto",
        name: "blsAggregateVerify",
        parameters: &["keys", "messages", "n", "signature"],
        summary: "Verifies a BLS signature by n keys of a 32-byte message each; the unit is a key.",
        fuel: FuelCost::measured(610_000, 333_000_000),
        function: HostFunction::I32x4ToI32(crypto::bls_aggregate_verify),
    },
    Import {
        module: "crypto",
        name: "blsAggregate",
        parameters: &["signatures", "n", "out"],
        summary: "Sums n BLS signatures; the unit is a signature.",
        fuel: FuelCost::measured(10_000, 63_000_000),
        function: HostFunction::I32x3ToI32(crypto::bls_aggregate),
    },
    Import {
        module: "crypto",
        name: "kzgVerify",
        parameters: &["commitment", "z", "y", "proof"],
        summary: "Verifies a KZG proof that the polynomial of a commitment is y at z (EIP-4844).",
        fuel: FuelCost::measured(860_000, 0),
        function: HostFunction::I32x4ToI32(crypto::kzg_verify),
    },
    Import {
        module: "crypto",
        name: "p256Verify",
        parameters: &["digest", "signature", "key"],
        summary: "Verifies an ECDSA signature `r || s` over P-256 under a key `x || y` (EIP-7951).",
        fuel: FuelCost::measured(215_000, 0),
        function: HostFunction::I32x3ToI32(crypto::p256_verify),
    },
    Import {
        module: "state",
        name: "mode",
        parameters: &[],
        summary: "Returns 1 in provider mode, and 0 otherwise.",
        fuel: CALL,
        function: HostFunction::ToI32(state::mode),
    },
    Import {
        module: "state",
        name: "getNode",
        parameters: &["hash", "out", "capacity"],
        summary: "Returns the length of the node with the 32-byte hash, or -1; writes it at out if capacity allows.",
        fuel: FETCH,
        function: HostFunction::I32x3ToI32(state::get_node),
    },
    Import {
        module: "state",
        name: "getBlob",
        parameters: &["hash", "out", "capacity"],
        summary: "Returns the length of the blob with the 32-byte hash, or -1; writes it at out if capacity allows.",
        fuel: FETCH,
        function: HostFunction::I32x3ToI32(state::get_blob),
    },
    Import {
        module: "state",
        name: "putNode",
        parameters: &["hash", "pointer", "length", "children", "n"],
        summary: "Hands a new node or blob to the provider, with the n 32-byte hashes it refers to; returns 1 if taken.",
        fuel: KEEP,
        function: HostFunction::I32x5ToI32(state::put_node),
    },
    Import {
        module: "state",
        name: "putBlockData",
        parameters: &["pointer", "length"],
        summary: "Hands the provider the block data from which the same comes out without it.",
        fuel: KEEP,
        function: HostFunction::I32I32(state::put_block_data),
    },
];

/// The types that imports take and return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
}

impl Import {
    /// Looks an import up by either of its spellings.
    pub fn find(module: &str, name: &str) -> Option<&'static Self> {
        let (module, name) = match module {
            LEGACY_MODULE => name.split_once('_')?,
            _ => (module, name),
        };
        ABI.iter().find(|import| import.module == module && import.name == name)
    }

    /// Tells whether the ABI has a module of this name, so that no library can have it.
    pub fn has_module(module: &str) -> bool {
        module == LEGACY_MODULE || ABI.iter().any(|import| import.module == module)
    }

    /// Returns the spelling within the module `env`, such as `eth2_blockDataSize`.
    pub fn legacy_name(&self) -> String {
        format!("{}_{}", self.module, self.name)
    }

    /// Tells whether a parameter of this name is a pointer into the EE's memory; all others are numbers.
    pub fn is_pointer(parameter: &str) -> bool {
        !NUMBERS.contains(&parameter)
    }

    /// Tells whether a parameter of this name is a pointer that the host writes through; through all others it reads.
    pub fn is_written(parameter: &str) -> bool {
        WRITTEN.contains(&parameter)
    }

    /// Tells whether a call ends the execution in any case.
    pub fn never_returns(&self) -> bool {
        (self.module, self.name) == ("eth2", "refuse")
    }

    /// Returns the types of the parameters.
    pub fn parameter_types(&self) -> &'static [ValueType] {
        use ValueType::{I32, I64};
        match self.function {
            HostFunction::ToI32(_) | HostFunction::ToI64(_) => &[],
            HostFunction::I32(_) => &[I32],
            HostFunction::I64(_) => &[I64],
            HostFunction::I32I32(_) => &[I32, I32],
            HostFunction::I32I32I32(_) => &[I32, I32, I32],
            HostFunction::I32x2ToI32(_) => &[I32; 2],
            HostFunction::I32x3ToI32(_) => &[I32; 3],
            HostFunction::I32x4ToI32(_) => &[I32; 4],
            HostFunction::I32x5ToI32(_) => &[I32; 5],
            HostFunction::I32x7ToI32(_) => &[I32; 7],
        }
    }

    /// Returns the type of the result, if there is one.
    pub fn result_type(&self) -> Option<ValueType> {
        match self.function {
            HostFunction::ToI32(_)
            | HostFunction::I32x2ToI32(_)
            | HostFunction::I32x3ToI32(_)
            | HostFunction::I32x4ToI32(_)
            | HostFunction::I32x5ToI32(_)
            | HostFunction::I32x7ToI32(_) => Some(ValueType::I32),
            HostFunction::ToI64(_) => Some(ValueType::I64),
            HostFunction::I32(_)
            | HostFunction::I64(_)
            | HostFunction::I32I32(_)
            | HostFunction::I32I32I32(_) => None,
        }
    }
}

/// The parameters that are numbers.
const NUMBERS: &[&str] = &[
    "baseLength",
    "capacity",
    "exponentLength",
    "id",
    "keyLength",
    "length",
    "modulusLength",
    "n",
    "offset",
    "ticks",
    "value",
];

/// The parameters that are pointers to where an answer goes.
const WRITTEN: &[&str] = &["difference", "out", "sum"];

/// The module of scout's older spelling.
pub(crate) const LEGACY_MODULE: &str = "env";

/// What an import does, by its signature; an engine links each kind in its own way.
#[derive(Clone, Copy)]
pub(crate) enum HostFunction {
    ToI32(fn(&Call<'_>) -> u32),
    ToI64(fn(&Call<'_>) -> u64),
    I32(fn(&mut Call<'_>, u32) -> Result<(), HostCallError>),
    I64(fn(&mut Call<'_>, u64) -> Result<(), HostCallError>),
    I32I32(fn(&mut Call<'_>, u32, u32) -> Result<(), HostCallError>),
    I32I32I32(fn(&mut Call<'_>, u32, u32, u32) -> Result<(), HostCallError>),
    I32x2ToI32(fn(&mut Call<'_>, [u32; 2]) -> Result<u32, HostCallError>),
    I32x3ToI32(fn(&mut Call<'_>, [u32; 3]) -> Result<u32, HostCallError>),
    I32x4ToI32(fn(&mut Call<'_>, [u32; 4]) -> Result<u32, HostCallError>),
    I32x5ToI32(fn(&mut Call<'_>, [u32; 5]) -> Result<u32, HostCallError>),
    I32x7ToI32(fn(&mut Call<'_>, [u32; 7]) -> Result<u32, HostCallError>),
}

/// Imports are told apart by their names; the table has each name once.
impl Ord for Import {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.module, self.name).cmp(&(other.module, other.name))
    }
}

impl PartialOrd for Import {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Import {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Import {}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.name)
    }
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Import({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_import_is_found_under_both_spellings() {
        for import in ABI {
            let found = Import::find(import.module, import.name).unwrap();
            assert!(std::ptr::eq(found, import), "{import} is in the table twice");
            let found = Import::find("env", &import.legacy_name()).unwrap();
            assert!(std::ptr::eq(found, import), "env.{} is ambiguous", import.legacy_name());
        }
    }

    #[test]
    fn each_import_names_its_parameters() {
        for import in ABI {
            assert_eq!(import.parameters.len(), import.parameter_types().len(), "{import}");
        }
    }

    #[test]
    fn each_parameter_is_known_to_be_a_pointer_or_a_number() {
        let pointers = "a b base children commitment difference digest element exponent hash input key keys \
                        message messages modulus out pairs point pointer proof scalar signature signatures sum \
                        terms y z";
        let pointers: Vec<_> = pointers.split(' ').collect();
        for parameter in ABI.iter().flat_map(|import| import.parameters) {
            assert_eq!(Import::is_pointer(parameter), pointers.contains(parameter), "{parameter}");
        }
    }

    #[test]
    fn what_is_written_is_a_pointer() {
        assert!(WRITTEN.iter().all(|parameter| Import::is_pointer(parameter)));
    }

    #[test]
    fn each_module_is_told_of_in_the_order_of_the_table() {
        let mut modules: Vec<_> = ABI.iter().map(|import| import.module).collect();
        modules.dedup();
        let told: Vec<_> = MODULES.iter().map(|module| module.name).collect();
        assert_eq!(told, modules);
    }

    #[test]
    fn nothing_else_is_found() {
        for (module, name) in [("env", "blockDataSize"), ("env", "eth2"), ("eth2", "eth2_useTicks"), ("", "")]
        {
            assert!(Import::find(module, name).is_none(), "{module}.{name}");
        }
    }
}
