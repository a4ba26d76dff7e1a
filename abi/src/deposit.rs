//! Validator deposits, which EEs push to the beacon chain.

use core::{fmt, ops::Range};

use crate::{ReadError, Reader, hex_text::Hex};

/// A validator deposit that an EE pushes to the beacon chain through `eth2.pushNewDeposit`.
///
/// On the wire it is [`DEPOSIT_BYTES`] bytes:
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 48 | `pubkey` |
/// | 48 | 32 | `withdrawal_credentials` |
/// | 80 | 8 | `amount`, big-endian |
/// | 88 | 96 | `signature` |
///
/// The fields are the `DepositData` of the [consensus
/// specs](https://github.com/ethereum/consensus-specs/blob/dev/specs/phase0/beacon-chain.md#depositdata); the
/// big-endian amount is scout's. This type checks neither key nor signature. Its text is the hex of these bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Deposit {
    /// The validator's BLS12-381 public key, compressed.
    #[cfg_attr(feature = "serde", serde(with = "crate::hex_serde::pubkey"))]
    pub pubkey: [u8; 48],
    /// The commitment to the key or address that receives the validator's balance.
    #[cfg_attr(feature = "serde", serde(with = "crate::hex_serde::withdrawal_credentials"))]
    pub withdrawal_credentials: [u8; 32],
    /// The amount in Gwei.
    pub amount: u64,
    /// The BLS12-381 signature over the other fields, compressed.
    #[cfg_attr(feature = "serde", serde(with = "crate::hex_serde::signature"))]
    pub signature: [u8; 96],
}

impl Deposit {
    /// Encodes the deposit.
    pub fn to_bytes(&self) -> [u8; DEPOSIT_BYTES] {
        let mut bytes = [0; DEPOSIT_BYTES];
        bytes[PUBKEY].copy_from_slice(&self.pubkey);
        bytes[WITHDRAWAL_CREDENTIALS].copy_from_slice(&self.withdrawal_credentials);
        bytes[AMOUNT].copy_from_slice(&self.amount.to_be_bytes());
        bytes[SIGNATURE].copy_from_slice(&self.signature);
        bytes
    }

    /// Decodes a deposit; all bytes of this length are valid. [`TryFrom`] refuses other lengths.
    pub fn from_bytes(bytes: &[u8; DEPOSIT_BYTES]) -> Self {
        let (pubkey, rest) = split(bytes);
        let (withdrawal_credentials, rest) = split(rest);
        let (amount, rest) = split(rest);
        let (signature, _) = split(rest);
        Self { pubkey, withdrawal_credentials, amount: u64::from_be_bytes(amount), signature }
    }
}

/// Decodes a deposit, and refuses any length but [`DEPOSIT_BYTES`].
impl TryFrom<&[u8]> for Deposit {
    type Error = ReadError;

    fn try_from(bytes: &[u8]) -> Result<Self, ReadError> {
        let mut reader = Reader::new(bytes);
        let deposit = Self {
            pubkey: reader.take_array()?,
            withdrawal_credentials: reader.take_array()?,
            amount: reader.u64_be()?,
            signature: reader.take_array()?,
        };
        reader.finish()?;
        Ok(deposit)
    }
}

/// Splits off the first `N` bytes, and fills missing ones with zeros.
fn split<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    match bytes.split_first_chunk() {
        Some((head, rest)) => (*head, rest),
        None => ([0; N], &[]),
    }
}

crate::hex_text!(Deposit, DEPOSIT_BYTES, "a deposit", Deposit::to_bytes, Deposit::from_bytes);

impl fmt::Debug for Deposit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deposit")
            .field("pubkey", &Hex(&self.pubkey))
            .field("withdrawal_credentials", &Hex(&self.withdrawal_credentials))
            .field("amount", &self.amount)
            .field("signature", &Hex(&self.signature))
            .finish()
    }
}

/// The length of an encoded [`Deposit`].
pub const DEPOSIT_BYTES: usize = SIGNATURE.end;

const PUBKEY: Range<usize> = 0..48;
const WITHDRAWAL_CREDENTIALS: Range<usize> = PUBKEY.end..PUBKEY.end + 32;
const AMOUNT: Range<usize> = WITHDRAWAL_CREDENTIALS.end..WITHDRAWAL_CREDENTIALS.end + 8;
const SIGNATURE: Range<usize> = AMOUNT.end..AMOUNT.end + 96;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{DEPOSIT_BYTES, Deposit};
    use crate::ReadError;

    const DEPOSIT: Deposit = Deposit {
        pubkey: [1; 48],
        withdrawal_credentials: [2; 32],
        amount: 0x0304_0506_0708_090a,
        signature: [0xb; 96],
    };

    #[test]
    fn fields_are_in_order_and_the_amount_is_big_endian() {
        let bytes = DEPOSIT.to_bytes();
        assert_eq!(bytes.len(), 184);
        assert_eq!(bytes[..48], [1; 48]);
        assert_eq!(bytes[48..80], [2; 32]);
        assert_eq!(bytes[80..88], [3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(bytes[88..], [0xb; 96]);
        assert_eq!(Deposit::from_bytes(&bytes), DEPOSIT);
    }

    #[test]
    fn any_other_length_is_an_error() {
        let bytes = [0; DEPOSIT_BYTES + 1];
        let error = ReadError::TrailingBytes { offset: 184, n: 1 };
        assert_eq!(Deposit::try_from(&bytes[..]), Err(error));
        let error = ReadError::UnexpectedEnd { offset: 88, expected: 96, got: 95 };
        assert_eq!(Deposit::try_from(&bytes[..183]), Err(error));
    }

    #[test]
    fn bytes_are_shown_to_developers_in_hex() {
        let shown = std::format!("{DEPOSIT:?}");
        assert!(shown.starts_with("Deposit { pubkey: \"010101"), "{shown}");
        assert!(shown.contains(", amount: 217304205466536202, "), "{shown}");
    }

    proptest! {
        #[test]
        fn decoding_reverses_encoding(bytes: [u8; DEPOSIT_BYTES]) {
            prop_assert_eq!(Deposit::from_bytes(&bytes).to_bytes(), bytes);
            prop_assert_eq!(Deposit::try_from(&bytes[..]), Ok(Deposit::from_bytes(&bytes)));
        }
    }
}
