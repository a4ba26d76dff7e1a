//! Phase 0, "Beacon state".
//!
//! Long lists are trees that keep their hashes, so that a root costs what has changed, and a copy of a state a few
//! pointers.

use milhouse::{List, Vector};
use ssz_types::{
    BitVector, VariableList,
    typenum::{U4, U1048576, U16777216, U1099511627776},
};

use super::{
    block::BeaconBlockHeader,
    extend::{Extensions, extended, extension, fixed_part_len},
    misc::{Checkpoint, Eth1Data, Fork, PendingAttestation},
    operation::CustodyChunkChallengeRecord,
    registry::Validators,
    shard::{CompactCommittee, ShardState},
};
use crate::{
    preset::Preset,
    types::{Bytes32, Gwei, OnlineEpochs, Root, Shard, Slot, ValidatorIndex},
};

extended! {
    /// All that the chain knows after a slot.
    #[derive(Default)]
    pub struct BeaconState<P> {
        /// When genesis was, in seconds.
        pub genesis_time: u64,
        /// Tells the chain.
        pub genesis_validators_root: Root,
        /// The slot.
        pub slot: Slot,
        /// The fork.
        pub fork: Fork,
        /// The latest block; its state root is filled in by the next slot.
        pub latest_block_header: BeaconBlockHeader,
        /// The root of each recent slot's block.
        pub block_roots: Vector<Root, <P::Preset as Preset>::SlotsPerHistoricalRoot>,
        /// The root of each recent slot's state.
        pub state_roots: Vector<Root, <P::Preset as Preset>::SlotsPerHistoricalRoot>,
        /// Roots that were put away.
        pub historical_roots: List<Root, U16777216>,
        /// What is known of Ethereum 1.0.
        pub eth1_data: Eth1Data,
        /// Votes on it.
        pub eth1_data_votes: List<Eth1Data, <P::Preset as Preset>::SlotsPerEth1VotingPeriod>,
        /// Deposits that were processed.
        pub eth1_deposit_index: u64,
        /// All validators there ever were.
        pub validators: Validators<P>,
        /// Their balances.
        pub balances: List<Gwei, U1099511627776>,
        /// The RANDAO mix of each recent epoch.
        pub randao_mixes: Vector<Bytes32, <P::Preset as Preset>::EpochsPerHistoricalVector>,
        /// The effective balances that were slashed in each recent epoch.
        pub slashings: Vector<Gwei, <P::Preset as Preset>::EpochsPerSlashingsVector>,
        /// Attestations of the epoch before.
        pub previous_epoch_attestations:
            List<PendingAttestation<P>, <P::Preset as Preset>::MaxPendingAttestations>,
        /// Attestations of this epoch.
        pub current_epoch_attestations:
            List<PendingAttestation<P>, <P::Preset as Preset>::MaxPendingAttestations>,
        /// Which recent epochs are justified.
        pub justification_bits: BitVector<U4>,
        /// What was justified an epoch before.
        pub previous_justified_checkpoint: Checkpoint,
        /// What is justified.
        pub current_justified_checkpoint: Checkpoint,
        /// What is final.
        pub finalized_checkpoint: Checkpoint,
    }
    extension State;
    settle block_roots, state_roots, historical_roots, eth1_data_votes, validators, balances, randao_mixes, slashings,
        previous_epoch_attestations, current_epoch_attestations;
}

extension! {
    /// Phase 1: the shards, who is online, the light clients and the custody game.
    pub struct Phase1State<C: Preset> {
        /// The shard of the epoch's first committee.
        pub current_epoch_start_shard: Shard,
        /// The shards.
        pub shard_states: VariableList<ShardState, C::MaxShards>,
        /// For how many epochs each validator still counts as online.
        pub online_countdown: List<OnlineEpochs, U1099511627776>,
        /// The light-client committee.
        pub current_light_committee: CompactCommittee,
        /// The next light-client committee.
        pub next_light_committee: CompactCommittee,
        /// Secrets that were revealed early: the validators, by the epoch of the reveal.
        pub exposed_derived_secrets: Vector<
            VariableList<ValidatorIndex, C::MaxExposedDerivedSecrets>,
            C::EarlyDerivedSecretPenaltyMaxFutureEpochs,
        >,
        /// Challenges that wait for their response.
        pub custody_chunk_challenge_records: List<CustodyChunkChallengeRecord, U1048576>,
        /// The number of the next challenge.
        pub custody_chunk_challenge_index: u64,
    }
    settle online_countdown, exposed_derived_secrets, custody_chunk_challenge_records;
}

impl<P: Extensions> BeaconState<P> {
    /// `hash_tree_root`, of which only what has changed is computed.
    pub fn root(&mut self) -> Root {
        self.settle();
        crate::hash::hash_tree_root(self)
    }
}
