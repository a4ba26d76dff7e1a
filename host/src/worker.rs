//! Compilation in a process of its own, with limits of CPU time and memory.
//!
//! A host with an [`Isolation`] validates and meters a module itself, writes the request to compile it into a file, and
//! starts a worker with that file as its input. The worker, [`serve_as_worker`], limits itself before it reads a byte,
//! compiles, and writes machine code to its output, another file, which the host maps as if it came from the cache.
//!
//! Both files have the form of the cache's, so no byte of them can change unnoticed. The key of a request names the
//! sources of the host; the key of an answer names its request and all settings on which machine code depends. A
//! request is a list of parts, each after its length as eight bytes, little-endian: the engine's name, [`N_NUMBERS`]
//! numbers of eight bytes, the EE's code, and name and code of each library.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use outrider_abi::CodeHash;

use crate::cache::{CacheKey, Compilation, Entry, EntryError, entry_footer, open_entry};
use crate::chain::{causes, chain};
use crate::config::{HostConfig, Isolation, Limits, UnknownEngine, UnsavedRoot};
use crate::engine::{self, CompiledEe, Engine, Reserve};
use crate::error::{EngineError, HostError, IsolationError, LoadError};
use crate::program::{Program, Requirements};

/// Serves as a worker if this process was started as one, and returns its exit code; otherwise returns `None`.
///
/// A program that [`Isolation::program`] names calls this before anything else in its `main`.
pub fn serve_as_worker() -> Option<ExitCode> {
    let orders = std::env::var_os(VARIABLE)?;
    let Err(error) = serve(&orders) else { return Some(ExitCode::SUCCESS) };
    // If nobody can read the reason, the exit code has to do.
    let _ = io::stderr().write_all(chain(&error).as_bytes());
    Some(ExitCode::from(error.exit_code()))
}

/// Compiles a program in a worker.
///
/// Two kinds of programs are compiled in this process, once a worker has shown that they stay within the limits: EEs
/// with libraries, which no engine serializes, and all others where temporary files cannot be mapped as code.
pub(crate) fn compile(
    isolation: &Isolation,
    engine: &dyn Engine,
    config: &HostConfig,
    program: &Program,
) -> Result<Arc<dyn CompiledEe>, LoadError> {
    let request = encode(config, engine.reserve(), program);
    let answer = ask(isolation, &request, &answer_key(engine, &request))?;
    match engine.restore(answer.payload()) {
        Some(compiled) => Ok(compiled),
        None => engine.compile(program),
    }
}

/// Starts a worker, waits for its end, and opens its answer.
fn ask(isolation: &Isolation, request: &[u8], key: &CacheKey) -> Result<Entry, LoadError> {
    if std::env::var_os(VARIABLE).is_some() {
        return Err(IsolationError::Nested.into());
    }
    let exchange = |source| LoadError::Isolated(IsolationError::Exchange(source));
    let [mut input, output, mut messages] = files().map_err(exchange)?;
    write_entry(&mut input, &request_key(), request).and_then(|()| input.rewind()).map_err(exchange)?;
    let mut child = Command::new(&isolation.program)
        .args(&isolation.arguments)
        .env(VARIABLE, Orders::of(isolation).to_string())
        // A worker that panics for want of memory would wait for ever: its backtrace needs memory, and holds the lock
        // that the message about that needs.
        .env("RUST_BACKTRACE", "0")
        .stdin(input)
        .stdout(output.try_clone().map_err(exchange)?)
        .stderr(messages.try_clone().map_err(exchange)?)
        .spawn()
        .map_err(|source| IsolationError::Start { program: isolation.program.clone(), source })?;
    let status = wait(&mut child, wall_clock_max(isolation)).map_err(exchange)?;
    let mut message = Vec::new();
    messages
        .rewind()
        .and_then(|()| messages.take(MESSAGE_BYTES_MAX).read_to_end(&mut message))
        .map_err(exchange)?;
    judge(isolation, status, String::from_utf8_lossy(&message).trim().to_owned())?;
    let bytes = output.metadata().map_err(exchange)?.len();
    Ok(open_entry(output, bytes, key).map_err(|error| {
        let source = io::Error::new(io::ErrorKind::InvalidData, error);
        IsolationError::Answer { program: isolation.program.clone(), source }
    })?)
}

/// Makes unnamed files for input, output and messages of a worker. Unlike pipes, they cannot fill up.
fn files() -> io::Result<[File; 3]> {
    Ok([tempfile::tempfile()?, tempfile::tempfile()?, tempfile::tempfile()?])
}

/// Waits for the end of a worker, or kills it after `limit` and returns `None`.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let elapsed = started.elapsed();
        if elapsed >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        // The delay is at most a tenth of the elapsed time.
        std::thread::sleep((elapsed / 10).clamp(PAUSE_MIN, PAUSE_MAX));
    }
}

/// Checks that a worker ended with an answer, and otherwise returns the reason why not.
fn judge(isolation: &Isolation, status: Option<ExitStatus>, message: String) -> Result<(), LoadError> {
    let Isolation { cpu_seconds_max, memory_bytes_max, .. } = *isolation;
    let Some(status) = status else {
        return Err(IsolationError::OverWallClock { limit: wall_clock_max(isolation) }.into());
    };
    let over_memory = over_memory(os::memory_max(), memory_bytes_max);
    let error = match (status.code(), os::ending(status)) {
        (Some(0), _) => return Ok(()),
        (Some(code), _) if code == i32::from(REFUSED) => {
            return Err(LoadError::Engine(EngineError(message.into())));
        }
        (Some(code), _) if code == i32::from(OUT_OF_MEMORY) => over_memory,
        (_, os::Ending::OverCpu) => IsolationError::OverCpu { limit: cpu_seconds_max },
        // The standard library ends a process this way if it gets no memory.
        (_, os::Ending::Aborted) if message.contains("memory allocation of ") => over_memory,
        (_, os::Ending::Aborted | os::Ending::Other) => IsolationError::Died { status, message },
    };
    Err(error.into())
}

/// Returns the error of a worker that got no more memory than its limit, or than a lower limit of this process.
fn over_memory(inherited: Option<u64>, limit: u64) -> IsolationError {
    match inherited.filter(|inherited| *inherited < limit) {
        Some(inherited) => IsolationError::LimitedMemory { inherited, limit },
        None => IsolationError::OverMemory { limit },
    }
}

/// Returns how long a worker may take: ten times its CPU time, because other processes compete for the processor, and
/// at least the time to start.
fn wall_clock_max(isolation: &Isolation) -> Duration {
    Duration::from_secs(isolation.cpu_seconds_max.max(1).saturating_mul(10))
}

/// Does the work of a worker.
///
/// 1. Checks that the orders are of this version.
/// 2. Checks that the parent gave them, and ends this process when the parent ends.
/// 3. Starts the threads with which engines compile, and then sets the limits. Without memory for threads, engines
///    panic.
/// 4. Checks that the request is whole and of this version.
/// 5. Sets up the engine.
/// 6. Compiles the modules.
fn serve(orders: &OsStr) -> Result<(), ServeError> {
    let orders = orders.to_str().and_then(Orders::parse).ok_or(ServeError::Orders)?;
    os::end_with_parent().map_err(ServeError::Limits)?;
    // The parent may have ended before.
    if !os::is_child_of(orders.parent) {
        return Err(ServeError::Orphan);
    }
    rayon::ThreadPoolBuilder::new().build_global().map_err(ServeError::Threads)?;
    os::limit(&orders).map_err(ServeError::Limits)?;
    let input = os::input().map_err(ServeError::Files)?;
    let bytes = input.metadata().map_err(ServeError::Files)?.len();
    let request = open_entry(input, bytes, &request_key())?.payload().read().map_err(ServeError::Files)?;
    let (config, reserve, program) = decode(&request)?;
    let engine = engine::compiler(&Arc::new(config), reserve)?;
    let payload = engine.compile(&program)?.serialize().unwrap_or_default();
    write_entry(&mut io::stdout().lock(), &answer_key(&*engine, &request), &payload)
        .map_err(ServeError::Files)
}

/// The orders in a worker's environment, which it parses before it reads anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Orders {
    /// The process that starts the worker.
    parent: u32,
    cpu_seconds_max: u64,
    memory_bytes_max: u64,
}

impl Orders {
    fn of(isolation: &Isolation) -> Self {
        let Isolation { cpu_seconds_max, memory_bytes_max, .. } = *isolation;
        Self { parent: std::process::id(), cpu_seconds_max, memory_bytes_max }
    }

    /// Parses the output of `to_string`, if the same version of this host wrote it.
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let sources = words.next()?;
        let orders = Self {
            parent: words.next()?.parse().ok()?,
            cpu_seconds_max: words.next()?.parse().ok()?,
            memory_bytes_max: words.next()?.parse().ok()?,
        };
        (sources == SOURCES && words.next().is_none()).then_some(orders)
    }
}

impl std::fmt::Display for Orders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{SOURCES} {} {} {}", self.parent, self.cpu_seconds_max, self.memory_bytes_max)
    }
}

/// The reason for which a worker has no answer.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error("{VARIABLE} is not what this version of the host sets it to")]
    Orders,
    #[error(
        "the parent of this worker is not the process that asked for it: that has ended, or a program between them has to \
         become the worker by `exec`"
    )]
    Orphan,
    #[error("cannot set the limits")]
    Limits(#[source] io::Error),
    #[error("cannot start the threads to compile with")]
    Threads(#[source] rayon::ThreadPoolBuildError),
    #[error("cannot read the request, or cannot write the answer")]
    Files(#[source] io::Error),
    #[error("the request")]
    Request(#[from] EntryError),
    #[error("the request is malformed")]
    Malformed,
    #[error(transparent)]
    UnknownEngine(#[from] UnknownEngine),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Compile(#[from] LoadError),
}

impl ServeError {
    fn exit_code(&self) -> u8 {
        if causes(self).any(os::is_out_of_memory) {
            return OUT_OF_MEMORY;
        }
        match self {
            Self::Compile(_) => REFUSED,
            Self::Orders
            | Self::Orphan
            | Self::Limits(_)
            | Self::Threads(_)
            | Self::Files(_)
            | Self::Request(_)
            | Self::Malformed
            | Self::UnknownEngine(_)
            | Self::Host(_) => FAILED,
        }
    }
}

fn write_entry(file: &mut impl io::Write, key: &CacheKey, payload: &[u8]) -> io::Result<()> {
    file.write_all(payload)?;
    file.write_all(&entry_footer(key, payload))?;
    file.flush()
}

fn request_key() -> CacheKey {
    let settings = format!("request to a worker, sources: {SOURCES}");
    CacheKey::new(&Compilation { code_hash: CodeHash::of(b""), engine: "", settings: &settings })
}

fn answer_key(engine: &dyn Engine, request: &[u8]) -> CacheKey {
    let settings = format!("answer of a worker, {}, sources: {SOURCES}", engine.settings());
    CacheKey::new(&Compilation {
        code_hash: CodeHash::of(request),
        engine: engine.name(),
        settings: &settings,
    })
}

/// Encodes a request.
fn encode(config: &HostConfig, reserve: Reserve, program: &Program) -> Vec<u8> {
    // All limits are listed, so that none can be forgotten that affects machine code.
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
        fuel_max,
        stack_slots_max,
        block_data_bytes_max,
        unsaved_root,
    } = config.limits;
    let [slots, fuel, pages, pages_max] = program.requirements.to_numbers();
    let numbers: [u64; N_NUMBERS] = [
        // Lossless: Rust has no target wider than 64 bits.
        module_bytes_max as u64,
        memory_pages_max.into(),
        memory_pages_near.into(),
        memory_far_factor.into(),
        code_bytes_near.into(),
        floats.into(),
        table_elements_max.into(),
        ticks_max,
        deposits_max.into(),
        fuel_max,
        stack_slots_max.into(),
        block_data_bytes_max.into(),
        (unsaved_root == UnsavedRoot::Zeros).into(),
        config.is_interruptible().into(),
        (reserve == Reserve::Limited).into(),
        slots,
        fuel,
        pages,
        pages_max,
    ];
    let numbers = numbers.map(u64::to_le_bytes);
    let libraries = program.libraries.iter().flat_map(|(name, code)| [name.as_bytes(), code]);
    let parts = [config.engine.name().as_bytes(), numbers.as_flattened(), &program.code];
    parts.into_iter().chain(libraries).fold(Vec::new(), |mut request, part| {
        request.extend((part.len() as u64).to_le_bytes());
        request.extend(part);
        request
    })
}

/// Decodes a request: the configuration of a host that can compile the program, the memories to compile it for, and the
/// program.
fn decode(request: &[u8]) -> Result<(HostConfig, Reserve, Program), ServeError> {
    let parts = parts(request).ok_or(ServeError::Malformed)?;
    let [engine, numbers, code, libraries @ ..] = parts.as_slice() else { return Err(ServeError::Malformed) };
    let engine = text(engine).ok_or(ServeError::Malformed)?.parse()?;
    let (limits, interruptible, reserve, requirements) =
        decode_numbers(numbers).ok_or(ServeError::Malformed)?;
    let (pairs, []) = libraries.as_chunks::<2>() else { return Err(ServeError::Malformed) };
    let libraries = pairs.iter().map(|[name, code]| Some((text(name)?, code.to_vec())));
    let libraries = libraries.collect::<Option<_>>().ok_or(ServeError::Malformed)?;
    let config =
        HostConfig { limits, engine, interruptible, concurrent_executions_max: 1, ..HostConfig::default() };
    Ok((config, reserve, Program { code: code.to_vec(), libraries, requirements }))
}

fn decode_numbers(bytes: &[u8]) -> Option<(Limits, bool, Reserve, Requirements)> {
    let (numbers, []) = bytes.as_chunks::<8>() else { return None };
    let numbers: Vec<u64> = numbers.iter().copied().map(u64::from_le_bytes).collect();
    let numbers: [u64; N_NUMBERS] = numbers.try_into().ok()?;
    let [limits @ .., interruptible, limited, slots, fuel, pages, pages_max] = numbers;
    let [
        module_bytes_max,
        memory_pages_max,
        memory_pages_near,
        memory_far_factor,
        code_bytes_near,
        floats,
        table_elements_max,
        ticks_max,
        deposits_max,
        fuel_max,
        stack_slots_max,
        block_data_bytes_max,
        unsaved_root,
    ] = limits;
    let limits = Limits {
        module_bytes_max: module_bytes_max.try_into().ok()?,
        memory_pages_max: memory_pages_max.try_into().ok()?,
        memory_pages_near: memory_pages_near.try_into().ok()?,
        memory_far_factor: memory_far_factor.try_into().ok()?,
        code_bytes_near: code_bytes_near.try_into().ok()?,
        floats: flag(floats)?,
        table_elements_max: table_elements_max.try_into().ok()?,
        ticks_max,
        deposits_max: deposits_max.try_into().ok()?,
        fuel_max,
        stack_slots_max: stack_slots_max.try_into().ok()?,
        block_data_bytes_max: block_data_bytes_max.try_into().ok()?,
        unsaved_root: if flag(unsaved_root)? { UnsavedRoot::Zeros } else { UnsavedRoot::Refused },
    };
    let reserve = if flag(limited)? { Reserve::Limited } else { Reserve::Full };
    Some((limits, flag(interruptible)?, reserve, Requirements::from_numbers([slots, fuel, pages, pages_max])))
}

fn parts(mut request: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    while !request.is_empty() {
        let (length, rest) = request.split_first_chunk::<8>()?;
        let (part, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        parts.push(part);
        request = rest;
    }
    Some(parts)
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

fn flag(number: u64) -> Option<bool> {
    match number {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

#[cfg(unix)]
mod os {
    use std::error::Error as StdError;
    use std::fs::File;
    use std::io;
    use std::os::fd::AsFd as _;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use rustix::io::Errno;
    use rustix::process::{Resource, Rlimit, Signal, getppid, getrlimit, setrlimit};

    use super::Orders;

    /// The end of a process that did not exit.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Ending {
        OverCpu,
        Aborted,
        Other,
    }

    pub(super) fn ending(status: ExitStatus) -> Ending {
        match status.signal() {
            Some(signal) if signal == Signal::XCPU.as_raw() => Ending::OverCpu,
            Some(signal) if signal == Signal::ABORT.as_raw() => Ending::Aborted,
            _ => Ending::Other,
        }
    }

    /// Has Linux kill this process when its parent ends; more exactly, when the thread ends that started this process,
    /// which is the one that waits for it.
    pub(super) fn end_with_parent() -> io::Result<()> {
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        Ok(())
    }

    pub(super) fn is_child_of(parent: u32) -> bool {
        getppid().map(|pid| pid.as_raw_nonzero().get()) == i32::try_from(parent).ok()
    }

    /// Limits this process permanently, and disables core dumps at a limit.
    ///
    /// Memory counts as data and not as address space, because engines reserve hundreds of gigabytes that they do not
    /// use.
    pub(super) fn limit(orders: &Orders) -> io::Result<()> {
        lower(Resource::Core, 0)?;
        lower(Resource::Data, orders.memory_bytes_max)?;
        lower(Resource::Cpu, orders.cpu_seconds_max)
    }

    /// Lowers a limit, unless it is lower already.
    ///
    /// The hard limit of CPU time is a second higher: it kills the process, without a distinguishable reason.
    fn lower(resource: Resource, limit: u64) -> io::Result<()> {
        let hard = if resource == Resource::Cpu { limit.saturating_add(1) } else { limit };
        let inherited = getrlimit(resource);
        let least = |inherited: Option<u64>, limit: u64| {
            Some(inherited.map_or(limit, |inherited| inherited.min(limit)))
        };
        let limits =
            Rlimit { current: least(inherited.current, limit), maximum: least(inherited.maximum, hard) };
        Ok(setrlimit(resource, limits)?)
    }

    /// Returns the limit of this process's memory, which workers inherit; `None` if it has none.
    pub(super) fn memory_max() -> Option<u64> {
        [Resource::As, Resource::Data].into_iter().filter_map(|resource| getrlimit(resource).current).min()
    }

    pub(super) fn input() -> io::Result<File> {
        Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
    }

    pub(super) fn is_out_of_memory(error: &(dyn StdError + 'static)) -> bool {
        let is_io = |error: &io::Error| error.raw_os_error() == Some(Errno::NOMEM.raw_os_error());
        error.downcast_ref::<io::Error>().is_some_and(is_io)
            || error.downcast_ref::<Errno>().is_some_and(|errno| *errno == Errno::NOMEM)
    }
}

/// Stand-ins for systems without workers, where hosts refuse an isolation.
#[cfg(not(unix))]
mod os {
    use std::error::Error as StdError;
    use std::fs::File;
    use std::io;
    use std::process::ExitStatus;

    use super::Orders;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[allow(dead_code, reason = "only signals tell")]
    pub(super) enum Ending {
        OverCpu,
        Aborted,
        Other,
    }

    pub(super) fn ending(_: ExitStatus) -> Ending {
        Ending::Other
    }

    pub(super) fn end_with_parent() -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn is_child_of(_: u32) -> bool {
        false
    }

    pub(super) fn limit(_: &Orders) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn memory_max() -> Option<u64> {
        None
    }

    pub(super) fn input() -> io::Result<File> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn is_out_of_memory(_: &(dyn StdError + 'static)) -> bool {
        false
    }
}

/// The environment variable that makes a process a worker, and holds its [`Orders`].
const VARIABLE: &str = "OUTRIDER_COMPILE_WORKER";

/// The version of this host, and so that of the protocol.
const SOURCES: &str = env!("OUTRIDER_HOST_SOURCES");

/// Numbers in a request: thirteen limits, whether code checks the clock, whether it checks bounds, and the four
/// requirements of the program.
const N_NUMBERS: usize = 19;

/// The exit code of a worker that was started wrongly.
const FAILED: u8 = 70;
/// The exit code of a worker whose engine does not compile the modules.
const REFUSED: u8 = 71;
/// The exit code of a worker whose engine reported that it got no more memory.
const OUT_OF_MEMORY: u8 = 72;

/// The most bytes that are kept of a worker's stderr.
const MESSAGE_BYTES_MAX: u64 = 4096;

const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(50);

#[cfg(all(test, unix))]
mod tests;
