//! `outrider zk deposit`: makes receipts with ether for accounts of a rollup.

use std::path::PathBuf;

use outrider_zk_rollup_ee::Recipient;
use serde_json::json;

use super::keys::{account_index, public_key};
use super::write;
use crate::Verdict;

/// Write packages with receipts that bring ether to accounts, for `outrider witness build`.
///
/// On a chain, such receipts come from EEs on other shards, such as those of accounts. This verb takes their place, so that a rollup can be
/// tried out alone. The deposits wait for the operator's next section.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Recipient and value in Gwei, such as `alice.key=5000`: an account by its index, or a new one by the 64 hex digits of its public key
    /// or the file of its secret key.
    #[arg(required = true, value_name = "RECIPIENT=GWEI", value_parser = deposit_of)]
    deposits: Vec<(Recipient, u64)>,
    /// Shard that the receipts come from.
    #[arg(long, value_name = "INDEX", default_value_t = 1)]
    source_shard: u64,
    /// EE that the receipts come from.
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    source_ee: u64,
    /// Slot in which they were sent.
    #[arg(long, value_name = "SLOT", default_value_t = 0)]
    slot: u64,
    /// Sequence number of the first one.
    #[arg(long, value_name = "N", default_value_t = 0)]
    sequence: u64,
    /// File for the packages. By default, they are printed to standard output.
    #[arg(short, long, value_name = "PACKAGES")]
    output: Option<PathBuf>,
}

fn deposit_of(text: &str) -> Result<(Recipient, u64), String> {
    let (recipient, value) = text.rsplit_once('=').ok_or("expected a recipient, `=` and a value in Gwei")?;
    let value = value.parse().map_err(|error| format!("the value: {error}"))?;
    let recipient = match account_index(recipient) {
        Ok(index) => Recipient::Existing(index),
        Err(_) => Recipient::New(public_key(recipient)?.to_bytes()),
    };
    Ok((recipient, value))
}

pub(super) fn deposit(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let Arguments { deposits, source_shard, source_ee, slot, sequence, output } = arguments;
    let receipts = deposits.iter().zip(*sequence..).map(|((recipient, value), sequence)| {
        json!({
            "kind": "message",
            "source_shard": source_shard,
            "source_ee": source_ee,
            "slot": slot,
            "sequence": sequence,
            "value": value,
            // The first 32 bytes are for the sender's use.
            "payload": hex::encode([&[0; 32], &recipient.to_bytes()[..]].concat()),
        })
    });
    let receipts: Vec<_> = receipts.collect();
    write::document(output.as_deref(), &json!({ "packages": [], "receipts": receipts }))?;
    Ok(Verdict::Holds)
}
