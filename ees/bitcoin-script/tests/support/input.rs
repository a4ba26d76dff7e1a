//! An input of a transaction with the rules of its vector, for our verification and for the oracle.

use bitcoin_hashes::{hash160, sha256};
use outrider_bitcoin_script::{
    Flags, InputError, Native, Software, Spending,
    policy::Policy,
    primitives::{Amount, ScriptPubKeyBuf, Transaction, TxOut},
    taproot::{TAPSCRIPT_LEAF_VERSION, leaf_hash, tweak_hash},
    verify_input_with_policy,
};
use secp256k1::{Scalar, XOnlyPublicKey};

/// An input of a transaction, and the rules of the vector.
#[derive(Clone)]
pub struct Case {
    pub name: String,
    pub transaction: Transaction,
    pub spent_outputs: Vec<TxOut>,
    pub input_index: usize,
    pub flags: Flags,
    pub policy: Policy,
}

impl Case {
    pub fn verify(&self) -> Result<(), InputError> {
        self.verify_with(self.flags, self.policy)
    }

    pub fn verify_with(&self, flags: Flags, policy: Policy) -> Result<(), InputError> {
        let spending = Spending::new(&self.transaction, &self.spent_outputs).unwrap();
        verify_input_with_policy(&spending, self.input_index, flags, policy, &Native)
    }

    /// Returns what Bitcoin Core says, under consensus flags alone.
    #[cfg(feature = "oracle")]
    pub fn oracle(&self, flags: Flags) -> bool {
        let utxo = |output: &TxOut| bitcoinconsensus::Utxo {
            script_pubkey: output.script_pubkey.as_bytes().as_ptr(),
            script_pubkey_len: output.script_pubkey.len() as u32,
            value: output.amount.to_sat() as i64,
        };
        let utxos: Vec<_> = self.spent_outputs.iter().map(utxo).collect();
        let spent = &self.spent_outputs[self.input_index];
        let result = bitcoinconsensus::verify_with_flags(
            spent.script_pubkey.as_bytes(),
            spent.amount.to_sat(),
            &bitcoin_consensus_encoding::encode_to_vec(&self.transaction),
            Some(&utxos),
            self.input_index,
            flags.bits(),
        );
        if let Err(error) = result {
            // Only the verdict on the script, and no complaint about the arguments.
            assert_eq!(error, bitcoinconsensus::Error::ERR_SCRIPT, "{}", self.name);
        }
        result.is_ok()
    }

    /// Checks that both verdicts are the same, and returns it.
    #[cfg(feature = "oracle")]
    #[track_caller]
    pub fn check(&self, flags: Flags) -> bool {
        let got = self.verify_with(flags, Policy::empty());
        let raw = bitcoin_consensus_encoding::encode_to_vec(&self.transaction);
        assert_eq!(
            got.is_ok(),
            self.oracle(flags),
            "{} under {flags:?}: {got:?} of {raw:x?} that spends {:x?}",
            self.name,
            self.spent_outputs
        );
        got.is_ok()
    }
}

/// Removes the rules that need another one that is missing, as Bitcoin Core's tests do.
pub fn trim((mut flags, mut policy): (Flags, Policy)) -> (Flags, Policy) {
    if !flags.contains(Flags::P2SH) {
        flags -= Flags::WITNESS;
    }
    if !flags.contains(Flags::WITNESS) {
        policy -= Policy::CLEANSTACK;
        flags -= Flags::TAPROOT;
    }
    (flags, policy)
}

/// Returns every set of consensus flags in which each flag has the one that it needs.
pub fn all_flags() -> Vec<Flags> {
    let bits: Vec<Flags> = Flags::all().iter().collect();
    let set = |selection: u32| {
        bits.iter()
            .enumerate()
            .filter(|(index, _)| selection >> index & 1 != 0)
            .map(|(_, flag)| *flag)
            .collect()
    };
    let sets = (0..1 << bits.len()).map(set);
    sets.filter(|flags: &Flags| trim((*flags, Policy::empty())).0 == *flags).collect()
}

pub fn output(amount: u64, script_pubkey: Vec<u8>) -> TxOut {
    TxOut {
        amount: Amount::from_sat(amount).unwrap(),
        script_pubkey: ScriptPubKeyBuf::from_bytes(script_pubkey),
    }
}

pub fn p2sh(script: &[u8]) -> Vec<u8> {
    [&[0xa9, 20][..], &hash160::Hash::hash(script).to_byte_array(), &[0x87]].concat()
}

pub fn p2wsh(script: &[u8]) -> Vec<u8> {
    [&[0, 32][..], &sha256::Hash::hash(script).to_byte_array()].concat()
}

/// Returns the output whose only leaf is a script, under a key that nobody knows, and the control block of the leaf.
pub fn tapscript(script: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let internal = XOnlyPublicKey::from_byte_array(NUMS).unwrap();
    let tweak = tweak_hash(&NUMS, Some(&leaf_hash(TAPSCRIPT_LEAF_VERSION, script, &Software)), &Software);
    let (key, parity) = internal.add_tweak(&Scalar::from_be_bytes(tweak).unwrap()).unwrap();
    let control = [&[TAPSCRIPT_LEAF_VERSION | parity.to_u8()][..], &NUMS].concat();
    ([&[0x51, 32][..], &key.to_byte_array()].concat(), control)
}

/// A point whose discrete logarithm nobody knows (BIP 341).
const NUMS: [u8; 32] = [
    0x50, 0x92, 0x9b, 0x74, 0xc1, 0xa0, 0x49, 0x54, 0xb7, 0x8b, 0x4b, 0x60, 0x35, 0xe9, 0x7a, 0x5e, 0x07,
    0x8a, 0x5a, 0x0f, 0x28, 0xec, 0x96, 0xd5, 0x47, 0xbf, 0xee, 0x9a, 0xce, 0x80, 0x3a, 0xc0,
];
