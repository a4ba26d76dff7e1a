//! Errors of blocks, operations and messages.

use std::fmt;

use crate::{
    containers::Checkpoint,
    types::{Epoch, Gwei, Root, Shard, Slot, ValidatorIndex},
};

/// Makes an enum of the checks of the specification, by the function that has them; `_` stands for any function. The
/// text of a variant is both its message and its documentation, and shows its fields.
macro_rules! errors {
    ($(#[$attribute:meta])* $name:ident { $($($check:tt)|+ {
        $($variant:ident $({ $($field:ident: $type:ty),+ })?: $text:literal,)*
    })* }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $($(
                #[doc = concat!("Reads: ", $text, ".")]
                $variant $({ $(
                    #[doc = concat!("The value that the message shows as `", stringify!($field), "`.")]
                    $field: $type,
                )+ })?,
            )*)*
        }

        impl $name {
            /// Returns the functions of the specification that have this check, or none if any function may fail so.
            #[must_use]
            pub fn checks(&self) -> &'static [&'static str] {
                match self {
                    $($(Self::$variant $({ $($field: _),+ })?)|* => names!($($check)|+),)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $($(Self::$variant $({ $($field),+ })? => write!(f, $text)?,)*)*
                }
                match self.checks() {
                    [] => Ok(()),
                    checks => write!(f, " ({})", checks.join(", ")),
                }
            }
        }

        impl std::error::Error for $name {}
    };
}

macro_rules! names {
    (_) => {
        &[]
    };
    ($($check:ident)|+) => {
        &[$(stringify!($check)),+]
    };
}

errors! {
    /// A failed check: one for each `assert` of the specification, in its order. The last ones are checks of the node
    /// in `outrider-beacon`. A check that compares reports what it `got` and what it `expected`.
    ///
    /// [`StateMalformed`](Self::StateMalformed) is a fault of the state; all others are faults of the block's or
    /// message's author. A failed transition leaves its state half changed: discard it.
    Error {
        _ {
            Arithmetic: "a computation overflows uint64 or divides by zero",
            IndexOutOfRange: "an index points past the end of a list",
            ValidatorUnknown { got: ValidatorIndex, expected: usize }:
                "there is no such validator: got index {got}, expected less than {expected}",
            ListTooShort { got: usize, expected: usize }:
                "a list is shorter than that which it is read along with: got {got}, expected at least {expected}",
            ListFull: "a list has no room for another element",
            StateMalformed: "the state is inconsistent",
        }

        compute_proposer_index {
            NoActiveValidators: "there are no active validators to choose from",
        }
        compute_shuffled_index {
            ShuffleIndexOutOfRange { got: u64, expected: u64 }:
                "the index to shuffle is not below the count: got {got}, expected less than {expected}",
        }
        get_block_root_at_slot {
            SlotNotInHistory { got: Slot, earliest: Slot, latest: Slot }:
                "the slot's block root is not in the state: got slot {got}, expected {earliest} to {latest}",
        }
        get_matching_source_attestations {
            EpochNotRecent { got: Epoch, previous: Epoch, current: Epoch }:
                "the epoch is neither the current nor the previous one: got {got}, expected {previous} or {current}",
        }
        get_start_shard {
            SlotNotRecent { got: u64, expected: u64 }:
                "the slot is too far from the start of the epoch: got {got} slots, expected at most {expected}",
        }
        compute_committee {
            DivisionOfCommittee: "there are no committees to divide the validators into",
        }

        process_slots {
            SlotNotLater { got: Slot, expected: Slot }:
                "the slot is not later than the state's: got {got}, expected more than {expected}",
        }
        verify_block_signature {
            BlockSignature: "the block's signature is invalid",
        }
        state_transition | get_forkchoice_store {
            StateRoot { got: Root, expected: Root }:
                "the block's state root is not the root of its post-state: got {got}, expected {expected}",
        }

        process_block_header {
            BlockSlot { got: Slot, expected: Slot }:
                "the block's slot is not the state's: got {got}, expected {expected}",
            BlockNotNewer { got: Slot, expected: Slot }:
                "the block is not newer than the latest one: got slot {got}, expected more than {expected}",
            BlockProposer { got: ValidatorIndex, expected: ValidatorIndex }:
                "the block's proposer is not the slot's: got {got}, expected {expected}",
            BlockParent { got: Root, expected: Root }:
                "the block's parent is not the latest block: got {got}, expected {expected}",
            ProposerSlashed: "the block's proposer has been slashed",
        }
        process_randao {
            RandaoReveal: "the RANDAO reveal is invalid",
        }
        process_operations {
            DepositCount { got: u64, expected: u64 }:
                "the block does not hold the number of deposits that are due: got {got}, expected {expected}",
        }

        process_proposer_slashing {
            HeaderSlotsDiffer { got: Slot, expected: Slot }:
                "the headers have different slots: got {got} for the second, expected {expected} as for the first",
            HeaderProposersDiffer { got: ValidatorIndex, expected: ValidatorIndex }:
                "the headers have different proposers: got {got} for the second, expected {expected} as for the first",
            HeadersEqual: "the headers are equal",
            ProposerNotSlashable: "the proposer cannot be slashed",
            HeaderSignature: "a header's signature is invalid",
        }
        process_attester_slashing {
            AttestationsNotSlashable: "the attestations do not contradict each other",
            NobodySlashed: "the attester slashing slashes no validator",
        }
        is_valid_indexed_attestation {
            AttestersNotSorted: "the attesting indices are empty, not sorted or not unique",
            AttestationSignature: "the attestation's signature is invalid",
        }
        process_attestation | validate_on_attestation {
            TargetEpoch { got: Epoch, previous: Epoch, current: Epoch }:
                "the attestation's target epoch is neither the current nor the previous one: got {got}, expected {previous} or \
                 {current}",
            TargetSlot { got: Epoch, expected: Epoch }:
                "the attestation's target epoch is not its slot's: got epoch {got}, expected {expected}",
        }
        process_attestation {
            InclusionDelay { got: Slot, earliest: Slot, latest: Slot }:
                "the attestation is included too early or too late: got slot {got}, expected {earliest} to {latest}",
            CommitteeIndex { got: u64, expected: u64 }:
                "there is no committee with that index: got {got}, expected less than {expected}",
            CommitteeLength { got: usize, expected: usize }:
                "the attestation does not have a bit for each member of the committee: got {got}, expected {expected}",
            Source { got: Checkpoint, expected: Checkpoint }:
                "the attestation's source is not the justified checkpoint: got {got}, expected {expected}",
        }
        process_deposit {
            DepositProof: "the deposit's Merkle proof is invalid",
        }
        process_voluntary_exit {
            ExitNotActive: "the exiting validator is not active",
            ExitInitiated { got: Epoch, expected: Epoch }:
                "the validator is already exiting: got the exit epoch {got}, expected {expected}, as none has",
            ExitEarly { got: Epoch, expected: Epoch }:
                "the exit's epoch has not come: got epoch {got}, expected at least {expected}",
            ExitNotActiveLongEnough { got: Epoch, expected: Epoch }:
                "the exiting validator has not been active long enough: got epoch {got}, expected at least {expected}",
            ExitSignature: "the exit's signature is invalid",
        }

        validate_attestation {
            AttestationBlockRoot { got: Root, expected: Root }:
                "the on-time attestation is not for the parent block: got {got}, expected {expected}",
            AttestationShard { got: Shard, expected: Shard }:
                "the attestation is not for its committee's shard: got {got}, expected {expected}",
            ShardTransitionRootEmpty: "the on-time attestation has the root of an empty shard transition",
            ShardTransitionRootNotEmpty { got: Root, expected: Root }:
                "the late attestation has the root of a shard transition: got {got}, expected {expected}",
            AttestationNotDelayed { got: Slot, expected: Slot }:
                "the attestation is neither on time nor late: got slot {got}, expected at most {expected}",
        }
        apply_shard_transition {
            BeforePhase1 { got: Slot, expected: Slot }:
                "there are no shard transitions before the fork to phase 1: got slot {got}, expected more than {expected}",
            ShardTransitionLengths { got: [usize; 3], expected: usize }:
                "the shard transition's lists do not have one element for each offset slot: got {got:?}, expected {expected} of each",
            ShardTransitionStart { got: Slot, expected: Slot }:
                "the shard transition does not start at the first offset slot: got {got}, expected {expected}",
            ShardGasprice { got: Gwei, expected: Gwei }:
                "a shard state's gas price is wrong: got {got}, expected {expected}",
            ShardStateSlot { got: Slot, expected: Slot }:
                "a shard state's slot is not its offset slot: got {got}, expected {expected}",
            ShardDataRootNotEmpty { got: Root, expected: Root }:
                "an empty slot of a shard has a data root: got {got}, expected {expected}",
            ShardProposersSignature: "the shard proposers' aggregate signature is invalid",
        }
        process_crosslink_for_shard | process_chunk_challenge | process_custody_slashing {
            ShardTransitionRoot { got: Root, expected: Root }:
                "the shard transition is not the attested one: got {got}, expected {expected}",
        }
        process_crosslink_for_shard {
            ShardHeadRoot { got: Root, expected: Root }:
                "an attestation's shard head is not the shard transition's: got {got}, expected {expected}",
        }
        process_crosslink_for_shard | verify_empty_shard_transition {
            ShardTransitionNotAttested: "a shard without a crosslink has a shard transition",
        }
        process_light_client_aggregate {
            LightClientSignature: "the light-client aggregate signature is invalid",
        }

        process_chunk_challenge {
            ChallengeLate { got: Epoch, expected: Epoch }:
                "it is too late to challenge the attestation: got epoch {got}, expected at most {expected}",
            ChallengeResponderExited { got: Epoch, expected: Epoch }:
                "it is too late to challenge the responder: got epoch {got}, expected at most {expected}",
            ChallengeResponderNotSlashable: "the challenged validator cannot be slashed",
            ChallengeResponderNotAttester: "the challenged validator did not attest",
            ChallengeDuplicate: "the chunk is already challenged",
            ChallengeChunkIndex { got: u64, expected: u64 }:
                "the shard block has no such chunk: got {got}, expected less than {expected}",
        }
        process_chunk_challenge_response {
            ResponseUnmatched: "the response does not belong to exactly one challenge",
            ResponseChunkIndex { got: u64, expected: u64 }:
                "the response is for another chunk: got {got}, expected {expected}",
            ResponseProof: "the response's Merkle proof is invalid",
        }
        process_custody_key_reveal {
            RevealPeriod { got: u64, expected: u64 }:
                "the custody secret's period has not passed: got {got}, expected less than {expected}",
            RevealerNotSlashable: "the revealing validator is neither active nor waiting to withdraw",
        }
        process_custody_key_reveal | process_early_derived_secret_reveal {
            RevealSignature: "the revealed secret is invalid",
        }
        process_early_derived_secret_reveal {
            EarlyRevealNotEarly { got: Epoch, expected: Epoch }:
                "the reveal is not early: got epoch {got}, expected at least {expected}",
            EarlyRevealTooFar { got: Epoch, expected: Epoch }:
                "the reveal's epoch is too far ahead: got {got}, expected less than {expected}",
            EarlyRevealSlashed: "the revealed validator has been slashed",
            EarlyRevealKnown: "the secret has been revealed before",
        }
        process_custody_slashing {
            CustodySlashingSignature: "the custody slashing's signature is invalid",
            WhistleblowerNotSlashable: "the whistleblower cannot be slashed",
            MalefactorNotSlashable: "the malefactor cannot be slashed",
            CustodyDataLength { got: u64, expected: u64 }:
                "the data's length is not the attested one: got {got}, expected {expected}",
            CustodyDataRoot { got: Root, expected: Root }:
                "the data's root is not the attested one: got {got}, expected {expected}",
            MalefactorNotAttester: "the malefactor did not attest",
            MalefactorSecret: "the malefactor's secret is invalid",
        }

        verify_shard_block_message {
            ShardBlockParent { got: Root, expected: Root }:
                "the shard block's parent is not the latest shard block: got {got}, expected {expected}",
            ShardBlockBeaconParent { got: Root, expected: Root }:
                "the shard block's beacon parent is another block: got {got}, expected {expected}",
            ShardBlockSlot { got: Slot, latest: Slot }:
                "the shard block's slot is not an offset slot: got {got}, expected one after the shard's latest, {latest}",
            ShardBlockProposer { got: ValidatorIndex, expected: ValidatorIndex }:
                "the shard block's proposer is not the slot's: got {got}, expected {expected}",
            ShardBlockBody { got: u64, expected: u64 }:
                "the shard block's body is empty or too long: got {got} bytes, expected 1 to {expected}",
        }
        verify_shard_block_signature {
            ShardBlockSignature: "the shard block's signature is invalid",
        }

        on_block | on_shard_block {
            UnknownParent: "the block's parent is unknown",
            NotAfterFinalized { got: Slot, expected: Slot }:
                "the block does not descend from the finalized one: got slot {got}, expected more than {expected}",
            NotOnFinalized { got: Root, expected: Root }:
                "the block does not descend from the finalised one: got the ancestor {got}, expected {expected}",
        }
        _ {
            UnknownBlock: "a block is unknown",
        }
        on_block {
            BlockInFuture { got: Slot, expected: Slot }:
                "the block's slot has not come: got {got}, expected at most {expected}",
        }
        validate_on_attestation {
            HeadAfterAttestation { got: Slot, expected: Slot }:
                "the attested block is later than the attestation: got slot {got}, expected at most {expected}",
            TargetNotAncestor { got: Root, expected: Root }:
                "the attestation's target is not on the chain of the attested block: got {got}, expected {expected}",
            AttestationEarly { got: Slot, expected: Slot }:
                "the attestation's slot has not passed: got {got}, expected less than {expected}",
        }

        _ {
            TargetTooOld { got: Epoch, expected: Epoch }:
                "the block of the attestation's target is too old and not the head: got a target of epoch {got}, expected at \
                 most {expected}",
            ShardBlockNotLater { got: Slot, expected: Slot }:
                "the shard block's slot is not later than its parent's: got {got}, expected more than {expected}",
        }
    }
}

/// Checks a condition: the specification's `assert`.
///
/// # Errors
///
/// Fails with the given error if the condition does not hold.
pub fn ensure(holds: bool, error: Error) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(error) }
}

/// Checks that two values are equal: the specification's `assert got == expected`.
///
/// # Errors
///
/// Fails with the error made of both if they are not.
pub fn ensure_equal<T: PartialEq>(
    got: T,
    expected: T,
    error: impl FnOnce(T, T) -> Error,
) -> Result<(), Error> {
    if got == expected { Ok(()) } else { Err(error(got, expected)) }
}

/// Checks that a list has an element for each of another list's; otherwise the specification meets an index out of
/// range.
///
/// # Errors
///
/// Fails with [`Error::ListTooShort`].
pub(crate) fn ensure_as_long(got: usize, expected: usize) -> Result<(), Error> {
    ensure(got >= expected, Error::ListTooShort { got, expected })
}

impl From<milhouse::Error> for Error {
    fn from(error: milhouse::Error) -> Self {
        match error {
            milhouse::Error::ListFull { .. } | milhouse::Error::BuilderFull => Self::ListFull,
            _ => Self::StateMalformed,
        }
    }
}

impl From<ssz_types::Error> for Error {
    fn from(error: ssz_types::Error) -> Self {
        match error {
            ssz_types::Error::OutOfBounds { .. } => Self::ListFull,
            _ => Self::StateMalformed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_tells_both_sides_and_who_made_it() {
        let error = Error::BlockSlot { got: 3, expected: 4 };
        assert_eq!(
            error.to_string(),
            "the block's slot is not the state's: got 3, expected 4 (process_block_header)"
        );
        let checkpoint = |epoch| Checkpoint { epoch, root: Root::ZERO };
        let error = Error::Source { got: checkpoint(1), expected: checkpoint(2) }.to_string();
        let zeros = "00".repeat(32);
        let sides = format!("got 0x{zeros} of epoch 1, expected 0x{zeros} of epoch 2 (process_attestation)");
        assert_eq!(error, format!("the attestation's source is not the justified checkpoint: {sides}"));
    }

    #[test]
    fn a_check_of_several_functions_names_all_and_others_none() {
        let error = Error::TargetEpoch { got: 1, previous: 4, current: 5 };
        assert_eq!(error.checks(), ["process_attestation", "validate_on_attestation"]);
        assert!(
            error
                .to_string()
                .ends_with("got 1, expected 4 or 5 (process_attestation, validate_on_attestation)")
        );
        assert_eq!(Error::Arithmetic.to_string(), "a computation overflows uint64 or divides by zero");
    }
}
