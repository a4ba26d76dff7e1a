//! Bitcoin Core's `script_tests.json`: `[[witness..., amount]?, scriptSig, scriptPubKey, flags, error or OK, comment]`
//! (`src/test/script_tests.cpp`).

use outrider_bitcoin_script::{
    Software,
    primitives::{
        OutPoint, ScriptSigBuf, Sequence, Transaction, TransactionVersion, TxIn, TxOut, Txid, Witness,
        absolute::LockTime,
    },
    taproot::{TAPSCRIPT_LEAF_VERSION, leaf_hash, tweak_hash},
};
use secp256k1::{Scalar, XOnlyPublicKey};
use serde_json::Value;

use super::{
    Case,
    assembly::assemble,
    error::RowError,
    input::Spent,
    row::{flags, hex, output, text},
};

/// Runs a row.
pub(super) fn run(row: &Value) -> Result<Vec<Case>, RowError> {
    let witness = row.get(0).and_then(Value::as_array);
    let first = usize::from(witness.is_some());
    let part = |index: usize, what| text(row, first.saturating_add(index), what);
    let (amount, elements) = match witness.and_then(|witness| witness.split_last()) {
        Some((amount, elements)) => (satoshi(amount)?, elements),
        None => (0, &[][..]),
    };
    let script_sig = assemble(part(0, "scriptSig")?)?;
    let (witness, script_pubkey) = fill_in(elements, part(1, "scriptPubKey")?)?;
    let rules = flags(part(2, "list of flags")?)?;
    let expected = part(3, "result")?;
    let comment = part(4, "comment").unwrap_or_default();

    let spent_output = output(amount, script_pubkey)?;
    let mut credit = spend(Txid::from_byte_array([0; 32]), vec![0, 0], &[], spent_output.clone());
    credit.inputs.iter_mut().for_each(|input| input.previous_output.vout = u32::MAX);
    let transaction = spend(credit.compute_txid(), script_sig, &witness, output(amount, Vec::new())?);
    let got = Spent { transaction, outputs: vec![spent_output] }.verify(0, rules)?;
    let got = got.err().map_or("OK", |error| error.reason.name());
    Ok(vec![Case { policy: rules.1, ..Case::of(comment, &got, &expected) }])
}

/// Makes a transaction of one input, which spends output 0 of another, and one output.
fn spend(previous: Txid, script_sig: Vec<u8>, witness: &[Vec<u8>], output: TxOut) -> Transaction {
    let input = TxIn {
        previous_output: OutPoint { txid: previous, vout: 0 },
        script_sig: ScriptSigBuf::from_bytes(script_sig),
        sequence: Sequence::FINAL,
        witness: Witness::from_slice(witness),
    };
    let outputs = vec![output];
    Transaction { version: TransactionVersion::ONE, lock_time: LockTime::ZERO, inputs: vec![input], outputs }
}

/// Reads a number of bitcoins, with up to eight decimals.
fn satoshi(value: &Value) -> Result<u64, RowError> {
    let number = value.as_number().ok_or(RowError::Missing { what: "amount" })?.to_string();
    let refuse = || RowError::Amount { amount: number.clone() };
    // Small numbers are printed with an exponent, such as 1e-8.
    let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((&number, "0"));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let exponent = exponent.parse::<i32>().map_err(|_| refuse())?;
    let n_decimals = i32::try_from(decimals.len()).map_err(|_| refuse())?;
    let value: u64 = format!("{whole}{decimals}").parse().map_err(|_| refuse())?;
    let power =
        8_i32.checked_add(exponent).and_then(|power| power.checked_sub(n_decimals)).ok_or_else(refuse)?;
    let factor = 10_u64.checked_pow(power.unsigned_abs()).ok_or_else(refuse)?;
    let satoshi = if power < 0 {
        value.is_multiple_of(factor).then(|| value.checked_div(factor)).flatten()
    } else {
        value.checked_mul(factor)
    };
    satoshi.ok_or_else(refuse)
}

/// Fills in what the vectors of tapscript leave out: the leaf, its control block and the output key.
fn fill_in(elements: &[Value], script_pubkey: &str) -> Result<(Vec<Vec<u8>>, Vec<u8>), RowError> {
    let mut filled_in = None;
    let mut witness = Vec::new();
    for element in elements {
        let element = element.as_str().ok_or(RowError::Missing { what: "element of the witness" })?;
        if let Some(assembly) = element.strip_prefix("#SCRIPT#") {
            let script = assemble(assembly)?;
            filled_in = Some(tapscript(&script)?);
            witness.push(script);
        } else if element == "#CONTROLBLOCK#" {
            let (_, control_block) = filled_in.clone().ok_or(RowError::Missing { what: "#SCRIPT#" })?;
            witness.push(control_block);
        } else {
            witness.push(hex(element)?);
        }
    }
    let script_pubkey = match filled_in {
        Some((program, _)) if script_pubkey == "0x51 0x20 #TAPROOTOUTPUT#" => program,
        _ => assemble(script_pubkey)?,
    };
    Ok((witness, script_pubkey))
}

/// Returns the output whose only leaf is a script, under a key that nobody knows, and the control block of the leaf.
fn tapscript(script: &[u8]) -> Result<(Vec<u8>, Vec<u8>), RowError> {
    let tweak = tweak_hash(&NUMS, Some(&leaf_hash(TAPSCRIPT_LEAF_VERSION, script, &Software)), &Software);
    let tweaked = XOnlyPublicKey::from_byte_array(NUMS).ok().zip(Scalar::from_be_bytes(tweak).ok());
    let tweaked = tweaked.and_then(|(internal, tweak)| internal.add_tweak(&tweak).ok());
    let (key, parity) = tweaked.ok_or(RowError::Missing { what: "leaf that can be committed to" })?;
    let control = [&[TAPSCRIPT_LEAF_VERSION | parity.to_u8()][..], &NUMS].concat();
    Ok(([&[0x51, 32][..], &key.to_byte_array()].concat(), control))
}

/// A point whose discrete logarithm nobody knows (BIP 341).
const NUMS: [u8; 32] = [
    0x50, 0x92, 0x9b, 0x74, 0xc1, 0xa0, 0x49, 0x54, 0xb7, 0x8b, 0x4b, 0x60, 0x35, 0xe9, 0x7a, 0x5e, 0x07,
    0x8a, 0x5a, 0x0f, 0x28, 0xec, 0x96, 0xd5, 0x47, 0xbf, 0xee, 0x9a, 0xce, 0x80, 0x3a, 0xc0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (text, expected) in [
            ("0", Some(0)),
            ("0.0", Some(0)),
            ("0.00000001", Some(1)),
            ("1e-8", Some(1)),
            ("1.5e1", Some(1_500_000_000)),
            ("20999999.9769", Some(2_099_999_997_690_000)),
            ("0.000000001", None),
            ("-1", None),
            ("1e300", None),
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(satoshi(&value).ok(), expected, "{text}");
        }
    }
}
