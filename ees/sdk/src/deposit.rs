//! A validator deposit, as an EE pushes it to the beacon chain.

use core::ops::Range;

use crate::{ReadError, Reader};

/// A validator deposit.
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
/// The fields are the `DepositData` of the
/// [consensus specs](https://github.com/ethereum/consensus-specs/blob/dev/specs/phase0/beacon-chain.md#depositdata);
/// the big-endian amount is scout's. Neither key nor signature is checked here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// The validator's BLS12-381 public key, compressed.
    pub pubkey: [u8; 48],
    /// The commitment to the key or address to which the validator's balance is paid out.
    pub withdrawal_credentials: [u8; 32],
    /// The amount in Gwei.
    pub amount: u64,
    /// The BLS12-381 signature over the other fields, compressed.
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

    /// Decodes a deposit.
    ///
    /// # Errors
    ///
    /// If there are fewer or more than [`DEPOSIT_BYTES`] bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Deposit, ReadError> {
        let mut reader = Reader::new(bytes);
        let deposit = Deposit {
            pubkey: reader.take_array()?,
            withdrawal_credentials: reader.take_array()?,
            amount: u64::from_be_bytes(reader.take_array()?),
            signature: reader.take_array()?,
        };
        reader.finish()?;
        Ok(deposit)
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
    }

    #[test]
    fn decoding_reverses_encoding() {
        assert_eq!(Deposit::from_bytes(&DEPOSIT.to_bytes()), Ok(DEPOSIT));
    }

    #[test]
    fn any_other_length_is_an_error() {
        let bytes = [0; DEPOSIT_BYTES + 1];
        assert_eq!(Deposit::from_bytes(&bytes), Err(ReadError::TrailingBytes { offset: 184, n: 1 }));
        assert_eq!(
            Deposit::from_bytes(&bytes[..183]),
            Err(ReadError::UnexpectedEnd { offset: 88, expected: 96, got: 95 })
        );
    }
}
