//! A chain on a shard, its users, and the same chain as Ethereum executes it.

mod genesis;
mod network;
mod users;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use outrider_evm::{
    genesis::Genesis,
    header::Header,
    import::Import,
    rlp,
    shard_chain::{ShardGenesis, ShardHead},
    state::{self, AccountValue},
};
use outrider_evm_codec::{BlobSchedule, ChainBlock, ChainPackage, Fork, Payload, Proposal, Rules};
use outrider_sdk::{
    StateRoot, chain,
    context::{BeaconRoot, EeIndex, ShardIndex, Slot},
    harness::{Context, Execution, Failure, Outcome, Provided, StateProvider},
    state::block_data,
};
use outrider_witness::{Hash, Keccak256, NodeBag, mpt::Trie};

#[allow(unused_imports, reason = "each test file uses its own part")]
pub(crate) use self::{
    genesis::{
        BEACON_ROOTS, BENEFICIARY, CHAIN_ID, CLOCK, COURIER, EE, ENVIRONMENT, GAS_LIMIT, GENESIS_CHAIN_ID,
        GENESIS_TIME, GWEI, HASHES, OSAKA, SHARD, TOKEN, WORK, address_of, call, genesis, genesis_json,
        init_code, key_of,
    },
    network::{Network, Receipts, alias, bounced, outbox_call, outbox_send, with_bytes},
    users::{Random, Users},
};
use super::native::provide_on;

/// Returns the context of an execution in a slot.
pub(crate) fn context(slot: u64) -> Context {
    Context {
        shard: ShardIndex(SHARD),
        slot: Slot(slot),
        ee_index: EeIndex(EE),
        beacon_root: BeaconRoot(keccak256(slot.to_le_bytes()).0),
        ..Context::default()
    }
}

pub(crate) fn proposal(gas_limit: Option<u64>) -> Bytes {
    let proposal = Proposal { beneficiary: BENEFICIARY, gas_limit };
    alloy_rlp::encode(Payload::ChainPackage(ChainPackage {
        transactions: Vec::new(),
        proposal: Some(proposal),
    }))
    .into()
}

/// A chain on a shard, with its full state, executed without an engine.
#[derive(Clone)]
pub(crate) struct Shard {
    pub(crate) provider: StateProvider,
}

impl Shard {
    pub(crate) fn new(genesis: Genesis) -> Self {
        let mut nodes = NodeBag::default();
        let root = ShardGenesis::new(genesis, CLOCK).unwrap().commit(&mut nodes);
        Self { provider: StateProvider::with_state(StateRoot(root.0), nodes) }
    }

    /// Makes a block in a slot from packages, after that of the proposer.
    pub(crate) fn provide(&self, slot: u64, packages: &[Bytes]) -> Result<Provided, String> {
        let packages = [&[proposal(None)], packages].concat();
        self.provide_only(slot, &packages)
    }

    pub(crate) fn provide_only(&self, slot: u64, packages: &[Bytes]) -> Result<Provided, String> {
        let provider = self.provider.clone().context(context(slot));
        match provider.provide(packages, outrider_evm_ee::execute) {
            Ok(provided) => Ok(provided),
            Err(Failure::Refused(reason)) => Err(chain(&reason)),
            Err(failure) => panic!("{}", chain(&failure)),
        }
    }

    /// Makes a block, and advances to the state after it.
    pub(crate) fn advance(&mut self, slot: u64, packages: &[Bytes]) -> Provided {
        let provided = self.provide(slot, packages).unwrap();
        self.provider.apply(&provided);
        provided
    }

    pub(crate) fn root(&self) -> B256 {
        B256::new(self.provider.root().0)
    }

    pub(crate) fn head(&self) -> ShardHead {
        ShardHead::of_state(self.root(), self.provider.nodes()).unwrap()
    }

    pub(crate) fn account(&self, address: Address) -> Option<AccountValue> {
        state::account(self.head().header.state_root, self.provider.nodes(), address).unwrap()
    }

    pub(crate) fn balance(&self, address: Address) -> U256 {
        self.account(address).map_or(U256::ZERO, |account| account.balance)
    }

    pub(crate) fn storage(&self, address: Address, slot: U256) -> U256 {
        let root = self.account(address).unwrap().storage_root;
        state::storage_value(root, self.provider.nodes(), slot).unwrap()
    }

    /// Returns the gas that the last block used.
    pub(crate) fn gas_used(&self) -> u64 {
        let header = self.head().header.bytes;
        alloy_rlp::Decodable::decode(&mut rlp::items(&header).unwrap()[10]).unwrap()
    }

    /// Returns the sum of all balances.
    pub(crate) fn ether(&self) -> U256 {
        let root = Hash(self.head().header.state_root.0);
        let mut trie = Trie::<Keccak256, _>::open(&root, self.provider.nodes());
        let accounts =
            trie.iter().map(|entry| alloy_rlp::decode_exact::<AccountValue>(entry.unwrap().1).unwrap());
        accounts.map(|account| account.balance).sum()
    }
}

/// Returns rules of a payload that is not for a chain.
pub(crate) fn ethereum_rules() -> Rules {
    let blobs = BlobSchedule { target: 6, max: 9, base_fee_update_fraction: 5_007_716 };
    Rules {
        chain_id: CHAIN_ID,
        fork: Fork::Osaka,
        blobs,
        blocks_since_dao_fork: Rules::NO_DAO_FORK,
        deposit_contract: None,
    }
}

/// A block of a chain, in its parts.
#[derive(Clone)]
pub(crate) struct Block {
    pub(crate) pre_state_root: StateRoot,
    pub(crate) context: Context,
    pub(crate) witness: Vec<u8>,
    pub(crate) payload: ChainBlock,
}

impl Block {
    /// Returns a block that a provider has made in a slot.
    pub(crate) fn of(shard: &Shard, slot: u64, packages: &[Bytes]) -> Self {
        let bytes = shard.provide(slot, packages).unwrap().block_data;
        let (witness, payload) = parts(&bytes);
        Self { pre_state_root: shard.provider.root(), context: context(slot), witness, payload }
    }

    pub(crate) fn run(&self) -> Result<Outcome, String> {
        self.run_payload(&alloy_rlp::encode(Payload::ChainBlock(self.payload.clone())))
    }

    /// Executes another payload in the place of the block's.
    pub(crate) fn run_payload(&self, payload: &[u8]) -> Result<Outcome, String> {
        let execution = Execution::new(self.pre_state_root).context(self.context);
        match execution.block_data(block_data(&self.witness, payload)).run(outrider_evm_ee::execute) {
            Ok(outcome) => Ok(outcome),
            Err(Failure::Refused(reason)) => Err(chain(&reason)),
            Err(failure) => panic!("{}", chain(&failure)),
        }
    }
}

/// Returns the witness and the block in block data.
pub(crate) fn parts(block_data: &[u8]) -> (Vec<u8>, ChainBlock) {
    let (length, rest) = block_data.split_first_chunk().unwrap();
    let (witness, payload) = rest.split_at(u32::from_le_bytes(*length) as usize);
    let Payload::ChainBlock(block) = alloy_rlp::decode_exact(payload).unwrap() else {
        panic!("no chain block")
    };
    (witness.to_vec(), block)
}

/// The same chain as Ethereum executes it: blocks with headers, on a state without a node of the chain.
pub(crate) struct Ethereum {
    provider: StateProvider,
    import: Import,
}

impl Ethereum {
    pub(crate) fn new(genesis: Genesis) -> Self {
        let mut nodes = NodeBag::default();
        let root = genesis.state.commit(&mut nodes);
        let provider = StateProvider::with_state(StateRoot(root.0), nodes);
        Self { provider, import: Import::new(genesis.chain.with_chain_id(CHAIN_ID), genesis.header) }
    }

    /// Executes a block, and checks that its header is right.
    pub(crate) fn execute(&mut self, header: &Header, transactions: &[Bytes]) -> Result<(), String> {
        let block = ethereum_block(header, transactions);
        let candidate = self.import.candidate(&block);
        assert_eq!(candidate.pre_state_root.0, self.provider.root().0, "the parent is the head");
        let provided = provide_on(&self.provider, &candidate.payload)?;
        self.provider.apply(&provided);
        self.import.accept(header.clone(), &block);
        Ok(())
    }
}

/// Returns a block without ommers and withdrawals in RLP.
pub(crate) fn ethereum_block(header: &Header, transactions: &[Bytes]) -> Bytes {
    let mut list = Vec::new();
    for transaction in transactions {
        let is_typed = transaction[0] < alloy_rlp::EMPTY_STRING_CODE;
        list.extend(if is_typed { alloy_rlp::encode(transaction) } else { transaction.to_vec() });
    }
    // From Shanghai on, headers have a 17th field.
    let has_withdrawals = rlp::items(&header.bytes).unwrap().len() > 16;
    let empty_lists: &[u8] = if has_withdrawals { &[0xc0, 0xc0] } else { &[0xc0] };
    rlp::list(&[&header.bytes, rlp::list(&list).as_slice(), empty_lists].concat()).into()
}
