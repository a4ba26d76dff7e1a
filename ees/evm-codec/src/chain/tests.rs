//! Tests of chain nodes.

use alloc::{vec, vec::Vec};

use alloy_primitives::{Address, Bytes};
use proptest::{collection::vec, prelude::*};

use super::{ChainNode, ChainNodeError, ChainPlace, ChainRules, ChainRulesError, ForkTime, SlotClock};
use crate::{BlobSchedule, Fork};

const BLOBS: BlobSchedule = BlobSchedule { target: 6, max: 9, base_fee_update_fraction: 5_007_716 };
const CLOCK: SlotClock = SlotClock { genesis_time: 1_600_000_000, seconds_per_slot: 12 };

fn since(since: u64, fork: Fork) -> ForkTime {
    ForkTime { since, fork, blobs: BLOBS }
}

fn rules(forks: Vec<ForkTime>) -> Result<ChainRules, ChainRulesError> {
    ChainRules::new(7, CLOCK, forks, None)
}

fn node() -> ChainNode {
    let forks = vec![since(0, Fork::Paris), since(100, Fork::Cancun), since(200, Fork::Cancun)];
    let rules = ChainRules::new(7, CLOCK, forks, Some(Address::repeat_byte(6))).unwrap();
    ChainNode { rules, header: Bytes::from(vec![0xc0; 540]) }
}

#[test]
fn a_node_has_one_encoding() {
    let bytes = node().to_bytes();
    assert_eq!(bytes[..7], *b"\xefchain1");
    assert_eq!(ChainNode::from_bytes(&bytes), Ok(node()));
    assert_eq!(ChainNode::from_bytes(&bytes[1..]), Err(ChainNodeError::Tag));
    let longer = [bytes.as_slice(), &[0]].concat();
    let too_long = ChainNodeError::Fields(alloy_rlp::Error::UnexpectedLength);
    assert_eq!(ChainNode::from_bytes(&longer), Err(too_long));
}

#[test]
fn a_fork_is_in_force_from_its_time_on() {
    let forks = vec![since(0, Fork::Paris), since(100, Fork::Shanghai), since(200, Fork::Prague)];
    let contract = Some(Address::repeat_byte(6));
    let rules = ChainRules::new(7, CLOCK, forks, contract).unwrap();
    for (time, fork, deposit_contract) in [
        (0, Fork::Paris, None),
        (99, Fork::Paris, None),
        (100, Fork::Shanghai, None),
        (200, Fork::Prague, contract),
        (u64::MAX, Fork::Prague, contract),
    ] {
        let at = rules.at(ChainPlace { ee: 0, shard: 0 }, time).unwrap();
        assert_eq!((at.fork, at.deposit_contract), (fork, deposit_contract), "{time}");
    }
}

#[test]
fn each_ee_on_each_shard_has_its_own_chain_id() {
    let check = |base, ee, shard, expected: Option<u64>| {
        let rules = ChainRules::new(base, CLOCK, vec![since(0, Fork::Paris)], None).unwrap();
        let place = ChainPlace { ee, shard };
        assert_eq!(rules.chain_id(place), expected);
        assert_eq!(rules.at(place, 0).map(|rules| rules.chain_id), expected);
    };
    check(1, 0, 0, Some(67_108_864));
    check(7, 0, 1, Some(7 * 67_108_864 + 1));
    check(7, 1, 0, Some(7 * 67_108_864 + 1_024));
    check(1_337, 1, 3, Some(89_724_552_195));
    // The largest one is within the limit of wallets.
    check(67_108_862, 65_535, 1_023, Some(4_503_599_560_261_631));
    check(7, 65_536, 0, None);
    check(7, 0, 1_024, None);
    check(7, u64::MAX, u64::MAX, None);
}

#[test]
fn a_base_without_room_for_ees_and_shards_is_refused() {
    for base in [0, 67_108_863, 1 << 32, u64::MAX] {
        let refused = ChainRules::new(base, CLOCK, vec![since(0, Fork::Paris)], None);
        assert_eq!(refused, Err(ChainRulesError::ChainIdBase { got: base }));
    }
}

#[test]
fn rules_of_no_shard_are_refused() {
    assert_eq!(rules(vec![]), Err(ChainRulesError::Forks { got: 0 }));
    assert_eq!(rules(vec![since(0, Fork::Paris); 65]), Err(ChainRulesError::Forks { got: 65 }));
    assert_eq!(rules(vec![since(1, Fork::Paris)]), Err(ChainRulesError::First { since: 1 }));
    for fork in Fork::ALL.iter().copied().filter(|fork| *fork < Fork::Paris) {
        assert_eq!(rules(vec![since(0, fork)]), Err(ChainRulesError::BeforeParis { fork }));
    }
    for second in [since(0, Fork::Cancun), since(1, Fork::Paris)] {
        assert_eq!(rules(vec![since(0, Fork::Shanghai), second]), Err(ChainRulesError::Order { index: 1 }));
    }
    let no_blobs = BlobSchedule { target: 0, max: 0, base_fee_update_fraction: 0 };
    let without = ForkTime { since: 0, fork: Fork::Cancun, blobs: no_blobs };
    assert_eq!(rules(vec![without]), Err(ChainRulesError::BlobSchedule { index: 0 }));
    let clock = SlotClock { seconds_per_slot: 0, ..CLOCK };
    let timeless = ChainRules::new(7, clock, vec![since(0, Fork::Paris)], None);
    assert_eq!(timeless, Err(ChainRulesError::SecondsPerSlot));
}

#[test]
fn slots_have_times_until_64_bits_are_used_up() {
    assert_eq!(CLOCK.time(0), Some(1_600_000_000));
    assert_eq!(CLOCK.time(10), Some(1_600_000_120));
    assert_eq!(CLOCK.time(u64::MAX / 12), None);
    assert_eq!(CLOCK.time(u64::MAX), None);
}

proptest! {
    /// Whatever bases the genesis of each chain has.
    #[test]
    fn chains_at_two_places_have_different_ids(
        bases in [1..=ChainRules::CHAIN_ID_BASE_MAX, 1..=ChainRules::CHAIN_ID_BASE_MAX],
        ees in [0..ChainPlace::EE_END, 0..ChainPlace::EE_END],
        shards in [0..ChainPlace::SHARD_END, 0..ChainPlace::SHARD_END],
    ) {
        let id = |index: usize, base: u64| {
            let rules = ChainRules::new(base, CLOCK, vec![since(0, Fork::Paris)], None).unwrap();
            rules.chain_id(ChainPlace { ee: ees[index], shard: shards[index] }).unwrap()
        };
        let are_equal = (ees[0], shards[0]) == (ees[1], shards[1]);
        prop_assert!(are_equal || id(0, bases[0]) != id(1, bases[1]));
        prop_assert_eq!(are_equal, id(0, bases[0]) == id(1, bases[0]));
    }

    /// Everything that decodes has one encoding.
    #[test]
    fn damaged_nodes_are_refused_or_others(changes in vec((any::<usize>(), any::<u8>()), 1..4)) {
        let mut bytes = node().to_bytes();
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Ok(node) = ChainNode::from_bytes(&bytes) {
            prop_assert_eq!(node.to_bytes(), bytes);
        }
    }

    #[test]
    fn no_bytes_are_too_strange_for_the_decoder(bytes in vec(any::<u8>(), 0..100), tagged: bool) {
        let bytes = if tagged { [&ChainNode::TAG, bytes.as_slice()].concat() } else { bytes };
        prop_assert!(ChainNode::from_bytes(&bytes).is_err(), "a header alone is longer");
    }
}
