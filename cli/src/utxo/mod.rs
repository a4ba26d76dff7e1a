//! `outrider utxo`: runs Bitcoin's own vectors and blocks through the UTXO EE.

mod block;
mod chain;
mod read;
mod test;

use std::borrow::Cow;
use std::path::PathBuf;

use anyhow::Context as _;
use outrider_host::{Ee, EngineKind, Host};

use crate::host_options::{BlockLimits, HostOptions};
use crate::{Verdict, files};

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

/// The options for the UTXO EE and its host.
#[derive(clap::Args)]
struct EeArguments {
    /// Module of the UTXO EE. The default is built into this command.
    #[arg(long, value_name = "EE.wasm")]
    ee: Option<PathBuf>,
    #[command(flatten)]
    host: HostOptions<BlockLimits>,
}

pub(crate) fn utxo(arguments: &Arguments) -> anyhow::Result<Verdict> {
    match &arguments.action {
        Action::Test(arguments) => test::test(arguments),
        Action::Block(arguments) => block::block(arguments),
        Action::Chain(arguments) => chain::chain(arguments),
    }
}

impl EeArguments {
    fn engine(&self) -> EngineKind {
        self.host.engine
    }

    /// Compiles the EE.
    fn load(&self) -> anyhow::Result<Ee> {
        let code = match &self.ee {
            Some(path) => {
                Cow::Owned(files::read(path, files::MODULE_BYTES_MAX).with_context(|| files::name(path))?)
            }
            None => Cow::Borrowed(UTXO),
        };
        let host = Host::new(self.host.config()?).context("cannot set up the host")?;
        host.load(&code).context("cannot load the UTXO EE")
    }
}

const UTXO: &[u8] = include_bytes!("../../../ees/blobs/utxo.wasm");
