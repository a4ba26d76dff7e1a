//! The property that the fuzz target searches.

use outrider_bitcoin_script::{
    Flags, Spending, legacy_sigops,
    policy::Policy,
    primitives::{
        OutPoint, ScriptSigBuf, Sequence, Transaction, TransactionVersion, TxIn, TxOut, Txid, Witness,
        absolute::LockTime,
    },
    sigop_cost, weight,
};

use super::input::{Case, all_flags, output, p2sh, p2wsh, tapscript};

/// Verifies the input that the bytes describe: it is valid or not, under all policies or none, and Bitcoin Core agrees
/// if the feature `oracle` is on.
pub fn script(bytes: &[u8]) {
    let Some(case) = parse(bytes) else { return };
    let verdict = case.verify_with(case.flags, Policy::empty());
    let by_policy = case.verify();
    assert!(verdict.is_ok() || by_policy.is_err(), "rules of relay only refuse more");
    let spending = Spending::new(&case.transaction, &case.spent_outputs).unwrap();
    assert!(legacy_sigops(&case.transaction) * 4 <= sigop_cost(&spending, case.flags));
    let mut stripped = case.transaction.clone();
    stripped.inputs.iter_mut().for_each(|input| input.witness.clear());
    assert_eq!(weight(&case.transaction), 3 * encoded_bytes(&stripped) + encoded_bytes(&case.transaction));
    #[cfg(feature = "oracle")]
    case.check(case.flags);
}

fn encoded_bytes(transaction: &Transaction) -> u64 {
    bitcoin_consensus_encoding::encode_to_vec(transaction).len() as u64
}

/// Reads a case:
///
/// | bytes | content |
/// |---|---|
/// | 1 | where the script is: scriptPubKey, P2SH, P2WSH, P2WSH in P2SH, tapscript, or witness and scriptPubKey as they are |
/// | 1 | flags |
/// | 3 | rules of relay |
/// | 4, 4, 4 | version, lock time, sequence |
/// | 2 and so many | script |
/// | rest: 1 and so many | elements before it |
pub fn parse(bytes: &[u8]) -> Option<Case> {
    let ([kind, flags, p0, p1, p2, v0, v1, v2, v3, l0, l1, l2, l3, s0, s1, s2, s3], rest) =
        bytes.split_first_chunk::<17>()?;
    let sets = all_flags();
    let flags: Flags = sets[usize::from(*flags) % sets.len()];
    let policy = Policy::from_bits_truncate(u32::from_le_bytes([*p0, *p1, *p2, 0]));
    let (length, rest) = rest.split_first_chunk()?;
    let (script, mut rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    let mut elements = Vec::new();
    while let [length, tail @ ..] = rest {
        let (element, tail) = tail.split_at_checked(usize::from(*length))?;
        elements.push(element.to_vec());
        rest = tail;
    }
    let (spent, script_sig, witness) = place(*kind, script, elements);
    let input = TxIn {
        previous_output: OutPoint { txid: Txid::from_byte_array([1; 32]), vout: 0 },
        script_sig: ScriptSigBuf::from_bytes(script_sig),
        sequence: Sequence::from_consensus(u32::from_le_bytes([*s0, *s1, *s2, *s3])),
        witness: Witness::from_slice(&witness),
    };
    let transaction = Transaction {
        version: TransactionVersion::maybe_non_standard(u32::from_le_bytes([*v0, *v1, *v2, *v3])),
        lock_time: LockTime::from_consensus(u32::from_le_bytes([*l0, *l1, *l2, *l3])),
        inputs: vec![input],
        outputs: vec![output(1, Vec::new())],
    };
    let name = format!("{bytes:x?}");
    Some(Case { name, transaction, spent_outputs: vec![spent], input_index: 0, flags, policy })
}

fn place(kind: u8, script: &[u8], mut elements: Vec<Vec<u8>>) -> (TxOut, Vec<u8>, Vec<Vec<u8>>) {
    let pushes =
        |elements: &[Vec<u8>]| elements.iter().flat_map(|element| push(element)).collect::<Vec<u8>>();
    match kind % 6 {
        0 => (output(1, script.to_vec()), pushes(&elements), Vec::new()),
        1 => (output(1, p2sh(script)), [pushes(&elements), push(script)].concat(), Vec::new()),
        2 => {
            elements.push(script.to_vec());
            (output(1, p2wsh(script)), Vec::new(), elements)
        }
        3 => {
            elements.push(script.to_vec());
            (output(1, p2sh(&p2wsh(script))), push(&p2wsh(script)), elements)
        }
        4 => {
            let (script_pubkey, control) = tapscript(script);
            elements.extend([script.to_vec(), control]);
            (output(1, script_pubkey), Vec::new(), elements)
        }
        _ => {
            let script_sig = elements.pop().unwrap_or_default();
            (output(1, script.to_vec()), script_sig, elements)
        }
    }
}

pub fn push(data: &[u8]) -> Vec<u8> {
    let length = data.len();
    let head = match length {
        0..=75 => vec![length as u8],
        76..=255 => vec![0x4c, length as u8],
        _ => vec![0x4d, length as u8, (length >> 8) as u8],
    };
    [head, data.to_vec()].concat()
}
