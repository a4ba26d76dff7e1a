//! What imports cost.

/// What a call of an import costs, in fuel.
///
/// A price stands for the worst that a call can be given, of inputs that are good, refused and refuted, of all sizes, and is paid
/// before the work is done. It comes from calls in a loop of wasm, their way there and back included. Measured so, no call takes
/// more than 2.6 times as long for its fuel as typical code (`outrider calibrate --filter import`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FuelCost {
    /// For the call itself.
    pub base: u64,
    /// For each unit of work: a byte that is moved or hashed, a tick that is spent, or what the summary names.
    pub per_unit: u64,
}

impl FuelCost {
    /// Converts what a call was measured to take: the call itself in nanoseconds, each unit in picoseconds.
    pub(super) const fn measured(base_ns: u64, unit_ps: u64) -> Self {
        Self { base: base_ns * FUEL_PER_NS, per_unit: (unit_ps * FUEL_PER_NS).div_ceil(1000) }
    }
}

/// Fuel that guests' own code spends in a nanosecond where it computes hashes, with a margin; typical code spends 65 on the
/// machine that the prices were measured on.
const FUEL_PER_NS: u64 = 25;

/// The least that a call takes, there and back.
pub(super) const CALL: FuelCost = FuelCost::measured(40, 0);
/// A call that copies bytes.
pub(super) const COPY: FuelCost = FuelCost::measured(40, 40);
/// A call that logs: the entry is kept as long as there is room, and its bytes are formatted if anybody listens.
pub(super) const LOG: FuelCost = FuelCost::measured(200, 1000);
/// A call that logs text: a byte that is not UTF-8 becomes three that stand for it, in memory that is fresh.
pub(super) const LOG_TEXT: FuelCost = FuelCost::measured(200, 3_000);
/// A call that keeps bytes for the provider, in fresh memory, which the kernel has to clear first: that takes ten times as long
/// as to copy.
pub(super) const KEEP: FuelCost = FuelCost::measured(100, 400);
/// A call that searches a store. One of 300,000 nodes on disk took 2 us for what it had in memory, found or not, and 5 to 6.5
/// for what it read first; a node that is read is copied to fresh memory.
pub(super) const FETCH: FuelCost = FuelCost::measured(4_000, 400);
