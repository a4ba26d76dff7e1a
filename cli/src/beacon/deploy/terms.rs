//! The terms on which EEs are deployed.

use anyhow::Context as _;
use outrider_beacon::ledger::{Deploy, error::OperationError, operation::Code};
use outrider_beacon_spec::{
    math::index,
    types::{BLSPubkey, Bytes32, Gwei, Root, Shard, ValidatorIndex},
};
use outrider_host::chain;
use outrider_sim::ChainPhase;
use ssz_types::{BitVector, typenum::U1024};

use super::Arguments;
use crate::beacon::session::Session;

/// The terms that the options set, after a check that the chain has the shards and validators that they name.
pub(super) struct Terms {
    pub(super) payer: ValidatorIndex,
    faucet: ValidatorIndex,
    owner: BLSPubkey,
    refund_credentials: Bytes32,
    shards: BitVector<U1024>,
    /// The deposit, unless it is to be the minimum.
    deposit: Option<Gwei>,
    initial_state_root: Root,
    upgrade_delay: u64,
}

impl Terms {
    /// Checks the options. An error names the option.
    pub(super) fn new<P: ChainPhase>(arguments: &Arguments, session: &Session<P>) -> anyhow::Result<Self> {
        let (_, head) = session.chain.head()?;
        let last = index(session.description.faucet());
        let validator = |option: &str, validator: ValidatorIndex| {
            let found = head.state.validators.get(index(validator));
            found.with_context(|| {
                format!("--{option}: there is no validator {validator}: name one of 0 to {last}")
            })
        };
        let n_validators = head.state.validators.len() as u64;
        anyhow::ensure!(
            arguments.against <= n_validators,
            "--against: there are only {n_validators} validators: choose a smaller number"
        );
        let faucet = session.description.faucet();
        let payer = arguments.payer.unwrap_or(faucet);
        let refund = arguments.refund.unwrap_or(payer);
        Ok(Self {
            payer,
            faucet,
            owner: validator("payer", payer)?.pubkey,
            refund_credentials: validator("refund", refund)?.withdrawal_credentials,
            shards: shards::<P>(&arguments.shards)?,
            deposit: arguments.deposit,
            initial_state_root: arguments.state_root,
            upgrade_delay: arguments.upgrade_delay,
        })
    }

    /// Returns the deposit for code of a length.
    pub(super) fn deposit<P: ChainPhase>(&self, session: &Session<P>, code_bytes: usize) -> Gwei {
        let n_shards = self.shards.num_set_bits();
        self.deposit.unwrap_or_else(|| session.settings.deposit(code_bytes, n_shards))
    }

    /// Returns the proposal of an EE on these terms, as the next one in the registry.
    pub(super) fn proposal<P: ChainPhase>(&self, session: &Session<P>, code: Code) -> anyhow::Result<Deploy> {
        let (_, head) = session.chain.head()?;
        Ok(Deploy {
            ee: u32::try_from(head.ledger.ees().len())?,
            deposit: self.deposit(session, code.len()),
            code,
            initial_state_root: self.initial_state_root,
            shards: self.shards.clone(),
            owner: self.owner,
            refund_credentials: self.refund_credentials,
            upgrade_delay: self.upgrade_delay,
            payer: self.payer,
        })
    }

    /// Returns the chain's reason for a refusal, with the option that it is about, and with a remedy.
    pub(super) fn explain(&self, error: &OperationError) -> String {
        let reason = chain(error);
        let faucet = self.faucet;
        match error {
            OperationError::Deposit { .. } => format!("--deposit: {reason}"),
            OperationError::ValidatorBalance { .. } if self.deposit.is_some() => {
                format!("--deposit: {reason}")
            }
            OperationError::ValidatorBalance { .. } => {
                format!("--payer: {reason}: name a validator that has more")
            }
            OperationError::NotExited { .. } | OperationError::NotWithdrawable { .. } => {
                format!(
                    "--payer: {reason}: leave the option out, so that validator {faucet}, the faucet, pays"
                )
            }
            OperationError::UpgradeDelay { .. } => format!("--upgrade-delay: {reason}"),
            _ => reason,
        }
    }
}

/// Returns the set of these shards, or of all shards if none are named.
fn shards<P: ChainPhase>(named: &[Shard]) -> anyhow::Result<BitVector<U1024>> {
    let last = P::N_SHARDS.saturating_sub(1);
    let all: Vec<_> = (0..P::N_SHARDS).collect();
    let mut shards = BitVector::new();
    for shard in if named.is_empty() { &all } else { named } {
        let exists = *shard <= last && shards.set(index(*shard), true).is_ok();
        anyhow::ensure!(exists, "--shards: there is no shard {shard}: name some of 0 to {last}");
    }
    Ok(shards)
}
