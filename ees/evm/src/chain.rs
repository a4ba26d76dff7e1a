//! Blocks of a chain on a shard.
//!
//! The pre-state root is the hash of a [`ChainNode`], which has the rules and the head. A block names no more than its
//! transactions, the beneficiary and the gas limit; its header follows from these, from the node, and from the context of
//! the execution. The post-state root is the hash of the node with that header.

use alloc::vec::Vec;

use alloy_primitives::{Address, B64, B256, Bloom, Bytes, U256};
use outrider_evm_codec::{ChainBlock, ChainNode, ChainPackage, ChainPlace, Fork, Rules};
use outrider_sdk::{
    StateRoot, context,
    forest::{self, EMPTY_ROOT},
    state::{HostNodes, HostSink},
};
use outrider_witness::{Hash, NodeSink as _, Recorder, mpt::Forest};

use crate::{
    block::{self, BLOCK_BYTES_MAX},
    delivery::Deliveries,
    error::{BlockError, ChainError, ExecutionError, TransitionError},
    fee::{base_fee_per_gas, excess_blob_gas},
    hash::keccak256,
    header::{self, EMPTY_OMMERS_HASH, Header},
    outbox::Outbox,
    receipts::list_root,
    rules::Spec,
    state::{BlockHashes, State},
    vm::Vm,
};

/// Executes a block, and returns the post-state root.
///
/// 1. The witness has the node of the chain, whose hash is the pre-state root.
/// 2. The next header follows from the node and the context, see [`Head::next`], and is valid on the head, see
///    [`header::validate`]: the number is the next, the time a later one, and the gas limit near enough.
/// 3. The transactions are not too long.
/// 4. Receipts from other shards and EEs are delivered, see [`Deliveries::deliver`].
/// 5. Transactions are executed as those of any block, between the steps of the system. There are no withdrawals.
/// 6. The receipts that contracts have sent leave the chain.
/// 7. The results complete the header, and this the new node.
pub(crate) fn execute(
    tries: &mut forest::State,
    pre_state_root: StateRoot,
    block: &ChainBlock,
) -> Result<B256, TransitionError> {
    let head = Head::open(tries, pre_state_root)?;
    let rules = head.next_rules()?;
    let next = Next::new(&head, &rules, block.beneficiary, block.gas_limit)?;
    let got = block.transactions.iter().map(bytes_in_block).sum();
    if got > TRANSACTIONS_BYTES_MAX {
        return Err(ChainError::TooLong { got, max: TRANSACTIONS_BYTES_MAX }.into());
    }
    let (mut vm, deliveries) = next.start(tries)?;
    for transaction in &block.transactions {
        vm.transact(transaction)?;
    }
    Ok(next.seal(vm, deliveries, &block.transactions)?)
}

/// Makes a block from a package, and returns the post-state root and the block. Transactions that cannot be executed where
/// they stand are left out.
///
/// The result is the same at a shard, which refuses it, because a block has no more than is needed.
pub(crate) fn draft(
    tries: &mut forest::State,
    pre_state_root: StateRoot,
    package: ChainPackage,
) -> Result<(B256, ChainBlock), TransitionError> {
    let head = Head::open(tries, pre_state_root)?;
    let rules = head.next_rules()?;
    let proposal = package.proposal.ok_or(ChainError::NoProposal)?;
    let gas_limit = proposal.gas_limit.unwrap_or(head.header.gas_limit);
    let next = Next::new(&head, &rules, proposal.beneficiary, gas_limit)?;
    let (mut vm, deliveries) = next.start(tries)?;
    let (n_given, mut transactions, mut n_bytes) = (package.transactions.len(), Vec::new(), 0);
    for transaction in package.transactions {
        let n_bytes_with = bytes_in_block(&transaction).saturating_add(n_bytes);
        if n_bytes_with > TRANSACTIONS_BYTES_MAX {
            continue;
        }
        match vm.transact(&transaction) {
            Ok(()) => {
                n_bytes = n_bytes_with;
                transactions.push(transaction);
            }
            Err(ExecutionError::Transaction { .. } | ExecutionError::Vm(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let block = ChainBlock { beneficiary: proposal.beneficiary, gas_limit, transactions };
    if block.transactions.len() == n_given {
        return Ok((next.seal(vm, deliveries, &block.transactions)?, block));
    }
    // The witness must not have what only the others have read, so the block starts again.
    drop(vm);
    tries.forest = Forest::new(Recorder::new(HostNodes));
    Ok((execute(tries, pre_state_root, &block)?, block))
}

/// The state of a chain.
struct Head {
    node: ChainNode,
    /// The last block.
    header: Header,
    hash: B256,
}

impl Head {
    fn open(tries: &mut forest::State, root: StateRoot) -> Result<Self, ChainError> {
        let node = tries.forest.blob(&Hash(root.0)).map_err(ChainError::Node)?;
        let no_chain = |source| ChainError::NoChain { root: B256::new(root.0), source };
        let node = ChainNode::from_bytes(&node).map_err(no_chain)?;
        let header = alloy_rlp::decode_exact(&node.header).map_err(ChainError::Head)?;
        let hash = keccak256(&node.header);
        Ok(Self { node, header, hash })
    }

    /// Returns the time of the slot.
    fn next_time(&self) -> Result<u64, ChainError> {
        let slot = context::slot().0;
        self.node.rules.clock().time(slot).ok_or(ChainError::Time { slot })
    }

    /// Returns the rules for the next block.
    fn next_rules(&self) -> Result<Rules, ChainError> {
        let place = ChainPlace { ee: context::ee_index().0, shard: context::shard().0 };
        let ChainPlace { ee, shard } = place;
        self.node.rules.at(place, self.next_time()?).ok_or(ChainError::ChainId { ee, shard })
    }

    /// Returns the header of the next block, without results. A proposer chooses the beneficiary and the gas limit.
    ///
    /// - The time is that of the slot; base fee and excess blob gas follow from the head.
    /// - `prev_randao` follows from the context, see [`prev_randao`]. The root of the parent beacon block is the beacon
    ///   root of the context, and the slot number is the slot.
    /// - There is no difficulty and no nonce, and there are no ommers, withdrawals and extra data.
    fn next(&self, spec: &Spec<'_>, beneficiary: Address, gas_limit: u64) -> Result<Header, ChainError> {
        let since = |fork: Fork, value: B256| spec.has(fork).then_some(value);
        Ok(Header {
            parent_hash: self.hash,
            ommers_hash: EMPTY_OMMERS_HASH,
            beneficiary,
            state_root: B256::ZERO,
            transactions_root: B256::ZERO,
            receipts_root: B256::ZERO,
            logs_bloom: Bloom::ZERO,
            difficulty: U256::ZERO,
            number: self.header.number.saturating_add(1),
            gas_limit,
            gas_used: 0,
            timestamp: self.next_time()?,
            extra_data: Bytes::new(),
            prev_randao: prev_randao(),
            nonce: B64::ZERO,
            base_fee_per_gas: Some(base_fee_per_gas(&self.header)),
            withdrawals_root: since(Fork::Shanghai, B256::new(EMPTY_ROOT.0)),
            blob_gas_used: spec.has(Fork::Cancun).then_some(0),
            excess_blob_gas: spec.has(Fork::Cancun).then(|| excess_blob_gas(&self.header, spec)),
            parent_beacon_block_root: since(Fork::Cancun, B256::new(context::beacon_root().0)),
            requests_hash: since(Fork::Prague, B256::ZERO),
            block_access_list_hash: since(Fork::Amsterdam, B256::ZERO),
            slot_number: spec.has(Fork::Amsterdam).then(|| context::slot().0),
        })
    }
}

/// The next block of a chain.
struct Next<'a> {
    head: &'a Head,
    spec: Spec<'a>,
    /// Without results.
    header: Header,
}

impl<'a> Next<'a> {
    fn new(
        head: &'a Head,
        rules: &'a Rules,
        beneficiary: Address,
        gas_limit: u64,
    ) -> Result<Self, TransitionError> {
        let spec = Spec::new(rules)?;
        let header = head.next(&spec, beneficiary, gas_limit)?;
        header::validate(&header, &head.header, &spec, Rules::NO_DAO_FORK).map_err(BlockError::Header)?;
        Ok(Self { head, spec, header })
    }

    /// Executes the steps before the transactions, and delivers receipts.
    fn start<'t>(&self, tries: &'t mut forest::State) -> Result<(Vm<'t>, Deliveries), TransitionError>
    where
        'a: 't,
    {
        let Header { number, parent_hash, state_root, .. } = self.head.header;
        let hashes = BlockHashes::Stored { parent: number, hashes: [self.head.hash, parent_hash] };
        let state = State::new(tries, state_root, hashes, &self.spec);
        let mut vm = block::start(state, self.spec, &self.header)?;
        vm.open_outbox(Outbox::new(context::balance()));
        let deliveries = Deliveries::deliver(&mut vm, self.header.gas_limit)?;
        Ok((vm, deliveries))
    }

    /// Executes the steps after the transactions, puts the new node to a provider, and returns its hash.
    fn seal(
        self,
        mut vm: Vm<'_>,
        deliveries: Deliveries,
        transactions: &[Bytes],
    ) -> Result<B256, BlockError> {
        vm.state().advance();
        let results = block::finish(&mut vm, &self.spec)?;
        let Self { head, header, .. } = self;
        let access_list_hash = results.access_list.map(|list| list.hash(header.gas_limit)).transpose()?;
        let all = deliveries.transactions().iter().map(Vec::as_slice);
        let all = all.chain(transactions.iter().map(AsRef::as_ref));
        let header = Header {
            state_root: results.state_root,
            transactions_root: list_root(all),
            receipts_root: results.receipts_root,
            logs_bloom: results.logs_bloom,
            gas_used: results.gas_used,
            blob_gas_used: header.blob_gas_used.map(|_| results.blob_gas_used),
            requests_hash: results.requests_hash,
            block_access_list_hash: access_list_hash,
            ..header
        };
        vm.send();
        deliveries.settle();
        let node = ChainNode { rules: head.node.rules.clone(), header: alloy_rlp::encode(&header).into() };
        let bytes = node.to_bytes();
        let hash = keccak256(&bytes);
        HostSink.put(&Hash(hash.0), &bytes, &[Hash(results.state_root.0)]);
        Ok(hash)
    }
}

/// Returns `prev_randao` of the block: the Keccak-256 hash of the beacon root, the shard and the slot in the context, the
/// latter two as 8 bytes each, little-endian. So it differs between slots and shards that build on one beacon block.
fn prev_randao() -> B256 {
    let mut bytes = context::beacon_root().0.to_vec();
    bytes.extend(context::shard().0.to_le_bytes());
    bytes.extend(context::slot().0.to_le_bytes());
    keccak256(bytes)
}

/// Returns the most bytes of a transaction in the RLP of a block.
fn bytes_in_block(transaction: &Bytes) -> usize {
    transaction.len().saturating_add(STRING_HEADER_BYTES_MAX)
}

/// The length of the longest header of a string of less than 16 MiB.
const STRING_HEADER_BYTES_MAX: usize = 4;

/// The most bytes of all transactions: with a header of less than 1 KiB, the block is one of EIP-7934.
const TRANSACTIONS_BYTES_MAX: usize = BLOCK_BYTES_MAX - 1024;
