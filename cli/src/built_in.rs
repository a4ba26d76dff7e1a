//! EEs that are built into this command, and the options of the verbs that execute them.

use std::borrow::Cow;
use std::path::PathBuf;

use anyhow::Context as _;
use outrider_host::{Ee, EngineKind, Host, HostConfig};

use crate::host_options::{self, BlockLimits, HostOptions};
use crate::{cache, files};

/// An EE that is built into this command.
#[derive(Clone, Copy)]
pub(crate) struct BuiltIn {
    name: &'static str,
    code: &'static [u8],
}

pub(crate) const EVM: BuiltIn = BuiltIn { name: "EVM", code: include_bytes!("../../ees/blobs/evm.wasm") };
pub(crate) const UTXO: BuiltIn = BuiltIn { name: "UTXO", code: include_bytes!("../../ees/blobs/utxo.wasm") };

pub(crate) const ZK_ROLLUP: BuiltIn =
    BuiltIn { name: "ZK-rollup", code: include_bytes!("../../ees/blobs/zk-rollup.wasm") };

/// Compiles a built-in EE for a command without options for the host.
pub(crate) fn load(BuiltIn { name, code }: BuiltIn) -> anyhow::Result<Ee> {
    let config = HostConfig { cache: cache::open()?, ..host_options::config(EngineKind::default()) };
    let host = Host::new(config).context("cannot set up the host")?;
    host.load(code).with_context(|| format!("cannot load the {name} EE"))
}

/// The options for the EE and its host.
#[derive(clap::Args)]
pub(crate) struct EeArguments {
    /// Module of the EE. The default is built into this command.
    #[arg(long, value_name = "EE.wasm")]
    ee: Option<PathBuf>,
    #[command(flatten)]
    host: HostOptions<BlockLimits>,
}

impl EeArguments {
    pub(crate) fn engine(&self) -> EngineKind {
        self.host.engine
    }

    /// Compiles the EE.
    pub(crate) fn load(&self, BuiltIn { name, code }: BuiltIn) -> anyhow::Result<Ee> {
        let code = match &self.ee {
            Some(path) => {
                Cow::Owned(files::read(path, files::MODULE_BYTES_MAX).with_context(|| files::name(path))?)
            }
            None => Cow::Borrowed(code),
        };
        let host = Host::new(self.host.config()?).context("cannot set up the host")?;
        host.load(&code).with_context(|| format!("cannot load the {name} EE"))
    }
}
