//! Ether from validators to EEs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, balance, genesis, genesis_ee, genesis_state,
    operations::{PAYER, quick, refused, with_withdrawal, withdrawal},
    propose,
};
use outrider_beacon::ledger::{
    ExtendedState, GenesisEe, Ledger, ReceiptKind, WithdrawToEe,
    error::OperationError,
    operation::{DOMAIN_DEPLOY, DOMAIN_WITHDRAW_TO_EE},
};
use outrider_beacon_spec::types::BLSSignature;

#[test]
fn ether_of_a_validator_is_in_flight_to_its_ee() {
    let settings = quick();
    let start = genesis(&[[0, 0]]);
    let message = withdrawal(&start, 0, 2 * ETHER);
    let operations = with_withdrawal(&start, message.clone(), DOMAIN_WITHDRAW_TO_EE);
    let (_, transition) = propose(&start, 1, operations, &settings);
    let after = &transition.extended;
    assert_eq!(balance(after, PAYER), balance(&start, PAYER) - 2 * ETHER);
    assert_eq!(after.ledger.total(), start.ledger.total() + 2 * ETHER);
    let lane = after.ledger.beacon_lanes().outbound().get(1).unwrap();
    assert_eq!((lane.next, lane.in_flight), (1, 2 * ETHER));
    let [receipt] = transition.receipts.as_slice() else { panic!("{:?}", transition.receipts) };
    assert_eq!(
        (receipt.source_shard, receipt.source_ee, receipt.sequence, receipt.slot),
        (1024, PAYER, 0, 1)
    );
    assert_eq!((receipt.destination_shard, receipt.destination_ee, receipt.value), (1, 0, 2 * ETHER));
    assert_eq!((receipt.kind, &receipt.payload), (ReceiptKind::FromBeaconChain as u8, &message.payload));
    assert_ne!(after.ledger.recent_execution_root(1024, 1), None);
    assert_eq!(after.ledger.recent_execution_root(1024, 0), None);

    // It can be used only once, because the balance has changed.
    let (got, expected) = (balance(&start, PAYER), balance(after, PAYER));
    let again = with_withdrawal(after, message, DOMAIN_WITHDRAW_TO_EE);
    refused(after, again, OperationError::BalanceBefore { validator: PAYER, got, expected });
}

#[test]
fn withdrawals_are_checked() {
    let start = genesis(&[[0, 0]]);
    let with = |change: &dyn Fn(&mut WithdrawToEe)| {
        let mut message = withdrawal(&start, 0, ETHER);
        change(&mut message);
        with_withdrawal(&start, message, DOMAIN_WITHDRAW_TO_EE)
    };
    refused(&start, with(&|message| message.amount = 0), OperationError::NoAmount {});
    refused(&start, with(&|message| message.ee = 1), OperationError::EeUnknown { got: 1, n: 1 });
    refused(&start, with(&|message| message.shard = 2), OperationError::ShardUnknown { got: 2, n_shards: 2 });
    refused(&start, with(&|message| message.epoch = 1), OperationError::Epoch { got: 1, now: 0 });
    let available = balance(&start, PAYER);
    let poor = OperationError::ValidatorBalance { validator: PAYER, got: available + 1, available };
    refused(&start, with(&|message| message.amount = available + 1), poor);
    let active = OperationError::NotExited { validator: 3 };
    refused(&start, with(&|message| message.validator_index = 3), active);
    let mut leaving = start.clone();
    leaving.state.validators.get_mut(3).unwrap().withdrawable_epoch = 9;
    leaving.state.root();
    let not_yet = OperationError::NotWithdrawable { validator: 3, withdrawable_epoch: 9, now: 0 };
    refused(&leaving, with(&|message| message.validator_index = 3), not_yet);
    let signer = start.state.validators.get(PAYER as usize).unwrap().pubkey;
    let other_domain = with_withdrawal(&start, withdrawal(&start, 0, ETHER), DOMAIN_DEPLOY);
    refused(&start, other_domain, OperationError::Signature { signer });
    let mut unsigned = with(&|_| ());
    unsigned.withdrawals[0].signature = BLSSignature::ZERO;
    refused(&start, unsigned, OperationError::Signature { signer });
}

#[test]
fn an_ee_that_does_not_accept_receipts_gets_none() {
    let state = genesis_state();
    let deaf = GenesisEe { takes_receipts: false, ..genesis_ee(&state, 1, [0, 0]) };
    let ledger = Ledger::genesis(&state, &[deaf]).unwrap();
    let start = ExtendedState { state, ledger };
    let operations = with_withdrawal(&start, withdrawal(&start, 0, 1), DOMAIN_WITHDRAW_TO_EE);
    refused(&start, operations, OperationError::NoReceipts { ee: 0 });
}
