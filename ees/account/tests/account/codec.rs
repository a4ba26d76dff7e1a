//! Encodings: exact bytes, and round trips.

use account::{
    Account, Action, Address, Block, Endowment, InputError, Payload, PublicKey, Signature, SigningDomain,
    Transaction,
};
use outrider_sdk::{
    ReadError,
    context::{EeIndex, ShardIndex},
};
use outrider_witness::{Hasher, Keccak256};
use proptest::{collection::vec, prelude::*};

const TRANSFER: Transaction = Transaction {
    sender: Address([0xa; 32]),
    nonce: 0x0102,
    amount: 0x0304,
    fee: 0x0506,
    action: Action::Transfer { recipient: Address([0xb; 32]) },
};

fn transfer_bytes() -> Vec<u8> {
    let integers = *b"\x02\x01\0\0\0\0\0\0\x04\x03\0\0\0\0\0\0\x06\x05\0\0\0\0\0\0";
    [&[0][..], &[0xa; 32], &integers, &[0xb; 32]].concat()
}

#[test]
fn transactions_are_as_described() {
    assert_eq!(TRANSFER.to_bytes(), transfer_bytes());
    let create = Action::Create { public_key: PublicKey([0xc; 48]) };
    let head = &transfer_bytes()[1..57];
    assert_eq!(Transaction { action: create, ..TRANSFER }.to_bytes(), [&[1], head, &[0xc; 48]].concat());
    let withdraw = Action::Withdraw {
        validator: PublicKey([0xd; 48]),
        withdrawal_credentials: [0xe; 32],
        deposit_signature: Signature([0xf; 96]),
    };
    assert_eq!(
        Transaction { action: withdraw, ..TRANSFER }.to_bytes(),
        [&[2], head, &[0xd; 48], &[0xe; 32], &[0xf; 96]].concat()
    );
    let send = Action::Send {
        shard: ShardIndex(0x0708),
        ee: EeIndex(9),
        receipt_fee: 10,
        payload: b"memo".to_vec(),
    };
    let place = *b"\x08\x07\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\x0a\0\0\0\0\0\0\0";
    assert_eq!(
        Transaction { action: send, ..TRANSFER }.to_bytes(),
        [&[3], head, &place, &[4, 0, 0, 0], b"memo"].concat()
    );
}

#[test]
fn payloads_are_as_described() {
    let genesis = Payload::Genesis(vec![Endowment { public_key: PublicKey([7; 48]), balance: 8 }]);
    assert_eq!(genesis.to_bytes(), [&[0][..], &[7; 48], &[8, 0, 0, 0, 0, 0, 0, 0]].concat());
    let block = |proposer| {
        Payload::Block(Block { signature: Signature([5; 96]), proposer, transactions: vec![TRANSFER; 2] })
    };
    let bytes =
        |proposer: u8| [&[1][..], &[5; 96], &[proposer; 32], &transfer_bytes(), &transfer_bytes()].concat();
    assert_eq!(block(None).to_bytes(), bytes(0));
    assert_eq!(block(Some(Address([6; 32]))).to_bytes(), bytes(6));
}

#[test]
fn accounts_are_as_described() {
    let account = Account { balance: 0x0102, nonce: 3, public_key: PublicKey([4; 48]) };
    let bytes = [&[2, 1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0][..], &[4; 48]].concat();
    assert_eq!(account.to_bytes()[..], bytes);
    assert_eq!(Account::from_bytes(&bytes), Some(account));
    assert_eq!(Account::from_bytes(&bytes[1..]), None);
    assert_eq!(Account::from_bytes(&[&bytes[..], &[0]].concat()), None);
}

#[test]
fn the_signing_root_is_as_described() {
    let domain = SigningDomain { ee_index: EeIndex(0x0102), shard: ShardIndex(3) };
    let bytes =
        [b"outrider account v1 tx\0\x02\x01\0\0\0\0\0\0\x03\0\0\0\0\0\0\0", &transfer_bytes()[..]].concat();
    assert_eq!(domain.signing_root(&TRANSFER), Keccak256::hash(&bytes).0);
}

#[test]
fn an_address_is_the_hash_of_the_key() {
    assert_eq!(PublicKey([4; 48]).address(), Address(Keccak256::hash(&[4; 48]).0));
}

#[track_caller]
fn check_malformed(bytes: &[u8], expected: impl Into<InputError>) {
    assert_eq!(Payload::from_bytes(bytes), Err(expected.into()));
}

#[test]
fn malformed_payloads_are_refused() {
    check_malformed(&[], ReadError::UnexpectedEnd { offset: 0, expected: 1, got: 0 });
    check_malformed(&[2], InputError::PayloadKind { got: 2 });
    check_malformed(&[0; 56], ReadError::UnexpectedEnd { offset: 49, expected: 8, got: 7 });
    check_malformed(&[1; 96], ReadError::UnexpectedEnd { offset: 1, expected: 96, got: 95 });
    let block = [&[1; 129][..], &transfer_bytes()].concat();
    check_malformed(&block[..217], ReadError::UnexpectedEnd { offset: 186, expected: 32, got: 31 });
    let two = [&block[..], &[4; 57]].concat();
    check_malformed(&two, InputError::TransactionKind { offset: 218, got: 4 });
    // A receipt has room for the sender's address and 65,504 bytes.
    let send = |length: u32, bytes: usize| {
        [&block[..129], &[3; 57], &[0; 24], &length.to_le_bytes(), &vec![0; bytes]].concat()
    };
    assert!(Payload::from_bytes(&send(65_504, 65_504)).is_ok());
    check_malformed(&send(65_505, 65_505), InputError::SendPayload { offset: 129, got: 65_505 });
    check_malformed(&send(u32::MAX, 0), InputError::SendPayload { offset: 129, got: u32::MAX });
    check_malformed(&send(2, 1), ReadError::UnexpectedEnd { offset: 214, expected: 2, got: 1 });
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(|recipient| Action::Transfer { recipient: Address(recipient) }),
        vec(any::<u8>(), 48)
            .prop_map(|key| Action::Create { public_key: PublicKey(key.try_into().unwrap()) }),
        (vec(any::<u8>(), 48), any::<[u8; 32]>(), any::<u8>()).prop_map(|(key, credentials, byte)| {
            Action::Withdraw {
                validator: PublicKey(key.try_into().unwrap()),
                withdrawal_credentials: credentials,
                deposit_signature: Signature([byte; 96]),
            }
        }),
        (any::<(u64, u64, u64)>(), vec(any::<u8>(), 0..100)).prop_map(
            |((shard, ee, receipt_fee), payload)| {
                Action::Send { shard: ShardIndex(shard), ee: EeIndex(ee), receipt_fee, payload }
            }
        ),
    ]
}

fn transaction() -> impl Strategy<Value = Transaction> {
    (any::<([u8; 32], u64, u64, u64)>(), action()).prop_map(|((sender, nonce, amount, fee), action)| {
        Transaction { sender: Address(sender), nonce, amount, fee, action }
    })
}

proptest! {
    #[test]
    fn a_payload_is_read_as_it_was_written(
        byte: u8,
        proposer in proptest::option::of(any::<[u8; 32]>()),
        transactions in vec(transaction(), 0..6),
    ) {
        let proposer = proposer.map(Address).filter(|address| address.0 != [0; 32]);
        let payload = Payload::Block(Block { signature: Signature([byte; 96]), proposer, transactions });
        prop_assert_eq!(Payload::from_bytes(&payload.to_bytes()), Ok(payload));
    }

    #[test]
    fn a_payload_has_one_encoding(head in 0_u8..3, kind in 0_u8..5, bytes in vec(any::<u8>(), 129..600)) {
        let mut bytes = [&[head][..], &bytes].concat();
        bytes[129] = kind;
        for length in 0..bytes.len() {
            if let Ok(payload) = Payload::from_bytes(&bytes[..length]) {
                prop_assert_eq!(payload.to_bytes(), &bytes[..length]);
            }
        }
    }
}
