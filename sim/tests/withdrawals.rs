//! An EE goes on after the chain has refused its effects.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../../examples/two-shards/users.rs"]
#[allow(dead_code, reason = "the example has more users")]
mod users;

use std::sync::Arc;

use account::{Action, Block as AccountBlock, Payload, PublicKey, Signature, SigningDomain, Transaction};
use outrider_beacon::{
    admission::HostAdmission,
    ledger::{LedgerOperations, Settings},
    registry::Rules,
};
use outrider_host::{Host, HostConfig};
use outrider_sdk::harness::keys::BlsKey;
use outrider_shard::{
    Executor,
    executor::{ExecutorConfig, MemoryCodes},
};
use outrider_sim::{Genesis, Setup, Shards, SignatureMode, SimPreset, Simulation};
use users::{ACCOUNT, AccountUsers};

type Preset = SimPreset<1>;

/// Returns a package with a withdrawal to the beacon chain.
fn withdraw(user: u8, nonce: u64, amount: u64) -> Vec<u8> {
    let key = BlsKey::of_seed(&[user; 32]);
    let public_key = PublicKey(key.public_key());
    let action = Action::Withdraw {
        validator: public_key,
        withdrawal_credentials: [7; 32],
        deposit_signature: Signature([1; 96]),
    };
    let transaction = Transaction { sender: public_key.address(), nonce, amount, fee: 0, action };
    let domain = SigningDomain {
        ee_index: outrider_host::EeIndex(ACCOUNT.into()),
        shard: outrider_host::ShardIndex(0),
    };
    let signature = Signature(key.sign(&domain.signing_root(&transaction)));
    Payload::Block(AccountBlock { signature, proposer: None, transactions: vec![transaction] }).to_bytes()
}

/// Submits packages in slot 5, and a transfer in each; returns in which slots shard 0 executed the account EE.
fn run(n_users: u8, slots: u64, packages: &[Vec<u8>]) -> Vec<u64> {
    let settings = Settings::default();
    let host = Host::new(HostConfig::default()).unwrap();
    let mut codes = MemoryCodes::default();
    let accounts = AccountUsers::new(n_users, &host).unwrap();
    let ees = vec![accounts.ee(&[0], &mut codes)];
    let genesis = Genesis { n_validators: Preset::N_VALIDATORS, ees, ..Genesis::default() };
    let executor = Executor::new(host, codes, settings.clone(), &ExecutorConfig::default()).unwrap();
    let shards = Arc::new(Shards::new(executor, 0));
    shards.add(accounts.provider(0).unwrap());
    let setup = Setup { signatures: SignatureMode::Trusted, ..Setup::one_view(genesis) };
    let mut simulation =
        Simulation::<Preset, _, _>::new(setup, Arc::clone(&shards), Arc::clone(&shards)).unwrap();
    let admission = HostAdmission::default();
    let rules = Rules {
        settings: &settings,
        admission: &admission,
        judge: shards.executor(),
        verify_signatures: false,
    };
    let mut executed = Vec::new();
    for slot in 1..=slots {
        if slot == 5 {
            for package in packages {
                shards.with(0, ACCOUNT, |provider| provider.submit(package.clone())).unwrap().unwrap();
            }
        }
        // User 1 pays somebody once in each slot.
        let transfer = accounts.transfer(0, 1, slot - 1, 2);
        shards.with(0, ACCOUNT, |provider| provider.submit(transfer)).unwrap().unwrap();
        for block in simulation.run_slot(&LedgerOperations::default(), rules).unwrap() {
            for execution in &block.operations.executions {
                if !execution.header.transitions.is_empty() {
                    executed.push(execution.slot);
                }
            }
        }
    }
    assert_eq!(shards.n_failures(), 0);
    executed
}

#[test]
fn a_withdrawal_that_is_too_small_waits_by_itself() {
    assert_eq!(run(4, 24, &[withdraw(0, 0, 1)]).len(), 23);
}

#[test]
fn more_withdrawals_than_a_block_may_have_are_in_two_blocks() {
    let packages: Vec<_> = (3..20).map(|user| withdraw(user, 0, 1_000_000_000)).collect();
    assert_eq!(run(20, 24, &packages).len(), 23);
}
