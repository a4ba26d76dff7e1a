//! The genesis of a simulated chain.

use super::ChainPhase;
use crate::{keys::Keys, validators::withdrawal_credentials};
use outrider_beacon::ledger::{ExtendedState, GenesisEe, Ledger, LedgerError, LedgerNode};
use outrider_beacon_spec::{
    constants::{FAR_FUTURE_EPOCH, GENESIS_EPOCH, MAX_EFFECTIVE_BALANCE, MIN_GENESIS_TIME},
    containers::{BeaconBlock, BeaconState, Validator},
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
}

impl Genesis {
    /// Returns a node that has only genesis, and the keys of its validators.
    ///
    /// The validators are written into the registry directly, because processing a deposit for each, as in the specification,
    /// takes time quadratic in their number. So the state, unlike the specification's, counts no deposits.
    ///
    /// # Errors
    ///
    /// Fails if there are too few validators for a block, if `rich` is not a validator, or if an EE does not fit.
    pub fn node<P: ChainPhase>(&self) -> Result<(LedgerNode<P>, Keys), LedgerError> {
        let keys = Keys::new(self.n_validators);
        let mut state = self.state::<P::Preset>(&keys)?;
        state.root();
        let ledger = Ledger::genesis(&state, &self.ees)?;
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
