//! Every import with every hostile argument: the host charges for copies, storage and allocations before it makes them.
//!
//! These tests use no clock. The memory that a call allocates stands for its work; where work needs no memory, the fuel
//! is compared with the lengths in the arguments. The tests iterate over the table, so they cover new imports, too.

#![allow(unsafe_code, reason = "an allocator that counts is unsafe to write")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::borrow::Cow;
use std::cell::Cell;
use std::error::Error;
use std::sync::Arc;

use outrider_host::{
    ABI, Ee, EngineKind, ExecutionError, ExecutionErrorKind, ExecutionInput, Hash, Host, HostConfig, Import,
    Limits, RECEIPT_PAYLOAD_BYTES_MAX, ReceivedReceipt, RootRead, StateSource, ValueType,
};
use support::{ROOT, module, wasm};

/// Size of the memory, which an argument may cover entirely.
const MEMORY_BYTES: u32 = 4 << 16;
/// A length within the memory, and a pointer to the middle of it.
const SMALL: u32 = 64;
/// The values of an argument.
const HOSTILE: &[u32] = &[0, SMALL, MEMORY_BYTES, u32::MAX];
/// The values of a number of items: also as many as fill the memory with 32 bytes each, the smallest item, or up to
/// 512, which is too many.
const HOSTILE_COUNT: &[u32] = &[0, SMALL, MEMORY_BYTES / 512, MEMORY_BYTES / 32, u32::MAX];
/// The bytes that a call may allocate whatever it paid: room for an error and its backtrace, and for a trace of one
/// call. An unpaid copy of the memory is 32 times as large, and one of the smallest items twice.
const FREE_BYTES: u64 = 8 << 10;
/// Fuel of an execution: about a hundredth of a second, and more than 64 items of any kind cost.
const FUEL_MAX: u64 = 1_000_000_000;

/// An allocator that counts the bytes that each thread requests; a growing allocation counts in full.
struct Counting;

thread_local! {
    static ALLOCATED_BYTES: Cell<u64> = const { Cell::new(0) };
}

fn count(bytes: usize) {
    // A thread may still free and allocate while it ends, and is not measured then.
    let _ = ALLOCATED_BYTES.try_with(|sum| sum.set(sum.get() + bytes as u64));
}

// SAFETY: each call is passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's contract is that of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is that of `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's contract is that of `System`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: the caller's contract is that of `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns the result of an action, and the bytes that this thread requested meanwhile.
fn counted<T>(action: impl FnOnce() -> T) -> (T, u64) {
    let before = ALLOCATED_BYTES.get();
    let result = action();
    (result, ALLOCATED_BYTES.get() - before)
}

/// A source whose every node and blob is as large as the memory, and borrowed.
struct Lending(Vec<u8>);

impl StateSource for Lending {
    fn node(&self, _hash: &Hash) -> Result<Option<Cow<'_, [u8]>>, Box<dyn Error + Send + Sync>> {
        Ok(Some(Cow::Borrowed(&self.0)))
    }

    fn blob(&self, hash: &Hash) -> Result<Option<Cow<'_, [u8]>>, Box<dyn Error + Send + Sync>> {
        self.node(hash)
    }
}

/// An EE that makes one call with the arguments in its block data or, if the first word says so, none.
struct Caller {
    import: &'static Import,
    ee: Ee,
    source: Arc<Lending>,
    /// As many as a small index needs, each with the largest payload.
    receipts: Arc<[ReceivedReceipt]>,
}

/// The outcome of an execution.
#[derive(Debug)]
struct Outcome {
    result: Result<(), ExecutionErrorKind>,
    fuel: u64,
    allocated_bytes: u64,
    /// Whether there are logs, deposits, a fee, receipts, new nodes or block data.
    keeps: bool,
}

impl Outcome {
    fn new<T>(
        result: Result<T, ExecutionError>,
        allocated_bytes: u64,
        summary: fn(&T) -> (u64, bool),
    ) -> Self {
        let (fuel, keeps) = match &result {
            Ok(output) => summary(output),
            Err(error) => (error.fuel_used, !error.logs.is_empty() || error.refusal().is_some()),
        };
        Self { result: result.map(|_| ()).map_err(|error| error.kind), fuel, allocated_bytes, keeps }
    }

    fn is_out_of_fuel(&self) -> bool {
        matches!(self.result, Err(ExecutionErrorKind::OutOfFuel { .. }))
    }
}

impl Caller {
    fn new(host: &Host, import: &'static Import, filling: u8) -> Self {
        let load = |(index, ty): (usize, ValueType)| {
            format!("({ty:?}.load offset={} (i32.const 0))", 8 + 8 * index).to_lowercase()
        };
        let words_bytes = 8 + 8 * import.parameters.len();
        let arguments: String = import.parameter_types().enumerate().map(load).collect();
        let call = format!("(call ${} {arguments})", import.name);
        let call = if import.result.is_some() { format!("(drop {call})") } else { call };
        let text = module(&format!(
            "(func $try {call})
            (func (export \"main\")
                (drop (memory.grow (i32.const {})))
                (memory.fill (i32.const 0) (i32.const {filling}) (i32.const {MEMORY_BYTES}))
                (call $blockDataCopy (i32.const 0) (i32.const 0) (i32.const {words_bytes}))
                (call $savePostStateRoot (i32.const 0))
                (if (i32.load (i32.const 0)) (then (call $try))))",
            (MEMORY_BYTES >> 16) - 1,
        ));
        let ee = host.load(&wasm(&text)).unwrap_or_else(|error| panic!("{import}: {error}"));
        let receipt = ReceivedReceipt {
            payload: vec![filling; RECEIPT_PAYLOAD_BYTES_MAX],
            ..ReceivedReceipt::default()
        };
        let receipts = vec![receipt; SMALL as usize + 1].into();
        Self { import, ee, source: Arc::new(Lending(vec![filling; MEMORY_BYTES as usize])), receipts }
    }

    /// Executes the EE with this much fuel: it calls the import or, without arguments, does everything else.
    fn run(&self, arguments: Option<&[u32]>, fuel_max: u64) -> Outcome {
        let words = arguments.unwrap_or_default().iter().map(|word| u64::from(*word));
        let mut words: Vec<_> = std::iter::once(u64::from(arguments.is_some())).chain(words).collect();
        words.resize(1 + self.import.parameters.len(), 0);
        let data: Vec<_> = words.into_iter().flat_map(u64::to_le_bytes).collect();
        let reads = Arc::from([RootRead::default(); SMALL as usize + 1]);
        let input =
            ExecutionInput { reads, receipts: Arc::clone(&self.receipts), ..ExecutionInput::new(ROOT, data) };
        if self.import.module == "state" {
            let provide = || self.ee.provide_within(&input, self.source.clone(), fuel_max);
            let (result, allocated_bytes) = counted(provide);
            return Outcome::new(result, allocated_bytes, |output| {
                (output.execution.fuel_used, !output.new_nodes.is_empty() || output.block_data.is_some())
            });
        }
        let (result, allocated_bytes) = counted(|| self.ee.execute_within(&input, fuel_max));
        Outcome::new(result, allocated_bytes, |output| {
            let keeps = !output.logs.is_empty() || !output.deposits.is_empty() || output.proposer_fee > 0;
            (output.fuel_used, keeps || !output.receipts.is_empty() || !output.rejected.is_empty())
        })
    }

    /// Checks a call, first with enough fuel, then with less than it costs.
    fn check(&self, arguments: &[u32], without: &Outcome) {
        let import = self.import;
        let outcome = self.run(Some(arguments), FUEL_MAX);
        let fuel = outcome.fuel - without.fuel;
        let allocated_bytes = outcome.allocated_bytes.saturating_sub(without.allocated_bytes);
        let case = || format!("{import} of {arguments:?}: {outcome:?}, and without it {without:?}");
        assert!(fuel >= import.fuel.base || outcome.is_out_of_fuel(), "the base is not charged: {}", case());
        assert!(allocated_bytes <= FREE_BYTES + fuel, "more is allocated than paid for: {}", case());
        match &outcome.result {
            Ok(()) | Err(ExecutionErrorKind::Refused { .. }) => {
                let paid = fuel - import.fuel.base;
                assert!(paid >= self.least_units(arguments), "a length is not paid for: {}", case());
            }
            Err(ExecutionErrorKind::OutOfFuel { .. }) => {}
            // A call with a refused argument may be charged only its base.
            Err(ExecutionErrorKind::HostCall { .. }) => return,
            Err(_) => panic!("{}", case()),
        }
        let end = if outcome.is_out_of_fuel() { FUEL_MAX } else { outcome.fuel };
        let begin = without.fuel + import.fuel.base;
        for fuel_max in [begin - 1, begin, begin.midpoint(end), end - 1].map(|fuel| fuel.min(end - 1)) {
            let poor = self.run(Some(arguments), fuel_max);
            let allocated_bytes = poor.allocated_bytes.saturating_sub(without.allocated_bytes);
            let case = || format!("{import} of {arguments:?} within {fuel_max} of {end}: {poor:?}");
            assert!(poor.is_out_of_fuel(), "there was not fuel enough: {}", case());
            assert!(!poor.keeps, "what is not paid for is kept: {}", case());
            assert!(allocated_bytes <= FREE_BYTES, "what is not paid for is allocated: {}", case());
        }
    }

    /// Returns the least cost of a successful call beyond its base: a unit for each byte and each item in its arguments
    /// or, if it fetches, in its result.
    fn least_units(&self, arguments: &[u32]) -> u64 {
        let named = self.import.parameter_names().zip(arguments);
        let told: u64 = named.filter(|(name, _)| LENGTHS.contains(name)).map(|(_, n)| u64::from(*n)).sum();
        let fetches = self.import.module == "state" && self.import.name.starts_with("get");
        let copies = self.import.name == "receiptCopy"
            && arguments.last().is_some_and(|capacity| *capacity as usize > RECEIPT_PAYLOAD_BYTES_MAX + 64);
        told + match (fetches, copies) {
            (true, _) => u64::from(MEMORY_BYTES),
            (false, true) => RECEIPT_PAYLOAD_BYTES_MAX as u64,
            (false, false) => 0,
        }
    }
}

/// The parameters that determine the work. The other numbers are `capacity`, which is used only up to the length of the
/// result, and `keyLength`, which has two valid small values and causes no work at others.
const LENGTHS: [&str; 6] = ["baseLength", "exponentLength", "length", "modulusLength", "n", "ticks"];

/// Tests every import with every list of hostile arguments, over memories filled with these bytes.
fn check_all(engine: EngineKind, fillings: &[u8]) {
    let limits = Limits { memory_pages_max: MEMORY_BYTES >> 16, fuel_max: FUEL_MAX, ..Limits::default() };
    let host = Host::new(HostConfig { engine, limits, ..HostConfig::default() }).expect("it is valid");
    for import in ABI {
        for &filling in fillings {
            let caller = Caller::new(&host, import, filling);
            // The setup at the first execution is not part of the call.
            caller.run(Some(&vec![0; import.parameters.len()]), FUEL_MAX);
            let without = caller.run(None, FUEL_MAX);
            assert!(without.result.is_ok(), "{import}: {without:?}");
            for arguments in hostile_arguments(import) {
                caller.check(&arguments, &without);
            }
        }
    }
}

/// Returns every combination of the values for the import's arguments.
fn hostile_arguments(import: &Import) -> Vec<Vec<u32>> {
    let mut lists = vec![vec![]];
    for parameter in import.parameters {
        let values = if parameter.name == "n" { HOSTILE_COUNT } else { HOSTILE };
        let longer =
            lists.iter().flat_map(|list| values.iter().map(move |value| [&list[..], &[*value]].concat()));
        lists = longer.collect();
    }
    lists
}

#[test]
fn nothing_is_kept_or_allocated_before_it_is_paid_for() {
    check_all(EngineKind::Wasmtime, &[0, 0xff]);
}

#[cfg(feature = "wasmer")]
#[test]
fn nothing_is_kept_or_allocated_before_it_is_paid_for_on_wasmer() {
    check_all(EngineKind::Wasmer, &[0xff]);
}
