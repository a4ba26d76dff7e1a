//! revm itself, over a map of accounts, has the same states as the EE: its own loop over instructions, a trie that is built
//! anew, and ordinary transactions in the place of deliveries.

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use outrider_evm::{
    rlp,
    state::{Account, State},
    transaction::Transaction,
};
use outrider_evm_codec::{CONSOLIDATION_REQUESTS, HISTORY_STORAGE, OUTBOX, WITHDRAWAL_REQUESTS};
use outrider_sdk::{harness::ReceivedReceipt, receipt::ReceiptKind};
use revm::{
    Context, ExecuteCommitEvm as _, MainBuilder as _, MainContext as _, SystemCallCommitEvm as _,
    bytecode::Bytecode,
    context::{BlockEnv, TxEnv},
    context_interface::block::BlobExcessGasAndPrice,
    database::{CacheDB, EmptyDB},
    primitives::hardfork::SpecId,
    state::AccountInfo,
};

use crate::{
    sending::pass,
    support::shard::{
        BEACON_ROOTS, CHAIN_ID, COURIER, EE, GWEI, Network, OSAKA, Random, SHARD, address_of, alias, genesis,
        key_of, outbox_call,
    },
};

/// A chain on a shard, as a map of accounts.
struct Oracle {
    shard: u64,
    accounts: CacheDB<EmptyDB>,
}

/// A transaction, and who signs it.
struct Sent {
    user: u64,
    transaction: Transaction,
}

impl Oracle {
    fn new(shard: u64) -> Self {
        let mut accounts = CacheDB::new(EmptyDB::new());
        for (address, account) in genesis(&OSAKA).state.0 {
            let Account { balance, nonce, code, storage } = account;
            let info = AccountInfo {
                balance,
                nonce: nonce.to(),
                code_hash: keccak256(&code),
                code: Some(Bytecode::new_raw(code)),
                account_id: None,
            };
            accounts.insert_account_info(address, info);
            for (slot, value) in storage {
                accounts.insert_account_storage(address, slot, value).unwrap();
            }
        }
        Self { shard, accounts }
    }

    /// Executes a block with this header, and returns the indices of receipts that are rejected.
    fn block(&mut self, header: &[u8], receipts: &[ReceivedReceipt], transactions: &[Sent]) -> Vec<u32> {
        let block = block_env(header);
        let fields = rlp::items(header).unwrap();
        self.system(&block, BEACON_ROOTS, field::<B256>(fields[19]).to_vec());
        self.system(&block, HISTORY_STORAGE, field::<B256>(fields[0]).to_vec());
        let delivered = receipts.iter().map(|receipt| self.deliver(&block, receipt)).collect::<Vec<_>>();
        for Sent { user, transaction } in transactions {
            let transaction = TxEnv {
                tx_type: 2,
                caller: address_of(*user),
                gas_limit: transaction.gas_limit.to(),
                gas_price: 50 * u128::from(GWEI),
                gas_priority_fee: Some(GWEI.into()),
                kind: TxKind::Call(transaction.to.unwrap()),
                value: transaction.value,
                data: transaction.data.clone(),
                nonce: transaction.nonce.to(),
                chain_id: Some(CHAIN_ID - SHARD + self.shard),
                ..TxEnv::default()
            };
            self.run(&block, transaction);
            self.burn();
        }
        self.system(&block, WITHDRAWAL_REQUESTS, Vec::new());
        self.system(&block, CONSOLIDATION_REQUESTS, Vec::new());
        (0..).zip(delivered).filter(|(_, is_delivered)| !is_delivered).map(|(index, _)| index).collect()
    }

    /// The layouts of payloads are those in the README of the EE.
    fn deliver(&mut self, block: &BlockEnv, receipt: &ReceivedReceipt) -> bool {
        let payload = &receipt.payload;
        let value = U256::from(receipt.value) * U256::from(GWEI);
        if receipt.kind != ReceiptKind::Message {
            let (tag, sender) = (&payload[32..44], Address::from_slice(&payload[44..64]));
            let shard = [&[0; 24], &receipt.source_shard.0.to_be_bytes()[..]].concat();
            let function = &keccak256("returned(uint64,uint96,address)")[..4];
            let input = [function, &shard, &[0; 20], tag, &payload[64..96]].concat();
            let is_called = tag.iter().any(|byte| *byte != 0)
                && self.call(block, OUTBOX, sender, value, 100_000, input.into());
            if !is_called {
                self.add(sender, value);
            }
            return true;
        }
        let (sender, destination) =
            (Address::from_slice(&payload[12..32]), Address::from_slice(&payload[44..64]));
        let gas_limit = u64::from_be_bytes(payload[64..72].try_into().unwrap());
        if gas_limit == 0 {
            self.add(destination, value);
            return true;
        }
        let caller = alias(receipt.source_shard.0, EE, sender.into_word());
        self.call(block, caller, destination, value, gas_limit, payload[72..].to_vec().into())
    }

    /// Makes a call as a transaction of the caller, who gets the price of its gas, and whose account is then as before.
    fn call(
        &mut self,
        block: &BlockEnv,
        caller: Address,
        destination: Address,
        value: U256,
        gas_limit: u64,
        data: Bytes,
    ) -> bool {
        let before = self.accounts.load_account(caller).unwrap().info.clone();
        let payer =
            AccountInfo { balance: U256::MAX >> 1, code: None, code_hash: keccak256([]), ..before.clone() };
        let nonce = payer.nonce;
        self.accounts.insert_account_info(caller, payer);
        let n_zeros = data.iter().filter(|byte| **byte == 0).count();
        let intrinsic = 21_000 + 4 * n_zeros + 16 * (data.len() - n_zeros);
        // EIP-7623 asks for a gas limit of at least the floor, which short calls do not reach.
        let transaction = TxEnv {
            caller,
            gas_limit: gas_limit + intrinsic as u64,
            gas_price: block.basefee.into(),
            kind: TxKind::Call(destination),
            value,
            data,
            nonce,
            chain_id: Some(CHAIN_ID - SHARD + self.shard),
            ..TxEnv::default()
        };
        let is_success = self.run(block, transaction);
        self.accounts.cache.accounts.get_mut(&caller).unwrap().info = before;
        self.burn();
        is_success
    }

    fn run(&mut self, block: &BlockEnv, transaction: TxEnv) -> bool {
        self.evm(block).transact_commit(transaction).unwrap().is_success()
    }

    fn system(&mut self, block: &BlockEnv, contract: Address, data: Vec<u8>) {
        assert!(self.evm(block).system_call_commit(contract, data.into()).unwrap().is_success());
    }

    fn evm(
        &mut self,
        block: &BlockEnv,
    ) -> revm::MainnetEvm<revm::handler::MainnetContext<&mut CacheDB<EmptyDB>>> {
        let context = Context::mainnet().with_db(&mut self.accounts).with_block(block.clone());
        let context = context.modify_cfg_chained(|cfg| {
            cfg.chain_id = CHAIN_ID - SHARD + self.shard;
            cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
        });
        context.build_mainnet()
    }

    fn add(&mut self, address: Address, value: U256) {
        self.accounts.load_account(address).unwrap().info.balance += value;
        let account = self.accounts.cache.accounts.get_mut(&address).unwrap();
        account.account_state = revm::database::AccountState::Touched;
    }

    /// All ether of the outbox has left.
    fn burn(&mut self) {
        self.accounts.load_account(OUTBOX).unwrap().info.balance = U256::ZERO;
    }

    /// The root of a trie of all accounts that are not empty.
    fn state_root(&self) -> B256 {
        let mut state = State::default();
        for (address, account) in &self.accounts.cache.accounts {
            let AccountInfo { balance, nonce, code_hash, .. } = account.info.clone();
            let code = self.accounts.cache.contracts.get(&code_hash);
            let code = code.map(Bytecode::original_bytes).unwrap_or_default();
            if balance.is_zero() && nonce == 0 && code.is_empty() {
                continue;
            }
            let storage = account.storage.iter().filter(|(_, value)| !value.is_zero());
            let storage = storage.map(|(slot, value)| (*slot, *value)).collect();
            state.0.insert(*address, Account { balance, nonce: nonce.try_into().unwrap(), code, storage });
        }
        state.root()
    }
}

fn field<T: alloy_rlp::Decodable>(mut bytes: &[u8]) -> T {
    T::decode(&mut bytes).unwrap()
}

fn block_env(header: &[u8]) -> BlockEnv {
    let fields = rlp::items(header).unwrap();
    BlockEnv {
        number: field(fields[8]),
        beneficiary: field(fields[2]),
        timestamp: field(fields[11]),
        gas_limit: field(fields[9]),
        basefee: field(fields[15]),
        difficulty: U256::ZERO,
        prevrandao: Some(field(fields[13])),
        blob_excess_gas_and_price: Some(BlobExcessGasAndPrice { excess_blob_gas: 0, blob_gasprice: 1 }),
        slot_num: 0,
    }
}

#[test]
fn random_exchanges_have_the_states_of_revm() {
    let mut random = Random(5);
    let mut network = Network::new(2);
    let mut oracles = [0, 1].map(Oracle::new);
    let (mut n_delivered, mut n_rejected) = (0, 0);
    for number in 0..40 {
        let shard = random.below(2) as usize;
        let mut transactions = Vec::new();
        for _ in 0..random.below(4) {
            let user = random.below(6);
            let back = outbox_call(random.below(2), 1, COURIER, 60_000, 3, b"back");
            let data = match random.below(4) {
                0 => vec![],
                1 => vec![0xf1 + random.below(2) as u8, 1],
                2 => [&[0xf3], &back[..]].concat(),
                _ => vec![random.below(0xf0) as u8; random.below(40) as usize + 1],
            };
            let gas_limit = if data.is_empty() { 0 } else { 50_000 + random.below(400_000) };
            let to = if random.below(3) == 0 { Address::repeat_byte(0xdd) } else { COURIER };
            let tag = u128::from(random.below(2)) * 99;
            let call = pass(&outbox_call(random.below(2), random.below(3), to, gas_limit, tag, &data));
            let wei = u128::from(random.below(50) * GWEI);
            let users = &mut network.places[shard].users;
            let transaction = users.transaction(user, Some(COURIER), wei, call);
            users.skip(user);
            transactions.push(Sent { user, transaction });
        }
        let signed: Vec<Bytes> =
            transactions.iter().map(|sent| sent.transaction.sign(&key_of(sent.user)).unwrap()).collect();
        let receipts = network.places[shard].inbox.clone();
        let rejected = network.block(shard, &signed).rejected;
        let header = network.places[shard].shard.head().header;
        let oracle = &mut oracles[shard];
        assert_eq!(oracle.block(&header.bytes, &receipts, &transactions), rejected, "block {number}");
        assert_eq!(oracle.state_root(), header.state_root, "block {number}");
        n_delivered += receipts.len();
        n_rejected += rejected.len();
    }
    assert!(n_delivered > 20 && n_rejected > 3, "{n_delivered} delivered, {n_rejected} rejected");
}
