//! Transfers, of 12 published bytes each, and the decimal floats in them.
//!
//! | bits | content |
//! |---|---|
//! | 24 | the sender's index |
//! | 24 | the receiver's index |
//! | 27 + 5 | the amount, in Gwei: a decimal mantissa and exponent |
//! | 11 + 5 | the fee, in Gwei |
//!
//! The signature and the sender's nonce are not published: the proof shows that they exist.

use crate::signature::Message;

/// Length of a transfer, in bytes.
pub const TRANSFER_BYTES: usize = 12;

/// The number of bits of an index.
pub const INDEX_BITS: u32 = 24;

/// The number of bits of the mantissa of an amount.
pub const AMOUNT_MANTISSA_BITS: u32 = 27;

/// The number of bits of the mantissa of a fee.
pub const FEE_MANTISSA_BITS: u32 = 11;

/// The number of bits of an exponent.
pub const EXPONENT_BITS: u32 = 5;

/// The place of an account in the tree: from 1, as the leaf 0 always stays empty, to 2^24 - 1.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AccountIndex(u32);

/// A number of Gwei below 2^64: an integer below 2^`MANTISSA_BITS` times a power of ten.
///
/// Its one encoding has the smallest exponent.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Decimal<const MANTISSA_BITS: u32> {
    mantissa: u32,
    exponent: u32,
}

/// The amount of a transfer.
pub type Amount = Decimal<AMOUNT_MANTISSA_BITS>;

/// The fee of a transfer, for the operator.
pub type Fee = Decimal<FEE_MANTISSA_BITS>;

/// A transfer, without its signature.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Transfer {
    /// The sender.
    pub from: AccountIndex,
    /// The receiver; it may be the sender.
    pub to: AccountIndex,
    /// The ether for the receiver.
    pub amount: Amount,
    /// The fee that the sender pays on top.
    pub fee: Fee,
}

/// Bytes that are no transfer, or a number that is no index.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// An index is 0 or exceeds 24 bits.
    #[error("{index} is no index of an account: those are 1 to 16777215")]
    Index {
        /// The index.
        index: u32,
    },
    /// A float is 2^64 or more.
    #[error("{mantissa} * 10^{exponent} Gwei exceeds 64 bits")]
    TooLarge {
        /// The mantissa.
        mantissa: u32,
        /// The exponent of ten.
        exponent: u32,
    },
    /// A float has another encoding with a smaller exponent.
    #[error("{mantissa} * 10^{exponent} Gwei has an encoding with a smaller exponent")]
    NotCanonical {
        /// The mantissa.
        mantissa: u32,
        /// The exponent of ten.
        exponent: u32,
    },
}

impl AccountIndex {
    /// The largest index.
    pub const MAX: AccountIndex = AccountIndex((1 << INDEX_BITS) - 1);

    /// Returns the index, if it is one.
    ///
    /// # Errors
    ///
    /// Returns [`TransferError::Index`] if it is 0 or exceeds 24 bits.
    pub fn new(index: u32) -> Result<AccountIndex, TransferError> {
        match index {
            1..=0xff_ffff => Ok(AccountIndex(index)),
            _ => Err(TransferError::Index { index }),
        }
    }

    /// Returns the number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<const MANTISSA_BITS: u32> Decimal<MANTISSA_BITS> {
    /// Returns the number as a decimal float, or `None` if it has too many digits; [`Decimal::floor`] rounds.
    pub fn exact(gwei: u64) -> Option<Self> {
        let floor = Self::floor(gwei);
        (floor.gwei() == gwei).then_some(floor)
    }

    /// Returns the largest decimal float that does not exceed a number.
    pub fn floor(gwei: u64) -> Self {
        let (mut mantissa, mut exponent) = (gwei, 0);
        while mantissa >> MANTISSA_BITS != 0 {
            mantissa /= 10;
            exponent += 1;
        }
        // Where the tenfold mantissa fits, too, the largest mantissa with the exponent below it is larger, and no larger
        // than the number.
        match exponent > 0 && (mantissa * 10) >> MANTISSA_BITS == 0 {
            true => Self { mantissa: (1 << MANTISSA_BITS) - 1, exponent: exponent - 1 },
            false => Self { mantissa: mantissa as u32, exponent },
        }
    }

    /// Returns the float with these bits: the mantissa, then 5 bits of exponent.
    ///
    /// # Errors
    ///
    /// Returns [`TransferError::TooLarge`] or [`TransferError::NotCanonical`].
    pub fn from_bits(bits: u32) -> Result<Self, TransferError> {
        let (mantissa, exponent) = (bits >> EXPONENT_BITS, bits & ((1 << EXPONENT_BITS) - 1));
        if value(mantissa, exponent).is_none() || mantissa >> MANTISSA_BITS != 0 {
            return Err(TransferError::TooLarge { mantissa, exponent });
        }
        let float = Self { mantissa, exponent };
        if Self::canonical(mantissa, exponent) != float {
            return Err(TransferError::NotCanonical { mantissa, exponent });
        }
        Ok(float)
    }

    /// Returns the bits: the mantissa, then 5 bits of exponent.
    pub fn bits(self) -> u32 {
        self.mantissa << EXPONENT_BITS | self.exponent
    }

    /// Returns the number of Gwei.
    pub fn gwei(self) -> u64 {
        value(self.mantissa, self.exponent)
            .unwrap_or_else(|| unreachable!("every constructor checks the number"))
    }

    /// Returns the same number with the smallest exponent.
    fn canonical(mut mantissa: u32, mut exponent: u32) -> Self {
        if mantissa == 0 {
            exponent = 0;
        }
        while exponent > 0 && (u64::from(mantissa) * 10) >> MANTISSA_BITS == 0 {
            mantissa *= 10;
            exponent -= 1;
        }
        Self { mantissa, exponent }
    }
}

impl Transfer {
    /// Returns the transfer with these 12 bytes.
    ///
    /// # Errors
    ///
    /// Returns [`TransferError`] if an index is 0, or a float is not the one encoding of a number below 2^64.
    pub fn from_bytes(bytes: &[u8; TRANSFER_BYTES]) -> Result<Transfer, TransferError> {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *bytes;
        Ok(Transfer {
            from: AccountIndex::new(u32::from_be_bytes([0, a, b, c]))?,
            to: AccountIndex::new(u32::from_be_bytes([0, d, e, f]))?,
            amount: Amount::from_bits(u32::from_be_bytes([g, h, i, j]))?,
            fee: Fee::from_bits(u32::from_be_bytes([0, 0, k, l]))?,
        })
    }

    /// Returns the 12 bytes.
    pub fn to_bytes(&self) -> [u8; TRANSFER_BYTES] {
        let [_, _, _, _, bytes @ ..] = self.packed().to_be_bytes();
        bytes
    }

    /// Returns the 12 bytes as an integer.
    pub fn packed(&self) -> u128 {
        let indices = u128::from(self.from.get()) << INDEX_BITS | u128::from(self.to.get());
        indices << 48 | u128::from(self.amount.bits()) << 16 | u128::from(self.fee.bits())
    }

    /// Returns what the sender pays, in Gwei: amount and fee. `None` if it exceeds 64 bits: nobody has that much.
    pub fn cost(&self) -> Option<u64> {
        self.amount.gwei().checked_add(self.fee.gwei())
    }

    /// Returns the message that the sender signs: the 12 bytes, below the sender's nonce.
    pub fn message(&self, nonce: u64) -> Message {
        Message::of_transfer(self.packed(), nonce)
    }
}

/// The number of bits of a transfer.
pub const PACKED_BITS: u32 = 8 * TRANSFER_BYTES as u32;

/// Returns a decimal float as an integer, if it is below 2^64.
fn value(mantissa: u32, exponent: u32) -> Option<u64> {
    match mantissa {
        0 => Some(0),
        _ => 10_u64.checked_pow(exponent)?.checked_mul(u64::from(mantissa)),
    }
}
