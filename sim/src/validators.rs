//! Validators with known keys that keep a chain of phase 0 going: real blocks, real attestations, real signatures.
//!
//! Each slot, the proposer builds on the head that the fork choice finds, and the slot's committees attest it.
//! Validators may be offline, and they may misbehave: propose two blocks, or vote twice. Somebody notices, and the
//! next proposer includes the proof.

mod duties;
mod keys;

use std::collections::BTreeSet;

pub use keys::{interop_deposits, interop_secret_key};

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

/// A set of validators, and a node that hears all they say.
#[derive(Debug)]
pub struct Simulator<C: Preset> {
    secret_keys: Vec<[u8; 32]>,
    store: Store<Phase0<C>>,
    slot: Slot,
    /// Attestations that are in no block yet.
    attestations: Vec<Attestation<Phase0<C>>>,
    proposer_slashings: Vec<ProposerSlashing>,
    attester_slashings: Vec<AttesterSlashing<Phase0<C>>>,
    /// Validators that neither propose nor attest.
    pub offline: BTreeSet<ValidatorIndex>,
    /// Validators that propose two blocks when it is their turn.
    pub equivocating: BTreeSet<ValidatorIndex>,
    /// Validators that attest two blocks when it is their turn.
    pub voting_twice: BTreeSet<ValidatorIndex>,
}

impl<C: Preset> Simulator<C> {
    /// Makes as many validators, with a deposit each, and their genesis.
    ///
    /// # Errors
    ///
    /// If there are too many of them.
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

    /// What the node knows.
    #[must_use]
    pub fn store(&self) -> &Store<Phase0<C>> {
        &self.store
    }

    /// The slot.
    #[must_use]
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// The latest final checkpoint.
    #[must_use]
    pub fn finalized(&self) -> Checkpoint {
        self.store.finalized_checkpoint
    }

    /// The block at the head, and the state after it.
    ///
    /// # Errors
    ///
    /// If the fork choice finds none.
    pub fn head(&self) -> Result<(Root, &BeaconState<Phase0<C>>), Error> {
        let root = get_head(&self.store)?;
        Ok((root, self.store.block_states.get(&root).ok_or(Error::UnknownBlock)?))
    }

    /// Lets epochs pass.
    ///
    /// # Errors
    ///
    /// If a block or an attestation is refused, which is a bug.
    pub fn run_epochs(&mut self, n_epochs: u64) -> Result<(), Error> {
        for _ in 0..n_epochs.times(C::SLOTS_PER_EPOCH)? {
            self.run_slot()?;
        }
        Ok(())
    }

    /// Lets a slot pass; returns its blocks.
    ///
    /// # Errors
    ///
    /// If a block or an attestation is refused, which is a bug.
    pub fn run_slot(&mut self) -> Result<Vec<SignedBeaconBlock<Phase0<C>>>, Error> {
        self.slot = self.slot.plus(1)?;
        let since_genesis = self.slot.times(C::SECONDS_PER_SLOT)?;
        let time = self.store.genesis_time.plus(since_genesis)?;
        on_tick(&mut self.store, time)?;
        // Those of the slot before count from now on.
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
