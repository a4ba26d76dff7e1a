//! `outrider zk`: sets up, operates and leaves ZK rollups.

mod account;
mod ceremony;
mod deposit;
mod exit;
mod genesis;
mod keys;
mod prove;
mod rebuild;
mod setup;
mod source;
mod transfer;
mod verify;
mod write;

use crate::Verdict;

/// Set up, operate and leave ZK rollups: proving keys, accounts, signed transfers, proofs, and states from published blocks.
///
/// The verbs write packages, from which `outrider witness build` makes blocks, with states that `outrider state init --kind
/// zk-rollup` makes.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    Setup(setup::Arguments),
    Ceremony(ceremony::Arguments),
    Account(account::Arguments),
    Genesis(genesis::Arguments),
    Deposit(deposit::Arguments),
    Transfer(transfer::Arguments),
    Prove(prove::Arguments),
    Rebuild(rebuild::Arguments),
    Exit(exit::Arguments),
    Verify(verify::Arguments),
}

pub(crate) fn zk(arguments: &Arguments) -> anyhow::Result<Verdict> {
    match &arguments.action {
        Action::Setup(arguments) => setup::setup(arguments),
        Action::Ceremony(arguments) => ceremony::ceremony(arguments),
        Action::Account(arguments) => account::account(arguments),
        Action::Genesis(arguments) => genesis::genesis(arguments),
        Action::Deposit(arguments) => deposit::deposit(arguments),
        Action::Transfer(arguments) => transfer::transfer(arguments),
        Action::Prove(arguments) => prove::prove(arguments),
        Action::Rebuild(arguments) => rebuild::rebuild(arguments),
        Action::Exit(arguments) => exit::exit(arguments),
        Action::Verify(arguments) => verify::verify(arguments),
    }
}
