//! The options for the context of blocks: shard, slot and beacon root.

use outrider_fixture::PartialContext;
use outrider_host::{BeaconRoot, ShardIndex, Slot};

/// The context of blocks whose fixture does not set it.
#[derive(clap::Args)]
pub(crate) struct ContextOptions {
    /// Shard of the blocks, if the fixture sets none. [default: 0]
    #[arg(long, value_name = "INDEX")]
    shard: Option<u64>,
    /// Slot of the blocks, if the fixture sets none. [default: 0]
    #[arg(long, value_name = "SLOT")]
    slot: Option<u64>,
    /// Root of the beacon block that the blocks build on, if the fixture sets none. [default: zeros]
    #[arg(long, value_name = "HEX", value_parser = beacon_root)]
    beacon_root: Option<BeaconRoot>,
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
    bytes.try_into().map(BeaconRoot).map_err(|_| format!("expected 32 bytes, got {got}"))
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
        assert_eq!(beacon_root("ab00"), Err("expected 32 bytes, got 2".to_owned()));
        assert_eq!(beacon_root("abc"), Err("Odd number of digits".to_owned()));
    }
}
