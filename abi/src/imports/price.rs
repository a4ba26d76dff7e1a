//! The prices of imports.

/// The price of a call of an import, in fuel.
///
/// A price covers the worst case of a call, over valid, malformed and refuted inputs of all sizes, and is paid before
/// the work is done. It comes from calls in a loop of wasm, including the cost of calling. Measured in this way, no
/// call takes more than 2.6 times as long for its fuel as typical code (`outrider calibrate --filter import`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FuelCost {
    /// The price of the call itself.
    pub base: u64,
    /// The price of each unit of work: a byte that is moved or hashed, a tick that is spent, or the unit in the
    /// summary.
    pub per_unit: u64,
}

impl FuelCost {
    /// Converts measured times: that of the call itself in nanoseconds, that of each unit in picoseconds.
    pub(super) const fn measured(base_ns: u64, unit_ps: u64) -> Self {
        Self { base: base_ns * FUEL_PER_NS, per_unit: (unit_ps * FUEL_PER_NS).div_ceil(1000) }
    }
}

/// Fuel that guests' own code spends in a nanosecond of computing hashes, with a margin; typical code spends 65 on the
/// machine on which the prices were measured.
const FUEL_PER_NS: u64 = 25;

/// The least price of a call.
pub(super) const CALL: FuelCost = FuelCost::measured(40, 0);
/// A call that copies bytes.
pub(super) const COPY: FuelCost = FuelCost::measured(40, 40);
/// A call that adds to a set.
pub(super) const REJECT: FuelCost = FuelCost::measured(100, 0);
/// A call that logs: the entry is kept if there is room, and its bytes are formatted if anybody listens.
pub(super) const LOG: FuelCost = FuelCost::measured(200, 1000);
/// A call that logs text: a byte that is not UTF-8 becomes the three bytes of its replacement, in fresh memory.
pub(super) const LOG_TEXT: FuelCost = FuelCost::measured(200, 3_000);
/// A call that stores bytes for the provider or the chain in fresh memory, which the kernel has to clear first. That takes ten times
/// as long as copying.
pub(super) const KEEP: FuelCost = FuelCost::measured(100, 400);
/// A call that searches a store. A store of 300,000 nodes on disk took 2 us for nodes in memory, found or not, and 5 to
/// 6.5 us for nodes that it had to read; a node that is read is copied to fresh memory.
pub(super) const FETCH: FuelCost = FuelCost::measured(4_000, 400);
