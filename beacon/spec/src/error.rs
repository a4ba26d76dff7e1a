//! Errors of blocks, operations and messages.

/// Makes an enum of unit variants whose text is both message and documentation.
macro_rules! errors {
    ($(#[$attribute:meta])* $name:ident { $($variant:ident: $text:literal,)* }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("Reads: ", $text, ".")]
                #[error($text)]
                $variant,
            )*
        }
    };
}

errors! {
    /// A failed check: one for each `assert` of the specification, in its order. The last ones are checks of the node
    /// in `outrider-beacon`.
    ///
    /// [`StateMalformed`](Self::StateMalformed) is a fault of the state; all others are faults of the block's or
    /// message's author. A failed transition leaves its state half changed: discard it.
    Error {
        Arithmetic: "a computation overflows uint64 or divides by zero",
        IndexOutOfRange: "an index points past the end of a list",
        ListFull: "a list has no room for another element",
        StateMalformed: "the state is inconsistent",

        NoActiveValidators: "there are no active validators to choose from",
        ShuffleIndexOutOfRange: "the index to shuffle is not below the count",
        SlotNotInHistory: "the slot's block root is not in the state",
        EpochNotRecent: "the epoch is neither the current nor the previous one",
        DivisionOfCommittee: "there are no committees to divide the validators into",

        SlotNotLater: "the slot is not later than the state's",
        BlockSignature: "the block's signature is invalid",
        StateRoot: "the block's state root is not the root of its post-state",

        BlockSlot: "the block's slot is not the state's",
        BlockNotNewer: "the block is not newer than the latest one",
        BlockProposer: "the block's proposer is not the slot's",
        BlockParent: "the block's parent is not the latest block",
        ProposerSlashed: "the block's proposer has been slashed",
        RandaoReveal: "the RANDAO reveal is invalid",
        DepositCount: "the block does not hold the number of deposits that are due",

        HeaderSlotsDiffer: "the headers have different slots",
        HeaderProposersDiffer: "the headers have different proposers",
        HeadersEqual: "the headers are equal",
        ProposerNotSlashable: "the proposer cannot be slashed",
        HeaderSignature: "a header's signature is invalid",
        AttestationsNotSlashable: "the attestations do not contradict each other",
        AttestersNotSorted: "the attesting indices are empty, not sorted or not unique",
        AttestationSignature: "the attestation's signature is invalid",
        NobodySlashed: "the attester slashing slashes no validator",
        TargetEpoch: "the attestation's target epoch is neither the current nor the previous one",
        TargetSlot: "the attestation's target epoch is not its slot's",
        InclusionDelay: "the attestation is included too early or too late",
        CommitteeIndex: "there is no committee with that index",
        CommitteeLength: "the attestation does not have a bit for each member of the committee",
        Source: "the attestation's source is not the justified checkpoint",
        DepositProof: "the deposit's Merkle proof is invalid",
        ExitNotActive: "the exiting validator is not active",
        ExitInitiated: "the validator is already exiting",
        ExitEarly: "the exit's epoch has not come",
        ExitNotActiveLongEnough: "the exiting validator has not been active long enough",
        ExitSignature: "the exit's signature is invalid",

        AttestationBlockRoot: "the on-time attestation is not for the parent block",
        AttestationShard: "the attestation is not for its committee's shard",
        ShardTransitionRootEmpty: "the on-time attestation has the root of an empty shard transition",
        ShardTransitionRootNotEmpty: "the late attestation has the root of a shard transition",
        AttestationNotDelayed: "the attestation is neither on time nor late",
        BeforePhase1: "there are no shard transitions before the fork to phase 1",
        ShardTransitionLengths: "the shard transition's lists do not have one element for each offset slot",
        ShardTransitionStart: "the shard transition does not start at the first offset slot",
        ShardGasprice: "a shard state's gas price is wrong",
        ShardStateSlot: "a shard state's slot is not its offset slot",
        ShardDataRootNotEmpty: "an empty slot of a shard has a data root",
        ShardProposersSignature: "the shard proposers' aggregate signature is invalid",
        ShardTransitionRoot: "the shard transition is not the attested one",
        ShardHeadRoot: "an attestation's shard head is not the shard transition's",
        ShardTransitionNotAttested: "a shard without a crosslink has a shard transition",
        LightClientSignature: "the light-client aggregate signature is invalid",

        ChallengeLate: "it is too late to challenge the attestation",
        ChallengeResponderExited: "it is too late to challenge the responder",
        ChallengeResponderNotSlashable: "the challenged validator cannot be slashed",
        ChallengeResponderNotAttester: "the challenged validator did not attest",
        ChallengeDuplicate: "the chunk is already challenged",
        ChallengeChunkIndex: "the shard block has no such chunk",
        ResponseUnmatched: "the response does not belong to exactly one challenge",
        ResponseChunkIndex: "the response is for another chunk",
        ResponseProof: "the response's Merkle proof is invalid",
        RevealPeriod: "the custody secret's period has not passed",
        RevealerNotSlashable: "the revealing validator is neither active nor waiting to withdraw",
        RevealSignature: "the revealed secret is invalid",
        EarlyRevealNotEarly: "the reveal is not early",
        EarlyRevealTooFar: "the reveal's epoch is too far ahead",
        EarlyRevealSlashed: "the revealed validator has been slashed",
        EarlyRevealKnown: "the secret has been revealed before",
        CustodySlashingSignature: "the custody slashing's signature is invalid",
        WhistleblowerNotSlashable: "the whistleblower cannot be slashed",
        MalefactorNotSlashable: "the malefactor cannot be slashed",
        CustodyDataLength: "the data's length is not the attested one",
        CustodyDataRoot: "the data's root is not the attested one",
        MalefactorNotAttester: "the malefactor did not attest",
        MalefactorSecret: "the malefactor's secret is invalid",

        ShardBlockParent: "the shard block's parent is not the latest shard block",
        ShardBlockBeaconParent: "the shard block's beacon parent is another block",
        ShardBlockSlot: "the shard block's slot is not an offset slot",
        ShardBlockProposer: "the shard block's proposer is not the slot's",
        ShardBlockBody: "the shard block's body is empty or too long",
        ShardBlockSignature: "the shard block's signature is invalid",

        UnknownParent: "the block's parent is unknown",
        UnknownBlock: "a block is unknown",
        BlockInFuture: "the block's slot has not come",
        NotAfterFinalized: "the block does not descend from the finalized one",
        HeadAfterAttestation: "the attested block is later than the attestation",
        TargetNotAncestor: "the attestation's target is not on the chain of the attested block",
        AttestationEarly: "the attestation's slot has not passed",

        TargetTooOld: "the block of the attestation's target is too old and not the head",
        ShardBlockNotLater: "the shard block's slot is not later than its parent's",
    }
}

/// Returns an error unless a check holds: the specification's `assert`.
///
/// # Errors
///
/// Returns `error` if `holds` is false.
pub fn ensure(holds: bool, error: Error) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(error) }
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
