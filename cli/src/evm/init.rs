//! `outrider evm init`: makes the state with which a chain on a shard begins.

use std::path::PathBuf;

use anyhow::Context as _;
use outrider_evm::{
    genesis::Genesis,
    shard_chain::{ShardGenesis, SlotClock},
};
use outrider_host::StateRoot;
use outrider_witness::store::StateKind;

use super::read::read_json;
use crate::Verdict;
use crate::built_in::{EVM, EeArguments};
use crate::state::init::{Made, create};

/// Make the state with which a chain on a shard begins, in a new or empty directory, and print its root.
///
/// The state commits to the rules of the chain, to its head, and to the accounts. `outrider witness build` makes blocks from it, with
/// packages of `outrider evm package`; each block needs a later slot than the one before, which `--slot` sets. The rules are those of
/// Paris or later. From Prague on, the genesis has to contain the contracts of EIP-2935, EIP-7002 and EIP-7251.
///
/// The `chainId` in the genesis, from 1 to 67108862, is the base of chain IDs: that of EE e on shard s is
/// chainId * 67108864 + e * 1024 + s, so that each EE on each shard has its own. Wallets sign with that.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// New or empty directory.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Accounts, head and rules, as geth's genesis file in JSON.
    #[arg(long, value_name = "GENESIS.json")]
    genesis: PathBuf,
    /// Time of slot 0, in seconds since 1970.
    #[arg(long, value_name = "SECONDS")]
    genesis_time: u64,
    /// Time between two slots.
    #[arg(long, value_name = "SECONDS", default_value_t = 12)]
    seconds_per_slot: u64,
    #[command(flatten)]
    ee: EeArguments,
}

pub(super) fn init(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let file = || arguments.genesis.display().to_string();
    let genesis = Genesis::of_json(read_json(&arguments.genesis)?).with_context(file)?;
    let clock =
        SlotClock { genesis_time: arguments.genesis_time, seconds_per_slot: arguments.seconds_per_slot };
    let genesis = ShardGenesis::new(genesis, clock).with_context(file)?;
    create(&arguments.directory, arguments.ee.load(EVM)?, StateKind::KECCAK256, |provider| {
        let (root, batch) = genesis.batch();
        let root = StateRoot(root.0);
        let made = || format!("{}: cannot make the state", arguments.directory.display());
        provider.import(root, batch).with_context(made)?;
        Ok(Made::State(root))
    })
}
