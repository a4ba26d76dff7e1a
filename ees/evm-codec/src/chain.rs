//! The state of a chain: its rules and its head, in one node above Ethereum's state.

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use alloy_primitives::{Address, Bytes, address};
use alloy_rlp::{RlpDecodable, RlpEncodable};

use crate::{BlobSchedule, Fork, Rules};

/// The state of a chain, of which the state root is the Keccak-256 hash.
///
/// | bytes | content |
/// |---|---|
/// | 7 | [`ChainNode::TAG`] |
/// | to the end | an RLP list: base of chain IDs, genesis time, seconds per slot, the list of [`ForkTime`]s, the head's header as a string, and the deposit contract if there is one |
///
/// The node refers to Ethereum's state by the state root in the header. It is neither a node of a trie nor code:
///
/// - A node of a trie is one RLP list. The tag begins like a list of 48 bytes, and a chain node has more than 500,
///   because a header has a bloom of 256 bytes and several hashes.
/// - From London on, no transaction creates code that begins with `ef` (EIP-3541), except for delegations, which
///   continue with `01` (EIP-7702). A genesis must not have such code either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainNode {
    /// The rules, which stay the same.
    pub rules: ChainRules,
    /// The RLP of the last block's header.
    pub header: Bytes,
}

/// The rules of a chain on a shard: those of Ethereum from Paris on.
///
/// The rules have the base of chain IDs. The ID of a chain follows from it and from the [`ChainPlace`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainRules {
    chain_id_base: u64,
    clock: SlotClock,
    forks: Vec<ForkTime>,
    deposit_contract: Option<Address>,
}

/// The place of a chain: an EE on a shard. Each place has its own chain ID (EIP-155), so that a transaction for one chain is
/// not valid on another:
///
/// | bits of the ID | content |
/// |---|---|
/// | 26 to 51 | the base, from 1 to [`ChainRules::CHAIN_ID_BASE_MAX`] |
/// | 10 to 25 | the index of the EE |
/// | 0 to 9 | the shard |
///
/// EE and shard come from the context of the execution, and not from the state. So the chains of one beacon chain have
/// different IDs whatever bases their states have, even if two EEs begin with the same state. The base tells beacon
/// chains apart. The IDs are above those of Ethereum's networks, at least 2^26, and have 52 bits: wallets compute
/// `2 * ID + 36` in numbers of 53 bits, and some refuse IDs beyond 4,503,599,627,370,476. EIP-2294 allows even more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainPlace {
    /// The index of the EE.
    pub ee: u64,
    /// The shard.
    pub shard: u64,
}

impl ChainPlace {
    /// The end of the indices of EEs in chain IDs. The ledger of the beacon chain has as many at most.
    pub const EE_END: u64 = 1 << EE_BITS;
    /// The end of the shards in chain IDs, the specification's `MAX_SHARDS`.
    pub const SHARD_END: u64 = 1 << SHARD_BITS;
}

/// The time of a shard's slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotClock {
    /// The time of slot 0, in seconds since 1970.
    pub genesis_time: u64,
    /// The time between two slots.
    pub seconds_per_slot: u64,
}

/// A fork, and the time from which it is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct ForkTime {
    /// In seconds since 1970.
    pub since: u64,
    /// The fork.
    pub fork: Fork,
    /// The blob schedule; irrelevant before Cancun.
    pub blobs: BlobSchedule,
}

/// The reason for which bytes are not a chain node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainNodeError {
    /// The first bytes are not [`ChainNode::TAG`].
    #[error("the tag of a chain node is missing")]
    Tag,
    /// The bytes after the tag are not the list of a node's fields.
    #[error("the fields of the chain node")]
    Fields(#[source] alloy_rlp::Error),
    /// The rules are not those of a chain on a shard.
    #[error("the rules of the chain")]
    Rules(#[from] ChainRulesError),
}

/// The reason for which rules are not those of a chain on a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainRulesError {
    /// The base of chain IDs is too small or too large.
    #[error(
        "the base of chain IDs is {got}, expected 1 to {}: choose another `chainId` in the genesis, which is the base",
        ChainRules::CHAIN_ID_BASE_MAX
    )]
    ChainIdBase {
        /// The base.
        got: u64,
    },
    /// Slots take no time.
    #[error("seconds per slot: expected at least 1, got 0")]
    SecondsPerSlot,
    /// There are no forks, or too many.
    #[error("the chain has {got} forks, expected 1 to {max}", max = FORKS_MAX)]
    Forks {
        /// The number of forks.
        got: usize,
    },
    /// The first fork is not in force from time 0 on.
    #[error("the first fork is in force from time {since} on, expected 0")]
    First {
        /// Its time.
        since: u64,
    },
    /// Forks are not in the order of their times and rules.
    #[error("fork {index} is not later than the fork before it")]
    Order {
        /// Its index in the list.
        index: usize,
    },
    /// A fork has proof of work and rewards.
    #[error("the rules of {} are older than Paris, and would pay rewards: a shard's chain begins with Paris or later", .fork.name())]
    BeforeParis {
        /// The fork.
        fork: Fork,
    },
    /// The blob schedule of a fork allows no price.
    #[error("the blob schedule of fork {index} allows no blobs or no price")]
    BlobSchedule {
        /// Its index in the list.
        index: usize,
    },
}

impl ChainNode {
    /// The first bytes of every chain node.
    pub const TAG: [u8; 7] = *b"\xefchain1";

    /// Encodes the node.
    pub fn to_bytes(&self) -> Vec<u8> {
        let ChainRules { chain_id_base, clock, forks, deposit_contract } = &self.rules;
        let fields = Fields {
            chain_id_base: *chain_id_base,
            genesis_time: clock.genesis_time,
            seconds_per_slot: clock.seconds_per_slot,
            forks: forks.clone(),
            header: self.header.clone(),
            deposit_contract: *deposit_contract,
        };
        let mut bytes = Self::TAG.to_vec();
        alloy_rlp::Encodable::encode(&fields, &mut bytes);
        bytes
    }

    /// Decodes a node. Each node has one encoding.
    ///
    /// # Errors
    ///
    /// Fails with a [`ChainNodeError`]. The header is not decoded.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ChainNodeError> {
        let fields = bytes.strip_prefix(&Self::TAG).ok_or(ChainNodeError::Tag)?;
        let fields = alloy_rlp::decode_exact::<Fields>(fields).map_err(ChainNodeError::Fields)?;
        let Fields { chain_id_base, genesis_time, seconds_per_slot, forks, header, deposit_contract } =
            fields;
        let clock = SlotClock { genesis_time, seconds_per_slot };
        Ok(Self { rules: ChainRules::new(chain_id_base, clock, forks, deposit_contract)?, header })
    }
}

/// The fields of a node in RLP.
#[derive(RlpEncodable, RlpDecodable)]
#[rlp(trailing(no_gaps))]
struct Fields {
    chain_id_base: u64,
    genesis_time: u64,
    seconds_per_slot: u64,
    forks: Vec<ForkTime>,
    header: Bytes,
    deposit_contract: Option<Address>,
}

impl ChainRules {
    /// The largest base of chain IDs.
    pub const CHAIN_ID_BASE_MAX: u64 = (1 << BASE_BITS) - 2;

    /// Returns the rules of a chain. `chain_id_base` is the base of chain IDs, see [`ChainPlace`]. `forks` are in ascending
    /// order; the first is in force from time 0 on. The deposit contract is that of EIP-6110; if absent, that of the main
    /// network.
    ///
    /// # Errors
    ///
    /// Fails with a [`ChainRulesError`].
    pub fn new(
        chain_id_base: u64,
        clock: SlotClock,
        forks: Vec<ForkTime>,
        deposit_contract: Option<Address>,
    ) -> Result<Self, ChainRulesError> {
        if !(1..=Self::CHAIN_ID_BASE_MAX).contains(&chain_id_base) {
            return Err(ChainRulesError::ChainIdBase { got: chain_id_base });
        }
        if clock.seconds_per_slot == 0 {
            return Err(ChainRulesError::SecondsPerSlot);
        }
        let first = forks.first().filter(|_| forks.len() <= FORKS_MAX);
        let first = first.ok_or(ChainRulesError::Forks { got: forks.len() })?;
        if first.since != 0 {
            return Err(ChainRulesError::First { since: first.since });
        }
        let mut before: Option<&ForkTime> = None;
        for (index, fork) in forks.iter().enumerate() {
            if fork.fork < Fork::Paris {
                return Err(ChainRulesError::BeforeParis { fork: fork.fork });
            }
            if before.is_some_and(|before| fork.since <= before.since || fork.fork < before.fork) {
                return Err(ChainRulesError::Order { index });
            }
            if fork.fork >= Fork::Cancun && !fork.blobs.is_valid() {
                return Err(ChainRulesError::BlobSchedule { index });
            }
            before = Some(fork);
        }
        Ok(Self { chain_id_base, clock, forks, deposit_contract })
    }

    /// Returns the chain ID at a place, or `None` if the EE or the shard is not among those of chain IDs.
    pub fn chain_id(&self, place: ChainPlace) -> Option<u64> {
        let ChainPlace { ee, shard } = place;
        let has_id = ee < ChainPlace::EE_END && shard < ChainPlace::SHARD_END;
        has_id.then_some((self.chain_id_base << EE_BITS | ee) << SHARD_BITS | shard)
    }

    /// Returns the time of slots.
    pub fn clock(&self) -> SlotClock {
        self.clock
    }

    /// Returns the forks, in ascending order.
    pub fn forks(&self) -> &[ForkTime] {
        &self.forks
    }

    /// Returns the rules for a block of this time at a place, or `None` if the place has no chain ID.
    pub fn at(&self, place: ChainPlace, timestamp: u64) -> Option<Rules> {
        let in_force = self.forks.iter().rev().find(|fork| fork.since <= timestamp);
        // The first fork is in force from time 0 on.
        let no_blobs = BlobSchedule { target: 0, max: 0, base_fee_update_fraction: 0 };
        let (fork, blobs) = in_force.map_or((Fork::Paris, no_blobs), |fork| (fork.fork, fork.blobs));
        Some(Rules {
            chain_id: self.chain_id(place)?,
            fork,
            blobs,
            blocks_since_dao_fork: Rules::NO_DAO_FORK,
            deposit_contract: self.deposit_contract.filter(|_| fork >= Fork::Prague),
        })
    }
}

impl SlotClock {
    /// Returns the time of a slot, in seconds since 1970, or `None` if it has more than 64 bits.
    pub fn time(&self, slot: u64) -> Option<u64> {
        slot.checked_mul(self.seconds_per_slot)?.checked_add(self.genesis_time)
    }
}

/// The contract of historical block hashes, [EIP-2935](https://eips.ethereum.org/EIPS/eip-2935).
pub const HISTORY_STORAGE: Address = address!("0000F90827F1C53a10cb7A02335B175320002935");

/// The contract of requests for withdrawals, [EIP-7002](https://eips.ethereum.org/EIPS/eip-7002).
pub const WITHDRAWAL_REQUESTS: Address = address!("00000961Ef480Eb55e80D19ad83579A64c007002");

/// The contract of requests for consolidations, [EIP-7251](https://eips.ethereum.org/EIPS/eip-7251).
pub const CONSOLIDATION_REQUESTS: Address = address!("0000BBdDc7CE488642fb579F8B00f3a590007251");

/// The most forks of a chain. Ethereum has had nine from Paris to the second change of the blob schedule alone.
const FORKS_MAX: usize = 64;

/// The bits of a chain ID for the base, the EE and the shard.
const BASE_BITS: u32 = 26;
const EE_BITS: u32 = 16;
const SHARD_BITS: u32 = 10;
