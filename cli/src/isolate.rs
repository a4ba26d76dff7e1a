//! `--isolate`: compiling in a process of its own, which is this command again.

use anyhow::Context as _;
use outrider_host::Isolation;

/// How commands that load EEs compile them.
#[derive(clap::Args)]
pub(crate) struct IsolationOptions {
    /// Compile each EE in a process of its own, with limits of CPU time and memory.
    #[arg(long)]
    isolate: bool,
    /// CPU time that such a process may take. [default: 20]
    #[arg(long, value_name = "SECONDS", requires = "isolate")]
    isolate_cpu: Option<u64>,
    /// Memory that such a process may take. [default: 2048]
    #[arg(long, value_name = "MIB", requires = "isolate")]
    isolate_memory: Option<u64>,
}

impl IsolationOptions {
    pub(crate) fn isolation(&self) -> anyhow::Result<Option<Isolation>> {
        if !self.isolate {
            return Ok(None);
        }
        let program = std::env::current_exe().context("cannot find this command again, to compile in it")?;
        let mut isolation = Isolation::new(program);
        isolation.cpu_seconds_max = self.isolate_cpu.unwrap_or(isolation.cpu_seconds_max);
        let memory = self.isolate_memory.map(|mib| mib.saturating_mul(1 << 20));
        isolation.memory_bytes_max = memory.unwrap_or(isolation.memory_bytes_max);
        Ok(Some(isolation))
    }
}
