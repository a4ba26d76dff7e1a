//! One execution: what goes into it and what comes out.

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "serde")]
use crate::hex_serde;
use crate::hex_text::{bytes32, hex_text};

/// The 32-byte root of an EE's state.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateRoot(pub [u8; 32]);

/// The 32-byte root of the beacon block that an execution refers to.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BeaconRoot(pub [u8; 32]);

/// The number of a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ShardIndex(pub u64);

/// A slot of the beacon chain, as in the Ethereum consensus specs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Slot(pub u64);

/// The number of an EE on the beacon chain; scout's `env`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EeIndex(pub u64);

/// Where and when an execution takes place; the EE reads it through `eth2.context*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Context {
    /// The shard whose block is executed.
    pub shard: ShardIndex,
    /// The slot of that block.
    pub slot: Slot,
    /// The EE's own index.
    pub ee_index: EeIndex,
    /// The beacon block that the shard block builds on.
    pub beacon_root: BeaconRoot,
}

/// Everything that an execution depends on, apart from the EE's code.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ExecutionInput {
    /// The root of the EE's state before the block.
    pub pre_state_root: StateRoot,
    /// What the block carries for the EE, in the EE's own encoding; shared, never copied.
    #[cfg_attr(feature = "serde", serde(with = "hex_serde::block_data"))]
    pub block_data: Arc<[u8]>,
    /// Where and when the execution takes place.
    pub context: Context,
}

impl ExecutionInput {
    /// Makes an input with the default [`Context`], all zeros.
    pub fn new(pre_state_root: StateRoot, block_data: impl Into<Arc<[u8]>>) -> Self {
        Self { pre_state_root, block_data: block_data.into(), context: Context::default() }
    }
}

/// Everything that an execution brings about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ExecutionOutput {
    /// The root of the EE's state after the block.
    pub post_state_root: StateRoot,
    /// Whether the EE has saved that root; if not, it is zeros, by [`UnsavedRoot::Zeros`](crate::UnsavedRoot::Zeros).
    pub root_saved: bool,
    /// The deposits that the EE pushed, in order.
    pub deposits: Vec<Deposit>,
    /// What the EE logged, in order.
    pub logs: Vec<Log>,
    /// What the EE spent through `eth2.useTicks`.
    pub ticks_used: u64,
    /// What the execution cost, the same on every engine: instructions, host calls and ticks.
    pub fuel_used: u64,
    /// Size of the EE's memory at the end, in bytes; as memories never shrink, the most that it was.
    pub memory_bytes: usize,
}

/// Size of an encoded [`Deposit`] in bytes.
pub const DEPOSIT_BYTES: usize = 48 + 32 + 8 + 96;

/// A validator deposit that an EE pushes to the beacon chain through `eth2.pushNewDeposit`.
///
/// Encoded as 184 bytes, the fields in this order, the amount big-endian, as scout has it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Deposit {
    /// The validator's BLS12-381 public key.
    #[cfg_attr(feature = "serde", serde(with = "hex_serde::pubkey"))]
    pub pubkey: [u8; 48],
    /// Who may withdraw.
    #[cfg_attr(feature = "serde", serde(with = "hex_serde::withdrawal_credentials"))]
    pub withdrawal_credentials: [u8; 32],
    /// The amount, in Gwei.
    pub amount: u64,
    /// The signature over the fields before it.
    #[cfg_attr(feature = "serde", serde(with = "hex_serde::signature"))]
    pub signature: [u8; 96],
}

impl Deposit {
    /// Decodes a deposit; any 184 bytes are one.
    pub fn from_bytes(bytes: &[u8; DEPOSIT_BYTES]) -> Self {
        let (pubkey, rest) = split(bytes);
        let (withdrawal_credentials, rest) = split(rest);
        let (amount, rest) = split(rest);
        let (signature, _) = split(rest);
        Self { pubkey, withdrawal_credentials, amount: u64::from_be_bytes(amount), signature }
    }

    /// Encodes the deposit.
    pub fn to_bytes(&self) -> [u8; DEPOSIT_BYTES] {
        let amount = self.amount.to_be_bytes();
        let fields: [&[u8]; 4] = [&self.pubkey, &self.withdrawal_credentials, &amount, &self.signature];
        let mut bytes = [0; DEPOSIT_BYTES];
        for (to, from) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *to = *from;
        }
        bytes
    }
}

/// Takes the first `N` bytes off; zeros stand for what is not there.
fn split<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    match bytes.split_first_chunk() {
        Some((head, rest)) => (*head, rest),
        None => ([0; N], &[]),
    }
}

/// One line that an EE logged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Log {
    /// The import that logged it, such as `debug.printMem`.
    pub import: &'static str,
    /// What was logged.
    pub value: LogValue,
}

/// What an EE logged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum LogValue {
    /// A 32-bit integer; unsigned, as scout shows it.
    U32(u32),
    /// A 64-bit integer; unsigned, as scout shows it.
    U64(u64),
    /// Text; bytes that are not UTF-8 stand as U+FFFD.
    Text(String),
    /// Bytes, shown in hex.
    Bytes(#[cfg_attr(feature = "serde", serde(with = "hex_serde::logged"))] Vec<u8>),
}

impl LogValue {
    /// How many bytes count against [`HostConfig::log_bytes_max`](crate::HostConfig::log_bytes_max).
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::U32(_) => 4,
            Self::U64(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

impl fmt::Display for LogValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::U32(value) => value.fmt(f),
            Self::U64(value) => value.fmt(f),
            Self::Text(text) => f.write_str(text.trim_end()),
            Self::Bytes(bytes) => f.write_str(&hex::encode(bytes)),
        }
    }
}

bytes32!(StateRoot, "a state root");
bytes32!(BeaconRoot, "a beacon root");
hex_text!(Deposit, DEPOSIT_BYTES, "a deposit");

impl fmt::Debug for Deposit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deposit")
            .field("pubkey", &hex::encode(self.pubkey))
            .field("withdrawal_credentials", &hex::encode(self.withdrawal_credentials))
            .field("amount", &self.amount)
            .field("signature", &hex::encode(self.signature))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn deposit_fields_stand_at_their_offsets() {
        let mut bytes = [0; DEPOSIT_BYTES];
        bytes[0] = 1;
        bytes[48] = 2;
        bytes[87] = 3;
        bytes[88] = 4;
        let deposit = Deposit::from_bytes(&bytes);
        assert_eq!(deposit.pubkey[0], 1);
        assert_eq!(deposit.withdrawal_credentials[0], 2);
        assert_eq!(deposit.amount, 3);
        assert_eq!(deposit.signature[0], 4);
    }

    proptest! {
        #[test]
        fn deposit_round_trips(bytes: [u8; DEPOSIT_BYTES]) {
            prop_assert_eq!(Deposit::from_bytes(&bytes).to_bytes(), bytes);
        }
    }
}
