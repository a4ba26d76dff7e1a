//! The notation of claims.

use std::str::FromStr;

use outrider_beacon::proof::{Claim, SHARDS_PER_CLAIM};
use outrider_beacon_proof::Hash;
use outrider_beacon_spec::{constants::FAR_FUTURE_EPOCH, math::index};

use super::{ether, ranges};

/// A claim in the notation of the command line, which [`Claim`] prints. Each claim has one notation: numbers are decimal, without
/// sign and leading zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WrittenClaim(pub(super) Claim);

/// A text that is not a claim.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a claim: write code:EE, deposit:EE, deployed:EE, exit:EE, withdrawable:EE, hibernation:EE, wake:EE, shards:EE or shards:EE@256, state:EE@SHARD, balance:EE@SHARD, execution:SHARD@SLOT, slot, crosslink:SHARD@BLOCK, latest:SHARD, block:SLOT, block-slot, finalized, n-shards, n-ees:SHARD, settled:SOURCE:SHARD or settled:SOURCE:SHARD@256, with decimal numbers, such as state:0@1"
)]
pub(super) struct ClaimError(String);

impl FromStr for WrittenClaim {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        let is_written_so = |claim: &Claim| claim.to_string() == text;
        parse(text).filter(is_written_so).map(Self).ok_or_else(|| ClaimError(text.to_owned()))
    }
}

/// Parses a claim in any notation of its numbers.
fn parse(text: &str) -> Option<Claim> {
    match text {
        "slot" => return Some(Claim::Slot),
        "block-slot" => return Some(Claim::BlockSlot),
        "finalized" => return Some(Claim::FinalizedEpoch),
        "n-shards" => return Some(Claim::ShardCount),
        _ => {}
    }
    let (kind, rest) = text.split_once(':')?;
    let number = || rest.parse::<u64>().ok();
    let ee = || rest.parse::<u32>().ok();
    let ee_at = || {
        let (ee, place) = rest.split_once('@')?;
        Some((ee.parse::<u32>().ok()?, place.parse::<u64>().ok()?))
    };
    let shard_at = || {
        let (shard, place) = rest.split_once('@')?;
        Some((shard.parse::<u64>().ok()?, place.parse::<u64>().ok()?))
    };
    Some(match kind {
        "code" => Claim::CodeHash { ee: ee()? },
        "deposit" => Claim::Deposit { ee: ee()? },
        "deployed" => Claim::DeployedEpoch { ee: ee()? },
        "exit" => Claim::ExitEpoch { ee: ee()? },
        "withdrawable" => Claim::WithdrawableEpoch { ee: ee()? },
        "hibernation" => Claim::HibernationEpoch { ee: ee()? },
        "wake" => Claim::WakeEpoch { ee: ee()? },
        "shards" => {
            let (ee, from) = ee_at().or_else(|| Some((ee()?, 0)))?;
            if !from.is_multiple_of(SHARDS_PER_CLAIM) {
                return None;
            }
            Claim::Shards { ee, from }
        }
        "state" => ee_at().map(|(ee, shard)| Claim::StateRoot { shard, ee })?,
        "balance" => ee_at().map(|(ee, shard)| Claim::Balance { shard, ee })?,
        "execution" => shard_at().map(|(shard, slot)| Claim::ExecutionRoot { shard, slot })?,
        "crosslink" => shard_at().map(|(shard, block)| Claim::CrosslinkedExecution { shard, block })?,
        "latest" => Claim::LatestExecution { shard: number()? },
        "block" => Claim::BlockRoot { slot: number()? },
        "n-ees" => Claim::EeCount { shard: number()? },
        "settled" => {
            let (source, rest) = rest.split_once(':')?;
            let source = source.parse().ok()?;
            match rest.split_once('@') {
                None => Claim::SettledBefore { source, destination: rest.parse().ok()? },
                Some((destination, from)) => {
                    let (destination, from) = (destination.parse().ok()?, from.parse().ok()?);
                    Claim::Settled { source, destination, from }
                }
            }
        }
        _ => return None,
    })
}

impl WrittenClaim {
    /// Formats the value of a leaf.
    pub(super) fn value(self, leaf: &Hash) -> String {
        match self.0 {
            Claim::Deposit { .. } | Claim::Balance { .. } => ether(Claim::uint64(leaf)),
            Claim::Slot | Claim::BlockSlot | Claim::ShardCount | Claim::EeCount { .. } => {
                Claim::uint64(leaf).to_string()
            }
            Claim::SettledBefore { .. } => format!("all before {}", Claim::uint64(leaf)),
            Claim::Settled { from, .. } => members(leaf, from),
            Claim::FinalizedEpoch => format!("epoch {}", Claim::uint64(leaf)),
            Claim::DeployedEpoch { .. }
            | Claim::ExitEpoch { .. }
            | Claim::WithdrawableEpoch { .. }
            | Claim::HibernationEpoch { .. }
            | Claim::WakeEpoch { .. } => match Claim::uint64(leaf) {
                FAR_FUTURE_EPOCH => "never".to_owned(),
                epoch => format!("epoch {epoch}"),
            },
            Claim::Shards { from, .. } => members(leaf, from),
            Claim::CodeHash { .. }
            | Claim::StateRoot { .. }
            | Claim::ExecutionRoot { .. }
            | Claim::BlockRoot { .. }
            | Claim::CrosslinkedExecution { .. }
            | Claim::LatestExecution { .. } => hex::encode(leaf),
        }
    }
}

/// Formats the numbers in a leaf of 256 bits that begins with the bit of number `from`.
fn members(leaf: &Hash, from: u64) -> String {
    let has_bit = |place: &u64| {
        let byte = leaf.get(index(place / 8)).copied().unwrap_or_default();
        byte >> (place % 8) & 1 == 1
    };
    let members = (0..256).filter(has_bit);
    match ranges(members.map(|place| from.saturating_add(place))) {
        none if none.is_empty() => "none".to_owned(),
        members => members,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn claims_parse_from_what_they_print() {
        for (text, claim) in [
            ("code:7", Claim::CodeHash { ee: 7 }),
            ("deposit:0", Claim::Deposit { ee: 0 }),
            ("deployed:7", Claim::DeployedEpoch { ee: 7 }),
            ("exit:4294967295", Claim::ExitEpoch { ee: u32::MAX }),
            ("withdrawable:10", Claim::WithdrawableEpoch { ee: 10 }),
            ("hibernation:7", Claim::HibernationEpoch { ee: 7 }),
            ("wake:0", Claim::WakeEpoch { ee: 0 }),
            ("shards:7", Claim::Shards { ee: 7, from: 0 }),
            ("shards:7@256", Claim::Shards { ee: 7, from: 256 }),
            ("state:7@1", Claim::StateRoot { shard: 1, ee: 7 }),
            ("balance:7@1", Claim::Balance { shard: 1, ee: 7 }),
            ("execution:1@96", Claim::ExecutionRoot { shard: 1, slot: 96 }),
            ("slot", Claim::Slot),
            ("crosslink:1@0", Claim::CrosslinkedExecution { shard: 1, block: 0 }),
            ("latest:1", Claim::LatestExecution { shard: 1 }),
            ("block:96", Claim::BlockRoot { slot: 96 }),
            ("block-slot", Claim::BlockSlot),
            ("finalized", Claim::FinalizedEpoch),
            ("n-shards", Claim::ShardCount),
            ("n-ees:1", Claim::EeCount { shard: 1 }),
            ("settled:1024:3", Claim::SettledBefore { source: 1024, destination: 3 }),
            ("settled:2:3@768", Claim::Settled { source: 2, destination: 3, from: 768 }),
        ] {
            assert_eq!(text.parse(), Ok(WrittenClaim(claim)));
            assert_eq!(claim.to_string(), text);
        }
        for wrong in [
            "",
            "code",
            "slot:1",
            "code:",
            "code:x",
            "code:-1",
            "code:4294967296",
            "state:1",
            "state:1@",
            "root:1",
            "code:1@2",
            "crosslink:1",
            "latest:1@2",
            "block",
            "code:+0",
            "code:00",
            "code:01",
            "code: 1",
            "code:1 ",
            "code:٣",
            "deployed:+1",
            "wake:-0",
            "shards:1@0",
            "shards:1@255",
            "shards:1@",
            "state:0@+1",
            "state:00@1",
            "execution:1@096",
            "crosslink:01@0",
            "latest:+1",
            "block:00",
            "block:18446744073709551616",
            "Slot",
            "block-slot ",
        ] {
            assert_eq!(wrong.parse::<WrittenClaim>(), Err(ClaimError(wrong.to_owned())));
        }
    }

    proptest! {
        /// Every claim is read as it is printed, and no other text is a claim.
        #[test]
        fn a_claim_has_one_notation(
            kind in "code|deposit|deployed|exit|withdrawable|hibernation|wake|shards|state|balance|execution|crosslink|latest|block|slot|block-slot|finalized|n-shards|n-ees",
            numbers in "(:[+-]?[0-9 ]{0,4}(@[+-]?[0-9_]{0,4})?)?",
        ) {
            let text = kind + &numbers;
            if let Ok(WrittenClaim(claim)) = text.parse::<WrittenClaim>() {
                prop_assert_eq!(claim.to_string(), text);
            }
        }

        #[test]
        fn each_claim_is_read_as_it_is_printed(ee: u32, one: u64, other: u64) {
            for claim in [
                Claim::CodeHash { ee },
                Claim::Deposit { ee },
                Claim::DeployedEpoch { ee },
                Claim::ExitEpoch { ee },
                Claim::WithdrawableEpoch { ee },
                Claim::HibernationEpoch { ee },
                Claim::WakeEpoch { ee },
                Claim::Shards { ee, from: one - one % 256 },
                Claim::StateRoot { shard: one, ee },
                Claim::Balance { shard: one, ee },
                Claim::ExecutionRoot { shard: one, slot: other },
                Claim::CrosslinkedExecution { shard: one, block: other },
                Claim::LatestExecution { shard: one },
                Claim::BlockRoot { slot: one },
                Claim::EeCount { shard: one },
                Claim::SettledBefore { source: one, destination: other },
                Claim::Settled { source: one, destination: other, from: one },
            ] {
                prop_assert_eq!(claim.to_string().parse(), Ok(WrittenClaim(claim)));
            }
        }
    }

    #[test]
    fn values_are_readable() {
        let mut leaf = [0; 32];
        let exit = WrittenClaim(Claim::ExitEpoch { ee: 0 });
        assert_eq!(exit.value(&leaf), "epoch 0");
        leaf[..8].copy_from_slice(&[0xff; 8]);
        assert_eq!(exit.value(&leaf), "never");
        let shards = |leaf, from| WrittenClaim(Claim::Shards { ee: 0, from }).value(&leaf);
        assert_eq!(shards([0; 32], 0), "none");
        assert_eq!(shards([0xff; 32], 0), "0 to 255");
        leaf = [0; 32];
        (leaf[0], leaf[31]) = (0b101, 0b1000_0000);
        assert_eq!(shards(leaf, 256), "256, 258, 511");
    }
}
