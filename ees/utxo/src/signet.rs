//! The signature of a signet's block ([BIP 325], `src/signet.cpp`).
//!
//! The block is taken for an input of a transaction that spends an output with the *challenge* as its script. The
//! signature of the input is in the output that commits to the witnesses, behind a tag, and does not sign itself.
//!
//! [BIP 325]: https://github.com/bitcoin/bips/blob/master/bip-0325.mediawiki

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use bitcoin_consensus_encoding::decode_from_slice_unbounded;
use bitcoin_primitives::{
    Amount, OutPoint, ScriptPubKeyBuf, ScriptSigBuf, Sequence, Transaction, TransactionVersion, TxIn, TxOut,
    Witness, absolute::LockTime,
};
use outrider_bitcoin_script::{Flags, InputError, Spending, verify_input};
use outrider_sdk::Writer;

use crate::{
    block::{Block, commitment_index, merkle_root, txid},
    crypto::Host,
    error::BlockError,
};

/// Checks that the keys of the default signet have signed a block.
pub(crate) fn check(block: &Block) -> Result<(), BlockError> {
    let (transaction, spent) = challenge(block).ok_or(BlockError::Unsigned(None))?;
    let spending = Spending::new(&transaction, &spent).map_err(|_| BlockError::Unsigned(None))?;
    let flags = Flags::P2SH | Flags::WITNESS | Flags::DERSIG | Flags::NULLDUMMY;
    verify_input(&spending, 0, flags, &Host).map_err(|error: InputError| BlockError::Unsigned(Some(error)))
}

/// Returns the transaction that stands for a block and the output that it spends, or `None` if there is no commitment
/// to witnesses or the signature is malformed.
fn challenge(block: &Block) -> Option<(Transaction, [TxOut; 1])> {
    let mut coinbase = block.transactions.first()?.clone();
    let commitment = commitment_index(&coinbase)?;
    let output = coinbase.outputs.get_mut(commitment)?;
    let (script, solution) = take_solution(output.script_pubkey.as_bytes());
    output.script_pubkey = ScriptPubKeyBuf::from_bytes(script);
    let root =
        merkle_root(core::iter::once(txid(&coinbase)).chain(block.txids.iter().skip(1).copied()).collect())?;

    let header = &block.header;
    let signed = Writer::new().bytes(&header.version.to_consensus().to_le_bytes());
    let signed =
        signed.bytes(header.prev_blockhash.as_byte_array()).bytes(&root.0).u32_le(header.time.to_u32());
    let script_sig = [&[0][..], &push(&signed.finish())].concat();
    let output = |script: &[u8]| TxOut {
        amount: Amount::ZERO,
        script_pubkey: ScriptPubKeyBuf::from_bytes(script.to_vec()),
    };
    let spent = output(&CHALLENGE);
    let funding = transaction(OutPoint::COINBASE_PREVOUT, script_sig, Witness::new(), spent.clone());

    let (script_sig, witness) = match solution {
        Some(solution) => read_solution(&solution)?,
        None => Default::default(),
    };
    let previous = OutPoint { txid: funding.compute_txid(), vout: 0 };
    const OP_RETURN: u8 = 0x6a;
    Some((transaction(previous, script_sig, witness, output(&[OP_RETURN])), [spent]))
}

fn transaction(
    previous_output: OutPoint,
    script_sig: Vec<u8>,
    witness: Witness,
    output: TxOut,
) -> Transaction {
    let script_sig = ScriptSigBuf::from_bytes(script_sig);
    let input = TxIn { previous_output, script_sig, sequence: Sequence::ZERO, witness };
    Transaction {
        version: TransactionVersion::maybe_non_standard(0),
        lock_time: LockTime::ZERO,
        inputs: [input].to_vec(),
        outputs: [output].to_vec(),
    }
}

/// Reads the script and the witness of a solution, with nothing behind them.
fn read_solution(mut bytes: &[u8]) -> Option<(Vec<u8>, Witness)> {
    let script_sig: ScriptSigBuf = decode_from_slice_unbounded(&mut bytes).ok()?;
    let witness = decode_from_slice_unbounded(&mut bytes).ok()?;
    bytes.is_empty().then(|| (script_sig.into_bytes(), witness))
}

/// Takes the solution out of a script: the data of the first push that goes on behind the tag. The tag stays. A script
/// without a solution stays as it is.
fn take_solution(script: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut kept = Vec::new();
    let mut solution = None;
    let mut rest = script;
    while let Some((opcode, data, after)) = split_operation(rest) {
        rest = after;
        match data.strip_prefix(&TAG) {
            Some(taken) if solution.is_none() && !taken.is_empty() => {
                solution = Some(taken.to_vec());
                kept.extend(push(&TAG));
            }
            _ if data.is_empty() => kept.push(opcode),
            _ => kept.extend(push(data)),
        }
    }
    (if solution.is_some() { kept } else { script.to_vec() }, solution)
}

/// Splits the first operation, with the data that it pushes, from a script; `None` at its end and at data that is cut
/// off.
fn split_operation(script: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (opcode, rest) = script.split_first()?;
    let (length, rest) = match opcode {
        0..=0x4b => (usize::from(*opcode), rest),
        0x4c => rest.split_first_chunk().map(|(n, rest)| (usize::from(u8::from_le_bytes(*n)), rest))?,
        0x4d => rest.split_first_chunk().map(|(n, rest)| (usize::from(u16::from_le_bytes(*n)), rest))?,
        0x4e => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::try_from(u32::from_le_bytes(*length)).ok()?, rest)
        }
        _ => (0, rest),
    };
    let (data, rest) = rest.split_at_checked(length)?;
    Some((*opcode, data, rest))
}

/// Returns the operation that pushes data with the shortest length field, as Bitcoin Core writes it.
fn push(data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let [b0, b1, ..] = length.to_le_bytes();
    let head = match length {
        0..=0x4b => [b0].to_vec(),
        0x4c..=0xff => [0x4c, b0].to_vec(),
        0x100..=0xffff => [0x4d, b0, b1].to_vec(),
        _ => [&[0x4e][..], &length.to_le_bytes()].concat(),
    };
    [&head, data].concat()
}

/// The tag before a solution.
const TAG: [u8; 4] = [0xec, 0xc7, 0xda, 0xa2];

/// The challenge of the default signet: one of two keys (`SigNetParams` in `src/kernel/chainparams.cpp`).
const CHALLENGE: [u8; 71] = [
    0x51, 0x21, 0x03, 0xad, 0x5e, 0x0e, 0xda, 0xd1, 0x8c, 0xb1, 0xf0, 0xfc, 0x0d, 0x28, 0xa3, 0xd4, 0xf1,
    0xf3, 0xe4, 0x45, 0x64, 0x03, 0x37, 0x48, 0x9a, 0xbb, 0x10, 0x40, 0x4f, 0x2d, 0x1e, 0x08, 0x6b, 0xe4,
    0x30, 0x21, 0x03, 0x59, 0xef, 0x50, 0x21, 0x96, 0x4f, 0xe2, 0x2d, 0x6f, 0x8e, 0x05, 0xb2, 0x46, 0x3c,
    0x95, 0x40, 0xce, 0x96, 0x88, 0x3f, 0xe3, 0xb2, 0x78, 0x76, 0x0f, 0x04, 0x8f, 0x51, 0x89, 0xf2, 0xe6,
    0xc4, 0x52, 0xae,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solution_is_taken_out_and_pushes_become_short() {
        let solution = [&TAG[..], b"abc"].concat();
        // A long form of a push before, the solution, another that looks like one, and an operation.
        let script = [&[0x6a, 0x4c, 1, 7, 7][..], &solution, &[7], &solution, &[0x51]].concat();
        let kept = [&[0x6a, 1, 7, 4][..], &TAG, &[7], &solution, &[0x51]].concat();
        assert_eq!(take_solution(&script), (kept, Some(b"abc".to_vec())));
        for without in [&[0x6a, 0x4c, 1, 7][..], &push(&TAG), &[5, 1], &[]] {
            assert_eq!(take_solution(without), (without.to_vec(), None));
        }
    }

    const BLOCKS: &str = include_str!("../tests/data/signet-blocks.txt");

    fn block(height: usize) -> Vec<u8> {
        let line = BLOCKS.lines().nth(height).unwrap();
        line.as_bytes()
            .chunks(2)
            .map(|digits| u8::from_str_radix(core::str::from_utf8(digits).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn a_signature_signs_header_and_transactions_but_nonce_and_bits() {
        let signed = block(77);
        assert!(check(&Block::from_bytes(&signed).unwrap()).is_ok());
        for at in 0..80 {
            let mut changed = signed.clone();
            changed[at] ^= 1;
            // The Merkle root is computed again without the signature.
            let is_unsigned = (36..68).contains(&at) || (72..80).contains(&at);
            let got = check(&Block::from_bytes(&changed).unwrap());
            assert_eq!(got.is_ok(), is_unsigned, "byte {at}");
        }
        // The output with the commitment is the last one, and the signature at its end; the lock time follows.
        let last_of_signature = signed.len() - 4 - 34 - 1 - 2;
        for at in [last_of_signature, last_of_signature - 100] {
            let mut changed = signed.clone();
            changed[at] ^= 1;
            let got = check(&Block::from_bytes(&changed).unwrap());
            assert!(matches!(got, Err(BlockError::Unsigned(_))), "byte {at}");
        }
    }

    #[test]
    fn a_block_without_a_commitment_is_not_signed() {
        let mut block = Block::from_bytes(&block(77)).unwrap();
        block.transactions[0].outputs.pop();
        assert!(matches!(check(&block), Err(BlockError::Unsigned(None))));
    }

    #[test]
    fn a_solution_has_nothing_behind_it() {
        assert_eq!(read_solution(&[1, 9, 0]), Some((alloc::vec![9], Witness::new())));
        for bytes in [&[][..], &[1, 9], &[1, 9, 0, 0], &[2, 9, 0]] {
            assert_eq!(read_solution(bytes), None);
        }
    }
}
