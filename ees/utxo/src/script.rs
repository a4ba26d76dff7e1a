//! Scripts of spent outputs, short where the input that spends them shows the script.
//!
//! | bytes | content |
//! |---|---|
//! | 1 to 5 | varint: 0 to 3 for one of the forms below, otherwise 4 + the length of the script |
//! | the length | the script |
//!
//! | form | script | hash of |
//! |---|---|---|
//! | 0 | `OP_DUP OP_HASH160 <20> OP_EQUALVERIFY OP_CHECKSIG` | the last push of the scriptSig |
//! | 1 | `OP_HASH160 <20> OP_EQUAL` | the last push of the scriptSig |
//! | 2 | `OP_0 <20>` | the last element of the witness |
//! | 3 | `OP_0 <32>` | the last element of the witness |
//!
//! A script has the form if it has one, so it has one encoding beside a given input.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use bitcoin_primitives::TxIn;
use outrider_sdk::{Reader, crypto::sha256};
use outrider_witness::{reader::push_varint, utreexo::SCRIPT_BYTES_MAX};

use crate::{crypto::hash160, error::WitnessError};

/// The script of a spent output, as block data has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    Form(Form),
    Whole(Vec<u8>),
}

/// A script that is known from the hash of a part of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    P2pkh,
    P2sh,
    P2wpkh,
    P2wsh,
}

impl Script {
    /// Returns the shortest encoding of a script that an input spends.
    pub(crate) fn new(script: &[u8], input: &TxIn) -> Self {
        let form = Form::of(script).filter(|form| form.script(input).is_some_and(|it| it == script));
        form.map_or_else(|| Self::Whole(script.to_vec()), Self::Form)
    }

    /// Returns the script that an input spends, or `None` if the input does not show it or would allow a shorter
    /// encoding.
    pub(crate) fn script(&self, input: &TxIn) -> Option<Vec<u8>> {
        match self {
            Self::Form(form) => form.script(input),
            Self::Whole(script) => (Self::new(script, input) == *self).then(|| script.clone()),
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, WitnessError> {
        let number = reader.varint()?;
        let form = usize::try_from(number).ok().and_then(|number| Form::ALL.get(number));
        if let Some(form) = form {
            return Ok(Self::Form(*form));
        }
        let got = number.saturating_sub(N_FORMS);
        let length = usize::try_from(got).ok().filter(|length| *length <= SCRIPT_BYTES_MAX);
        Ok(Self::Whole(reader.take(length.ok_or(WitnessError::ScriptTooLong { got })?)?.to_vec()))
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Form(form) => bytes.push(match form {
                Form::P2pkh => 0,
                Form::P2sh => 1,
                Form::P2wpkh => 2,
                Form::P2wsh => 3,
            }),
            Self::Whole(script) => {
                let length = u32::try_from(script.len()).unwrap_or(u32::MAX);
                push_varint(bytes, length.saturating_add(N_FORMS));
                bytes.extend(script);
            }
        }
    }
}

impl Form {
    /// The forms in the order of their numbers.
    const ALL: [Self; 4] = [Self::P2pkh, Self::P2sh, Self::P2wpkh, Self::P2wsh];

    /// Returns the form that a script has, if it has one.
    fn of(script: &[u8]) -> Option<Self> {
        match script {
            [0x76, 0xa9, 20, hash @ .., 0x88, 0xac] if hash.len() == 20 => Some(Self::P2pkh),
            [0xa9, 20, hash @ .., 0x87] if hash.len() == 20 => Some(Self::P2sh),
            [0, 20, hash @ ..] if hash.len() == 20 => Some(Self::P2wpkh),
            [0, 32, hash @ ..] if hash.len() == 32 => Some(Self::P2wsh),
            _ => None,
        }
    }

    /// Returns the script of this form that an input spends.
    fn script(self, input: &TxIn) -> Option<Vec<u8>> {
        let pushed = || last_push(input.script_sig.as_bytes()).map(hash160);
        let witness = || input.witness.last();
        Some(match self {
            Self::P2pkh => [&[0x76, 0xa9, 20][..], &pushed()?, &[0x88, 0xac]].concat(),
            Self::P2sh => [&[0xa9, 20][..], &pushed()?, &[0x87]].concat(),
            Self::P2wpkh => [&[0, 20][..], &hash160(witness()?)].concat(),
            Self::P2wsh => [&[0, 32][..], &sha256(witness()?)].concat(),
        })
    }
}

/// Returns the data of the last operation of a script, if all its operations push data.
fn last_push(script: &[u8]) -> Option<&[u8]> {
    let mut rest = script;
    let mut last = None;
    while let Some((opcode, after)) = rest.split_first() {
        let (length, after) = match opcode {
            0..=0x4b => (usize::from(*opcode), after),
            0x4c => {
                after.split_first_chunk().map(|(n, after)| (usize::from(u8::from_le_bytes(*n)), after))?
            }
            0x4d => {
                after.split_first_chunk().map(|(n, after)| (usize::from(u16::from_le_bytes(*n)), after))?
            }
            _ => return None,
        };
        let (push, after) = after.split_at_checked(length)?;
        (last, rest) = (Some(push), after);
    }
    last
}

const N_FORMS: u32 = 4;

#[cfg(test)]
mod tests {
    use bitcoin_primitives::{ScriptSigBuf, Witness};

    use super::*;

    fn input(script_sig: &[u8], witness: &[&[u8]]) -> TxIn {
        let script_sig = ScriptSigBuf::from_bytes(script_sig.to_vec());
        TxIn { script_sig, witness: Witness::from_slice(witness), ..TxIn::EMPTY_COINBASE }
    }

    #[track_caller]
    fn check(input: &TxIn, script: &[u8], bytes: &[u8]) {
        let short = Script::new(script, input);
        let mut got = Vec::new();
        short.write(&mut got);
        assert_eq!(got, bytes);
        let mut reader = Reader::new(bytes);
        assert_eq!(Script::read(&mut reader).unwrap(), short);
        reader.finish().unwrap();
        assert_eq!(short.script(input).as_deref(), Some(script));
    }

    #[test]
    fn a_script_has_its_shortest_encoding_and_no_other() {
        let key = [2; 33];
        let hash = hash160(&key);
        let legacy = input(&[&[1, 9, 33][..], &key].concat(), &[]);
        let segwit = input(&[], &[b"signature", &key]);
        let p2pkh = [&[0x76, 0xa9, 20][..], &hash, &[0x88, 0xac]].concat();
        let p2wpkh = [&[0, 20][..], &hash].concat();
        check(&legacy, &p2pkh, &[0]);
        check(&legacy, &[&[0xa9, 20][..], &hash, &[0x87]].concat(), &[1]);
        check(&segwit, &p2wpkh, &[2]);
        check(&segwit, &[&[0, 32][..], &sha256(&key)].concat(), &[3]);
        check(&segwit, &p2pkh, &[&[29][..], &p2pkh].concat());
        check(&segwit, &[], &[4]);
        assert_eq!(Script::Whole(p2pkh).script(&legacy), None);
        assert_eq!(Script::Whole(p2wpkh).script(&segwit), None);
        assert_eq!(Script::Form(Form::P2wsh).script(&legacy), None);
    }

    #[test]
    fn a_script_that_cannot_be_spent_for_its_length_is_not_read() {
        let mut bytes = Vec::new();
        push_varint(&mut bytes, 10_005);
        bytes.extend([0; 10_001]);
        assert!(matches!(
            Script::read(&mut Reader::new(&bytes)),
            Err(WitnessError::ScriptTooLong { got: 10_001 })
        ));
        assert!(Script::read(&mut Reader::new(&[8, 1, 2, 3])).is_err());
    }

    #[test]
    fn the_last_push_is_one_of_pushes_only() {
        assert_eq!(last_push(&[]), None);
        assert_eq!(last_push(&[0]), Some(&[][..]));
        assert_eq!(last_push(&[1, 7, 0x4c, 2, 8, 9]), Some(&[8, 9][..]));
        assert_eq!(last_push(&[0x4d, 2, 0, 8, 9]), Some(&[8, 9][..]));
        for script in [&[0x51][..], &[2, 1], &[0x4c], &[0x4c, 2, 1], &[0x4d, 1], &[1, 7, 0x61]] {
            assert_eq!(last_push(script), None);
        }
    }
}
