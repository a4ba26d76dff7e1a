//! The functions behind the imports, one module each. [`ABI`](outrider_abi::ABI) describes the imports, and [`table`]
//! binds the two.

mod bignum;
mod crypto;
pub(crate) mod debug;
mod eth2;
mod receipt;
mod state;
pub(crate) mod table;

use std::collections::BTreeSet;

use outrider_abi::{Deposit, Import, SentReceipt, StateRoot};

use crate::allowance::{Allowance, Watch};
use crate::config::HostConfig;
use crate::error::HostCallError;
use crate::execution::{ExecutionInput, Log, LogValue};
use crate::observer::Observer;
use crate::provider::Provider;
use crate::trace::Answer;

/// An execution under way: its input, and its results so far.
#[derive(Clone, Debug)]
pub(crate) struct Execution {
    pub(crate) input: ExecutionInput,
    pub(crate) post_state_root: Option<StateRoot>,
    pub(crate) deposits: Vec<Deposit>,
    deposits_max: u32,
    /// The ether that the EE pays to the proposer, in Gwei.
    pub(crate) proposer_fee: u64,
    pub(crate) receipts: Vec<SentReceipt>,
    /// The values and fees of these receipts, in Gwei.
    ether_sent: u64,
    /// The indices of rejected receipts of the input.
    pub(crate) rejected: BTreeSet<u32>,
    pub(crate) ticks_used: u64,
    ticks_max: u64,
    /// The fuel at the start.
    pub(crate) fuel_max: i64,
    /// The fuel that is left; negative once it was not enough. While the guest runs, its own counter holds it.
    pub(crate) fuel_left: i64,
    /// The part of it below the counter's unit; see [`FuelScale`](crate::meter::FuelScale).
    fuel_rest: i64,
    pub(crate) logs: Vec<Log>,
    log_bytes_left: usize,
    /// Size of the EE's memory in bytes when `main` returned.
    pub(crate) memory_bytes: usize,
    /// `Some` only in provider mode.
    pub(crate) provider: Option<Provider>,
    pub(crate) observer: Observer,
    /// The conditions that may stop it.
    pub(crate) watch: Watch,
}

impl Execution {
    /// Begins an execution with the requested fuel, up to the limit.
    pub(crate) fn new(input: ExecutionInput, config: &HostConfig, allowance: &Allowance) -> Self {
        let fuel_max = i64::try_from(allowance.fuel_max.min(config.limits.fuel_max)).unwrap_or(i64::MAX);
        Self {
            input,
            post_state_root: None,
            deposits: Vec::new(),
            deposits_max: config.limits.deposits_max,
            proposer_fee: 0,
            receipts: Vec::new(),
            ether_sent: 0,
            rejected: BTreeSet::new(),
            ticks_used: 0,
            ticks_max: config.limits.ticks_max,
            fuel_max,
            fuel_left: fuel_max,
            fuel_rest: 0,
            logs: Vec::new(),
            log_bytes_left: config.log_bytes_max,
            memory_bytes: 0,
            provider: None,
            observer: Observer::Nobody,
            watch: Watch::new(allowance),
        }
    }

    /// Returns the value for the guest's counter if its unit stands for this much fuel, which is at least 1.
    pub(crate) fn fuel_counter(&mut self, unit: i64) -> i64 {
        self.fuel_rest = self.fuel_left.checked_rem_euclid(unit).unwrap_or(0);
        self.fuel_left.checked_div_euclid(unit).unwrap_or(self.fuel_left)
    }

    /// Sets the fuel from the guest's counter.
    pub(crate) fn set_fuel(&mut self, counter: i64, unit: i64) {
        self.fuel_left =
            if counter < 0 { counter } else { counter.saturating_mul(unit).saturating_add(self.fuel_rest) };
    }

    /// Returns the spent fuel, at most what there was.
    pub(crate) fn fuel_used(&self) -> u64 {
        self.fuel_max.saturating_sub(self.fuel_left.max(0)).unsigned_abs()
    }

    /// Emits a value of at least `bytes_min` bytes to the embedder's subscriber, and keeps it if there is room.
    ///
    /// The value is not computed if nobody would see it.
    fn log(&mut self, import: &'static str, bytes_min: usize, value: impl FnOnce() -> LogValue) {
        let is_shown = tracing::enabled!(target: "outrider::ee", tracing::Level::INFO);
        if !is_shown && self.log_bytes_left_after(bytes_min).is_none() {
            return;
        }
        let value = value();
        tracing::info!(target: "outrider::ee", import, "{value}");
        if let Some(left) = self.log_bytes_left_after(value.bytes()) {
            self.log_bytes_left = left;
            self.logs.push(Log { import, value });
        }
    }

    /// Returns the room that is left for logs after a value of this many bytes.
    fn log_bytes_left_after(&self, bytes: usize) -> Option<usize> {
        // An entry costs more than its bytes; otherwise a million empty ones would be free.
        self.log_bytes_left.checked_sub(bytes.checked_add(size_of::<Log>())?)
    }
}

/// One call of an import: the EE's memory and its execution.
///
/// The slice is empty while no memory is attached.
pub(crate) struct Call<'a> {
    pub(crate) import: &'static Import,
    pub(crate) memory: &'a mut [u8],
    pub(crate) execution: &'a mut Execution,
}

impl<'a> Call<'a> {
    /// Makes a call, unless the execution is to stop: charges for it, runs the import's function, and reports to the
    /// observer.
    pub(crate) fn make<A: Copy + Into<u64>, R: Answer, const N: usize>(
        import: &'static Import,
        arguments: [A; N],
        memory: &'a mut [u8],
        execution: &'a mut Execution,
        function: impl FnOnce(&mut Call<'_>, [A; N]) -> Result<R, HostCallError>,
    ) -> Result<R, HostCallError> {
        let fuel_before = execution.fuel_left;
        execution.observer.host_call_begins(import, fuel_before);
        let watched = execution.watch.check().map_err(HostCallError::Stopped);
        let result = watched
            .and_then(|()| Call::start(import, memory, execution))
            .and_then(|mut call| function(&mut call, arguments));
        let fuel_left = (fuel_before, execution.fuel_left);
        execution.observer.host_call_ends(import, &arguments, &result, fuel_left);
        result
    }

    /// Starts a call, and charges for it.
    fn start(
        import: &'static Import,
        memory: &'a mut [u8],
        execution: &'a mut Execution,
    ) -> Result<Self, HostCallError> {
        let mut call = Self { import, memory, execution };
        call.charge(import.fuel.base)?;
        Ok(call)
    }

    /// Charges for units of work, before the work is done.
    fn charge_units(&mut self, units: impl Into<u64>) -> Result<(), HostCallError> {
        self.charge(self.import.fuel.per_unit.saturating_mul(units.into()))
    }

    fn charge(&mut self, fuel: u64) -> Result<(), HostCallError> {
        let fuel = i64::try_from(fuel).unwrap_or(i64::MAX);
        self.execution.fuel_left = self.execution.fuel_left.saturating_sub(fuel);
        if self.execution.fuel_left < 0 { Err(HostCallError::OutOfFuel) } else { Ok(()) }
    }

    fn read(&self, pointer: u32, length: u32) -> Result<&[u8], HostCallError> {
        read(self.memory, pointer, length)
    }

    fn read_array<const N: usize>(&self, pointer: u32) -> Result<[u8; N], HostCallError> {
        let mut array = [0; N];
        array.copy_from_slice(self.read(pointer, length_of::<N>())?);
        Ok(array)
    }

    /// Reads a range, and charges for its bytes once the range is checked.
    fn read_charged(&mut self, pointer: u32, length: u32) -> Result<&[u8], HostCallError> {
        self.read(pointer, length)?;
        self.charge_units(length)?;
        self.read(pointer, length)
    }

    /// Reads a list of items of `N` bytes each.
    fn read_items<const N: usize>(&self, pointer: u32, n: u32) -> Result<&[[u8; N]], HostCallError> {
        read_items(self.memory, pointer, n)
    }

    /// Reads a list, and charges for its items once the range is checked.
    fn read_items_charged<const N: usize>(
        &mut self,
        pointer: u32,
        n: u32,
    ) -> Result<&[[u8; N]], HostCallError> {
        self.read_items::<N>(pointer, n)?;
        self.charge_units(n)?;
        self.read_items(pointer, n)
    }

    fn slice_mut(&mut self, pointer: u32, length: u32) -> Result<&mut [u8], HostCallError> {
        let memory_bytes = self.memory.len();
        range(pointer, length)
            .and_then(|range| self.memory.get_mut(range))
            .ok_or(HostCallError::MemoryOutOfBounds { pointer, length, memory_bytes })
    }

    /// Returns a range to write to, and charges for its bytes once the range is checked.
    fn slice_mut_charged(&mut self, pointer: u32, length: u32) -> Result<&mut [u8], HostCallError> {
        self.read(pointer, length)?;
        self.charge_units(length)?;
        self.slice_mut(pointer, length)
    }

    fn write<const N: usize>(&mut self, pointer: u32, bytes: &[u8; N]) -> Result<(), HostCallError> {
        self.slice_mut(pointer, length_of::<N>())?.copy_from_slice(bytes);
        Ok(())
    }
}

/// Reads a range of a memory.
fn read(memory: &[u8], pointer: u32, length: u32) -> Result<&[u8], HostCallError> {
    range(pointer, length).and_then(|range| memory.get(range)).ok_or(HostCallError::MemoryOutOfBounds {
        pointer,
        length,
        memory_bytes: memory.len(),
    })
}

/// Reads a list of items of `N` bytes each from a memory.
fn read_items<const N: usize>(memory: &[u8], pointer: u32, n: u32) -> Result<&[[u8; N]], HostCallError> {
    let length = n.checked_mul(length_of::<N>()).ok_or(HostCallError::MemoryOutOfBounds {
        pointer,
        length: u32::MAX,
        memory_bytes: memory.len(),
    })?;
    let (items, _) = read(memory, pointer, length)?.as_chunks();
    Ok(items)
}

/// Returns the range of `length` bytes from `start`, or `None` if it overflows a `usize`.
fn range(start: u32, length: u32) -> Option<std::ops::Range<usize>> {
    let start = usize::try_from(start).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    Some(start..end)
}

/// Returns the length of an array as the ABI's type for lengths.
const fn length_of<const N: usize>() -> u32 {
    const { assert!(N <= u32::MAX as usize) }
    N as u32
}
