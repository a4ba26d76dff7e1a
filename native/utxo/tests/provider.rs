//! State providers with the blob of the EE: merging, refreshing, forks, and what stays in the store.

mod support;

use std::sync::{Arc, LazyLock};

use bitcoin_primitives::{OutPoint, Transaction};
use outrider_host::{Context, Ee, ExecutionInput, Slot, StateRoot};
use outrider_shard::provider::current_root;
use outrider_shard::{BuiltBlock, Previous, Provider, ProviderError};
use outrider_utxo::STATE_KIND;
use outrider_utxo_ee::{Network, Tip};
use outrider_witness::store::{Contents, MemoryStore, Store};
use support::{arrived, begin, block_of, build, package, pay, propose, tip};

static EE: LazyLock<Ee> = LazyLock::new(|| support::ee(support::engine(), None));

fn memory() -> Provider<MemoryStore> {
    Provider::open(EE.clone(), Arc::new(MemoryStore::of_kind(STATE_KIND))).expect("the store is empty")
}

/// A chain of regression tests at a provider.
struct Chain<S> {
    provider: Provider<S>,
    root: StateRoot,
    /// The coinbase of each block, for anyone.
    coinbases: Vec<OutPoint>,
}

impl<S: Store + Send + Sync + 'static> Chain<S> {
    /// Makes a chain with so many blocks, all of which the store forgets but the last.
    fn new(provider: Provider<S>, n_blocks: usize) -> Self {
        let root = begin_and_apply(&provider, Network::Regtest);
        let mut chain = Self { provider, root, coinbases: Vec::new() };
        (0..n_blocks).for_each(|_| chain.extend(&[], Previous::Release));
        chain
    }

    fn tip(&self) -> Tip {
        tip(self.provider.store(), self.root)
    }

    /// Builds a block of users' transactions on a state.
    fn build_on(&self, root: StateRoot, transactions: &[Transaction]) -> Result<BuiltBlock, ProviderError> {
        let time = GENESIS_TIME + 600 * (tip(self.provider.store(), root).height + 1);
        let users = transactions.iter().map(package);
        let packages: Vec<Vec<u8>> = users.chain([propose(time)]).collect();
        self.provider.build(root, &packages, Context::default())
    }

    /// Builds a block of users' transactions, executes it without the state, and applies it.
    #[track_caller]
    fn extend(&mut self, transactions: &[Transaction], previous: Previous) {
        let built = self.build_on(self.root, transactions).unwrap_or_else(|error| panic!("{error:?}"));
        check_stateless(&built);
        let coinbase = block_of(&built).as_parts().1[0].compute_txid();
        self.coinbases.push(OutPoint { txid: coinbase, vout: 0 });
        self.root = built.post_state_root();
        self.provider.apply(&[built], previous).expect("it is stored");
    }
}

/// The time of the genesis block of regression tests.
const GENESIS_TIME: u32 = 1_296_688_602;

fn begin_and_apply<S: Store + Send + Sync + 'static>(provider: &Provider<S>, network: Network) -> StateRoot {
    let built = begin(provider, network);
    let root = built.post_state_root();
    provider.apply(&[built], Previous::Release).expect("it is stored");
    root
}

/// Executes a block with the root alone.
#[track_caller]
fn check_stateless(built: &BuiltBlock) {
    let input = ExecutionInput::new(built.pre_state_root(), Arc::clone(built.block_data()));
    assert_eq!(&EE.execute(&input).expect("the EE takes it"), built.output());
}

fn contents(store: &impl Store) -> Contents {
    store.check().expect("the store is sound")
}

#[test]
fn packages_of_two_users_are_one_block_and_a_conflict_names_them() {
    let mut chain = Chain::new(memory(), 102);
    let [alice, bob] = [0, 1].map(|coin| pay(&[chain.coinbases[coin]], &[5, 6]));
    chain.extend(&[alice.clone(), bob.clone()], Previous::Release);
    assert_eq!(chain.tip().height, 103);
    // Genesis has no output that can be spent. Each block has one, and the transactions have two each.
    assert_eq!(chain.tip().outputs.n_leaves(), 103 + 4);

    let contested = OutPoint { txid: alice.compute_txid(), vout: 1 };
    let spend = |amount| pay(&[contested], &[amount]);
    let error = chain.build_on(chain.root, &[spend(1), spend(2)]).expect_err("it is spent twice");
    let ProviderError::Refused(execution) = &error else { panic!("{error}") };
    let name = outrider_utxo_ee::OutPoint::from(&contested);
    let expected = format!("packages: package 1: {name} is spent by package 0, too");
    assert_eq!(execution.refusal(), Some(expected.as_str()));
    let error = chain.build_on(chain.root, &[alice]).expect_err("it is spent");
    let ProviderError::Refused(execution) = &error else { panic!("{error}") };
    assert!(
        execution.refusal().is_some_and(|reason| reason.contains("is missing or spent")),
        "{execution:?}"
    );
    chain.extend(&[spend(1)], Previous::Release);
}

/// A transaction has no proof that could become stale, and a provider makes one for the state of the moment.
#[test]
fn a_package_that_waited_for_ten_blocks_gets_a_fresh_proof() {
    let mut chain = Chain::new(memory(), 112);
    let waiting = pay(&[chain.coinbases[11]], &[5]);
    let old = chain.build_on(chain.root, std::slice::from_ref(&waiting)).expect("it is valid");
    for coin in 0..10 {
        let spend = pay(&[chain.coinbases[coin]], &[1, 2, 3]);
        chain.extend(&[spend], Previous::Release);
    }
    let stale = ExecutionInput::new(chain.root, Arc::clone(old.block_data()));
    assert!(EE.execute(&stale).is_err(), "the proof is of another state");
    chain.extend(&[waiting], Previous::Release);
}

/// On a shard, the payload of a block stays, and its witness is replaced.
#[test]
fn a_block_of_ten_blocks_ago_is_refreshed() {
    let provider = memory();
    let mut root = begin_and_apply(&provider, Network::Shard);
    let advance = |root, height| {
        let block = build(&provider, root, height);
        let next = block.post_state_root();
        provider.apply(&[block], Previous::Release).expect("it is stored");
        next
    };
    root = (1..9).fold(root, advance);
    // No other block spends the third receipt of a block.
    let own = pay(&[arrived(8, 2)], &[999_000]);
    let context = |slot| Context { slot: Slot(slot), ..Context::default() };
    let waiting = provider.build(root, &[propose(0), package(&own)], context(9)).expect("it is valid");
    root = (9..19).fold(root, advance);
    let stale = ExecutionInput::new(root, Arc::clone(waiting.block_data()));
    assert!(EE.execute(&stale).is_err(), "the witness is of another state");
    let refreshed = provider.refresh(waiting.block_data(), root, context(19)).expect("the EE takes it");
    assert_eq!(block_of(&refreshed).as_parts().1[1..], [own]);
    let input = ExecutionInput::new(root, Arc::clone(refreshed.block_data()));
    let input = ExecutionInput { context: context(19), ..input };
    assert_eq!(&EE.execute(&input).expect("the EE takes it"), refreshed.output());
    provider.apply(&[refreshed], Previous::Release).expect("it is stored");
    assert_eq!(contents(provider.store()).n_roots, 1);
}

/// Two branches share nodes. A branch that is released leaves nothing behind, and the store has what it would have without
/// it.
#[test]
fn a_released_branch_leaves_nothing_behind() {
    let mut chain = Chain::new(memory(), 103);
    let common = chain.root;
    let alone = contents(chain.provider.store());
    let branch = |chain: &mut Chain<_>, amount| {
        chain.root = common;
        chain.coinbases.truncate(103);
        let mut roots = Vec::new();
        for coin in 0..3 {
            let transaction = pay(&[chain.coinbases[coin]], &[amount, amount, amount]);
            chain.extend(&[transaction], Previous::Keep);
            roots.push(chain.root);
        }
        roots
    };
    let first = branch(&mut chain, 1);
    let with_first = contents(chain.provider.store());
    let second = branch(&mut chain, 2);
    let with_both = contents(chain.provider.store());
    assert_eq!((with_both.n_roots, current_root(chain.provider.store()).ok()), (7, second.last().copied()));
    assert!(with_both.n_nodes < 2 * alone.n_nodes, "seven states share nodes: {with_both:?}, {alone:?}");
    for root in &second {
        chain.provider.release(*root).expect("it is kept");
    }
    assert_eq!(contents(chain.provider.store()), with_first);
    // The first branch goes on.
    chain.root = first[2];
    chain.extend(&[pay(&[chain.coinbases[3]], &[3])], Previous::Release);
    let gone = chain.provider.build(second[2], &[propose(0)], Context::default());
    assert!(matches!(gone, Err(ProviderError::UnknownRoot { root }) if root == second[2]));
}
