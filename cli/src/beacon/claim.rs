//! The notation of claims.

use std::fmt;
use std::str::FromStr;

use outrider_beacon::proof::Claim;
use outrider_beacon_proof::Hash;

use super::ether;

/// A claim in the notation of the command line: `code:EE`, `deposit:EE`, `state:EE@SHARD`, `balance:EE@SHARD`,
/// `execution:SHARD@SLOT`, `slot`, `crosslink:SHARD@BLOCK`, `latest:SHARD`, `block:SLOT` or `block-slot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WrittenClaim(pub(super) Claim);

/// A text that is not a claim.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a claim: write code:EE, deposit:EE, state:EE@SHARD, balance:EE@SHARD, execution:SHARD@SLOT, slot, crosslink:SHARD@BLOCK, latest:SHARD, block:SLOT or block-slot, such as state:0@1"
)]
pub(super) struct ClaimError(String);

impl FromStr for WrittenClaim {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        let claim = || {
            match text {
                "slot" => return Some(Claim::Slot),
                "block-slot" => return Some(Claim::BlockSlot),
                _ => {}
            }
            let (kind, rest) = text.split_once(':')?;
            let pair = || rest.split_once('@');
            Some(match kind {
                "code" => Claim::CodeHash { ee: rest.parse().ok()? },
                "deposit" => Claim::Deposit { ee: rest.parse().ok()? },
                "state" => {
                    let (ee, shard) = pair()?;
                    Claim::StateRoot { shard: shard.parse().ok()?, ee: ee.parse().ok()? }
                }
                "balance" => {
                    let (ee, shard) = pair()?;
                    Claim::Balance { shard: shard.parse().ok()?, ee: ee.parse().ok()? }
                }
                "execution" => {
                    let (shard, slot) = pair()?;
                    Claim::ExecutionRoot { shard: shard.parse().ok()?, slot: slot.parse().ok()? }
                }
                "crosslink" => {
                    let (shard, block) = pair()?;
                    Claim::CrosslinkedExecution { shard: shard.parse().ok()?, block: block.parse().ok()? }
                }
                "latest" => Claim::LatestExecution { shard: rest.parse().ok()? },
                "block" => Claim::BlockRoot { slot: rest.parse().ok()? },
                _ => return None,
            })
        };
        claim().map(Self).ok_or_else(|| ClaimError(text.to_owned()))
    }
}

impl fmt::Display for WrittenClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Claim::CodeHash { ee } => write!(f, "code:{ee}"),
            Claim::Deposit { ee } => write!(f, "deposit:{ee}"),
            Claim::StateRoot { shard, ee } => write!(f, "state:{ee}@{shard}"),
            Claim::Balance { shard, ee } => write!(f, "balance:{ee}@{shard}"),
            Claim::Slot => write!(f, "slot"),
            Claim::ExecutionRoot { shard, slot } => write!(f, "execution:{shard}@{slot}"),
            Claim::BlockSlot => write!(f, "block-slot"),
            Claim::BlockRoot { slot } => write!(f, "block:{slot}"),
            Claim::CrosslinkedExecution { shard, block } => write!(f, "crosslink:{shard}@{block}"),
            Claim::LatestExecution { shard } => write!(f, "latest:{shard}"),
        }
    }
}

impl WrittenClaim {
    /// Formats the value of a leaf, which is a root or an amount.
    pub(super) fn value(self, leaf: &Hash) -> String {
        match self.0 {
            Claim::Deposit { .. } | Claim::Balance { .. } => ether(Claim::uint64(leaf)),
            Claim::Slot | Claim::BlockSlot => Claim::uint64(leaf).to_string(),
            Claim::CodeHash { .. }
            | Claim::StateRoot { .. }
            | Claim::ExecutionRoot { .. }
            | Claim::BlockRoot { .. }
            | Claim::CrosslinkedExecution { .. }
            | Claim::LatestExecution { .. } => hex::encode(leaf),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_parse_from_what_they_print() {
        for (text, claim) in [
            ("code:7", Claim::CodeHash { ee: 7 }),
            ("deposit:0", Claim::Deposit { ee: 0 }),
            ("state:7@1", Claim::StateRoot { shard: 1, ee: 7 }),
            ("balance:7@1", Claim::Balance { shard: 1, ee: 7 }),
            ("execution:1@96", Claim::ExecutionRoot { shard: 1, slot: 96 }),
            ("slot", Claim::Slot),
            ("crosslink:1@0", Claim::CrosslinkedExecution { shard: 1, block: 0 }),
            ("latest:1", Claim::LatestExecution { shard: 1 }),
            ("block:96", Claim::BlockRoot { slot: 96 }),
            ("block-slot", Claim::BlockSlot),
        ] {
            assert_eq!(text.parse(), Ok(WrittenClaim(claim)));
            assert_eq!(WrittenClaim(claim).to_string(), text);
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
        ] {
            assert_eq!(wrong.parse::<WrittenClaim>(), Err(ClaimError(wrong.to_owned())));
        }
    }
}
