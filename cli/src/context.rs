//! Where and when blocks are executed, as fixtures and options say it.

use outrider_host::{BeaconRoot, Context, EeIndex, ShardIndex, Slot};

/// What is said of the context of a block. What is not said may be said elsewhere, and else is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartialContext {
    pub(crate) shard: Option<ShardIndex>,
    pub(crate) slot: Option<Slot>,
    pub(crate) beacon_root: Option<BeaconRoot>,
}

/// The context of blocks, for commands that execute some.
#[derive(clap::Args)]
pub(crate) struct ContextOptions {
    /// Shard of the blocks, but for those of a fixture that have one of their own. [default: 0]
    #[arg(long, value_name = "INDEX")]
    shard: Option<u64>,
    /// Slot of the blocks, but for those of a fixture that have one of their own. [default: 0]
    #[arg(long, value_name = "SLOT")]
    slot: Option<u64>,
    /// Root of the beacon block that the blocks build on, but for those of a fixture that have one of their own. [default: zeros]
    #[arg(long, value_name = "HEX", value_parser = beacon_root)]
    beacon_root: Option<BeaconRoot>,
}

impl PartialContext {
    /// What is not said is what `other` says.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            shard: self.shard.or(other.shard),
            slot: self.slot.or(other.slot),
            beacon_root: self.beacon_root.or(other.beacon_root),
        }
    }

    /// The context of a block for the EE of this index.
    pub(crate) fn complete(self, env: usize) -> Context {
        Context {
            shard: self.shard.unwrap_or_default(),
            slot: self.slot.unwrap_or_default(),
            // Lossless: no target that Rust has is wider than 64 bits.
            ee_index: EeIndex(env as u64),
            beacon_root: self.beacon_root.unwrap_or_default(),
        }
    }
}

impl ContextOptions {
    pub(crate) fn context(&self) -> PartialContext {
        PartialContext {
            shard: self.shard.map(ShardIndex),
            slot: self.slot.map(Slot),
            beacon_root: self.beacon_root,
        }
    }
}

fn beacon_root(hex: &str) -> Result<BeaconRoot, String> {
    let bytes = hex::decode(hex.strip_prefix("0x").unwrap_or(hex)).map_err(|error| error.to_string())?;
    let got = bytes.len();
    bytes.try_into().map(BeaconRoot).map_err(|_| format!("it has {got} bytes, expected 32"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beacon_root_has_32_bytes() {
        let digits = format!("ab{}", "00".repeat(31));
        for text in [digits.clone(), format!("0x{digits}")] {
            assert_eq!(beacon_root(&text).map(|root| root.0[0]), Ok(0xab));
        }
        assert_eq!(beacon_root("ab00"), Err("it has 2 bytes, expected 32".to_owned()));
        assert_eq!(beacon_root("abc"), Err("Odd number of digits".to_owned()));
    }

    #[test]
    fn what_is_not_said_is_said_elsewhere_or_zero() {
        let block = PartialContext { slot: Some(Slot(1)), ..PartialContext::default() };
        let options =
            PartialContext { shard: Some(ShardIndex(2)), slot: Some(Slot(3)), ..PartialContext::default() };
        let expected = Context {
            shard: ShardIndex(2),
            slot: Slot(1),
            ee_index: EeIndex(4),
            beacon_root: BeaconRoot::default(),
        };
        assert_eq!(block.or(options).complete(4), expected);
    }
}
