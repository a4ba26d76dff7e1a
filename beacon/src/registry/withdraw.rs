//! Ether from a validator to an EE.

use super::Context;
use crate::ledger::{
    LedgerPhase, Receipt, ReceiptKind, SignedWithdrawToEe, error::OperationError,
    operation::DOMAIN_WITHDRAW_TO_EE,
};
use outrider_beacon_spec::math::index;

impl<P: LedgerPhase> Context<'_, P> {
    /// Sends ether of a validator to an EE, as a receipt of the beacon chain. The EE must be active, without an announced exit
    /// or hibernation, and accept receipts; it cannot return the receipt, because nothing returns on that lane.
    pub(super) fn process_withdraw_to_ee(
        &mut self,
        signed: &SignedWithdrawToEe,
    ) -> Result<(), OperationError> {
        let withdraw = &signed.message;
        let (ee, shard, validator) = (withdraw.ee, withdraw.shard, withdraw.validator_index);
        self.check_epoch(withdraw.epoch)?;
        if withdraw.amount == 0 {
            return Err(OperationError::NoAmount {});
        }
        let n_shards = self.ledger.shards.len();
        if index(shard) >= n_shards {
            return Err(OperationError::ShardUnknown { got: shard, n_shards });
        }
        let record = self.awake(ee)?;
        if !record.is_on(shard) {
            return Err(OperationError::EeElsewhere { ee, shard });
        }
        if !record.takes_receipts {
            return Err(OperationError::NoReceipts { ee });
        }
        let expected = self.withdrawable_balance(validator)?;
        if withdraw.balance != expected {
            return Err(OperationError::BalanceBefore { validator, got: withdraw.balance, expected });
        }
        let pubkey = self.pubkey(validator)?;
        self.check_signature(&pubkey, withdraw, DOMAIN_WITHDRAW_TO_EE, &signed.signature)?;
        self.take(validator, withdraw.amount)?;
        self.outbox.send(
            self.ledger,
            Receipt {
                source_ee: validator,
                destination_shard: shard,
                destination_ee: u64::from(ee),
                kind: ReceiptKind::FromBeaconChain as u8,
                value: withdraw.amount,
                payload: withdraw.payload.clone(),
                ..Receipt::default()
            },
        )
    }
}
