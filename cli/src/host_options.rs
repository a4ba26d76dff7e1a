//! The options that configure the host of a command that executes EEs. Their names and defaults are defined only here.

use std::time::Duration;

use outrider_host::{EngineKind, HostConfig, Limits, UnsavedRoot};

/// The options for the engine and the cache, and those limits that the command lets its user choose, `L`.
#[derive(clap::Args)]
pub(crate) struct HostOptions<L: LimitOptions> {
    /// Engine that compiles and runs EEs: wasmtime, wasmer, or both. With both, any difference between them is an error.
    #[arg(long, value_name = "ENGINE", default_value_t)]
    pub(crate) engine: EngineKind,
    #[command(flatten)]
    limits: L,
    /// Do not use the cache of compiled code.
    #[arg(long)]
    no_cache: bool,
}

/// Options that limit an execution.
pub(crate) trait LimitOptions: clap::Args {
    /// Writes the limits into a configuration.
    fn limit(&self, config: &mut HostConfig);
}

impl<L: LimitOptions> HostOptions<L> {
    /// Returns the configuration that the options describe.
    pub(crate) fn config(&self) -> anyhow::Result<HostConfig> {
        let cache = if self.no_cache { None } else { crate::cache::open()? };
        let mut config = HostConfig { cache, ..config(self.engine) };
        self.limits.limit(&mut config);
        Ok(config)
    }
}

/// Returns the configuration of a host without a cache and with the default limits, which executes one EE at a time.
pub(crate) fn config(engine: EngineKind) -> HostConfig {
    HostConfig { engine, concurrent_executions_max: 1, ..HostConfig::default() }
}

/// The default limits, without options.
#[derive(clap::Args)]
pub(crate) struct DefaultLimits {}

impl LimitOptions for DefaultLimits {
    fn limit(&self, _: &mut HostConfig) {}
}

/// The limits of an execution of a fixture's block. If an EE saves no root, its post-state root is zeros, as in scout.
#[derive(clap::Args)]
pub(crate) struct FixtureLimits {
    /// Ticks that an execution may spend through `eth2.useTicks`.
    #[arg(long, value_name = "TICKS", default_value_t = Limits::default().ticks_max)]
    ticks: u64,
    /// Pages of 64 KiB that the memory of an EE may have.
    #[arg(long, value_name = "PAGES", default_value_t = Limits::default().memory_pages_max,
          value_parser = clap::value_parser!(u32).range(1..=65536))]
    memory_pages: u32,
    /// Fuel that an execution may spend.
    #[arg(long, value_name = "FUEL", default_value_t = Limits::default().fuel_max)]
    fuel: u64,
    /// Seconds that an execution may take; with 0, it is stopped at once. By default, only fuel limits an execution.
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

impl LimitOptions for FixtureLimits {
    fn limit(&self, config: &mut HostConfig) {
        config.limits = Limits {
            ticks_max: self.ticks,
            memory_pages_max: self.memory_pages,
            fuel_max: self.fuel,
            ..fixture_limits()
        };
        config.wall_clock_max = self.timeout.map(Duration::from_secs);
    }
}

/// Returns the default limits of fixtures.
pub(crate) fn fixture_limits() -> Limits {
    Limits { unsaved_root: UnsavedRoot::Zeros, ..Limits::default() }
}

/// The limits of an execution of a block of Ethereum or Bitcoin. As many executions as there are processors run at a time.
#[derive(clap::Args)]
pub(crate) struct BlockLimits {
    /// Fuel that an execution may spend. The default is higher than for other EEs, because the blocks of large chains are large.
    #[arg(long, value_name = "FUEL", default_value_t = 16 * Limits::default().fuel_max)]
    fuel: u64,
}

impl LimitOptions for BlockLimits {
    fn limit(&self, config: &mut HostConfig) {
        config.limits.fuel_max = self.fuel;
        config.concurrent_executions_max = HostConfig::default().concurrent_executions_max;
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    /// Collects the subcommands that have all of the options, each with the help and the defaults of these.
    fn collect(command: &clap::Command, options: &[&str], found: &mut Vec<(String, String)>) {
        let describe = |name: &&str| {
            let option = command.get_arguments().find(|option| option.get_id() == *name)?;
            let defaults = option.get_default_values();
            Some(format!("{:?} {defaults:?}", option.get_help().map(ToString::to_string)))
        };
        if let Some(descriptions) = options.iter().map(describe).collect::<Option<Vec<_>>>() {
            found.push((command.get_name().to_owned(), descriptions.join("\n")));
        }
        command.get_subcommands().for_each(|command| collect(command, options, found));
    }

    #[test]
    fn commands_that_execute_ees_have_the_same_options_and_defaults() {
        let mut found = Vec::new();
        collect(&crate::Arguments::command(), &["engine", "no_cache"], &mut found);
        let (names, descriptions): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        // These are `run`, `evm test`, `evm block`, `evm chain`, `evm init`, `state init`, `state adopt`, `utxo block`,
        // `utxo chain`, `witness build`, `witness check`, `zk rebuild` and `zk verify`.
        let expected = [
            "run", "test", "block", "chain", "init", "init", "adopt", "block", "chain", "build", "check",
            "rebuild", "verify",
        ];
        assert_eq!(names, expected);
        assert!(descriptions.iter().all(|one| one == &descriptions[0]), "{descriptions:#?}");
    }
}
