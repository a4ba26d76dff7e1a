//! What the imports do, one module each; [`abi`](crate::abi) has the table.

pub(crate) mod bignum;
pub(crate) mod debug;
pub(crate) mod eth2;

use crate::config::HostConfig;
use crate::error::HostCallError;
use crate::execution::{Deposit, ExecutionInput, Log, LogValue, StateRoot};

/// One execution under way: what it was given, and what it has brought about so far.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) input: ExecutionInput,
    pub(crate) post_state_root: Option<StateRoot>,
    pub(crate) deposits: Vec<Deposit>,
    deposits_max: u32,
    pub(crate) ticks_used: u64,
    ticks_max: u64,
    pub(crate) logs: Vec<Log>,
    log_bytes_left: usize,
}

impl Execution {
    pub(crate) fn new(input: ExecutionInput, config: &HostConfig) -> Self {
        Self {
            input,
            post_state_root: None,
            deposits: Vec::new(),
            deposits_max: config.limits.deposits_max,
            ticks_used: 0,
            ticks_max: config.limits.ticks_max,
            logs: Vec::new(),
            log_bytes_left: config.log_bytes_max,
        }
    }

    /// Shows a value to the embedder's subscriber, and keeps it as long as there is room.
    fn log(&mut self, import: &'static str, value: LogValue) {
        tracing::info!(target: "outrider::ee", import, "{value}");
        // An entry costs more than its bytes; without this a million empty ones would be free.
        let bytes = value.bytes().saturating_add(size_of::<Log>());
        if let Some(left) = self.log_bytes_left.checked_sub(bytes) {
            self.log_bytes_left = left;
            self.logs.push(Log { import, value });
        }
    }
}

/// One call of an import: the EE's memory, and the execution it is part of.
///
/// Before the start function has returned no memory is attached, and the slice is empty.
pub(crate) struct Call<'a> {
    pub(crate) memory: &'a mut [u8],
    pub(crate) execution: &'a mut Execution,
}

impl Call<'_> {
    fn read(&self, pointer: u32, length: u32) -> Result<&[u8], HostCallError> {
        let memory_bytes = self.memory.len();
        range(pointer, length)
            .and_then(|range| self.memory.get(range))
            .ok_or(HostCallError::MemoryOutOfBounds { pointer, length, memory_bytes })
    }

    fn read_array<const N: usize>(&self, pointer: u32) -> Result<[u8; N], HostCallError> {
        let mut array = [0; N];
        array.copy_from_slice(self.read(pointer, length_of::<N>())?);
        Ok(array)
    }

    fn write<const N: usize>(&mut self, pointer: u32, bytes: &[u8; N]) -> Result<(), HostCallError> {
        slice_mut(self.memory, pointer, length_of::<N>())?.copy_from_slice(bytes);
        Ok(())
    }
}

/// Takes a range of the memory to write to; apart from [`Call`], whose execution may be what is written.
fn slice_mut(memory: &mut [u8], pointer: u32, length: u32) -> Result<&mut [u8], HostCallError> {
    let memory_bytes = memory.len();
    range(pointer, length).and_then(|range| memory.get_mut(range)).ok_or(HostCallError::MemoryOutOfBounds {
        pointer,
        length,
        memory_bytes,
    })
}

/// Returns the range of `length` bytes from `start`, unless it cannot be told in a `usize`.
fn range(start: u32, length: u32) -> Option<std::ops::Range<usize>> {
    let start = usize::try_from(start).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    Some(start..end)
}

/// Returns the length of an array as the ABI tells lengths.
const fn length_of<const N: usize>() -> u32 {
    const { assert!(N <= u32::MAX as usize) }
    N as u32
}
