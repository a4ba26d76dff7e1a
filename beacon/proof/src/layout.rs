//! The constants of a chain on which the places of claims depend.

/// The phase of a block: in phase 0, its body has one level less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Phase 0.
    Phase0,
    /// Phase 1.
    Phase1,
}

/// The phase of a block, and the constants of its chain's preset on which places in its tree depend.
///
/// A verifier knows them and never takes them from a proof: with another layout, the same place would be another claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The phase.
    pub phase: Phase,
    /// The preset's `MAX_SHARDS`, a power of two.
    pub max_shards: u64,
    /// The preset's `SLOTS_PER_HISTORICAL_ROOT`, a power of two.
    pub slots_per_historical_root: u64,
}

impl Layout {
    /// Phase 1 with the preset `mainnet`.
    pub const MAINNET: Self =
        Self { phase: Phase::Phase1, max_shards: 1024, slots_per_historical_root: 8192 };
    /// Phase 1 with the preset `minimal`.
    pub const MINIMAL: Self = Self { phase: Phase::Phase1, max_shards: 8, slots_per_historical_root: 64 };

    /// Returns the layout of the same preset in some phase.
    #[must_use]
    pub const fn of_phase(self, phase: Phase) -> Self {
        Self { phase, ..self }
    }
}
