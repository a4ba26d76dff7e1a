//! `outrider evm`: runs Ethereum's own tests and blocks through the EVM EE, and begins chains on shards.

mod block;
mod chain;
mod init;
mod package;
mod read;
mod test;

use std::borrow::Cow;
use std::path::PathBuf;

use anyhow::Context as _;
use outrider_host::{Ee, EngineKind, Host};

use crate::host_options::{BlockLimits, HostOptions};
use crate::{Verdict, files};

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

/// The options for the EVM EE and its host.
#[derive(clap::Args)]
struct EeArguments {
    /// Module of the EVM EE. The default is built into this command.
    #[arg(long, value_name = "EE.wasm")]
    ee: Option<PathBuf>,
    #[command(flatten)]
    host: HostOptions<BlockLimits>,
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
            None => Cow::Borrowed(EVM),
        };
        let host = Host::new(self.host.config()?).context("cannot set up the host")?;
        host.load(&code).context("cannot load the EVM EE")
    }
}

const EVM: &[u8] = include_bytes!("../../../ees/blobs/evm.wasm");
