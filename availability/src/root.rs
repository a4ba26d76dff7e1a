//! The root of an extended body.

outrider_abi::bytes32! {
    /// The root that vouches for the availability of a body; a shard's execution header has it.
    pub struct AvailabilityRoot: "an availability root"
}
