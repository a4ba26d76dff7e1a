//! The genesis of a simulated chain.

use std::ops::RangeInclusive;

use ssz_types::typenum::Unsigned as _;

use super::ChainPhase;
use crate::{keys::Keys, validators::withdrawal_credentials};
use outrider_beacon::ledger::{Ether, ExtendedState, GenesisEe, Ledger, LedgerError, LedgerNode, MaxVoters};
use outrider_beacon_spec::{
    constants::{FAR_FUTURE_EPOCH, GENESIS_EPOCH, MAX_EFFECTIVE_BALANCE, MIN_GENESIS_TIME},
    containers::{BeaconBlock, BeaconState, Validator, misc::AggregationBits},
    error::Error,
    genesis::initialize_beacon_state_from_eth1,
    hash::{hash, hash_tree_root},
    math::index,
    phase::Phase0,
    preset::Preset,
    types::{BLSPubkey, Gwei, Root, ValidatorIndex},
};

/// The parameters of a genesis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Genesis {
    /// The number of validators. Each has the full effective balance.
    pub n_validators: u64,
    /// The seed of the chain's randomness.
    pub seed: u64,
    /// A validator with another balance than the rest, in Gwei.
    pub rich: Option<(ValidatorIndex, Gwei)>,
    /// The EEs that exist from genesis on.
    pub ees: Vec<GenesisEe>,
    /// The party that vouches for the ether of EEs, as in the settings of the chain.
    pub ether: Ether,
}

/// The reason for which there is no such genesis.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// The committees would be empty or too large.
    #[error("a chain of this preset and phase has {min} to {max} validators, not {got}")]
    Validators {
        /// The number of validators.
        got: u64,
        /// The smallest number.
        min: u64,
        /// The largest number.
        max: u64,
    },
    /// `rich` is not a validator, or an EE does not fit.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<Error> for GenesisError {
    fn from(error: Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// Returns the numbers of validators with which a chain makes a block in each slot.
///
/// A slot needs a committee with a member. A committee has as many members as an attestation has bits, at most, and a slot
/// as many committees as the phase allows. Votes on code have a bit for each of so many validators, at most.
#[must_use]
pub fn n_validators<P: ChainPhase>() -> RangeInclusive<u64> {
    let slots_per_epoch = P::Preset::SLOTS_PER_EPOCH;
    let attesters_max = AggregationBits::max_len() as u64;
    let committees_max = P::committees_per_slot_max();
    let attested = slots_per_epoch.saturating_mul(committees_max).saturating_mul(attesters_max);
    slots_per_epoch..=attested.min(MaxVoters::U64)
}

impl Genesis {
    /// Returns a node that has only genesis, and the keys of its validators.
    ///
    /// The validators are written into the registry directly, because processing a deposit for each, as in the specification,
    /// takes time quadratic in their number. So the state, unlike the specification's, counts no deposits.
    ///
    /// # Errors
    ///
    /// Fails if the number of validators is not one of [`n_validators`], if `rich` is not a validator, or if an EE does not
    /// fit.
    pub fn node<P: ChainPhase>(&self) -> Result<(LedgerNode<P>, Keys), GenesisError> {
        let (got, range) = (self.n_validators, n_validators::<P>());
        if !range.contains(&got) {
            let (min, max) = range.into_inner();
            return Err(GenesisError::Validators { got, min, max });
        }
        let keys = Keys::new(self.n_validators);
        let mut state = self.state::<P::Preset>(&keys)?;
        state.root();
        let ledger = Ledger::genesis(&state, &self.ees)?;
        let ledger = match self.ether {
            Ether::Ledger => ledger,
            Ether::Committee => ledger.into_thin()?,
        };
        let mut extended = P::begin(ExtendedState { state, ledger })?;
        extended.state.latest_block_header.body_root = hash_tree_root(&P::empty_body());
        let state_root = extended.state.root();
        let (slot, proposer_index, parent_root) = (0, 0, Root::ZERO);
        let block = BeaconBlock { slot, proposer_index, parent_root, state_root, body: P::empty_body() };
        Ok((LedgerNode::new(extended, block)?, keys))
    }

    fn state<C: Preset>(&self, keys: &Keys) -> Result<BeaconState<Phase0<C>>, Error> {
        let eth1_block_hash = hash(&[&self.seed.to_le_bytes()]);
        let mut state = initialize_beacon_state_from_eth1::<C>(eth1_block_hash, MIN_GENESIS_TIME, &[])?;
        for pubkey in keys.pubkeys() {
            state.validators.push(validator(pubkey))?;
            state.balances.push(MAX_EFFECTIVE_BALANCE)?;
        }
        if let Some((rich, balance)) = self.rich {
            *state.balances.get_mut(index(rich)).ok_or(Error::IndexOutOfRange)? = balance;
        }
        state.root();
        state.genesis_validators_root = hash_tree_root(&*state.validators);
        Ok(state)
    }
}

fn validator<C: Preset>(pubkey: BLSPubkey) -> Validator<Phase0<C>> {
    Validator {
        pubkey,
        withdrawal_credentials: withdrawal_credentials(&pubkey),
        effective_balance: MAX_EFFECTIVE_BALANCE,
        slashed: false,
        activation_eligibility_epoch: GENESIS_EPOCH,
        activation_epoch: GENESIS_EPOCH,
        exit_epoch: FAR_FUTURE_EPOCH,
        withdrawable_epoch: FAR_FUTURE_EPOCH,
        extension: (),
    }
}
