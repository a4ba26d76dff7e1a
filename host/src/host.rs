//! The host: loads EEs and executes them.

use std::sync::Arc;

use outrider_abi::{CodeHash, Import, StateRoot};

use crate::allowance::Allowance;
use crate::cache::{CacheKey, Compilation, DiskCache, MemoryCache};
use crate::call_tree::{CallTree, Recorder};
use crate::config::{HostConfig, Limits, UnsavedRoot};
use crate::engine::{self, CompiledEe, Engine, Stop};
use crate::error::{ExecutionError, ExecutionErrorKind, HostError, LoadError};
use crate::execution::{ExecutionInput, ExecutionOutput};
use crate::imports::Execution;
use crate::meter::{FuelScale, IMPORT_MODULE, Linkage, instrument};
use crate::observer::Observer;
use crate::probe::{N_PROBES, probe};
use crate::program::{Metering, Program, Requirements};
use crate::provider::{Provider, ProviderOutput, StateSource};
use crate::trace::{Trace, Tracer};
use crate::validate::{Exports, LIBRARIES_MAX, Totals, check_ee, check_library, summarize};
use crate::worker;

/// A loader of EEs. Clones are cheap and share everything; all methods may be called from any thread.
#[derive(Clone)]
pub struct Host {
    engine: Arc<dyn Engine>,
    config: Arc<HostConfig>,
    /// The EEs loaded last, by the hashes of their code and libraries.
    loaded: Arc<MemoryCache<EeKey, Ee>>,
}

/// The hash of an EE's module, and the names and hashes of its libraries.
type EeKey = (CodeHash, Vec<(String, CodeHash)>);

/// A module from which an EE may import functions under the library's name.
#[derive(Clone, Copy, Debug)]
pub struct Library<'a> {
    /// The module name in the EE's imports.
    pub name: &'a str,
    /// The library's wasm module.
    pub code: &'a [u8],
}

/// A loaded EE. Clones are cheap, and any thread may execute it.
#[derive(Clone)]
pub struct Ee {
    compiled: Arc<dyn CompiledEe>,
    config: Arc<HostConfig>,
    code_hash: CodeHash,
}

/// A loaded EE whose executions also return a [`CallTree`]. Clones are cheap, and any thread may execute it.
#[derive(Clone)]
pub struct ProbedEe {
    ee: Ee,
    /// The names of the guest's functions, by the numbers that their probes report.
    function_names: Arc<[Arc<str>]>,
}

/// Returns every reason for which a metering host would refuse an EE without libraries, or nothing if it would load it.
///
/// This compiles nothing. Loading may still fail because of the engine or of this node's own limits.
pub fn check(code: &[u8], limits: &Limits) -> Vec<LoadError> {
    let refusals = summarize(code, limits).refusals;
    if !refusals.is_empty() {
        return refusals.into_iter().map(LoadError::from).collect();
    }
    let config = HostConfig { limits: *limits, ..HostConfig::default() };
    Host::prepare(&config, code, &[]).err().into_iter().collect()
}

impl Host {
    /// Makes a host.
    ///
    /// # Errors
    ///
    /// Fails with [`HostError`] if the engine is not compiled in or does not support the configuration, or if the
    /// machine has too little address space.
    pub fn new(config: HostConfig) -> Result<Self, HostError> {
        if config.isolation.is_some() && !cfg!(unix) {
            let setting = "`isolation` on this system; only on Unix";
            return Err(HostError::Unsupported { engine: config.engine, setting });
        }
        let config = Arc::new(config);
        let loaded = Arc::new(MemoryCache::new(config.ees_kept_max));
        Ok(Self { engine: engine::new(&config)?, config, loaded })
    }

    /// Returns the configuration.
    pub fn config(&self) -> &HostConfig {
        &self.config
    }

    /// Validates and compiles an EE without libraries.
    ///
    /// # Errors
    ///
    /// Fails with [`LoadError`] if the module is not acceptable or was not compiled.
    pub fn load(&self, code: &[u8]) -> Result<Ee, LoadError> {
        self.load_with_libraries(code, &[])
    }

    /// Validates and compiles an EE together with the libraries from which it imports.
    ///
    /// Each execution has fresh instances of the libraries, so they keep no state between executions.
    ///
    /// EEs loaded before are taken from memory. EEs compiled before, by this process or another, are taken from
    /// [`HostConfig::cache`], which does not hold EEs with libraries.
    ///
    /// # Errors
    ///
    /// Fails with [`LoadError`], which names the module at fault and the reason.
    pub fn load_with_libraries(&self, code: &[u8], libraries: &[Library<'_>]) -> Result<Ee, LoadError> {
        let hashes = libraries.iter().map(|library| (library.name.to_owned(), CodeHash::of(library.code)));
        let key = (CodeHash::of(code), hashes.collect());
        if let Some(ee) = self.loaded.get(&key) {
            return Ok(ee);
        }
        let compiled = match &self.config.cache {
            Some(cache) if libraries.is_empty() => self.compile_cached(cache, key.0, code)?,
            _ => self.compile(code, libraries)?,
        };
        let ee = Ee { compiled, config: Arc::clone(&self.config), code_hash: key.0 };
        self.loaded.insert(key, ee.clone());
        Ok(ee)
    }

    /// Validates and compiles an EE and its libraries so that each execution also returns a [`CallTree`].
    ///
    /// Executions are slower, and their backtraces lack offsets; all else is the same. The compiled code is not cached,
    /// in memory or on disk.
    ///
    /// # Errors
    ///
    /// Fails with [`LoadError`], which names the module at fault and the reason.
    pub fn load_probed(&self, code: &[u8], libraries: &[Library<'_>]) -> Result<ProbedEe, LoadError> {
        if !self.config.metered {
            return Err(LoadError::NotMetered);
        }
        let (program, function_names) = probe(&Self::prepare(&self.config, code, libraries)?)?;
        let compiled = self.compile_program(&program)?;
        let ee = Ee { compiled, config: Arc::clone(&self.config), code_hash: CodeHash::of(code) };
        Ok(ProbedEe { ee, function_names: function_names.into() })
    }

    /// Returns an EE from the cache, or compiles it and caches it.
    ///
    /// Cached EEs have passed validation by this version of the host under these limits, because both are part of the
    /// key.
    fn compile_cached(
        &self,
        cache: &DiskCache,
        code_hash: CodeHash,
        code: &[u8],
    ) -> Result<Arc<dyn CompiledEe>, LoadError> {
        let settings = format!(
            "{}, {:?}, metered: {}, sources: {}",
            self.engine.settings(),
            self.config.limits,
            self.config.metered,
            env!("OUTRIDER_HOST_SOURCES"),
        );
        let key = CacheKey::new(&Compilation { code_hash, engine: self.engine.name(), settings: &settings });
        if let Some(compiled) = cache.get(&key).and_then(|entry| self.engine.restore(entry.payload())) {
            return Ok(compiled);
        }
        let compiled = self.compile(code, &[])?;
        if let Some(payload) = compiled.serialize() {
            cache.put(&key, &payload);
        }
        Ok(compiled)
    }

    fn compile(&self, code: &[u8], libraries: &[Library<'_>]) -> Result<Arc<dyn CompiledEe>, LoadError> {
        self.compile_program(&Self::prepare(&self.config, code, libraries)?)
    }

    /// Compiles a program in this process or, if the configuration says so, in a worker.
    fn compile_program(&self, program: &Program) -> Result<Arc<dyn CompiledEe>, LoadError> {
        match &self.config.isolation {
            Some(isolation) => worker::compile(isolation, &*self.engine, &self.config, program),
            None => self.engine.compile(program),
        }
    }

    /// Validates and meters an EE and its libraries.
    fn prepare(config: &HostConfig, code: &[u8], libraries: &[Library<'_>]) -> Result<Program, LoadError> {
        let limits = &config.limits;
        let n_libraries = u32::try_from(libraries.len()).unwrap_or(u32::MAX);
        if n_libraries > LIBRARIES_MAX {
            return Err(LoadError::TooManyLibraries { got: n_libraries, limit: LIBRARIES_MAX });
        }
        let bytes = libraries.iter().map(|library| library.code.len());
        let got = bytes.fold(code.len(), usize::saturating_add);
        if !libraries.is_empty() && got > limits.module_bytes_max {
            return Err(LoadError::LibrariesTooLarge { got, limit: limits.module_bytes_max });
        }
        let (mut exports, mut totals) = (Exports::new(), Totals::default());
        let mut pages_max = 0_u64;
        for library in libraries {
            let name = library.name.to_owned();
            if Import::has_module(library.name) || library.name == IMPORT_MODULE {
                return Err(LoadError::LibraryNameTaken { name });
            }
            let checked = check_library(library.code, limits, &mut totals)
                .map_err(|refusal| LoadError::LibraryRefused { name: name.clone(), refusal })?;
            pages_max = pages_max.saturating_add(checked.pages_max);
            if exports.insert(name.clone(), checked.exports).is_some() {
                return Err(LoadError::LibraryTwice { name });
            }
        }
        let checked = check_ee(code, &exports, limits, &mut totals)?;
        let mut program = Self::meter(config, code, libraries, pages_max.saturating_add(checked.pages_max))?;
        if let Some(metering) = &mut program.requirements.metering
            && totals.compile_cost().code_bytes > limits.code_bytes_near.into()
        {
            metering.entry.pages = FuelScale::new(limits).far(metering.entry.pages);
        }
        Ok(program)
    }

    /// Adds metering to an EE and its libraries, with shared counters of fuel and stack.
    fn meter(
        config: &HostConfig,
        code: &[u8],
        libraries: &[Library<'_>],
        pages_max: u64,
    ) -> Result<Program, LoadError> {
        let names = libraries.iter().map(|library| library.name.to_owned());
        if !config.metered {
            let libraries = names.zip(libraries.iter().map(|library| library.code.to_vec())).collect();
            let requirements = Requirements { metering: None, pages_max };
            return Ok(Program { code: code.to_vec(), libraries, requirements });
        }
        let linkage = if libraries.is_empty() { Linkage::Alone } else { Linkage::Linked };
        let scale = FuelScale::new(&config.limits);
        let main = instrument(code, linkage, scale)?;
        let metered = libraries.iter().map(|library| instrument(library.code, linkage, scale));
        let metered = metered.collect::<Result<Vec<_>, _>>()?;
        let reserves = metered.iter().map(|library| library.stack_reserve_slots);
        let reserve = reserves.fold(main.stack_reserve_slots, u64::saturating_add);
        let limit = config.limits.stack_slots_max;
        if reserve > u64::from(limit) {
            return Err(LoadError::StackTooLarge { got: reserve, limit });
        }
        let entry = metered.iter().fold(main.entry, |entry, library| entry.plus(library.entry));
        let libraries = names.zip(metered.into_iter().map(|library| library.code)).collect();
        let metering = Some(Metering { stack_reserve_slots: reserve, entry });
        Ok(Program { code: main.code, libraries, requirements: Requirements { metering, pages_max } })
    }
}

impl Ee {
    /// Executes the EE over one block.
    ///
    /// The same input gives the same output, regardless of other executions before it or beside it.
    ///
    /// # Errors
    ///
    /// Fails with [`ExecutionError`] if the EE refuses the block or fails, or if the node does;
    /// [`fault`](ExecutionError::fault) distinguishes these.
    pub fn execute(&self, input: &ExecutionInput) -> Result<ExecutionOutput, ExecutionError> {
        self.execute_within(input, Allowance::default())
    }

    /// Executes the EE over one block, within an allowance of fuel and time, and until it is aborted.
    ///
    /// # Errors
    ///
    /// Fails as [`execute`](Self::execute) does.
    pub fn execute_within(
        &self,
        input: &ExecutionInput,
        allowance: impl Into<Allowance>,
    ) -> Result<ExecutionOutput, ExecutionError> {
        self.execute_observed(input, &allowance.into(), |_| Observer::Nobody).0
    }

    /// Executes the EE over one block if there is room for it at once, without waiting. This is for embedders that have
    /// a queue of their own.
    ///
    /// # Errors
    ///
    /// Fails as [`execute`](Self::execute) does, and with [`StopReason::NoRoom`](crate::StopReason::NoRoom), which says
    /// nothing about the block.
    pub fn try_execute(&self, input: &ExecutionInput) -> Result<ExecutionOutput, ExecutionError> {
        self.execute_within(input, Allowance { waits: false, ..Allowance::default() })
    }

    /// Executes the EE over one block and returns its first `calls_max` host calls, too.
    ///
    /// A call takes some 150 bytes. The result is that of [`execute`](Self::execute), errors included.
    pub fn execute_traced(
        &self,
        input: &ExecutionInput,
        calls_max: usize,
    ) -> (Result<ExecutionOutput, ExecutionError>, Trace) {
        self.execute_traced_within(input, calls_max, Allowance::default())
    }

    /// Executes the EE as [`execute_traced`](Self::execute_traced) does, within an allowance.
    pub fn execute_traced_within(
        &self,
        input: &ExecutionInput,
        calls_max: usize,
        allowance: impl Into<Allowance>,
    ) -> (Result<ExecutionOutput, ExecutionError>, Trace) {
        let tracer = |fuel_left| Observer::Tracer(Box::new(Tracer::new(calls_max, fuel_left)));
        let (result, observer) = self.execute_observed(input, &allowance.into(), tracer);
        let trace = match observer {
            Observer::Tracer(tracer) => tracer.finish(),
            Observer::Nobody | Observer::Recorder(_) => Trace::default(),
        };
        (result, trace)
    }

    /// Executes the EE over one block in provider mode: it reads its state from `source`, and yields the nodes of its
    /// new state and block data from which [`execute`](Self::execute) computes the same result.
    ///
    /// The EE reads the input's block data, which differs from the block data that it yields.
    ///
    /// # Errors
    ///
    /// Fails as [`execute`](Self::execute) does.
    pub fn provide(
        &self,
        input: &ExecutionInput,
        source: Arc<dyn StateSource>,
    ) -> Result<ProviderOutput, ExecutionError> {
        self.provide_within(input, source, Allowance::default())
    }

    /// Executes the EE as [`provide`](Self::provide) does, within an allowance.
    ///
    /// # Errors
    ///
    /// Fails as [`execute`](Self::execute) does.
    pub fn provide_within(
        &self,
        input: &ExecutionInput,
        source: Arc<dyn StateSource>,
        allowance: impl Into<Allowance>,
    ) -> Result<ProviderOutput, ExecutionError> {
        self.check_size(input)?;
        let mut execution = Execution::new(input.clone(), &self.config, &allowance.into());
        execution.provider = Some(Provider::new(source));
        let (mut execution, stop) = self.compiled.run(execution);
        let provider = execution.provider.take();
        let (block_data, new_nodes) =
            provider.map_or_else(Default::default, |provider| (provider.block_data, provider.new_nodes));
        Ok(ProviderOutput { execution: result(execution, stop, &self.config.limits)?, block_data, new_nodes })
    }

    /// Executes the EE with an observer, which `observer` makes from the fuel at the start. If the execution does not
    /// start, no observer is made.
    fn execute_observed(
        &self,
        input: &ExecutionInput,
        allowance: &Allowance,
        observer: impl FnOnce(i64) -> Observer,
    ) -> (Result<ExecutionOutput, ExecutionError>, Observer) {
        if let Err(error) = self.check_size(input) {
            return (Err(error), Observer::Nobody);
        }
        let mut execution = Execution::new(input.clone(), &self.config, allowance);
        execution.observer = observer(execution.fuel_left);
        let (mut execution, stop) = self.compiled.run(execution);
        let mut observer = std::mem::take(&mut execution.observer);
        observer.execution_ends(execution.fuel_left);
        (result(execution, stop, &self.config.limits), observer)
    }

    /// Makes a fresh instance as each execution does, and drops it, so that benches can measure its cost.
    ///
    /// # Errors
    ///
    /// Fails with [`ExecutionError`] if instantiation traps.
    pub fn instantiate(&self) -> Result<(), ExecutionError> {
        let input = ExecutionInput::new(StateRoot::default(), []);
        let execution = Execution::new(input, &self.config, &Allowance::default());
        let (execution, result) = self.compiled.instantiate(execution);
        result.map_err(|Stop { kind, backtrace }| ExecutionError {
            kind,
            logs: execution.logs,
            backtrace,
            fuel_used: 0,
        })
    }

    /// Returns the fuel that an execution spends before the EE's first instruction, on its instances and the pages of
    /// their memories. It is zero if the host does not meter.
    pub fn entry_fuel(&self) -> u64 {
        self.compiled.requirements().metering.map_or(0, |metering| metering.entry.fuel)
    }

    /// Returns the hash of the EE's module, without its libraries.
    pub fn code_hash(&self) -> CodeHash {
        self.code_hash
    }

    /// Refuses block data over the limit, or with a length that `eth2.blockDataSize` cannot return.
    fn check_size(&self, input: &ExecutionInput) -> Result<(), ExecutionError> {
        let limit = self.config.limits.block_data_bytes_max.min(i32::MAX.cast_unsigned());
        let got = input.block_data.len();
        match u32::try_from(got) {
            Ok(bytes) if bytes <= limit => Ok(()),
            _ => Err(ExecutionError {
                kind: ExecutionErrorKind::BlockDataTooLarge { got, limit },
                logs: Vec::new(),
                backtrace: Vec::new(),
                fuel_used: 0,
            }),
        }
    }
}

impl ProbedEe {
    /// Executes the EE over one block, and returns its call tree, too.
    ///
    /// The result is that of [`Ee::execute`], errors included.
    pub fn execute(&self, input: &ExecutionInput) -> (Result<ExecutionOutput, ExecutionError>, CallTree) {
        self.execute_within(input, Allowance::default())
    }

    /// Executes the EE as [`execute`](Self::execute) does, within an allowance.
    pub fn execute_within(
        &self,
        input: &ExecutionInput,
        allowance: impl Into<Allowance>,
    ) -> (Result<ExecutionOutput, ExecutionError>, CallTree) {
        let recorder = |fuel_left| Observer::Recorder(Box::new(Recorder::new(fuel_left)));
        let (result, observer) = self.ee.execute_observed(input, &allowance.into(), recorder);
        let tree = match observer {
            Observer::Recorder(recorder) => recorder.finish(&self.function_names),
            Observer::Nobody | Observer::Tracer(_) => CallTree::default(),
        };
        (result.map_err(without_probes), tree)
    }
}

/// Converts the end of an execution into the result for the embedder.
fn result(
    execution: Execution,
    stop: Result<(), Stop>,
    limits: &Limits,
) -> Result<ExecutionOutput, ExecutionError> {
    let fuel_used = execution.fuel_used();
    let saved = execution.post_state_root;
    let root = saved.or((limits.unsaved_root == UnsavedRoot::Zeros).then(StateRoot::default));
    let stop = match (stop, root) {
        (Ok(()), Some(post_state_root)) => {
            return Ok(ExecutionOutput {
                post_state_root,
                root_saved: saved.is_some(),
                deposits: execution.deposits,
                proposer_fee: execution.proposer_fee,
                receipts: execution.receipts,
                rejected: execution.rejected.into_iter().collect(),
                logs: execution.logs,
                ticks_used: execution.ticks_used,
                fuel_used,
                memory_bytes: execution.memory_bytes,
            });
        }
        (Ok(()), None) => Stop { kind: ExecutionErrorKind::NoPostStateRoot, backtrace: Vec::new() },
        (Err(stop), _) => stop,
    };
    Err(ExecutionError { kind: stop.kind, logs: execution.logs, backtrace: stop.backtrace, fuel_used })
}

/// Corrects a backtrace for the probes: all frames are of defined functions, whose indices probes shift.
fn without_probes(mut error: ExecutionError) -> ExecutionError {
    for frame in &mut error.backtrace {
        frame.function_index = frame.function_index.saturating_sub(N_PROBES);
        frame.module_offset = None;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a directory to which only this user can write, whatever the umask.
    fn cache() -> (tempfile::TempDir, DiskCache) {
        let directory = tempfile::tempdir().unwrap();
        let cache = DiskCache::open(&directory.path().join("cache")).unwrap();
        (directory, cache)
    }

    fn host(cache: &DiskCache, limits: Limits) -> Host {
        Host::new(HostConfig { cache: Some(cache.clone()), limits, ..HostConfig::default() }).unwrap()
    }

    /// Returns an EE that saves a root of this byte.
    fn saving(byte: u8) -> Vec<u8> {
        let text = format!(
            r#"(module (import "eth2" "savePostStateRoot" (func $save (param i32))) (memory (export "memory") 1)
                (func (export "main") (memory.fill (i32.const 0) (i32.const {byte}) (i32.const 32))
                    (call $save (i32.const 0))))"#
        );
        wat::parse_str(text).unwrap()
    }

    fn root(ee: &Ee) -> StateRoot {
        ee.execute(&ExecutionInput::new(StateRoot::default(), vec![])).unwrap().post_state_root
    }

    #[test]
    fn a_cached_entry_is_used_and_gives_the_same_output() {
        let (_directory, cache) = cache();
        let execute = |host: Host| {
            host.load(&saving(1))
                .unwrap()
                .execute(&ExecutionInput::new(StateRoot::default(), vec![]))
                .unwrap()
        };
        let compiled = execute(host(&cache, Limits::default()));
        let entry = std::fs::read_dir(cache.directory()).unwrap().next().unwrap().unwrap().path();
        let contents = std::fs::read(&entry).unwrap();
        assert_eq!(execute(host(&cache, Limits::default())), compiled);
        // A cache hit writes nothing.
        assert_eq!(std::fs::read(&entry).unwrap(), contents);

        for damaged in [&contents[..contents.len() / 2], b"", &[0; 10_000]] {
            std::fs::write(&entry, damaged).unwrap();
            assert_eq!(execute(host(&cache, Limits::default())), compiled);
            assert_eq!(std::fs::read(&entry).unwrap(), contents, "the entry is rewritten");
        }
    }

    #[test]
    fn an_entry_of_another_module_is_not_used() {
        let (_directory, cache) = cache();
        let host = host(&cache, Limits::default());
        host.load(&saving(1)).unwrap();
        let files = || std::fs::read_dir(cache.directory()).unwrap().map(|entry| entry.unwrap().path());
        let one = files().next().unwrap();
        host.load(&saving(2)).unwrap();
        let two = files().find(|path| *path != one).unwrap();
        // Anybody who can write to the directory can copy a file, but the entry's own key reveals it.
        std::fs::copy(&two, &one).unwrap();
        let host = Host::new(HostConfig { ees_kept_max: 0, ..(*host.config).clone() }).unwrap();
        assert_eq!(root(&host.load(&saving(1)).unwrap()), StateRoot([1; 32]));
        assert_eq!(root(&host.load(&saving(2)).unwrap()), StateRoot([2; 32]));
    }

    #[test]
    fn an_entry_is_used_only_under_the_same_settings() {
        let (_directory, cache) = cache();
        let n_files = || cache.usage().unwrap().n_files;
        host(&cache, Limits::default()).load(&saving(1)).unwrap();
        assert_eq!(n_files(), 1);
        let smaller = Limits { module_bytes_max: 50, ..Limits::default() };
        assert!(host(&cache, smaller).load(&saving(1)).is_err(), "too large for this host");
        host(&cache, Limits { fuel_max: 1_000_000, ..Limits::default() }).load(&saving(1)).unwrap();
        assert_eq!(n_files(), 2);
    }

    #[test]
    fn a_module_that_is_refused_leaves_nothing_in_the_cache() {
        let (_directory, cache) = cache();
        assert!(host(&cache, Limits::default()).load(b"\0asm\x01\0\0\0").is_err());
        assert_eq!(cache.usage().unwrap().n_files, 0);
    }

    #[test]
    fn loaded_ees_are_kept_in_memory() {
        let host = Host::new(HostConfig::default()).unwrap();
        let ees = [host.load(&saving(1)).unwrap(), host.load(&saving(1)).unwrap()];
        assert!(Arc::ptr_eq(&ees[0].compiled, &ees[1].compiled));
    }
}
