//! The configuration of an executor, and the check that its host has the chain's limits.

use std::fmt::Debug;

use outrider_beacon::ledger::Settings;
use outrider_host::{Host, HostConfig, Limits};

use super::ExecutorError;

/// The size of a page of memory in bytes.
const PAGE_BYTES: u64 = 1 << 16;

/// The configuration of an [`Executor`](super::Executor). Its limits are the chain's; the other fields concern only this
/// node.
#[derive(Clone, Debug)]
pub struct ExecutorConfig {
    /// The limits of executions on the chain, for which code is admitted, too. The host must have the same, but for
    /// [`fuel_max`](Limits::fuel_max): the chain's settings say how much fuel an execution has, and the host must
    /// allow that much. Default: the host's default limits, as those of `HostAdmission`.
    pub limits: Limits,
    /// The number of threads; 0, the default, is one for each processor.
    pub n_threads: usize,
    /// The machine code of loaded EEs that stays in memory, in bytes as
    /// [`CompileCost`](outrider_host::CompileCost) predicts them, and 64 KiB for each EE. Default: 1 GiB, which is enough
    /// for 64 EEs of the size of an EVM, so that blocks of 64 shards with the same 64 EEs load nothing.
    ///
    /// Beyond it, the EEs that were used longest ago are dropped. A block that needs one makes the executor load it
    /// again, in its pool: from the host's cache on disk, if there is one, or else by compiling it, which takes up to
    /// seconds. Results are the same. If the blocks of one slot need more, they still get it; it is dropped after they
    /// have been executed. The host keeps [`ees_kept_max`](HostConfig::ees_kept_max) EEs of its own.
    pub machine_code_bytes_max: u64,
}

impl Default for ExecutorConfig {
    fn default() -> Self {
        Self { limits: Limits::default(), n_threads: 0, machine_code_bytes_max: 1 << 30 }
    }
}

/// Checks that a host gives every execution the outcome that it has on the chain. Names the first setting that does not.
pub(super) fn check_host(host: &Host, limits: &Limits, settings: &Settings) -> Result<(), ExecutorError> {
    let HostConfig { limits: of_host, wall_clock_max, metered, memory_bytes_max, .. } = host.config();
    // Named one by one, so that the compiler reports a limit that is not checked.
    let Limits {
        module_bytes_max,
        memory_pages_max,
        memory_pages_near,
        memory_far_factor,
        code_bytes_near,
        floats,
        table_elements_max,
        ticks_max,
        deposits_max,
        fuel_max: _,
        stack_slots_max,
        block_data_bytes_max,
        unsaved_root,
    } = limits;
    equal("wall_clock_max", wall_clock_max, &None)?;
    equal("metered", metered, &true)?;
    at_least("fuel_max", of_host.fuel_max, settings.fuel_per_ee_max)?;
    equal("module_bytes_max", &of_host.module_bytes_max, module_bytes_max)?;
    equal("memory_pages_max", &of_host.memory_pages_max, memory_pages_max)?;
    equal("memory_pages_near", &of_host.memory_pages_near, memory_pages_near)?;
    equal("memory_far_factor", &of_host.memory_far_factor, memory_far_factor)?;
    equal("code_bytes_near", &of_host.code_bytes_near, code_bytes_near)?;
    equal("floats", &of_host.floats, floats)?;
    equal("table_elements_max", &of_host.table_elements_max, table_elements_max)?;
    equal("ticks_max", &of_host.ticks_max, ticks_max)?;
    equal("deposits_max", &of_host.deposits_max, deposits_max)?;
    equal("stack_slots_max", &of_host.stack_slots_max, stack_slots_max)?;
    equal("block_data_bytes_max", &of_host.block_data_bytes_max, block_data_bytes_max)?;
    equal("unsaved_root", &of_host.unsaved_root, unsaved_root)?;
    // Otherwise, an EE could need more memory than there ever is.
    at_least("memory_bytes_max", *memory_bytes_max, u64::from(*memory_pages_max).saturating_mul(PAGE_BYTES))
}

fn equal<T: PartialEq + Debug>(limit: &'static str, got: &T, expected: &T) -> Result<(), ExecutorError> {
    if got == expected {
        return Ok(());
    }
    Err(ExecutorError::HostLimit { limit, got: format!("{got:?}"), expected: format!("{expected:?}") })
}

fn at_least(limit: &'static str, got: u64, least: u64) -> Result<(), ExecutorError> {
    if got >= least {
        return Ok(());
    }
    Err(ExecutorError::HostLimit { limit, got: got.to_string(), expected: format!("at least {least}") })
}
