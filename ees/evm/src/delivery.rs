//! Receipts that a chain gets, before the transactions of a block.
//!
//! Each is delivered as if it were a transaction: it has a place in the lists of transactions and of their receipts, and
//! uses gas of the block. Nobody pays for that gas here.

use alloc::vec::Vec;

use alloy_primitives::{Address, B256, Bytes, U256};
use outrider_evm_codec::{Message, OUTBOX, Returned, Spending, alias_preimage, withdrawal_address};
use outrider_sdk::{
    context,
    receipt::{ReceiptKind, Received, ReceivedReceipt, inbox},
};

use crate::{
    block::WEI_PER_GWEI,
    error::{ChainError, ExecutionError, StateError, TransitionError},
    hash::keccak256,
    vm::{ValueCall, Vm},
};

/// The receipts of a block.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    delivered: Vec<Received>,
    rejected: Vec<Received>,
    /// Each as a transaction, in the form that is hashed.
    transactions: Vec<Vec<u8>>,
}

impl Deliveries {
    /// Delivers all receipts, in their order.
    ///
    /// 1. The gas that they may use is at most half of the block's, so transactions have the rest. A state provider takes
    ///    no more receipts than that. A message that alone may use more is rejected, and what returns is credited without
    ///    a call, so that each receipt fits into a block.
    /// 2. A message credits an account or calls it. If it is malformed, or the call fails, it is rejected, and changes
    ///    nothing. A call from another EE pays for its gas.
    /// 3. What returns calls its sender, if it has a tag; without a tag, or if the call fails, it is credited.
    /// 4. Ether from the beacon chain is credited.
    pub(crate) fn deliver(vm: &mut Vm<'_>, gas_limit: u64) -> Result<Self, TransitionError> {
        let (max, base_fee) = (gas_limit / GAS_SHARE, vm.base_fee());
        let planned: Vec<_> = inbox().map(|receipt| (Plan::of(&receipt, max, base_fee), receipt)).collect();
        let got = planned.iter().fold(0_u64, |sum, (plan, _)| sum.saturating_add(plan.gas()));
        if got > max {
            return Err(ChainError::Deliveries { got, max }.into());
        }
        let mut deliveries = Self::default();
        for (plan, receipt) in planned {
            let is_accepted = plan.carry_out(vm, receipt.value)?;
            deliveries.transactions.push(transaction(&receipt));
            let list = if is_accepted { &mut deliveries.delivered } else { &mut deliveries.rejected };
            list.push(receipt);
        }
        Ok(deliveries)
    }

    /// Returns the deliveries as transactions: a type, and the receipt as the host passes it.
    pub(crate) fn transactions(&self) -> &[Vec<u8>] {
        &self.transactions
    }

    /// Rejects the receipts that were not delivered.
    pub(crate) fn settle(self) {
        self.delivered.into_iter().map(Received::accept).for_each(drop);
        self.rejected.into_iter().for_each(Received::reject);
    }
}

/// The fate of a receipt.
#[derive(Debug)]
struct Plan {
    /// The gas besides that of a call.
    gas: u64,
    /// The account that gets the ether without a call, or after one that fails; if nobody, the receipt is rejected.
    credited: Option<Address>,
    value: U256,
    call: Option<ValueCall>,
}

impl Plan {
    fn of(receipt: &ReceivedReceipt, gas_max: u64, base_fee: u64) -> Self {
        let value = U256::from(receipt.value) * U256::from(WEI_PER_GWEI);
        let bytes = receipt.payload.len() as u64;
        let gas = BASE_GAS.saturating_add(BYTE_GAS.saturating_mul(bytes));
        let (credited, call) = match receipt.kind {
            ReceiptKind::Message => message(receipt, value, gas, base_fee),
            ReceiptKind::Bounced | ReceiptKind::Expired => returned(receipt, value),
            ReceiptKind::FromBeaconChain => (withdrawal_address(&receipt.payload), None),
        };
        let plan = Self { gas, credited, value, call };
        match receipt.kind {
            _ if plan.gas() <= gas_max => plan,
            ReceiptKind::Message => Self { gas: BASE_GAS.min(gas_max), credited: None, value, call: None },
            ReceiptKind::Bounced | ReceiptKind::Expired | ReceiptKind::FromBeaconChain => {
                Self { gas: gas.min(gas_max), call: None, ..plan }
            }
        }
    }

    /// Returns the most gas that this uses.
    fn gas(&self) -> u64 {
        self.gas.saturating_add(self.call.as_ref().map_or(0, |call| call.gas_limit))
    }

    /// Returns whether the receipt is accepted, which brings some Gwei.
    fn carry_out(self, vm: &mut Vm<'_>, gwei: u64) -> Result<bool, ExecutionError> {
        let Self { gas, credited, value, call } = self;
        let state = vm.state();
        state.advance();
        state.outbox.iter_mut().for_each(|outbox| outbox.add_ether(gwei));
        let outcome = call.map(|call| vm.call_with_value(call)).transpose()?;
        let is_called = outcome.as_ref().is_some_and(|outcome| outcome.is_success());
        let credited =
            credited.filter(|_| !is_called).map(|address| vm.state().add_balance(address, value, true));
        let is_credited = match credited {
            // Only a genesis gives an account so much that no more fits.
            None | Some(Err(StateError::BalanceOverflow { .. })) => false,
            Some(credited) => credited.map(|()| true)?,
        };
        let is_accepted = is_called || is_credited;
        if !is_accepted {
            vm.state().outbox.iter_mut().for_each(|outbox| outbox.remove_ether(gwei));
        }
        vm.add_delivery(is_accepted, gas, outcome);
        Ok(is_accepted)
    }
}

/// Returns who is credited or called by a message of another chain or EE, which uses some gas besides that of the call.
fn message(
    receipt: &ReceivedReceipt,
    value: U256,
    gas: u64,
    base_fee: u64,
) -> (Option<Address>, Option<ValueCall>) {
    match Message::from_bytes(&receipt.payload) {
        Ok(message) if message.gas_limit == 0 => (Some(message.destination), None),
        Ok(message) => (None, message_call(receipt, message, value, gas, base_fee)),
        Err(_) => (None, None),
    }
}

/// Returns the call of a message, unless it asks for too much gas, is another EE's and pays too little, or spends something
/// unknown of its alias.
fn message_call(
    receipt: &ReceivedReceipt,
    message: Message,
    value: U256,
    gas: u64,
    base_fee: u64,
) -> Option<ValueCall> {
    let Message { mut sender, destination, gas_limit, data } = message;
    let is_sibling = receipt.source_ee == context::ee_index();
    if gas_limit > if is_sibling { CALL_GAS_MAX } else { FOREIGN_GAS_MAX } {
        return None;
    }
    let mut brought = value;
    if is_sibling {
        // The outbox of a chain of this EE has burnt the gas, and put a tag before the sender.
        sender = Address::from_word(sender).into_word();
    } else {
        brought = value.checked_sub(U256::from(gas.saturating_add(gas_limit)) * U256::from(base_fee))?;
    }
    let preimage = alias_preimage(receipt.source_shard.0, receipt.source_ee.0, sender);
    let caller = Address::from_word(keccak256(preimage));
    if destination == caller {
        let Spending { destination, value, data } = Spending::from_bytes(&data)?;
        return Some(ValueCall { caller, destination, brought, value, gas_limit, data });
    }
    Some(ValueCall { caller, destination, brought, value: brought, gas_limit, data })
}

/// Returns who is credited and called by a message that has returned.
fn returned(receipt: &ReceivedReceipt, value: U256) -> (Option<Address>, Option<ValueCall>) {
    let Some(returned) = Returned::from_bytes(&receipt.payload) else { return (None, None) };
    let Returned { tag, sender, destination } = returned;
    let call = (tag != [0; 12]).then(|| {
        let [mut shard, mut tag_word] = [B256::ZERO; 2];
        shard[24..].copy_from_slice(&receipt.source_shard.0.to_be_bytes());
        tag_word[20..].copy_from_slice(&tag);
        let data = [&RETURNED[..], shard.as_slice(), tag_word.as_slice(), destination.as_slice()].concat();
        let data = Bytes::from(data);
        let (brought, gas_limit) = (value, RETURN_GAS);
        ValueCall { caller: OUTBOX, destination: sender, brought, value, gas_limit, data }
    });
    (Some(sender), call)
}

fn transaction(receipt: &ReceivedReceipt) -> Vec<u8> {
    [&[DELIVERY][..], &receipt.to_bytes()].concat()
}

/// The type of a delivery in the list of transactions, EIP-2718: the first that is not a type of transactions.
pub(crate) const DELIVERY: u8 = 0x7e;

/// The part of a block's gas for deliveries: a half.
const GAS_SHARE: u64 = 2;

/// The gas of every delivery, as of every transaction of Ethereum.
const BASE_GAS: u64 = 21_000;

/// The gas of a byte of a payload, as of one of a transaction.
const BYTE_GAS: u64 = 16;

/// The most gas of a call, as in `solidity/Outbox.sol`: with the dearest instructions, at 5,500 fuel for each gas, it needs
/// less than the 4 * 10^9 fuel that an execution has by default.
const CALL_GAS_MAX: u64 = 500_000;

/// The most gas of a call from another EE, which pays for it only if it succeeds.
const FOREIGN_GAS_MAX: u64 = 100_000;

/// The gas of a call by which a sender learns that a receipt has returned. It has burnt that gas.
const RETURN_GAS: u64 = 100_000;

/// The selector of `returned(uint64,uint96,address)`.
const RETURNED: [u8; 4] = [0xaf, 0x53, 0xf4, 0xc0];
