//! Validators with known keys that run a chain of phase 0, with real blocks, attestations and signatures.
//!
//! In each slot, the proposer builds on the head of the fork choice, and the slot's committees attest it. Validators
//! may be offline, and they may misbehave: propose two blocks, or vote twice. The simulator notices, and the next
//! proposer includes the proof.

mod duties;
mod keys;

use std::collections::BTreeSet;

pub(crate) use keys::CURVE_ORDER;
pub use keys::{interop_deposits, interop_secret_key, withdrawal_credentials};

use outrider_beacon_spec::{
    constants::MIN_GENESIS_TIME,
    containers::{
        Attestation, AttesterSlashing, BeaconState, Checkpoint, ProposerSlashing, SignedBeaconBlock,
    },
    error::Error,
    fork_choice::{Store, get_forkchoice_store, get_head, on_attestation, on_block, on_tick},
    genesis::{genesis_block, initialize_beacon_state_from_eth1},
    math::Uint64 as _,
    phase::Phase0,
    preset::Preset,
    types::{Bytes32, Root, Slot, ValidatorIndex},
};

/// A set of validators, and a node that receives all their messages.
#[derive(Debug)]
pub struct Simulator<C: Preset> {
    secret_keys: Vec<[u8; 32]>,
    store: Store<Phase0<C>>,
    slot: Slot,
    /// Attestations that no block includes yet.
    attestations: Vec<Attestation<Phase0<C>>>,
    proposer_slashings: Vec<ProposerSlashing>,
    attester_slashings: Vec<AttesterSlashing<Phase0<C>>>,
    /// Validators that neither propose nor attest.
    pub offline: BTreeSet<ValidatorIndex>,
    /// Validators that propose two blocks at their next turn.
    pub equivocating: BTreeSet<ValidatorIndex>,
    /// Validators that attest two blocks at their next turn.
    pub voting_twice: BTreeSet<ValidatorIndex>,
}

impl<C: Preset> Simulator<C> {
    /// Makes a number of validators, with a deposit each, and their genesis.
    ///
    /// # Errors
    ///
    /// Fails if there are too many.
    pub fn new(n_validators: u64) -> Result<Self, Error> {
        let secret_keys: Vec<_> = (0..n_validators).map(interop_secret_key).collect();
        let deposits = interop_deposits::<C>(&secret_keys);
        let eth1_block_hash = Bytes32::repeat_byte(0x42);
        let mut state = initialize_beacon_state_from_eth1::<C>(eth1_block_hash, MIN_GENESIS_TIME, &deposits)?;
        let block = genesis_block(&mut state);
        Ok(Self {
            secret_keys,
            store: get_forkchoice_store(state, block)?,
            slot: 0,
            attestations: Vec::new(),
            proposer_slashings: Vec::new(),
            attester_slashings: Vec::new(),
            offline: BTreeSet::new(),
            equivocating: BTreeSet::new(),
            voting_twice: BTreeSet::new(),
        })
    }

    /// Returns the node's store.
    #[must_use]
    pub fn store(&self) -> &Store<Phase0<C>> {
        &self.store
    }

    /// Returns the current slot.
    #[must_use]
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// Returns the latest finalized checkpoint.
    #[must_use]
    pub fn finalized(&self) -> Checkpoint {
        self.store.finalized_checkpoint
    }

    /// Returns the head block and the state after it.
    ///
    /// # Errors
    ///
    /// Fails if the fork choice finds no head.
    pub fn head(&self) -> Result<(Root, &BeaconState<Phase0<C>>), Error> {
        let root = get_head(&self.store)?;
        Ok((root, self.store.block_states.get(&root).ok_or(Error::UnknownBlock)?))
    }

    /// Runs a number of epochs.
    ///
    /// # Errors
    ///
    /// Fails if a block or an attestation is invalid, which is a bug.
    pub fn run_epochs(&mut self, n_epochs: u64) -> Result<(), Error> {
        for _ in 0..n_epochs.times(C::SLOTS_PER_EPOCH)? {
            self.run_slot()?;
        }
        Ok(())
    }

    /// Runs a slot and returns its blocks.
    ///
    /// # Errors
    ///
    /// Fails if a block or an attestation is invalid, which is a bug.
    pub fn run_slot(&mut self) -> Result<Vec<SignedBeaconBlock<Phase0<C>>>, Error> {
        self.slot = self.slot.plus(1)?;
        let since_genesis = self.slot.times(C::SECONDS_PER_SLOT)?;
        let time = self.store.genesis_time.plus(since_genesis)?;
        on_tick(&mut self.store, time)?;
        // Attestations of the previous slot count from now on.
        let attestations = std::mem::take(&mut self.attestations);
        let last_slot = self.slot - 1;
        for attestation in attestations.iter().filter(|attestation| attestation.data.slot == last_slot) {
            on_attestation(&mut self.store, attestation)?;
        }
        self.attestations = attestations;

        let blocks = self.propose()?;
        for block in &blocks {
            on_block(&mut self.store, block)?;
        }
        self.attest()?;
        Ok(blocks)
    }
}
