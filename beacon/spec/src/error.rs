//! Why a block, an operation or a message is refused.

/// Makes an enum of unit variants whose text is message and documentation at once.
macro_rules! errors {
    ($(#[$attribute:meta])* $name:ident { $($variant:ident: $text:literal,)* }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("Says: ", $text, ".")]
                #[error($text)]
                $variant,
            )*
        }
    };
}

errors! {
    /// The check that failed, one for each `assert` of the specification, in its order; the last ones are of
    /// the node of `outrider-beacon`.
    ///
    /// All but [`StateMalformed`](Self::StateMalformed) are the fault of whoever made the block or message. A state
    /// on which a transition has failed is half changed, and to be thrown away.
    Error {
        Arithmetic: "the result of a computation is no uint64",
        IndexOutOfRange: "an index points past the end of a list",
        ListFull: "a list has no room for another element",
        StateMalformed: "the state contradicts itself",

        NoActiveValidators: "there are no active validators to choose from",
        ShuffleIndexOutOfRange: "the index to shuffle is not below the count",
        SlotNotInHistory: "the slot's block root is not in the state",
        EpochNotRecent: "the epoch is neither the current one nor the one before",
        DivisionOfCommittee: "there are no committees to divide the validators into",

        SlotNotLater: "the slot is not later than the state's",
        BlockSignature: "the block's signature is invalid",
        StateRoot: "the block's state root is not that of the state after it",

        BlockSlot: "the block's slot is not the state's",
        BlockNotNewer: "the block is not newer than the latest one",
        BlockProposer: "the block's proposer is not the slot's",
        BlockParent: "the block's parent is not the latest block",
        ProposerSlashed: "the block's proposer has been slashed",
        RandaoReveal: "the RANDAO reveal is invalid",
        DepositCount: "the block does not have the deposits that it must have",

        HeaderSlotsDiffer: "the headers are of different slots",
        HeaderProposersDiffer: "the headers are of different proposers",
        HeadersEqual: "the headers are equal",
        ProposerNotSlashable: "the proposer cannot be slashed",
        HeaderSignature: "a header's signature is invalid",
        AttestationsNotSlashable: "the attestations do not contradict each other",
        AttestersNotSorted: "the attesting indices are empty, not sorted or not unique",
        AttestationSignature: "the attestation's signature is invalid",
        NobodySlashed: "the attester slashing slashes nobody",
        TargetEpoch: "the attestation's target is neither of this epoch nor of the one before",
        TargetSlot: "the attestation's target is not of its slot's epoch",
        InclusionDelay: "the attestation comes too early or too late",
        CommitteeIndex: "there is no committee of that index",
        CommitteeLength: "the attestation does not have a bit for each member of the committee",
        Source: "the attestation's source is not the justified checkpoint",
        DepositProof: "the deposit's Merkle proof is invalid",
        ExitNotActive: "the exiting validator is not active",
        ExitInitiated: "the validator is exiting already",
        ExitEarly: "the exit is not valid before its epoch",
        ExitNotActiveLongEnough: "the exiting validator has not been active long enough",
        ExitSignature: "the exit's signature is invalid",

        AttestationBlockRoot: "the on-time attestation is not for the block before",
        AttestationShard: "the attestation is not for its committee's shard",
        ShardTransitionRootEmpty: "the on-time attestation has the root of an empty shard transition",
        ShardTransitionRootNotEmpty: "the attestation has the root of a shard transition where there can be none",
        AttestationNotDelayed: "the attestation is neither on time nor late",
        BeforePhase1: "there are no shard transitions before the fork to phase 1",
        ShardTransitionLengths: "the shard transition does not have one of each for each offset slot",
        ShardTransitionStart: "the shard transition does not start at the first offset slot",
        ShardGasprice: "a shard state's gas price is wrong",
        ShardStateSlot: "a shard state is not of its offset slot",
        ShardDataRootNotEmpty: "an empty slot of a shard has a data root",
        ShardProposersSignature: "the shard proposers' aggregate signature is invalid",
        ShardTransitionRoot: "the shard transition is not the one that was attested",
        ShardHeadRoot: "an attestation's shard head is not the shard transition's",
        ShardTransitionNotAttested: "there is a shard transition that was not attested",
        LightClientSignature: "the light-client aggregate signature is invalid",

        ChallengeLate: "it is too late to challenge the attestation",
        ChallengeResponderExited: "it is too late to challenge the responder",
        ChallengeResponderNotSlashable: "the challenged validator cannot be slashed",
        ChallengeResponderNotAttester: "the challenged validator did not attest",
        ChallengeDuplicate: "the chunk has been challenged already",
        ChallengeChunkIndex: "the shard block has no such chunk",
        ResponseUnmatched: "the response does not belong to exactly one challenge",
        ResponseChunkIndex: "the response is for another chunk",
        ResponseProof: "the response's Merkle proof is invalid",
        RevealPeriod: "the custody secret's period is not yet to be revealed",
        RevealerNotSlashable: "the revealing validator is neither active nor waiting to withdraw",
        RevealSignature: "the revealed secret is invalid",
        EarlyRevealNotEarly: "the reveal is not early",
        EarlyRevealTooFar: "the reveal is of an epoch too far ahead",
        EarlyRevealSlashed: "the revealed validator has been slashed",
        EarlyRevealKnown: "the secret has been revealed before",
        CustodySlashingSignature: "the custody slashing's signature is invalid",
        WhistleblowerNotSlashable: "the whistleblower cannot be slashed",
        MalefactorNotSlashable: "the malefactor cannot be slashed",
        CustodyDataLength: "the data's length is not the attested one",
        CustodyDataRoot: "the data's root is not the attested one",
        MalefactorNotAttester: "the malefactor did not attest",
        MalefactorSecret: "the malefactor's secret is invalid",

        ShardBlockParent: "the shard block's parent is not the latest one",
        ShardBlockBeaconParent: "the shard block's beacon parent is another block",
        ShardBlockSlot: "the shard block's slot is no offset slot",
        ShardBlockProposer: "the shard block's proposer is not the slot's",
        ShardBlockBody: "the shard block's body is empty or too long",
        ShardBlockSignature: "the shard block's signature is invalid",

        UnknownParent: "the block's parent is not known",
        UnknownBlock: "a block is not known",
        BlockInFuture: "the block's slot has not come",
        NotAfterFinalized: "the block does not come after the finalised one",
        HeadAfterAttestation: "the attested block is later than the attestation",
        TargetNotAncestor: "the attestation's target is not on the chain of the attested block",
        AttestationEarly: "the attestation's slot has not passed",

        TargetTooOld: "the block of the attestation's target is too old, and not the head",
        ShardBlockNotLater: "the shard block's slot is not later than its parent's",
    }
}

/// Goes on only if a check holds: the specification's `assert`.
///
/// # Errors
///
/// The given one, if it does not hold.
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
