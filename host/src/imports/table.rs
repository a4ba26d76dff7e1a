//! The binding of the ABI's imports to their functions.
//!
//! [`ABI`] is the table; this module has a function for each of its entries, in the same order. The compiler checks
//! that every entry is bound once, by its names and with its types.

use outrider_abi::{ABI, Import, ValueType};

use super::{Call, bignum, crypto, debug, eth2, receipt, state};
use crate::error::HostCallError;

/// The function of an import, by signature; an engine links each kind in its own way.
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

/// Returns every import with its function.
pub(crate) fn bound_imports() -> impl Iterator<Item = (&'static Import, HostFunction)> {
    ABI.iter().zip(FUNCTIONS.iter().map(|bound| bound.function))
}

/// A function, and the names of its import.
#[derive(Clone, Copy)]
struct Bound {
    module: &'static str,
    name: &'static str,
    function: HostFunction,
}

const fn bound(module: &'static str, name: &'static str, function: HostFunction) -> Bound {
    Bound { module, name, function }
}

static FUNCTIONS: &[Bound] = &[
    bound("eth2", "loadPreStateRoot", HostFunction::I32(eth2::load_pre_state_root)),
    bound("eth2", "blockDataSize", HostFunction::ToI32(eth2::block_data_size)),
    bound("eth2", "blockDataCopy", HostFunction::I32I32I32(eth2::block_data_copy)),
    bound("eth2", "savePostStateRoot", HostFunction::I32(eth2::save_post_state_root)),
    bound("eth2", "pushNewDeposit", HostFunction::I32I32(eth2::push_new_deposit)),
    bound("eth2", "refuse", HostFunction::I32I32(eth2::refuse)),
    bound("eth2", "useTicks", HostFunction::I32(eth2::use_ticks)),
    bound("eth2", "contextShard", HostFunction::ToI64(eth2::context_shard)),
    bound("eth2", "contextSlot", HostFunction::ToI64(eth2::context_slot)),
    bound("eth2", "contextEeIndex", HostFunction::ToI64(eth2::context_ee_index)),
    bound("eth2", "contextBeaconRoot", HostFunction::I32(eth2::context_beacon_root)),
    bound("eth2", "contextBalance", HostFunction::ToI64(eth2::context_balance)),
    bound("eth2", "contextFinalizedSlot", HostFunction::ToI64(eth2::context_finalized_slot)),
    bound("eth2", "payProposer", HostFunction::I64(eth2::pay_proposer)),
    bound("eth2", "readCount", HostFunction::ToI32(eth2::read_count)),
    bound("eth2", "readRoot", HostFunction::I32I32(eth2::read_root)),
    bound("eth2", "pushReceipt", HostFunction::I32I32(receipt::push_receipt)),
    bound("eth2", "receiptCount", HostFunction::ToI32(receipt::receipt_count)),
    bound("eth2", "receiptCopy", HostFunction::I32x3ToI32(receipt::receipt_copy)),
    bound("eth2", "rejectReceipt", HostFunction::I32(receipt::reject_receipt)),
    bound("debug", "print32", HostFunction::I32(debug::print32)),
    bound("debug", "print64", HostFunction::I64(debug::print64)),
    bound("debug", "printMem", HostFunction::I32I32(debug::print_mem)),
    bound("debug", "printMemHex", HostFunction::I32I32(debug::print_mem_hex)),
    bound("debug", "log", HostFunction::I32(debug::log)),
    bound("debug", "mem", HostFunction::I32I32(debug::mem)),
    bound("debug", "print_f2", HostFunction::I32(debug::print_f2)),
    bound("debug", "print_f6", HostFunction::I32(debug::print_f6)),
    bound("bignum", "add256", HostFunction::I32I32I32(bignum::add256)),
    bound("bignum", "sub256", HostFunction::I32I32I32(bignum::sub256)),
    bound("crypto", "keccak256", HostFunction::I32I32I32(crypto::keccak256)),
    bound("crypto", "sha256", HostFunction::I32I32I32(crypto::sha256)),
    bound("crypto", "sha512_256", HostFunction::I32I32I32(crypto::sha512_256)),
    bound("crypto", "ripemd160", HostFunction::I32I32I32(crypto::ripemd160)),
    bound("crypto", "blake2bCompress", HostFunction::I32x2ToI32(crypto::blake2b_compress)),
    bound("crypto", "secp256k1Recover", HostFunction::I32x4ToI32(crypto::secp256k1_recover)),
    bound("crypto", "secp256k1Verify", HostFunction::I32x4ToI32(crypto::secp256k1_verify)),
    bound("crypto", "schnorrVerify", HostFunction::I32x4ToI32(crypto::schnorr_verify)),
    bound(
        "crypto",
        "secp256k1XonlyTweakAddCheck",
        HostFunction::I32x4ToI32(crypto::secp256k1_xonly_tweak_add_check),
    ),
    bound("crypto", "modexp", HostFunction::I32x7ToI32(crypto::modexp)),
    bound("crypto", "bn254Add", HostFunction::I32x3ToI32(crypto::bn254_add)),
    bound("crypto", "bn254Mul", HostFunction::I32x3ToI32(crypto::bn254_mul)),
    bound("crypto", "bn254PairingCheck", HostFunction::I32x2ToI32(crypto::bn254_pairing_check)),
    bound("crypto", "bls12381G1Add", HostFunction::I32x3ToI32(crypto::bls12381_g1_add)),
    bound("crypto", "bls12381G2Add", HostFunction::I32x3ToI32(crypto::bls12381_g2_add)),
    bound("crypto", "bls12381G1Msm", HostFunction::I32x3ToI32(crypto::bls12381_g1_msm)),
    bound("crypto", "bls12381G2Msm", HostFunction::I32x3ToI32(crypto::bls12381_g2_msm)),
    bound("crypto", "bls12381PairingCheck", HostFunction::I32x2ToI32(crypto::bls12381_pairing_check)),
    bound("crypto", "bls12381MapFpToG1", HostFunction::I32x2ToI32(crypto::bls12381_map_fp_to_g1)),
    bound("crypto", "bls12381MapFp2ToG2", HostFunction::I32x2ToI32(crypto::bls12381_map_fp2_to_g2)),
    bound("crypto", "blsVerify", HostFunction::I32x4ToI32(crypto::bls_verify)),
    bound("crypto", "blsFastAggregateVerify", HostFunction::I32x5ToI32(crypto::bls_fast_aggregate_verify)),
    bound("crypto", "blsAggregateVerify", HostFunction::I32x4ToI32(crypto::bls_aggregate_verify)),
    bound("crypto", "blsAggregate", HostFunction::I32x3ToI32(crypto::bls_aggregate)),
    bound("crypto", "kzgVerify", HostFunction::I32x4ToI32(crypto::kzg_verify)),
    bound("crypto", "p256Verify", HostFunction::I32x3ToI32(crypto::p256_verify)),
    bound("state", "mode", HostFunction::ToI32(state::mode)),
    bound("state", "getNode", HostFunction::I32x3ToI32(state::get_node)),
    bound("state", "getBlob", HostFunction::I32x3ToI32(state::get_blob)),
    bound("state", "putNode", HostFunction::I32x5ToI32(state::put_node)),
    bound("state", "putBlockData", HostFunction::I32I32(state::put_block_data)),
];

const _: () = {
    assert!(FUNCTIONS.len() == ABI.len(), "an import of the ABI has no function, or a function no import");
    let mut index = 0;
    while index < ABI.len() {
        let (import, bound) = (&ABI[index], &FUNCTIONS[index]);
        assert!(
            is_same(import.module, bound.module) && is_same(import.name, bound.name),
            "the functions are not in the order of the imports"
        );
        assert!(bound.function.has_type_of(import), "the type of a function is not that of its import");
        index += 1;
    }
};

impl HostFunction {
    /// Returns whether the function has the parameters and results that the ABI lists for an import.
    const fn has_type_of(&self, import: &Import) -> bool {
        use ValueType::{I32, I64};
        let (parameters, result): (&[ValueType], _) = match self {
            Self::ToI32(_) => (&[], Some(I32)),
            Self::ToI64(_) => (&[], Some(I64)),
            Self::I32(_) => (&[I32], None),
            Self::I64(_) => (&[I64], None),
            Self::I32I32(_) => (&[I32; 2], None),
            Self::I32I32I32(_) => (&[I32; 3], None),
            Self::I32x2ToI32(_) => (&[I32; 2], Some(I32)),
            Self::I32x3ToI32(_) => (&[I32; 3], Some(I32)),
            Self::I32x4ToI32(_) => (&[I32; 4], Some(I32)),
            Self::I32x5ToI32(_) => (&[I32; 5], Some(I32)),
            Self::I32x7ToI32(_) => (&[I32; 7], Some(I32)),
        };
        let mut is_alike = parameters.len() == import.parameters.len()
            && match (result, import.result) {
                (Some(ours), Some(theirs)) => ours as u8 == theirs as u8,
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
        let mut index = 0;
        while is_alike && index < parameters.len() {
            is_alike = parameters[index] as u8 == import.parameters[index].value_type() as u8;
            index += 1;
        }
        is_alike
    }
}

/// Compares texts as `==` does, which is not available in constants.
const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut is_alike = a.len() == b.len();
    let mut index = 0;
    while is_alike && index < a.len() {
        is_alike = a[index] == b[index];
        index += 1;
    }
    is_alike
}
