//! The options for the context of blocks.

use outrider_fixture::PartialContext;
use outrider_host::{BeaconRoot, EeIndex, ParseHexError, RootRead, ShardIndex, Slot};

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
    /// Ether of the EE on the shard before the block in Gwei, if the fixture sets none. [default: 0]
    #[arg(long, value_name = "GWEI")]
    balance: Option<u64>,
    /// Latest final slot, if the fixture sets none. [default: 0]
    #[arg(long, value_name = "SLOT")]
    finalized_slot: Option<u64>,
}

impl ContextOptions {
    pub(crate) fn context(&self) -> PartialContext {
        PartialContext {
            shard: self.shard.map(ShardIndex),
            slot: self.slot.map(Slot),
            beacon_root: self.beacon_root,
            balance: self.balance,
            finalized_slot: self.finalized_slot.map(Slot),
        }
    }
}

fn beacon_root(hex: &str) -> Result<BeaconRoot, String> {
    let bytes = hex::decode(hex.strip_prefix("0x").unwrap_or(hex)).map_err(|error| error.to_string())?;
    let got = bytes.len();
    bytes.try_into().map(BeaconRoot).map_err(|_| format!("expected 32 bytes, got {got}"))
}

/// Parses a declared state root: the shard, the EE and the root, separated by colons.
pub(crate) fn root_read(text: &str) -> Result<RootRead, String> {
    let mut parts = text.splitn(3, ':');
    let (Some(shard), Some(ee), Some(root)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("expected shard, EE and state root, separated by colons".to_owned());
    };
    let number = |what: &str, text: &str| text.parse().map_err(|error| format!("the {what}: {error}"));
    Ok(RootRead {
        shard: ShardIndex(number("shard", shard)?),
        ee: EeIndex(number("EE", ee)?),
        state_root: root.parse().map_err(|error: ParseHexError| error.to_string())?,
    })
}

#[cfg(test)]
mod tests {
    use outrider_host::StateRoot;

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

    #[test]
    fn a_read_has_shard_ee_and_root() {
        let root = StateRoot([0xab; 32]);
        let expected = RootRead { shard: ShardIndex(2), ee: EeIndex(u64::MAX), state_root: root };
        assert_eq!(root_read(&format!("2:{}:{root}", u64::MAX)), Ok(expected));
        assert_eq!(root_read(&format!("2:{}:0x{root}", u64::MAX)), Ok(expected));
        for (text, error) in [
            ("1:2", "expected shard, EE and state root, separated by colons"),
            ("1:-2:ab", "the EE: invalid digit found in string"),
            (":2:ab", "the shard: cannot parse integer from empty string"),
            ("1:2:ab", "a state root has 64 hex digits, after `0x` or without it, got 2 characters"),
        ] {
            assert_eq!(root_read(text), Err(error.to_owned()));
        }
    }
}
