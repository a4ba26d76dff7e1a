//! `outrider evm`: runs Ethereum's own tests and blocks through the EVM EE, and begins chains on shards.

mod block;
mod chain;
mod init;
mod package;
mod read;
mod test;

use crate::Verdict;

/// Run Ethereum's tests, a block with its execution witness, or a chain from its genesis on, through the EVM EE; or begin
/// a chain on a shard.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    Test(test::Arguments),
    Block(block::Arguments),
    Chain(chain::Arguments),
    Init(init::Arguments),
    Package(package::Arguments),
}

pub(crate) fn evm(arguments: &Arguments) -> anyhow::Result<Verdict> {
    match &arguments.action {
        Action::Test(arguments) => test::test(arguments),
        Action::Block(arguments) => block::block(arguments),
        Action::Chain(arguments) => chain::chain(arguments),
        Action::Init(arguments) => init::init(arguments),
        Action::Package(arguments) => package::package(arguments),
    }
}
