//! A chain on a shard, its users, and the same chain as Ethereum executes it.

use alloy_primitives::{Address, B256, Bytes, U256, address, hex, keccak256};
use outrider_evm::{
    genesis::Genesis,
    header::Header,
    import::Import,
    rlp,
    shard_chain::{ShardGenesis, ShardHead},
    state::{self, AccountValue},
    transaction::{Fees, Kind, Transaction},
};
use outrider_evm_codec::{ChainBlock, ChainPackage, Payload, Proposal, SlotClock};
use outrider_sdk::{
    StateRoot, chain,
    context::{BeaconRoot, EeIndex, ShardIndex, Slot},
    harness::{Context, Execution, Failure, Outcome, Provided, StateProvider},
    state::block_data,
};
use outrider_witness::{Hash, Keccak256, NodeBag, mpt::Trie};
use secp256k1::{PublicKey, SecretKey};
use serde_json::{Map, Value, json};

use super::native::provide_on;

/// A token and loops, compiled by solc 0.8.30; the sources are beside these files.
const TOKEN_CODE: &str = include_str!("../../../../shard/benches/evm/Token.hex");
const WORK_CODE: &str = include_str!("../../../../shard/benches/evm/Work.hex");
/// A test whose accounts include the system contracts of Prague.
const SYSTEM: &str = include_str!("../../../../ees/evm/tests/data/withdrawal-request.json");

pub(crate) const TOKEN: Address = address!("70ce000000000000000000000000000000000000");
pub(crate) const WORK: Address = address!("3013000000000000000000000000000000000000");
/// Stores the hash of the block that is as many blocks back as its input says, at the number of the block.
pub(crate) const HASHES: Address = address!("4a54000000000000000000000000000000000000");
/// Stores time, `prev_randao`, beneficiary, base fee, gas limit, chain ID and number, at 0 to 6.
pub(crate) const ENVIRONMENT: Address = address!("e440000000000000000000000000000000000000");
pub(crate) const BEACON_ROOTS: Address = address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02");

/// `NUMBER - calldata[0]`, `BLOCKHASH`, stored at `NUMBER`.
const HASHES_CODE: &str = "5f35430340435500";
const ENVIRONMENT_CODE: &str = "425f554460015541600255486003554560045546600555436006550000";

pub(crate) const CHAIN_ID: u64 = 1_337;
pub(crate) const N_USERS: u64 = 6;
pub(crate) const CLOCK: SlotClock = SlotClock { genesis_time: GENESIS_TIME, seconds_per_slot: 12 };
pub(crate) const GENESIS_TIME: u64 = 1_700_000_000;
pub(crate) const GAS_LIMIT: u64 = 30_000_000;
pub(crate) const BENEFICIARY: Address = Address::repeat_byte(0xbe);
const ETHER: u64 = 1_000_000_000_000_000_000;
const GWEI: u64 = 1_000_000_000;

/// Returns the `genesis.json` of a chain with these forks from Shanghai on, by the names of their settings.
pub(crate) fn genesis_json(forks: &[(&str, u64)]) -> Value {
    let by_number =
        ["homestead", "eip150", "eip158", "byzantium", "constantinople", "petersburg", "istanbul"];
    let by_number = by_number.iter().chain(&["muirGlacier", "berlin", "london"]);
    let mut config: Map<String, Value> = by_number.map(|fork| (format!("{fork}Block"), json!(0))).collect();
    config.insert("chainId".to_owned(), json!(CHAIN_ID));
    config.insert("terminalTotalDifficulty".to_owned(), json!(0));
    config.extend(forks.iter().map(|(name, time)| ((*name).to_owned(), json!(time))));

    if forks.iter().any(|(name, _)| *name == "bpo1Time") {
        // That of EIP-7892.
        let schedule = json!({ "target": 10, "max": 15, "baseFeeUpdateFraction": 8_346_193 });
        config.insert("blobSchedule".to_owned(), json!({ "bpo1": schedule }));
    }

    let mut alloc = Map::new();
    let mut add = |address: Address, account: Value| alloc.insert(address.to_string(), account);
    for user in 0..N_USERS {
        add(address_of(user), json!({ "balance": format!("{:#x}", 10 * u128::from(ETHER)) }));
    }
    let holders =
        (0..N_USERS).map(|user| (B256::from(balance_slot(address_of(user))).to_string(), json!("0x989680")));
    let holders: Map<String, Value> = holders.collect();
    add(TOKEN, json!({ "balance": "0x0", "code": hex_code(TOKEN_CODE), "storage": holders }));
    for (address, code) in [(WORK, WORK_CODE), (HASHES, HASHES_CODE), (ENVIRONMENT, ENVIRONMENT_CODE)] {
        add(address, json!({ "balance": "0x0", "code": hex_code(code) }));
    }
    let tests: Value = serde_json::from_str(SYSTEM).unwrap();
    let test = tests.as_object().unwrap().values().next().unwrap();
    for (address, account) in test["pre"].as_object().unwrap() {
        let has_code = account["code"] != json!("0x");
        if has_code {
            add(address.parse().unwrap(), account.clone());
        }
    }
    json!({
        "config": config,
        "alloc": alloc,
        "gasLimit": format!("{GAS_LIMIT:#x}"),
        "difficulty": "0x0",
        "timestamp": format!("{GENESIS_TIME:#x}"),
    })
}

pub(crate) fn genesis(forks: &[(&str, u64)]) -> Genesis {
    Genesis::of_json(genesis_json(forks)).unwrap()
}

/// All forks up to Osaka, from the genesis on.
pub(crate) const OSAKA: [(&str, u64); 4] =
    [("shanghaiTime", 0), ("cancunTime", 0), ("pragueTime", 0), ("osakaTime", 0)];

fn hex_code(text: &str) -> String {
    format!("0x{}", text.trim())
}

pub(crate) fn key_of(user: u64) -> B256 {
    keccak256(user.to_be_bytes())
}

pub(crate) fn address_of(user: u64) -> Address {
    let key = SecretKey::from_secret_bytes(key_of(user).0).unwrap();
    Address::from_raw_public_key(&PublicKey::from_secret_key(&key).serialize_uncompressed()[1..])
}

/// Returns the storage key of an account's balance in `Token`: Solidity's key for the mapping in slot 0.
pub(crate) fn balance_slot(holder: Address) -> U256 {
    keccak256([holder.into_word(), B256::ZERO].concat()).into()
}

/// Returns a call in Solidity's encoding.
pub(crate) fn call(function: &str, arguments: &[U256]) -> Bytes {
    let mut call = keccak256(function)[..4].to_vec();
    arguments.iter().for_each(|argument| call.extend(argument.to_be_bytes::<32>()));
    call.into()
}

/// Returns the code that creates a contract with this code.
pub(crate) fn init_code(code: &[u8]) -> Bytes {
    let length = u16::try_from(code.len()).unwrap().to_be_bytes();
    // PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN
    let prefix = [0x61, length[0], length[1], 0x80, 0x60, 0x0a, 0x5f, 0x39, 0x5f, 0xf3];
    [&prefix, code].concat().into()
}

pub(crate) fn token_code() -> Vec<u8> {
    hex::decode(TOKEN_CODE.trim()).unwrap()
}

/// Users who sign transactions.
#[derive(Clone, Debug)]
pub(crate) struct Users {
    nonces: Vec<u64>,
}

impl Users {
    pub(crate) fn new() -> Self {
        Self { nonces: vec![0; N_USERS.try_into().unwrap()] }
    }

    /// Returns the next transaction of a user, unsigned.
    pub(crate) fn transaction(
        &self,
        user: u64,
        to: Option<Address>,
        value: u128,
        data: Bytes,
    ) -> Transaction {
        let fees =
            Fees { max_priority_fee_per_gas: U256::from(GWEI), max_fee_per_gas: U256::from(50 * GWEI) };
        Transaction {
            chain_id: U256::from(CHAIN_ID),
            nonce: U256::from(self.nonces[user as usize]),
            gas_limit: U256::from(1_000_000),
            to,
            value: U256::from(value),
            data,
            kind: Kind::DynamicFee { fees, access_list: Vec::new() },
        }
    }

    /// Returns the next transaction of a user, who then counts it as sent.
    pub(crate) fn send(&mut self, user: u64, to: Option<Address>, value: u128, data: Bytes) -> Bytes {
        let transaction = self.transaction(user, to, value, data).sign(&key_of(user)).unwrap();
        self.nonces[user as usize] += 1;
        transaction
    }

    /// Returns transactions for a block, and the indices of those that cannot be executed. `back_max` is the number of blocks
    /// within which hashes are asked for.
    pub(crate) fn random(&mut self, random: &mut Random, back_max: u64) -> (Vec<Bytes>, Vec<usize>) {
        let (mut transactions, mut invalid) = (Vec::new(), Vec::new());
        for index in 0..random.below(8) as usize {
            let (user, other) = (random.below(N_USERS), random.below(2 * N_USERS));
            let to = address_of(other);
            let word = U256::from_be_slice(to.as_slice());
            let transaction = match random.below(10) {
                0 => self.send(user, Some(to), random.below(ETHER / 1000).into(), Bytes::new()),
                1 | 2 => {
                    let data = call("transfer(address,uint256)", &[word, U256::from(random.below(1000))]);
                    self.send(user, Some(TOKEN), 0, data)
                }
                // Some are more than was approved, and revert.
                3 => {
                    let data = call(
                        "transferFrom(address,address,uint256)",
                        &[word, word, U256::from(random.below(9))],
                    );
                    self.send(user, Some(TOKEN), 0, data)
                }
                4 => {
                    self.send(user, Some(TOKEN), 0, call("approve(address,uint256)", &[word, U256::from(5)]))
                }
                5 => {
                    let arguments = [U256::from(random.below(50)), U256::from(random.below(10))];
                    self.send(user, Some(WORK), 0, call("store(uint256,uint256)", &arguments))
                }
                6 => {
                    let back = U256::from(1 + random.below(back_max));
                    self.send(user, Some(HASHES), 0, back.to_be_bytes_vec().into())
                }
                7 => self.send(user, Some(ENVIRONMENT), 0, Bytes::new()),
                8 => self.send(user, None, 0, init_code(&token_code())),
                _ => {
                    invalid.push(index);
                    self.invalid(random, user)
                }
            };
            transactions.push(transaction);
        }
        (transactions, invalid)
    }

    /// Returns a transaction that cannot be executed.
    fn invalid(&self, random: &mut Random, user: u64) -> Bytes {
        let mut transaction = self.transaction(user, Some(TOKEN), 0, Bytes::new());
        match random.below(7) {
            0 => return Bytes::from_static(b"\x02 no transaction"),
            1 => transaction.nonce += U256::ONE,
            2 => transaction.nonce = U256::from(u64::MAX),
            3 => transaction.value = U256::from(1000 * u128::from(ETHER)),
            4 => transaction.chain_id += U256::ONE,
            5 => transaction.gas_limit = U256::from(20_000),
            _ => {
                let fees = Fees { max_priority_fee_per_gas: U256::ZERO, max_fee_per_gas: U256::ONE };
                transaction.kind = Kind::DynamicFee { fees, access_list: Vec::new() };
            }
        }
        transaction.sign(&key_of(user)).unwrap()
    }
}

/// A sequence of numbers that a seed determines.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let hash = keccak256(self.0.to_be_bytes());
        self.0 = u64::from_be_bytes(*hash.first_chunk().unwrap());
        u64::from_be_bytes(*hash.last_chunk().unwrap()) % end
    }
}

/// Returns the context of an execution in a slot.
pub(crate) fn context(slot: u64) -> Context {
    Context {
        shard: ShardIndex(3),
        slot: Slot(slot),
        ee_index: EeIndex(1),
        beacon_root: BeaconRoot(keccak256(slot.to_le_bytes()).0),
        ..Context::default()
    }
}

pub(crate) fn proposal(gas_limit: Option<u64>) -> Bytes {
    let proposal = Some(Proposal { beneficiary: BENEFICIARY, gas_limit });
    let package = ChainPackage { transactions: Vec::new(), proposal };
    alloy_rlp::encode(Payload::ChainPackage(package)).into()
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

    /// Returns the sum of all balances.
    pub(crate) fn ether(&self) -> U256 {
        let root = Hash(self.head().header.state_root.0);
        let mut trie = Trie::<Keccak256, _>::open(&root, self.provider.nodes());
        let accounts =
            trie.iter().map(|entry| alloy_rlp::decode_exact::<AccountValue>(entry.unwrap().1).unwrap());
        accounts.map(|account| account.balance).sum()
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
        Self { provider, import: Import::new(genesis.chain, genesis.header) }
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
