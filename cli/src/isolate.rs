//! `--isolate`: compiles EEs in separate processes, which run this same program.

use anyhow::Context as _;
use outrider_host::Isolation;

/// The options for compiling EEs in separate processes.
#[derive(clap::Args)]
pub(crate) struct IsolationOptions {
    /// Compile each EE in a separate process, with limits on CPU time and memory.
    #[arg(long)]
    isolate: bool,
    /// CPU time that such a process may use, in seconds. [default: 20 s]
    #[arg(long, value_name = "SECONDS", requires = "isolate")]
    isolate_cpu: Option<u64>,
    /// Memory that such a process may use, in MiB. [default: 2048 MiB]
    #[arg(long, value_name = "MIB", requires = "isolate")]
    isolate_memory: Option<u64>,
}

impl IsolationOptions {
    pub(crate) fn isolation(&self) -> anyhow::Result<Option<Isolation>> {
        if !self.isolate {
            return Ok(None);
        }
        let program = std::env::current_exe()
            .context("cannot find the file of this program, which `--isolate` runs again")?;
        let mut isolation = Isolation::new(program);
        isolation.cpu_seconds_max = self.isolate_cpu.unwrap_or(isolation.cpu_seconds_max);
        let memory = self.isolate_memory.map(|mib| mib.saturating_mul(1 << 20));
        isolation.memory_bytes_max = memory.unwrap_or(isolation.memory_bytes_max);
        Ok(Some(isolation))
    }
}
