//! Phase 0, "Beacon state".
//!
//! Long lists are trees that keep their hashes: computing a root hashes only what has changed, and copying a state
//! copies a few pointers.

use milhouse::{List, Vector};
use ssz_types::{
    BitVector, VariableList,
    typenum::{U4, U1048576, U16777216, U1099511627776},
};

use super::{
    extend::{Extensions, extended, extension, fixed_part_len},
    header::BeaconBlockHeader,
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
    /// The state of the beacon chain after a slot.
    #[derive(Default)]
    pub struct BeaconState<P> {
        /// The genesis time, in Unix seconds.
        pub genesis_time: u64,
        /// The root of the validators at genesis, which identifies the chain.
        pub genesis_validators_root: Root,
        /// The slot.
        pub slot: Slot,
        /// The fork version.
        pub fork: Fork,
        /// The header of the latest block; the next slot fills in its state root.
        pub latest_block_header: BeaconBlockHeader,
        /// The root of each recent slot's block.
        pub block_roots: Vector<Root, <P::Preset as Preset>::SlotsPerHistoricalRoot>,
        /// The root of each recent slot's state.
        pub state_roots: Vector<Root, <P::Preset as Preset>::SlotsPerHistoricalRoot>,
        /// The roots of historical batches.
        pub historical_roots: List<Root, U16777216>,
        /// The accepted data of Ethereum 1.0.
        pub eth1_data: Eth1Data,
        /// The votes on Ethereum 1.0 data in this period.
        pub eth1_data_votes: List<Eth1Data, <P::Preset as Preset>::SlotsPerEth1VotingPeriod>,
        /// The number of deposits processed.
        pub eth1_deposit_index: u64,
        /// The registry of all validators, past and present.
        pub validators: Validators<P>,
        /// Their balances.
        pub balances: List<Gwei, U1099511627776>,
        /// The RANDAO mix of each recent epoch.
        pub randao_mixes: Vector<Bytes32, <P::Preset as Preset>::EpochsPerHistoricalVector>,
        /// The effective balances slashed in each recent epoch.
        pub slashings: Vector<Gwei, <P::Preset as Preset>::EpochsPerSlashingsVector>,
        /// Attestations of the previous epoch.
        pub previous_epoch_attestations:
            List<PendingAttestation<P>, <P::Preset as Preset>::MaxPendingAttestations>,
        /// Attestations of the current epoch.
        pub current_epoch_attestations:
            List<PendingAttestation<P>, <P::Preset as Preset>::MaxPendingAttestations>,
        /// Flags of recent epochs that are justified.
        pub justification_bits: BitVector<U4>,
        /// The justified checkpoint of an epoch ago.
        pub previous_justified_checkpoint: Checkpoint,
        /// The justified checkpoint.
        pub current_justified_checkpoint: Checkpoint,
        /// The finalized checkpoint.
        pub finalized_checkpoint: Checkpoint,
    }
    extension State;
    settle block_roots, state_roots, historical_roots, eth1_data_votes, validators, balances, randao_mixes, slashings,
        previous_epoch_attestations, current_epoch_attestations;
}

extension! {
    /// The fields of phase 1: shards, online validators, light clients and custody game.
    pub struct Phase1State<C: Preset> {
        /// The shard of the epoch's first committee, from which later committees go on.
        pub current_epoch_start_shard: Shard,
        /// The shards.
        pub shard_states: VariableList<ShardState, C::MaxShards>,
        /// The number of epochs for which each validator still counts as online.
        pub online_countdown: List<OnlineEpochs, U1099511627776>,
        /// The light-client committee.
        pub current_light_committee: CompactCommittee,
        /// The next light-client committee.
        pub next_light_committee: CompactCommittee,
        /// The validators whose secrets were revealed early, by the epoch of the secret.
        pub exposed_derived_secrets: Vector<
            VariableList<ValidatorIndex, C::MaxExposedDerivedSecrets>,
            C::EarlyDerivedSecretPenaltyMaxFutureEpochs,
        >,
        /// Challenges without a response so far.
        pub custody_chunk_challenge_records: List<CustodyChunkChallengeRecord, U1048576>,
        /// The index of the next challenge.
        pub custody_chunk_challenge_index: u64,
    }
    settle online_countdown, exposed_derived_secrets, custody_chunk_challenge_records;
}

impl<P: Extensions> BeaconState<P> {
    /// Returns the state's `hash_tree_root`; hashes only what has changed.
    pub fn root(&mut self) -> Root {
        self.settle();
        crate::hash::hash_tree_root(self)
    }
}
