//! `outrider evm package`: makes the packages for the next block of a chain on a shard.

use std::io::Write as _;

use alloy_primitives::{Address, Bytes};
use outrider_evm::chain_block::{self, Proposal};
use serde_json::json;

use crate::{Verdict, output};

/// Print the packages for the next block of a chain on a shard, as `outrider witness build` reads them.
///
/// The block has the transactions in this order, without those that cannot be executed.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Account that receives the priority fees.
    #[arg(long, value_name = "ADDRESS")]
    beneficiary: Address,
    /// Gas limit of the block. By default it is that of the block before.
    #[arg(long, value_name = "GAS")]
    gas_limit: Option<u64>,
    /// Signed transactions in hex, as wallets send them; `outrider evm init --help` says for which chain ID.
    #[arg(value_name = "TRANSACTION")]
    transactions: Vec<Bytes>,
}

pub(super) fn package(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let Arguments { beneficiary, gas_limit, transactions } = arguments;
    let proposal = chain_block::package(Proposal { beneficiary: *beneficiary, gas_limit: *gas_limit });
    let packages = [&[proposal], transactions.as_slice()].concat();
    let packages: Vec<String> = packages.iter().map(hex::encode).collect();
    writeln!(output::stdout(), "{:#}", json!({ "packages": packages }))?;
    Ok(Verdict::Holds)
}
