//! A rollup with a provider, an operator and users.

use outrider_sdk::{
    Reader,
    driver::ExecuteError,
    harness::{Context, Failure, Provided, StateProvider},
    receipt::{EeIndex, ReceiptKind, ReceivedReceipt, ShardIndex, Slot},
};
use outrider_witness::{Hash, NodeBag};
use outrider_zk_rollup_core::{
    Account, AccountIndex, Amount, Fee, Fr, SecretKey, Transfer, batch::public_input,
};
use zk_rollup::{
    Batch, Deposit, Exit, Forced, Genesis, MergeError, Payload, Recipient, Section, SignedExit, State,
    StateNode, TransitionError, Tree, execute, list_of_node,
};

use crate::trapdoor::Trapdoor;

pub(crate) type Refusal = Failure<ExecuteError<State, MergeError, TransitionError>>;

pub(crate) const SILENCE: u64 = 10;
pub(crate) const SIZES: [u16; 2] = [2, 5];

/// A rollup after its genesis, of the slot 100.
#[derive(Clone, Debug)]
pub(crate) struct Rollup {
    pub(crate) provider: StateProvider,
    pub(crate) slot: u64,
    pub(crate) domain: Fr,
    proofs: u64,
}

impl Rollup {
    pub(crate) fn new() -> Self {
        Self::with_deposit_fee(0)
    }

    pub(crate) fn with_deposit_fee(deposit_fee: u64) -> Self {
        Self::of(genesis(deposit_fee), |_| ())
    }

    /// Begins a rollup, and passes its first block on.
    pub(crate) fn of(genesis: Genesis, first: impl FnOnce(&Provided)) -> Self {
        let domain = genesis.domain(ShardIndex(0), EeIndex(0));
        let mut rollup = Self { provider: StateProvider::new(), slot: 100, domain, proofs: 0 };
        first(&rollup.accept(&Payload::Genesis(genesis)));
        rollup
    }

    /// Returns a rollup whose first accounts have these balances, and the keys of [`secret`].
    pub(crate) fn with_accounts(balances: &[u64]) -> Self {
        let mut rollup = Self::new();
        for (number, chunk) in (0..).zip(balances.chunks(128)) {
            let receipts = (0..).zip(chunk);
            let receipts: Vec<_> =
                receipts.map(|(at, value)| new_account(*value, number * 128 + at + 1)).collect();
            let provided = rollup.receive(&receipts);
            assert_eq!(provided.outcome.rejected, []);
            let section = Section { n_deposits: receipts.len() as u32, ..Section::default() };
            rollup.operate(section);
        }
        rollup
    }

    pub(crate) fn node(&self) -> StateNode {
        let bytes = self.provider.nodes().bytes(&Hash(self.provider.root().0)).unwrap();
        StateNode::read(&mut Reader::new(bytes)).unwrap()
    }

    pub(crate) fn tree(&self) -> Tree<NodeBag> {
        Tree::open(self.node().accounts, self.provider.nodes().clone())
    }

    pub(crate) fn account(&self, number: u32) -> Option<Account> {
        self.tree().account(index(number)).unwrap()
    }

    pub(crate) fn balance(&self, number: u32) -> u64 {
        self.account(number).unwrap().balance
    }

    pub(crate) fn pending(&self) -> Vec<Deposit> {
        let hash = self.node().deposits;
        if hash == [0; 32] {
            return Vec::new();
        }
        list_of_node(self.provider.nodes().bytes(&Hash(hash)).unwrap()).unwrap()
    }

    /// Makes a block of packages that gets receipts. The state does not change.
    pub(crate) fn try_packages(
        &self,
        receipts: &[ReceivedReceipt],
        packages: &[Payload],
    ) -> Result<Provided, Refusal> {
        let packages: Vec<Vec<u8>> = packages.iter().map(Payload::to_bytes).collect();
        let context = Context { slot: Slot(self.slot), ..Context::default() };
        self.provider.clone().context(context).receipts(receipts).provide(&packages, execute)
    }

    pub(crate) fn try_payload(&self, payload: &Payload) -> Result<Provided, Refusal> {
        self.try_packages(&[], std::slice::from_ref(payload))
    }

    #[track_caller]
    pub(crate) fn refuse(&self, payload: &Payload, expected: &str) {
        let text = outrider_sdk::chain(&self.try_payload(payload).unwrap_err());
        assert!(text.contains(expected), "{text}");
    }

    /// Makes a block and moves on to its state and to the next slot.
    #[track_caller]
    pub(crate) fn accept(&mut self, payload: &Payload) -> Provided {
        self.accept_with(&[], payload)
    }

    #[track_caller]
    pub(crate) fn accept_with(&mut self, receipts: &[ReceivedReceipt], payload: &Payload) -> Provided {
        let provided = self.try_packages(receipts, std::slice::from_ref(payload));
        let provided = provided.unwrap_or_else(|failure| panic!("{}", outrider_sdk::chain(&failure)));
        self.provider.apply(&provided);
        self.slot += 1;
        provided
    }

    /// Makes a block that only gets receipts.
    #[track_caller]
    pub(crate) fn receive(&mut self, receipts: &[ReceivedReceipt]) -> Provided {
        self.accept_with(receipts, &Payload::Forced(Forced::default()))
    }

    /// Signs a section for the state of the moment.
    pub(crate) fn sign(&self, section: Section) -> Payload {
        let node = self.node();
        Payload::Section(section.sign(&operator(), &self.domain, node.n_sections, &node.accounts))
    }

    #[track_caller]
    pub(crate) fn operate(&mut self, section: Section) -> Provided {
        self.accept(&self.sign(section))
    }

    /// Returns the tree after the deposits and exits of a section.
    pub(crate) fn tree_after(&self, section: &Section) -> Tree<NodeBag> {
        let (mut tree, mut next) = (self.tree(), self.node().next_index);
        for deposit in self.pending().iter().take(section.n_deposits as usize) {
            let (at, before) = match deposit.recipient {
                Recipient::Existing(at) => (at, tree.account(at).unwrap().unwrap()),
                Recipient::New(key) => {
                    next += 1;
                    let key_y = outrider_zk_rollup_core::PublicKey::from_bytes(&key).unwrap().y();
                    (index(next - 1), Account { key_y, balance: 0, nonce: 0 })
                }
            };
            tree.set(at, Account { balance: before.balance + deposit.value, ..before }).unwrap();
        }
        for SignedExit { exit, .. } in &section.exits {
            let before = tree.account(exit.index).unwrap().unwrap();
            let balance = before.balance - exit.amount - exit.receipt_fee;
            tree.set(exit.index, Account { balance, nonce: before.nonce + 1, ..before }).unwrap();
        }
        tree
    }

    /// Adds a batch with its proof to a section.
    pub(crate) fn add_batch(&mut self, section: &mut Section, size: u16, transfers: &[Transfer]) {
        let mut tree = self.tree_after(section);
        for transfer in section.batches.iter().flat_map(|batch| &batch.transfers) {
            tree.transfer(transfer).unwrap();
        }
        let old = tree.root();
        transfers.iter().for_each(|transfer| tree.transfer(transfer).unwrap());
        section.batches.push(self.prove(size, old, tree.root(), transfers));
    }

    pub(crate) fn prove(&mut self, size: u16, old: Fr, root: Fr, transfers: &[Transfer]) -> Batch {
        self.proofs += 1;
        let input = public_input(&self.domain, &old, &root, transfers, size).unwrap();
        Batch { size, transfers: transfers.to_vec(), root, proof: trapdoor(size).prove(input, self.proofs) }
    }

    /// The accounts with their balances, pending deposits, fees and unclaimed ether.
    pub(crate) fn ether(&self) -> u64 {
        let node = self.node();
        let mut tree = self.tree();
        let balances: u64 =
            (1..node.next_index).map(|number| tree.account(index(number)).unwrap().unwrap().balance).sum();
        let pending: u64 = self.pending().iter().map(|deposit| deposit.value).sum();
        balances + pending + node.fees + node.unclaimed
    }
}

pub(crate) fn genesis(deposit_fee: u64) -> Genesis {
    let keys = SIZES.into_iter().map(|size| (size, trapdoor(size).key())).collect();
    Genesis { operator: operator().public_key(), silence: SILENCE, deposit_fee, keys }
}

pub(crate) fn trapdoor(size: u16) -> Trapdoor {
    Trapdoor::new(u64::from(size))
}

pub(crate) fn operator() -> SecretKey {
    SecretKey::from_seed(&[0xff; 32])
}

pub(crate) fn secret(number: u32) -> SecretKey {
    let mut seed = [7; 32];
    seed[..4].copy_from_slice(&number.to_be_bytes());
    SecretKey::from_seed(&seed)
}

pub(crate) fn index(number: u32) -> AccountIndex {
    AccountIndex::new(number).unwrap()
}

pub(crate) fn transfer(from: u32, to: u32, amount: u64, fee: u64) -> Transfer {
    Transfer {
        from: index(from),
        to: index(to),
        amount: Amount::exact(amount).unwrap(),
        fee: Fee::exact(fee).unwrap(),
    }
}

pub(crate) fn message(value: u64, recipient: &[u8]) -> ReceivedReceipt {
    ReceivedReceipt {
        kind: ReceiptKind::Message,
        source_shard: ShardIndex(2),
        source_ee: EeIndex(3),
        value,
        payload: [&[0xee; 32], recipient].concat(),
        ..ReceivedReceipt::default()
    }
}

/// A message for a new account with the key of [`secret`].
pub(crate) fn new_account(value: u64, number: u32) -> ReceivedReceipt {
    message(value, &secret(number).public_key().to_bytes())
}

pub(crate) fn exit(number: u32, nonce: u64, amount: u64, receipt_fee: u64) -> Exit {
    Exit {
        index: index(number),
        amount,
        shard: ShardIndex(4),
        ee: EeIndex(5),
        receipt_fee,
        nonce,
        payload: b"for the receiver".to_vec(),
    }
}

impl Rollup {
    pub(crate) fn exit(&self, number: u32, nonce: u64, amount: u64, receipt_fee: u64) -> SignedExit {
        exit(number, nonce, amount, receipt_fee).sign(&secret(number), &self.domain)
    }
}

pub(crate) fn forced(n_deposits: u32, exits: Vec<SignedExit>) -> Payload {
    Payload::Forced(Forced { n_deposits, exits })
}
