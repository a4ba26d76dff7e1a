//! `outrider utxo`: runs Bitcoin's own vectors and blocks through the UTXO EE.

mod block;
mod chain;
mod read;
mod test;

use crate::Verdict;

/// Run Bitcoin's vectors, a later block with the outputs that it spends, or a chain from its first block on, through the UTXO
/// EE.
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
}

pub(crate) fn utxo(arguments: &Arguments) -> anyhow::Result<Verdict> {
    match &arguments.action {
        Action::Test(arguments) => test::test(arguments),
        Action::Block(arguments) => block::block(arguments),
        Action::Chain(arguments) => chain::chain(arguments),
    }
}
