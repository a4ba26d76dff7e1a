//! The networks, and the rules in which they differ.
//!
//! Heights, limits, exceptions and genesis blocks are those of Bitcoin Core, `src/kernel/chainparams.cpp`.

use bitcoin_primitives::{
    BlockHash, BlockHeader, BlockTime, BlockVersion, CompactTarget, merkle_tree::TxMerkleNode,
};
use outrider_bitcoin_script::Flags;

use crate::hash::Digest;

/// A network. Its number is part of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Bitcoin's main network.
    Main,
    /// The third test network, on which a block may have the least work if none came for 20 minutes.
    Test,
    /// The default signet ([BIP 325]), on which two keys sign blocks.
    ///
    /// [BIP 325]: https://github.com/bitcoin/bips/blob/master/bip-0325.mediawiki
    Signet,
    /// Regression tests: every rule is active, and the work is the least at each height.
    Regtest,
    /// A chain on a shard: as regression tests, but without work and subsidy. Value comes and leaves by receipts.
    Shard,
}

/// The first heights of the rules that were once added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activations {
    /// [BIP 34](https://github.com/bitcoin/bips/blob/master/bip-0034.mediawiki): the coinbase begins with the height,
    /// and blocks have version 2.
    pub bip34: u32,
    /// [BIP 65](https://github.com/bitcoin/bips/blob/master/bip-0065.mediawiki): `OP_CHECKLOCKTIMEVERIFY`, and version
    /// 4.
    pub bip65: u32,
    /// [BIP 66](https://github.com/bitcoin/bips/blob/master/bip-0066.mediawiki): strict DER, and version 3.
    pub bip66: u32,
    /// [BIP 68](https://github.com/bitcoin/bips/blob/master/bip-0068.mediawiki),
    /// [BIP 112](https://github.com/bitcoin/bips/blob/master/bip-0112.mediawiki) and
    /// [BIP 113](https://github.com/bitcoin/bips/blob/master/bip-0113.mediawiki): relative lock times, and the median
    /// time.
    pub csv: u32,
    /// [BIP 141](https://github.com/bitcoin/bips/blob/master/bip-0141.mediawiki) and
    /// [BIP 147](https://github.com/bitcoin/bips/blob/master/bip-0147.mediawiki): witnesses in blocks, and the null
    /// dummy.
    pub segwit: u32,
}

/// The first block of a network, whose coinbase nobody can spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Genesis {
    pub(crate) hash: Digest,
    pub(crate) time: u32,
    pub(crate) bits: u32,
    pub(crate) nonce: u32,
}

impl Network {
    /// All networks, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Main, Self::Test, Self::Signet, Self::Regtest, Self::Shard];

    /// Returns the number: the position in [`ALL`](Self::ALL).
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Main => 0,
            Self::Test => 1,
            Self::Signet => 2,
            Self::Regtest => 3,
            Self::Shard => 4,
        }
    }

    /// Returns the network with a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.number() == number)
    }

    /// Returns the heights from which rules are active.
    #[must_use]
    pub const fn activations(self) -> Activations {
        match self {
            Self::Main => {
                Activations { bip34: 227_931, bip65: 388_381, bip66: 363_725, csv: 419_328, segwit: 481_824 }
            }
            Self::Test => {
                Activations { bip34: 21_111, bip65: 581_885, bip66: 330_776, csv: 770_112, segwit: 834_624 }
            }
            Self::Signet => Activations { bip34: 1, bip65: 1, bip66: 1, csv: 1, segwit: 1 },
            Self::Regtest | Self::Shard => Activations { bip34: 1, bip65: 1, bip66: 1, csv: 1, segwit: 0 },
        }
    }

    /// Returns the rules of scripts in a block.
    ///
    /// Bitcoin Core applies P2SH, segregated witnesses and taproot to all blocks, also to those before their
    /// activation, with the exception of three blocks that break them (`GetBlockScriptFlags` in `src/validation.cpp`).
    #[must_use]
    pub fn script_flags(self, height: u32, block_hash: &Digest) -> Flags {
        let all = Flags::P2SH | Flags::WITNESS | Flags::TAPROOT;
        let exception = self.exceptions().iter().find(|(hash, _)| hash == block_hash);
        let Activations { bip65, bip66, csv, segwit, .. } = self.activations();
        let by_height = [
            (bip66, Flags::DERSIG),
            (bip65, Flags::CHECKLOCKTIMEVERIFY),
            (csv, Flags::CHECKSEQUENCEVERIFY),
            (segwit, Flags::NULLDUMMY),
        ];
        let active = by_height.into_iter().filter(|(from, _)| height >= *from).map(|(_, flag)| flag);
        exception.map_or(all, |(_, flags)| *flags) | active.collect()
    }

    /// Returns the blocks with other rules of scripts than those around them.
    const fn exceptions(self) -> &'static [(Digest, Flags)] {
        match self {
            Self::Main => &MAIN_EXCEPTIONS,
            Self::Test => &TEST_EXCEPTIONS,
            Self::Signet | Self::Regtest | Self::Shard => &[],
        }
    }

    /// Returns the bits of the least work. No target that bits can express lies between theirs and the limit in Bitcoin
    /// Core, so theirs is the limit.
    #[must_use]
    pub const fn bits_max(self) -> u32 {
        match self {
            Self::Main | Self::Test => 0x1d00_ffff,
            Self::Signet => 0x1e03_77ae,
            Self::Regtest | Self::Shard => 0x207f_ffff,
        }
    }

    /// Returns whether the work adapts to the time that blocks took.
    pub(crate) const fn has_retargeting(self) -> bool {
        match self {
            Self::Main | Self::Test | Self::Signet => true,
            Self::Regtest | Self::Shard => false,
        }
    }

    /// Returns whether a block may have the least work if none came for 20 minutes.
    pub(crate) const fn has_easy_blocks(self) -> bool {
        match self {
            Self::Test | Self::Regtest => true,
            // On a shard, all blocks have the same bits.
            Self::Main | Self::Signet | Self::Shard => false,
        }
    }

    /// Returns whether headers show work.
    pub(crate) const fn has_work(self) -> bool {
        !matches!(self, Self::Shard)
    }

    /// Returns the value in satoshi that a coinbase may make, beside the fees (`GetBlockSubsidy` in
    /// `src/validation.cpp`).
    #[must_use]
    pub fn subsidy(self, height: u32) -> u64 {
        let interval = match self {
            Self::Main | Self::Test | Self::Signet => 210_000,
            Self::Regtest => 150,
            Self::Shard => return 0,
        };
        FIRST_SUBSIDY.checked_shr(height / interval).unwrap_or(0)
    }

    /// Returns the first block.
    pub(crate) const fn genesis(self) -> Genesis {
        let (hash, time, nonce) = match self {
            Self::Main => (MAIN_GENESIS, 1_231_006_505, 2_083_236_893),
            Self::Test => (TEST_GENESIS, 1_296_688_602, 414_098_458),
            Self::Signet => (SIGNET_GENESIS, 1_598_918_400, 52_613_770),
            Self::Regtest => (REGTEST_GENESIS, 1_296_688_602, 2),
            // There is no block: the first one names zeros as its parent.
            Self::Shard => (Digest([0; 32]), 0, 0),
        };
        Genesis { hash, time, bits: self.bits_max(), nonce }
    }
}

impl Genesis {
    /// Returns the header. All first blocks have the same transaction.
    pub(crate) fn header(&self) -> BlockHeader {
        BlockHeader {
            version: BlockVersion::ONE,
            prev_blockhash: BlockHash::from_byte_array([0; 32]),
            merkle_root: TxMerkleNode::from_byte_array(GENESIS_MERKLE_ROOT.0),
            time: BlockTime::from_u32(self.time),
            bits: CompactTarget::from_consensus(self.bits),
            nonce: self.nonce,
        }
    }
}

const MAIN_GENESIS: Digest =
    Digest::of_hex("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f");
const TEST_GENESIS: Digest =
    Digest::of_hex("000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943");
const SIGNET_GENESIS: Digest =
    Digest::of_hex("00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6");
const REGTEST_GENESIS: Digest =
    Digest::of_hex("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206");
const GENESIS_MERKLE_ROOT: Digest =
    Digest::of_hex("4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b");

/// The number of blocks with the same work (`DifficultyAdjustmentInterval` in `src/consensus/params.h`).
pub(crate) const PERIOD_BLOCKS: u32 = 2016;
/// The time that they should take.
pub(crate) const PERIOD_SECONDS: u32 = 14 * 24 * 60 * 60;
/// The time after which a block may have the least work where it may.
pub(crate) const EASY_AFTER_SECONDS: u32 = 20 * 60;

/// A block that breaks BIP 16, and one that breaks BIP 341.
const MAIN_EXCEPTIONS: [(Digest, Flags); 2] = [
    (Digest::of_hex("00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22"), Flags::empty()),
    (
        Digest::of_hex("0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad"),
        Flags::P2SH.union(Flags::WITNESS),
    ),
];
/// A block that breaks BIP 16.
const TEST_EXCEPTIONS: [(Digest, Flags); 1] =
    [(Digest::of_hex("00000000dd30457c001f4095d208cc1296b0eed002427aa599874af7a432b105"), Flags::empty())];

/// 50 bitcoins.
const FIRST_SUBSIDY: u64 = 50 * 100_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_positions() {
        for (number, network) in (0..).zip(Network::ALL) {
            assert_eq!((network.number(), Network::from_number(number)), (number, Some(network)));
        }
        assert_eq!(Network::from_number(5), None);
    }

    #[test]
    fn first_blocks_have_their_hashes() {
        for network in Network::ALL.into_iter().filter(|network| *network != Network::Shard) {
            let genesis = network.genesis();
            assert_eq!(genesis.header().block_hash().to_byte_array(), genesis.hash.0);
        }
    }

    #[test]
    fn the_subsidy_halves_until_it_is_zero() {
        let main = |height| Network::Main.subsidy(height);
        assert_eq!(
            (main(209_999), main(210_000), main(420_000)),
            (5_000_000_000, 2_500_000_000, 1_250_000_000)
        );
        assert_eq!(
            (main(32 * 210_000), main(33 * 210_000), main(64 * 210_000), main(u32::MAX)),
            (1, 0, 0, 0)
        );
        assert_eq!(
            (Network::Regtest.subsidy(149), Network::Regtest.subsidy(150)),
            (5_000_000_000, 2_500_000_000)
        );
        let halvings =
            (0..64_u64).map(|n| u64::from(u32::try_from(n).unwrap() < 64) * main(210_000 * n as u32));
        assert_eq!(halvings.sum::<u64>() * 210_000, 2_099_999_997_690_000);
    }

    #[track_caller]
    fn check_flags(network: Network, height: u32, changed: Flags) {
        let flags = |height| network.script_flags(height, &Digest([1; 32]));
        assert_eq!(flags(height) - flags(height - 1), changed);
    }

    #[test]
    fn each_rule_begins_at_its_height() {
        let base = Flags::P2SH | Flags::WITNESS | Flags::TAPROOT;
        assert_eq!(Network::Main.script_flags(0, &Digest([1; 32])), base);
        for (network, heights) in [
            (Network::Main, [363_725, 388_381, 419_328, 481_824]),
            (Network::Test, [330_776, 581_885, 770_112, 834_624]),
        ] {
            check_flags(network, heights[0], Flags::DERSIG);
            check_flags(network, heights[1], Flags::CHECKLOCKTIMEVERIFY);
            check_flags(network, heights[2], Flags::CHECKSEQUENCEVERIFY);
            check_flags(network, heights[3], Flags::NULLDUMMY);
        }
    }

    #[test]
    fn three_blocks_are_exceptions() {
        let bip16 = Digest::of_hex("00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22");
        assert_eq!(Network::Main.script_flags(170_060, &bip16), Flags::empty());
        assert!(Network::Test.script_flags(170_060, &bip16).contains(Flags::P2SH));
        let taproot = Digest::of_hex("0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad");
        assert_eq!(Network::Main.script_flags(692_261, &taproot), Flags::all() - Flags::TAPROOT);
    }
}
