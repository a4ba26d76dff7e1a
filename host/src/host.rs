//! The host: loads EEs and executes them.

use std::sync::Arc;

use crate::abi::Import;
use crate::config::HostConfig;
use crate::engine::{self, CompiledEe, Engine, Program, Stop};
use crate::error::{ExecutionError, ExecutionErrorKind, HostError, LoadError};
use crate::execution::{ExecutionInput, ExecutionOutput};
use crate::imports::Execution;
use crate::meter::{Linkage, instrument};
use crate::module::CodeHash;
use crate::validate::{Exports, LIBRARIES_MAX, check_ee, check_library};

/// Loads EEs. Cheap to clone, and shared by all threads.
#[derive(Clone)]
pub struct Host {
    engine: Arc<dyn Engine>,
    config: Arc<HostConfig>,
}

/// A module that an EE may import functions from, by the library's name.
#[derive(Clone, Copy, Debug)]
pub struct Library<'a> {
    /// The name, as it stands for the module in the EE's imports.
    pub name: &'a str,
    /// The library's wasm.
    pub code: &'a [u8],
}

/// An EE that is ready to be executed. Cheap to clone, and shared by all threads.
#[derive(Clone)]
pub struct Ee {
    compiled: Arc<dyn CompiledEe>,
    config: Arc<HostConfig>,
    code_hash: CodeHash,
}

impl Host {
    /// Sets a host up.
    ///
    /// # Errors
    ///
    /// [`HostError`] if the engine is not compiled in or does not take the configuration, or if the machine lacks
    /// the address space.
    pub fn new(config: HostConfig) -> Result<Self, HostError> {
        let config = Arc::new(config);
        Ok(Self { engine: engine::new(&config)?, config })
    }

    /// Validates and compiles an EE that uses no libraries.
    ///
    /// # Errors
    ///
    /// [`LoadError`] says why the module cannot be an EE.
    pub fn load(&self, code: &[u8]) -> Result<Ee, LoadError> {
        self.load_with_libraries(code, &[])
    }

    /// Validates and compiles an EE together with the libraries that it imports from.
    ///
    /// Each execution has fresh instances of the libraries, too, so that they carry nothing from one to the
    /// next.
    ///
    /// # Errors
    ///
    /// [`LoadError`] says which module is at fault, and why.
    pub fn load_with_libraries(&self, code: &[u8], libraries: &[Library<'_>]) -> Result<Ee, LoadError> {
        let limits = &self.config.limits;
        let n_libraries = u32::try_from(libraries.len()).unwrap_or(u32::MAX);
        if n_libraries > LIBRARIES_MAX {
            return Err(LoadError::TooManyLibraries { got: n_libraries, limit: LIBRARIES_MAX });
        }
        let mut exports = Exports::new();
        for library in libraries {
            let name = library.name.to_owned();
            if Import::has_module(library.name) {
                return Err(LoadError::LibraryNameTaken { name });
            }
            let checked = check_library(library.code, limits)
                .map_err(|refusal| LoadError::LibraryRefused { name: name.clone(), refusal })?;
            if exports.insert(name.clone(), checked).is_some() {
                return Err(LoadError::LibraryTwice { name });
            }
        }
        check_ee(code, &exports, limits)?;
        let compiled = self.engine.compile(&self.meter(code, libraries)?)?;
        Ok(Ee { compiled, config: Arc::clone(&self.config), code_hash: CodeHash::of(code) })
    }

    /// Instruments an EE and its libraries, so that they share one account of fuel and stack.
    fn meter(&self, code: &[u8], libraries: &[Library<'_>]) -> Result<Program, LoadError> {
        let names = libraries.iter().map(|library| library.name.to_owned());
        if !self.config.metered {
            let libraries = names.zip(libraries.iter().map(|library| library.code.to_vec())).collect();
            return Ok(Program { code: code.to_vec(), libraries, stack_reserve_slots: None });
        }
        let linkage = if libraries.is_empty() { Linkage::Alone } else { Linkage::Linked };
        let main = instrument(code, linkage)?;
        let metered = libraries.iter().map(|library| instrument(library.code, linkage));
        let metered = metered.collect::<Result<Vec<_>, _>>()?;
        let reserves = metered.iter().map(|library| library.stack_reserve_slots);
        let reserve = reserves.fold(main.stack_reserve_slots, u64::saturating_add);
        let limit = self.config.limits.stack_slots_max;
        if reserve > u64::from(limit) {
            return Err(LoadError::StackTooLarge { got: reserve, limit });
        }
        let libraries = names.zip(metered.into_iter().map(|library| library.code)).collect();
        Ok(Program { code: main.code, libraries, stack_reserve_slots: Some(reserve) })
    }
}

impl Ee {
    /// Executes the EE over one block.
    ///
    /// The same input gives the same output, whatever ran before or runs beside it.
    ///
    /// # Errors
    ///
    /// [`ExecutionError`] if the EE refuses the block or fails;
    /// [`fault`](ExecutionError::fault) tells the two from failures of the node.
    pub fn execute(&self, input: &ExecutionInput) -> Result<ExecutionOutput, ExecutionError> {
        self.check_size(input)?;
        let execution = Execution::new(input.clone(), &self.config);
        let (execution, stop) = self.compiled.run(execution);
        let fuel_used = self.fuel_used(execution.fuel_left);
        let stop = match (stop, execution.post_state_root) {
            (Ok(()), Some(post_state_root)) => {
                return Ok(ExecutionOutput {
                    post_state_root,
                    deposits: execution.deposits,
                    logs: execution.logs,
                    ticks_used: execution.ticks_used,
                    fuel_used,
                });
            }
            (Ok(()), None) => Stop { kind: ExecutionErrorKind::NoPostStateRoot, backtrace: Vec::new() },
            (Err(stop), _) => stop,
        };
        Err(ExecutionError { kind: stop.kind, logs: execution.logs, backtrace: stop.backtrace, fuel_used })
    }

    /// Returns the hash of the EE's module, without its libraries.
    pub fn code_hash(&self) -> CodeHash {
        self.code_hash
    }

    /// Returns what was spent of the limit; all of it, if it was not enough.
    fn fuel_used(&self, fuel_left: i64) -> u64 {
        let limit = self.config.limits.fuel_max.min(i64::MAX.unsigned_abs());
        limit.saturating_sub(u64::try_from(fuel_left).unwrap_or(0))
    }

    /// Refuses block data over the limit, and any that `eth2.blockDataSize` could not tell the length of.
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
