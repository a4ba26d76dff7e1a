//! The rules of public networks.

use alloy_primitives::{Address, U256, address};
use outrider_evm_codec::{BlobSchedule, Fork};

use crate::chain::{Activation, BPO1_BLOBS, BPO2_BLOBS, CANCUN_BLOBS, Chain, NO_BLOBS, PRAGUE_BLOBS, Step};

impl Chain {
    /// Returns the network of this name: `mainnet`, `sepolia`, `holesky` or `hoodi`.
    pub fn of_public_network(name: &str) -> Option<Self> {
        match name {
            "mainnet" => Some(Self::mainnet()),
            "sepolia" => Some(Self::test_network(11_155_111, SEPOLIA, SEPOLIA_DEPOSITS)),
            "holesky" => Some(Self::test_network(17_000, HOLESKY, HOLESKY_DEPOSITS)),
            "hoodi" => Some(Self::test_network(560_048, HOODI, None)),
            _ => None,
        }
    }

    /// Returns Ethereum's main network, with the forks that [ethereum/execution-specs] lists.
    ///
    /// [ethereum/execution-specs]: https://github.com/ethereum/execution-specs
    pub fn mainnet() -> Self {
        let number = |number, fork| step(Activation::Number(number), fork, NO_BLOBS);
        let timestamp = |timestamp, fork, blobs| step(Activation::Timestamp(timestamp), fork, blobs);
        let steps = vec![
            number(0, Fork::Frontier),
            number(1_150_000, Fork::Homestead),
            number(2_463_000, Fork::TangerineWhistle),
            number(2_675_000, Fork::SpuriousDragon),
            number(4_370_000, Fork::Byzantium),
            number(7_280_000, Fork::Petersburg),
            number(9_069_000, Fork::Istanbul),
            number(9_200_000, Fork::MuirGlacier),
            number(12_244_000, Fork::Berlin),
            number(12_965_000, Fork::London),
            number(13_773_000, Fork::ArrowGlacier),
            number(15_050_000, Fork::GrayGlacier),
            number(15_537_394, Fork::Paris),
            timestamp(1_681_338_455, Fork::Shanghai, NO_BLOBS),
            timestamp(1_710_338_135, Fork::Cancun, CANCUN_BLOBS),
            timestamp(1_746_612_311, Fork::Prague, PRAGUE_BLOBS),
            timestamp(1_764_798_551, Fork::Osaka, PRAGUE_BLOBS),
            timestamp(1_765_290_071, Fork::Osaka, BPO1_BLOBS),
            timestamp(1_767_747_671, Fork::Osaka, BPO2_BLOBS),
        ];
        Self { chain_id: 1, steps, dao_fork_number: Some(1_920_000), deposit_contract: None }
    }

    /// Returns a network that starts with the rules of London and has all forks from Paris on.
    fn test_network(
        chain_id: u64,
        (merge_difficulty, times): (u64, [u64; 6]),
        deposit_contract: Option<Address>,
    ) -> Self {
        let merge = Activation::ParentTotalDifficulty(U256::from(merge_difficulty));
        let mut steps =
            vec![step(Activation::Number(0), Fork::London, NO_BLOBS), step(merge, Fork::Paris, NO_BLOBS)];
        let forks = [
            (Fork::Shanghai, NO_BLOBS),
            (Fork::Cancun, CANCUN_BLOBS),
            (Fork::Prague, PRAGUE_BLOBS),
            (Fork::Osaka, PRAGUE_BLOBS),
            (Fork::Osaka, BPO1_BLOBS),
            (Fork::Osaka, BPO2_BLOBS),
        ];
        let by_time = forks.into_iter().zip(times);
        steps.extend(by_time.map(|((fork, blobs), time)| step(Activation::Timestamp(time), fork, blobs)));
        Self { chain_id, steps, dao_fork_number: None, deposit_contract }
    }
}

fn step(activation: Activation, fork: Fork, blobs: BlobSchedule) -> Step {
    Step { activation, fork, blobs }
}

/// The total difficulty of the merge, and the times of Shanghai, Cancun, Prague, Osaka, BPO1 and BPO2, from
/// `params/config.go` of [go-ethereum]; so are those of the other two networks.
///
/// [go-ethereum]: https://github.com/ethereum/go-ethereum
const SEPOLIA: (u64, [u64; 6]) = (
    17_000_000_000_000_000,
    [1_677_557_088, 1_706_655_072, 1_741_159_776, 1_760_427_360, 1_761_017_184, 1_761_607_008],
);
const HOLESKY: (u64, [u64; 6]) =
    (0, [1_696_000_704, 1_707_305_664, 1_740_434_112, 1_759_308_480, 1_759_800_000, 1_760_389_824]);
const HOODI: (u64, [u64; 6]) = (0, [0, 0, 1_742_999_832, 1_761_677_592, 1_762_365_720, 1_762_955_544]);

const SEPOLIA_DEPOSITS: Option<Address> = Some(address!("7f02c3e3c98b133055b8b348b2ac625669ed295d"));
const HOLESKY_DEPOSITS: Option<Address> = Some(address!("4242424242424242424242424242424242424242"));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Place;

    #[track_caller]
    fn check(network: &str, number: u64, timestamp: u64, is_merged: bool, expected: (Fork, BlobSchedule)) {
        let chain = Chain::of_public_network(network).unwrap();
        let parent_total_difficulty = if is_merged { U256::MAX } else { U256::ZERO };
        let rules = chain.rules(&Place { number, timestamp, parent_total_difficulty });
        assert_eq!((rules.fork, rules.blobs), expected, "{network} {number}");
    }

    #[test]
    fn networks_change_rules_at_their_forks() {
        check("mainnet", 97, 1_438_270_000, false, (Fork::Frontier, NO_BLOBS));
        check("mainnet", 23_587_691, 1_760_586_995, true, (Fork::Prague, PRAGUE_BLOBS));
        check("sepolia", 1_000, 1_640_000_000, false, (Fork::London, NO_BLOBS));
        check("sepolia", 1_500_000, 1_660_000_000, true, (Fork::Paris, NO_BLOBS));
        check("sepolia", 9_500_000, 1_761_607_008, true, (Fork::Osaka, BPO2_BLOBS));
        check("holesky", 1, 1_695_902_412, true, (Fork::Paris, NO_BLOBS));
        check("hoodi", 1_265_656, 1_758_544_428, true, (Fork::Prague, PRAGUE_BLOBS));
        assert_eq!(Chain::of_public_network("ropsten"), None);
    }
}
