//! Where a simulated chain starts.

use super::{ChainPhase, Keys};
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

/// A genesis: all that it depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Genesis {
    /// How many validators there are, with the full balance each.
    pub n_validators: u64,
    /// A number of which randomness begins.
    pub seed: u64,
    /// A validator with more ether than others.
    pub rich: Option<(ValidatorIndex, Gwei)>,
    /// EEs that are there from the beginning.
    pub ees: Vec<GenesisEe>,
}

impl Genesis {
    /// The node that knows nothing but genesis, and the keys of its validators.
    ///
    /// The validators are put into the registry directly: each deposit by itself, as the specification has it, takes time in the square
    /// of their number. The state differs from the specification's in that it says of no deposit that it was made.
    ///
    /// # Errors
    ///
    /// If there are too few validators for a block, the rich one is none of them, or an EE does not fit.
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
    let mut withdrawal_credentials = hash(&[pubkey.as_slice()]);
    // `BLS_WITHDRAWAL_PREFIX`.
    withdrawal_credentials.0[0] = 0;
    Validator {
        pubkey,
        withdrawal_credentials,
        effective_balance: MAX_EFFECTIVE_BALANCE,
        slashed: false,
        activation_eligibility_epoch: GENESIS_EPOCH,
        activation_epoch: GENESIS_EPOCH,
        exit_epoch: FAR_FUTURE_EPOCH,
        withdrawable_epoch: FAR_FUTURE_EPOCH,
        extension: (),
    }
}
