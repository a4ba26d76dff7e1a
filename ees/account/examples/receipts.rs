//! Prints a fixture in which accounts send receipts and get some, `examples/receipts.yaml`.

use std::error::Error;

use account::{
    Account, Action, Block, Endowment, Payload, PublicKey, Signature, SigningDomain, Transaction, UNCLAIMED,
    execute,
};
use outrider_sdk::{
    StateRoot,
    context::{EeIndex, ShardIndex, Slot},
    harness::{Context, Provided, StateProvider, keys::BlsKey},
    receipt::{BEACON_CHAIN, ReceiptKind, ReceivedReceipt},
};
use outrider_witness::{
    Keccak256,
    smt::{Key, Tree},
};

const CONTEXT: Context = Context {
    shard: ShardIndex(0),
    slot: Slot(0),
    ee_index: EeIndex(0),
    beacon_root: outrider_sdk::context::BeaconRoot([0; 32]),
    balance: 300,
    finalized_slot: Slot(0),
};

fn main() -> Result<(), Box<dyn Error>> {
    let [alice, bob, carol] = [0, 1, 2].map(|n| BlsKey::of_seed(&[n; 32]));
    let mut provider = StateProvider::new().context(CONTEXT);
    let endowments = [&alice, &bob].map(|key| Endowment { public_key: public_key(key), balance: 100 });
    let genesis = provider.provide(&[Payload::Genesis(endowments.into()).to_bytes()], execute)?;
    provider.apply(&genesis);
    let pre_state_root = provider.root();

    // Alice sends 20 Gwei to an account of Bob's on shard 1, and 30 to another EE.
    let to_bob = send(1, 0, 3, &public_key(&bob).address().0);
    let packages = [package(&alice, 0, 20, to_bob), package(&alice, 1, 30, send(2, 7, 0, b"order 12"))];
    let sent = provider.provide(&packages, execute)?;
    provider.apply(&sent);
    check(&provider, &[(&alice, 47, 2), (&bob, 100, 0)], 0)?;

    // Bob gets 5 Gwei from shard 1, an account is created for Carol, and nobody has the next address. The other EE rejects
    // Alice's order. A validator withdraws 32 Gwei for Bob, and another one 8 for nobody.
    let address = |key: &BlsKey| public_key(key).address().0;
    let received = |kind, shard, sequence, value, payload: &[&[u8]]| ReceivedReceipt {
        kind,
        source_shard: shard,
        source_ee: EeIndex(0),
        slot: Slot(8),
        sequence,
        value,
        payload: payload.concat(),
    };
    let (message, one, two) = (ReceiptKind::Message, ShardIndex(1), ShardIndex(2));
    let receipts = [
        received(message, one, 0, 5, &[&address(&alice), &address(&bob)]),
        received(message, one, 1, 6, &[&address(&alice), &public_key(&carol).0]),
        received(message, one, 2, 7, &[&address(&alice), &[0xee; 32]]),
        received(ReceiptKind::Bounced, two, 0, 30, &[&[0xaa; 32], &address(&alice), b"order 12"]),
        received(ReceiptKind::FromBeaconChain, BEACON_CHAIN, 0, 32, &[&address(&bob)]),
        received(ReceiptKind::FromBeaconChain, BEACON_CHAIN, 1, 8, &[b"nobody"]),
    ];
    provider = provider.receipts(receipts.clone());
    // Bob spends what he gets in the same block.
    let transfer = Action::Transfer { recipient: public_key(&carol).address() };
    let got = provider.provide(&[package(&bob, 0, 135, transfer)], execute)?;
    provider.apply(&got);
    check(&provider, &[(&alice, 77, 2), (&bob, 2, 1), (&carol, 141, 0)], 8)?;

    print(&format!(
        "\
# Transfers between shards in the EE of accounts: what two accounts send, and what happens to receipts that arrive.
#
# Made by .ci/account: ees/account/examples/receipts.rs.
beacon_state:
  execution_scripts:
    - \"../ees/blobs/account.wasm\"
shard_pre_state:
  exec_env_states:
    - \"{pre_state_root}\"
shard_blocks:
{}{}shard_post_state:
  exec_env_states:
    - \"{}\"
",
        block(&sent, &[]),
        block(&got, &receipts),
        provider.root(),
    ));
    Ok(())
}

fn public_key(key: &BlsKey) -> PublicKey {
    PublicKey(key.public_key())
}

fn send(shard: u64, ee: u64, receipt_fee: u64, payload: &[u8]) -> Action {
    Action::Send { shard: ShardIndex(shard), ee: EeIndex(ee), receipt_fee, payload: payload.to_vec() }
}

fn package(sender: &BlsKey, nonce: u64, amount: u64, action: Action) -> Vec<u8> {
    let transaction = Transaction { sender: public_key(sender).address(), nonce, amount, fee: 0, action };
    let domain = SigningDomain { ee_index: CONTEXT.ee_index, shard: CONTEXT.shard };
    let signature = Signature(sender.sign(&domain.signing_root(&transaction)));
    Payload::Block(Block { signature, proposer: None, transactions: vec![transaction] }).to_bytes()
}

/// Compares the state root with that of a tree with these balances and nonces, and the unclaimed ether.
fn check(
    provider: &StateProvider,
    accounts: &[(&BlsKey, u64, u64)],
    unclaimed: u64,
) -> Result<(), Box<dyn Error>> {
    let mut tree = Tree::<Keccak256, _>::empty();
    for (key, balance, nonce) in accounts {
        let public_key = public_key(key);
        let account = Account { balance: *balance, nonce: *nonce, public_key };
        tree.insert(&Key(public_key.address().0), &account.to_bytes())?;
    }
    if unclaimed > 0 {
        let account = Account { balance: unclaimed, nonce: 0, public_key: PublicKey([0; 48]) };
        tree.insert(&Key(UNCLAIMED.0), &account.to_bytes())?;
    }
    let (got, expected) = (provider.root(), StateRoot(tree.root().0));
    if got == expected { Ok(()) } else { Err(format!("state root: got {got}, expected {expected}").into()) }
}

/// Returns a block of the fixture, with its expectations.
fn block(provided: &Provided, receipts: &[ReceivedReceipt]) -> String {
    let mut text = format!("  - env: 0\n    data: \"{}\"\n", hex(&provided.block_data));
    text += if receipts.is_empty() { "" } else { "    receipts:\n" };
    for receipt in receipts {
        let kind = match receipt.kind {
            ReceiptKind::Message => "message",
            ReceiptKind::Bounced => "bounced",
            ReceiptKind::Expired => "expired",
            ReceiptKind::FromBeaconChain => "from_beacon_chain",
        };
        text += &format!(
            "      - kind: {kind}\n        source_shard: {}\n        source_ee: {}\n        slot: {}\n        sequence: {}\n        \
             value: {}\n        payload: \"{}\"\n",
            receipt.source_shard.0,
            receipt.source_ee.0,
            receipt.slot.0,
            receipt.sequence,
            receipt.value,
            hex(&receipt.payload),
        );
    }
    let sent = &provided.outcome.receipts;
    text += if sent.is_empty() { "    sent_receipts: []\n" } else { "    sent_receipts:\n" };
    for receipt in sent {
        text += &format!(
            "      - destination_shard: {}\n        destination_ee: {}\n        value: {}\n        fee: {}\n        payload: \"{}\"\n",
            receipt.destination_shard.0,
            receipt.destination_ee.0,
            receipt.value,
            receipt.fee,
            hex(&receipt.payload),
        );
    }
    text += &format!("    rejected_receipts: {:?}\n", provided.outcome.rejected);
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[expect(clippy::print_stdout, reason = "this is a command")]
fn print(text: &str) {
    print!("{text}");
}
