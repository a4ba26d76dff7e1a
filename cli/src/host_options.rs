//! Options by which commands that execute EEs choose their host: one place for their names and defaults.

use std::time::Duration;

use outrider_host::{EngineKind, HostConfig, Limits, UnsavedRoot};

/// What compiles and runs EEs, with limits that some commands let choose: the type parameter says which.
#[derive(clap::Args)]
pub(crate) struct HostOptions<L: LimitOptions> {
    /// What compiles and runs EEs: wasmtime, wasmer, or both, which fails when they differ in anything.
    #[arg(long, value_name = "ENGINE", default_value_t)]
    pub(crate) engine: EngineKind,
    #[command(flatten)]
    limits: L,
    /// Neither use nor fill the cache of compiled code; `outrider cache` shows it.
    #[arg(long)]
    no_cache: bool,
}

/// Options that say what an execution may take.
pub(crate) trait LimitOptions: clap::Args {
    /// Puts what is said into a configuration.
    fn limit(&self, config: &mut HostConfig);
}

impl<L: LimitOptions> HostOptions<L> {
    /// The configuration of a host that executes one EE at a time.
    pub(crate) fn config(&self) -> anyhow::Result<HostConfig> {
        let cache = if self.no_cache { None } else { crate::cache::open()? };
        let mut config = HostConfig { cache, ..config(self.engine) };
        self.limits.limit(&mut config);
        Ok(config)
    }
}

/// The configuration of a host without a cache, of the default limits, that executes one EE at a time.
pub(crate) fn config(engine: EngineKind) -> HostConfig {
    HostConfig { engine, concurrent_executions_max: 1, ..HostConfig::default() }
}

/// No options: the limits are the default ones.
#[derive(clap::Args)]
pub(crate) struct DefaultLimits {}

impl LimitOptions for DefaultLimits {
    fn limit(&self, _: &mut HostConfig) {}
}

/// What an execution of a fixture's block may take. An EE that saves no root has saved zeros, as in scout.
#[derive(clap::Args)]
pub(crate) struct FixtureLimits {
    /// What `eth2.useTicks` may spend in one execution.
    #[arg(long, value_name = "TICKS", default_value_t = Limits::default().ticks_max)]
    ticks: u64,
    /// Pages of 64 KiB that an EE's memory may have.
    #[arg(long, value_name = "PAGES", default_value_t = Limits::default().memory_pages_max,
          value_parser = clap::value_parser!(u32).range(1..=65536))]
    memory_pages: u32,
    /// Fuel that one execution may spend.
    #[arg(long, value_name = "FUEL", default_value_t = Limits::default().fuel_max)]
    fuel: u64,
    /// Seconds that one execution may take; without it, only fuel ends what does not end by itself.
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

/// The limits of fixtures where no option says others.
pub(crate) fn fixture_limits() -> Limits {
    Limits { unsaved_root: UnsavedRoot::Zeros, ..Limits::default() }
}

/// What an execution of a block of Ethereum may take; as many as there are processors run at a time.
#[derive(clap::Args)]
pub(crate) struct EvmLimits {
    /// Fuel that one execution may spend; by default more than elsewhere, as blocks of Ethereum are large.
    #[arg(long, value_name = "FUEL", default_value_t = 16 * Limits::default().fuel_max)]
    fuel: u64,
}

impl LimitOptions for EvmLimits {
    fn limit(&self, config: &mut HostConfig) {
        config.limits.fuel_max = self.fuel;
        config.concurrent_executions_max = HostConfig::default().concurrent_executions_max;
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    /// The commands below a command that have a group of options, with what these say.
    fn having(command: &clap::Command, options: &[&str], found: &mut Vec<(String, String)>) {
        let told = |name: &&str| {
            let option = command.get_arguments().find(|option| option.get_id() == *name)?;
            let defaults = option.get_default_values();
            Some(format!("{:?} {defaults:?}", option.get_help().map(ToString::to_string)))
        };
        if let Some(told) = options.iter().map(told).collect::<Option<Vec<_>>>() {
            found.push((command.get_name().to_owned(), told.join("\n")));
        }
        command.get_subcommands().for_each(|command| having(command, options, found));
    }

    #[test]
    fn commands_that_execute_have_the_same_options_with_the_same_defaults() {
        let mut found = Vec::new();
        having(&crate::Arguments::command(), &["engine", "no_cache"], &mut found);
        let (names, told): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        // `witness build` stands beside `witness check`, and `state init` beside `state adopt`.
        assert_eq!(names, ["run", "test", "block", "chain", "init", "adopt", "build", "check"]);
        assert!(told.iter().all(|one| one == &told[0]), "{told:#?}");
    }
}
