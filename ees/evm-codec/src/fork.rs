//! The rules of a chain.

use alloy_primitives::Address;
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};

/// Declares the forks with their names.
macro_rules! forks {
    ($($(#[$doc:meta])* $fork:ident $name:literal,)*) => {
        /// A fork of Ethereum's rules. The number of a fork in RLP is its index in this list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fork { $($(#[$doc])* $fork,)* }

        impl Fork {
            /// All forks, oldest first.
            pub const ALL: &'static [Fork] = &[$(Fork::$fork,)*];

            /// Returns the fork's name in Ethereum's tests.
            pub const fn name(self) -> &'static str {
                match self { $(Fork::$fork => $name,)* }
            }
        }
    };
}

forks! {
    /// The first rules, of 2015.
    Frontier "Frontier",
    /// EIP-606.
    Homestead "Homestead",
    /// EIP-608, Tangerine Whistle.
    TangerineWhistle "EIP150",
    /// EIP-607, Spurious Dragon.
    SpuriousDragon "EIP158",
    /// EIP-609.
    Byzantium "Byzantium",
    /// EIP-1013, which no block of the main network ever used: it came together with the next one.
    Constantinople "Constantinople",
    /// EIP-1716, Petersburg.
    Petersburg "ConstantinopleFix",
    /// EIP-1679.
    Istanbul "Istanbul",
    /// EIP-2387: the difficulty bomb is delayed.
    MuirGlacier "MuirGlacier",
    /// EIP-2070.
    Berlin "Berlin",
    /// EIP-1559 and others.
    London "London",
    /// EIP-4345: the difficulty bomb is delayed.
    ArrowGlacier "ArrowGlacier",
    /// EIP-5133: the difficulty bomb is delayed.
    GrayGlacier "GrayGlacier",
    /// The merge, EIP-3675.
    Paris "Paris",
    /// Withdrawals, EIP-4895.
    Shanghai "Shanghai",
    /// Blobs, EIP-4844.
    Cancun "Cancun",
    /// EIP-7600.
    Prague "Prague",
    /// EIP-7607.
    Osaka "Osaka",
    /// Block access lists, EIP-7928.
    Amsterdam "Amsterdam",
}

impl Fork {
    /// Returns the fork with this name in Ethereum's tests.
    pub fn of_name(name: &str) -> Option<Fork> {
        Self::ALL.iter().copied().find(|fork| fork.name() == name)
    }
}

impl Encodable for Fork {
    fn encode(&self, out: &mut dyn alloy_rlp::BufMut) {
        (*self as u8).encode(out);
    }

    fn length(&self) -> usize {
        (*self as u8).length()
    }
}

impl Decodable for Fork {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let number = u8::decode(buf)?;
        Self::ALL.get(usize::from(number)).copied().ok_or(alloy_rlp::Error::Custom("no fork has this number"))
    }
}

/// The rules for executing a block.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
#[rlp(trailing(no_gaps))]
pub struct Rules {
    /// The chain ID, EIP-155.
    pub chain_id: u64,
    /// The active fork.
    pub fork: Fork,
    /// The blob schedule; irrelevant before Cancun.
    pub blobs: BlobSchedule,
    /// Blocks since the chain split over the DAO, EIP-779. At 0 the DAO's balance is moved; up to 9 the header's extra
    /// data must be `dao-hard-fork`, and up to 15 those of ommers may have to be. 16 or more if there was no such
    /// split.
    pub blocks_since_dao_fork: u8,
    /// The deposit contract of EIP-6110; if absent, that of the main network. Irrelevant before Prague.
    pub deposit_contract: Option<Address>,
}

impl Rules {
    /// The value of [`Rules::blocks_since_dao_fork`] from which a split over the DAO has no effect, or of chains
    /// without one: even the oldest ommer of a block, which is 6 blocks older, is not one of the first 10.
    pub const NO_DAO_FORK: u8 = 16;
}

/// The limits of blobs in a block, and the change of their price: EIP-7840.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct BlobSchedule {
    /// The number of blobs in a block at which their price stays.
    pub target: u64,
    /// The most blobs of a block.
    pub max: u64,
    /// `baseFeeUpdateFraction`, the inertia of the price.
    pub base_fee_update_fraction: u64,
}

impl BlobSchedule {
    /// Returns whether the schedule allows blobs at a price.
    pub fn is_valid(&self) -> bool {
        self.target <= self.max && (1..=BLOBS_MAX).contains(&self.max) && self.base_fee_update_fraction > 0
    }
}

/// The most blobs of a block, of any schedule: 2^32, so that no sum of blob gas overflows.
const BLOBS_MAX: u64 = 1 << 32;

#[cfg(test)]
mod tests {
    use super::Fork;

    #[test]
    fn forks_have_names_and_numbers_of_their_own() {
        for (number, fork) in Fork::ALL.iter().enumerate() {
            assert_eq!(Fork::of_name(fork.name()), Some(*fork));
            assert_eq!(alloy_rlp::decode_exact::<Fork>(alloy_rlp::encode(number)), Ok(*fork));
        }
        assert!(alloy_rlp::decode_exact::<Fork>(alloy_rlp::encode(Fork::ALL.len())).is_err());
    }
}
