//! A rollup with a provider that executes the EE, and an operator.

use std::sync::Arc;

use ark_bls12_381::{G1Affine, G2Affine};
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::Field as _;
use outrider_host::{
    Context, Ee, EeIndex, Host, HostConfig, ReceiptKind, ReceivedReceipt, ShardIndex, Slot, StateRoot,
};
use outrider_shard::{Previous, Provider, ProviderError, Surroundings};
use outrider_witness::store::MemoryStore;
use outrider_zk_rollup::STATE_KIND;
use outrider_zk_rollup::operator::{AssembleError, Assembly, Plan, Request, View};
use outrider_zk_rollup_core::{AccountIndex, Amount, Fee, Fr, Proof, SecretKey, Transfer, VerifyingKey};
use outrider_zk_rollup_ee::{Exit, Forced, Genesis, Payload, SignedExit, StateNode};

/// The slots after which operations need no operator.
pub(crate) const SILENCE: u64 = 100;

const SIZES: [u16; 2] = [2, 5];

/// A rollup after its genesis.
pub(crate) struct Rollup {
    provider: Provider<MemoryStore>,
    ee: Ee,
    pub(crate) root: StateRoot,
    pub(crate) slot: Slot,
    n_receipts: u64,
    /// The block data so far, and what they were executed with.
    pub(crate) published: Vec<(Vec<u8>, Surroundings)>,
}

impl Rollup {
    pub(crate) fn new() -> Self {
        let host = Host::new(HostConfig::default()).expect("a host");
        let ee = host.load(include_bytes!("../../../../ees/blobs/zk-rollup.wasm")).expect("an EE");
        let provider = Provider::open(ee.clone(), new_store()).expect("an empty store");
        let root = provider.empty_root();
        let mut rollup = Self { provider, ee, root, slot: Slot(1), n_receipts: 0, published: Vec::new() };
        let keys = SIZES.map(|size| (size, Trapdoor::new(size).key())).to_vec();
        let operator = secret(0).public_key();
        rollup.block(&[], &Payload::Genesis(Genesis { operator, silence: SILENCE, deposit_fee: 0, keys }));
        rollup
    }

    pub(crate) fn ee(&self) -> Ee {
        self.ee.clone()
    }

    pub(crate) fn view(&self) -> View<&MemoryStore> {
        View::open(self.provider.store(), self.root).expect("the store has the state")
    }

    pub(crate) fn node(&self) -> StateNode {
        self.view().node().clone()
    }

    pub(crate) fn balance(&self, number: u32) -> u64 {
        let account = self.view().account(index(number)).expect("the store has the accounts");
        account.expect("the account exists").balance
    }

    /// Returns all ether of the EE.
    pub(crate) fn ether(&self) -> u64 {
        let mut view = self.view();
        let accounts = view.all_accounts().expect("the store has the accounts");
        let balances: u64 = accounts.iter().map(|(_, account)| account.balance).sum();
        let pending: u64 = view.pending().iter().map(|deposit| deposit.value).sum();
        balances + pending + view.node().fees + view.node().unclaimed
    }

    pub(crate) fn request(&self, from: u32, to: u32, amount: u64, fee: u64, nonce: u64) -> Request {
        Request::sign(transfer(from, to, amount, fee), nonce, &secret(from), &self.node().domain)
    }

    pub(crate) fn plan(&self, requests: Vec<Request>) -> Plan {
        Plan { requests, sizes: SIZES.to_vec(), ..Plan::default() }
    }

    pub(crate) fn exit(&self, number: u32, nonce: u64, amount: u64) -> SignedExit {
        let (shard, ee) = (ShardIndex(1), EeIndex(2));
        let exit =
            Exit { index: index(number), amount, shard, ee, receipt_fee: 0, nonce, payload: Vec::new() };
        exit.sign(&secret(number), &self.node().domain)
    }

    pub(crate) fn try_assemble(&self, plan: Plan) -> Result<Assembly, AssembleError> {
        Assembly::new(&mut self.view(), plan)
    }

    /// Makes a section, checks that the circuit agrees with each batch, and returns it with proofs.
    pub(crate) fn assemble(&self, plan: Plan) -> (Assembly, Vec<Proof>) {
        let assembly = self.try_assemble(plan).expect("a section");
        let proofs = assembly.batches.iter().map(|batch| {
            assert!(batch.circuit.evaluate(&batch.witness).is_satisfied(), "the circuit refuses a batch");
            Trapdoor::new(batch.circuit.size).prove(batch.witness.public_input)
        });
        let proofs = proofs.collect();
        (assembly, proofs)
    }

    /// Makes the next section and its block, and returns the size and the number of transfers of each batch.
    pub(crate) fn operate(&mut self, plan: Plan) -> Vec<(u16, usize)> {
        let (assembly, proofs) = self.assemble(plan);
        assert!(assembly.refused.is_empty(), "{:?}", assembly.refused);
        let batches = assembly.batches.iter();
        let batches = batches.map(|batch| (batch.circuit.size, batch.transfers.len())).collect();
        let after = assembly.accounts_after;
        let payload = assembly.finish(&proofs, &secret(0)).expect("as many proofs as batches");
        self.block(&[], &payload);
        assert_eq!(self.node().accounts, after);
        batches
    }

    /// Makes a block that gets deposits for new accounts with the keys of [`secret`].
    pub(crate) fn receive(&mut self, deposits: &[(u32, u64)]) {
        let receipts = deposits.iter().zip(self.n_receipts..).map(|((number, value), sequence)| {
            let recipient = match *number < self.node().next_index {
                true => number.to_be_bytes()[1..].to_vec(),
                false => secret(*number).public_key().to_bytes().to_vec(),
            };
            ReceivedReceipt {
                kind: ReceiptKind::Message,
                source_shard: ShardIndex(1),
                source_ee: EeIndex(0),
                slot: Slot(0),
                sequence,
                value: *value,
                payload: [&[0; 32], &recipient[..]].concat(),
            }
        });
        let receipts: Vec<_> = receipts.collect();
        self.n_receipts += receipts.len() as u64;
        self.block(&receipts, &Payload::Forced(Forced::default()));
    }

    fn surroundings(&self, receipts: &[ReceivedReceipt]) -> Surroundings {
        let context = Context { slot: self.slot, ..Context::default() };
        Surroundings { receipts: receipts.into(), ..context.into() }
    }

    pub(crate) fn try_block(&self, payload: &Payload) -> Result<StateRoot, ProviderError> {
        let built = self.provider.build(self.root, &[payload.to_bytes()], self.surroundings(&[]))?;
        Ok(built.post_state_root())
    }

    /// Makes a block, and moves on to its state and the next slot.
    pub(crate) fn block(&mut self, receipts: &[ReceivedReceipt], payload: &Payload) {
        let surroundings = self.surroundings(receipts);
        let built = self.provider.build(self.root, &[payload.to_bytes()], surroundings.clone());
        let built = built.unwrap_or_else(|error| panic!("{}", outrider_host::chain(&error)));
        assert!(built.output().rejected.is_empty(), "a deposit is rejected");
        self.provider.apply(std::slice::from_ref(&built), Previous::Release).expect("memory");
        self.root = built.post_state_root();
        self.slot = Slot(self.slot.0 + 1);
        self.published.push((built.block_data().to_vec(), surroundings));
    }
}

pub(crate) fn new_store() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::of_kind(STATE_KIND))
}

/// Returns the key of an account; number 0 is the operator.
pub(crate) fn secret(number: u32) -> SecretKey {
    let mut seed = [3; 32];
    seed[..4].copy_from_slice(&number.to_be_bytes());
    SecretKey::from_seed(&seed)
}

pub(crate) fn index(number: u32) -> AccountIndex {
    AccountIndex::new(number).expect("an index")
}

pub(crate) fn transfer(from: u32, to: u32, amount: u64, fee: u64) -> Transfer {
    let (amount, fee) = (Amount::exact(amount).expect("few digits"), Fee::exact(fee).expect("few digits"));
    Transfer { from: index(from), to: index(to), amount, fee }
}

/// The secrets of a verifying key, with which a proof of anything can be made.
struct Trapdoor([Fr; 6]);

impl Trapdoor {
    fn new(size: u16) -> Self {
        Self([2, 3, 5, 7, 11, 13].map(|prime: u64| (Fr::from(prime) + Fr::from(size)).pow([5])))
    }

    fn key(&self) -> VerifyingKey {
        let Self([alpha, beta, gamma, delta, constant, input]) = *self;
        VerifyingKey {
            alpha: g1(alpha),
            beta: g2(beta),
            gamma: g2(gamma),
            delta: g2(delta),
            constant: g1(constant),
            input: g1(input),
        }
    }

    /// Returns a proof for an input: with A and B of any two numbers, the equation has one solution for C.
    fn prove(&self, public_input: Fr) -> Proof {
        let Self([alpha, beta, gamma, delta, constant, input]) = *self;
        let [a, b] = [Fr::from(17), Fr::from(19)];
        let c = a * b - alpha * beta - (constant + input * public_input) * gamma;
        Proof { a: g1(a), b: g2(b), c: g1(c * delta.inverse().expect("not zero")) }
    }
}

fn g1(scalar: Fr) -> G1Affine {
    (G1Affine::generator() * scalar).into_affine()
}

fn g2(scalar: Fr) -> G2Affine {
    (G2Affine::generator() * scalar).into_affine()
}
