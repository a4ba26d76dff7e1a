//! Published tests: those of [ethereum/tests](https://github.com/ethereum/tests) and
//! [execution-spec-tests](https://github.com/ethereum/execution-spec-tests), in their own format.
//!
//! Each transaction and block is executed at a state provider, and again over the yielded block data; the harness
//! compares the two.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use alloy_rlp::{Encodable, Header};
use outrider_evm_codec::{BlobSchedule, Block, BlockHash, Environment, Fork, Payload, Rules, Transactions};
use outrider_sdk::{
    StateRoot,
    harness::{StateProvider, keys::Secp256k1Key},
};
use outrider_witness::{Hash, Keccak256, NodeBag, NodeSink, mpt::Trie};
use serde_json::Value;

/// The results of a file's cases.
#[derive(Debug, Default)]
pub struct Report {
    pub passed: usize,
    /// Skipped cases, with reasons.
    pub skipped: Vec<String>,
    pub failed: Vec<String>,
}

impl Report {
    /// Runs all cases of a file of tests.
    pub fn run(&mut self, name: &str, tests: &Value) {
        for (case, test) in tests.as_object().into_iter().flatten() {
            let name = format!("{name}: {case}");
            if test.get("post").is_some() {
                self.state_test(&name, test);
            } else if test.get("blocks").is_some() {
                let result = blockchain_test(test);
                self.note(name, result);
            } else {
                self.skipped.push(format!("{name}: neither state nor blockchain test"));
            }
        }
    }

    fn state_test(&mut self, name: &str, test: &Value) {
        for (fork, posts) in test["post"].as_object().into_iter().flatten() {
            for (index, post) in posts.as_array().into_iter().flatten().enumerate() {
                let result = state_test(test, fork, post);
                self.note(format!("{name}: {fork} {index}"), result);
            }
        }
    }

    fn note(&mut self, name: String, result: Result<(), String>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(error) if error.contains("is not supported") => self.skipped.push(format!("{name}: {error}")),
            Err(error) => self.failed.push(format!("{name}: {error}")),
        }
    }
}

/// Returns the payload of one entry of a state test.
pub fn transactions(test: &Value, fork: &str, post: &Value) -> Result<(Rules, Transactions), String> {
    let fork = Fork::of_name(fork).ok_or(format!("the fork {fork} is not supported"))?;
    let rules = rules(test, fork);
    let environment = environment(&test["env"]);
    let transaction = match post.get("txbytes") {
        Some(bytes) => bytes_of(bytes),
        None => sign(&test["transaction"], &post["indexes"]),
    };
    let logs_hash = word(&post["logs"]).into();
    Ok((rules, Transactions { environment, transactions: vec![transaction], logs_hash }))
}

fn state_test(test: &Value, fork: &str, post: &Value) -> Result<(), String> {
    let (rules, transactions) = transactions(test, fork, post)?;
    let provider = state(&test["pre"]);
    let expected = StateRoot(word(&post["hash"]).to_be_bytes());
    let payload = |transactions| alloy_rlp::encode(Payload::Transactions(rules.clone(), transactions));

    let result = provider.provide(&[payload(transactions.clone())], evm::execute);
    let must_fail = post.get("expectException").is_some();
    let root = match result {
        Ok(provided) if !must_fail => provided.outcome.post_state_root,
        Ok(_) => return Err(format!("not refused: {}", post["expectException"])),
        // Old tests do not say which transactions are invalid; those have no effect except for the reward.
        Err(error) if !must_fail && post.get("txbytes").is_some() => return Err(outrider_sdk::chain(&error)),
        Err(error) => {
            let error = outrider_sdk::chain(&error);
            if error.contains("is not supported") {
                return Err(error);
            }
            let nothing = Transactions { transactions: Vec::new(), ..transactions };
            let provided = provider.provide(&[payload(nothing)], evm::execute);
            let root = provided.map_err(|error| outrider_sdk::chain(&error))?.outcome.post_state_root;
            if root != expected {
                return Err(format!("{error}; and the state root without it is {root}, expected {expected}"));
            }
            root
        }
    };
    if root == expected { Ok(()) } else { Err(format!("state root: got {root}, expected {expected}")) }
}

/// An executed block, with the data that later blocks need.
struct Known {
    header: Bytes,
    parent: B256,
    ommers: Bytes,
    number: u64,
    state_root: StateRoot,
    total_difficulty: U256,
}

/// A chain, which may have branches.
pub struct Chain {
    blocks: BTreeMap<B256, Known>,
    nodes: NodeBag,
    last: B256,
}

impl Chain {
    pub fn new(genesis: &[u8], pre: &Value) -> Chain {
        let mut nodes = NodeBag::default();
        let state_root = put_state(pre, &mut nodes);
        let parts = Parts::decode(genesis).expect("a genesis is a block");
        let known = parts.known(state_root, U256::ZERO);
        let last = keccak256(&parts.header);
        Chain { blocks: BTreeMap::from([(last, known)]), nodes, last }
    }

    /// Returns the state before a block, and its payload.
    pub fn payload(&self, rlp: &Bytes, rules: Rules) -> (StateProvider, Payload) {
        let parent = self.parent(rlp);
        let mut ancestors = Vec::new();
        let mut ancestors_ommers = Vec::new();
        let has_ommers = Parts::decode(rlp).is_some_and(|parts| parts.ommers[..] != [0xc0]);
        let mut next = Some(parent);
        while let Some(known) = next.and_then(|hash| self.blocks.get(&hash)).filter(|_| ancestors.len() < 256)
        {
            if has_ommers && ancestors.len() < 7 && known.ommers[..] != [0xc0] {
                ancestors_ommers.push(known.ommers.clone());
            }
            ancestors.push(known.header.clone());
            next = Some(known.parent);
        }
        let provider = StateProvider::with_state(self.blocks[&parent].state_root, self.nodes.clone());
        let block = Block { ancestors, ancestors_ommers, block: rlp.clone() };
        (provider, Payload::Block(rules, block))
    }

    /// Executes a block.
    pub fn import(&mut self, rlp: &Bytes, rules: Rules) -> Result<(), String> {
        let (mut provider, payload) = self.payload(rlp, rules);
        let provided = provider
            .provide(&[alloy_rlp::encode(payload)], evm::execute)
            .map_err(|error| outrider_sdk::chain(&error))?;
        provider.apply(&provided);
        self.nodes = provider.nodes().clone();
        let parts = Parts::decode(rlp).ok_or("the EE accepts a malformed block")?;
        let total_difficulty = self.blocks[&self.parent(rlp)].total_difficulty;
        self.last = keccak256(&parts.header);
        self.blocks.insert(self.last, parts.known(provided.outcome.post_state_root, total_difficulty));
        Ok(())
    }

    /// Returns the parent of a block, or the last block if the parent is unknown.
    fn parent(&self, rlp: &[u8]) -> B256 {
        let parent = Parts::decode(rlp).map(|parts| parts.parent);
        parent.filter(|parent| self.blocks.contains_key(parent)).unwrap_or(self.last)
    }
}

/// The parts of a block that a test uses.
struct Parts {
    header: Bytes,
    ommers: Bytes,
    parent: B256,
    number: u64,
    timestamp: u64,
    difficulty: U256,
}

impl Parts {
    fn decode(mut rlp: &[u8]) -> Option<Parts> {
        let mut block = Header::decode_bytes(&mut rlp, true).ok()?;
        let header = item(&mut block)?;
        let _transactions = item(&mut block)?;
        let ommers = item(&mut block)?;
        let fields: Vec<_> = {
            let mut header = header;
            let mut content = Header::decode_bytes(&mut header, true).ok()?;
            core::iter::from_fn(|| item(&mut content)).collect()
        };
        let number = |index: usize| alloy_rlp::decode_exact::<U256>(*fields.get(index)?).ok();
        Some(Parts {
            header: Bytes::copy_from_slice(header),
            ommers: Bytes::copy_from_slice(ommers),
            parent: alloy_rlp::decode_exact(*fields.first()?).ok()?,
            number: number(8)?.try_into().ok()?,
            timestamp: number(11)?.try_into().ok()?,
            difficulty: number(7)?,
        })
    }

    fn known(&self, state_root: StateRoot, total_difficulty: U256) -> Known {
        Known {
            header: self.header.clone(),
            parent: self.parent,
            ommers: self.ommers.clone(),
            number: self.number,
            state_root,
            total_difficulty: total_difficulty + self.difficulty,
        }
    }
}

fn item<'a>(content: &mut &'a [u8]) -> Option<&'a [u8]> {
    let start = *content;
    let header = Header::decode(content).ok()?;
    *content = content.get(header.payload_length..)?;
    start.get(..start.len() - content.len())
}

fn blockchain_test(test: &Value) -> Result<(), String> {
    let network = test["network"].as_str().ok_or("no network")?;
    let mut chain = Chain::new(&bytes_of(&test["genesisRLP"]), &test["pre"]);
    for (index, block) in test["blocks"].as_array().into_iter().flatten().enumerate() {
        let rlp = bytes_of(&block["rlp"]);
        let fork = fork_of(network, &chain, &rlp).ok_or(format!("the network {network} is not supported"))?;
        let result = chain.import(&rlp, rules(test, fork));
        match (result, block.get("expectException")) {
            (Ok(()), None) => {}
            (Err(error), Some(_)) if !error.contains("is not supported") => {}
            (Ok(()), Some(why)) => return Err(format!("block {index} is not refused: {why}")),
            (Err(error), _) => return Err(format!("block {index}: {error}")),
        }
    }
    let last = B256::from(word(&test["lastblockhash"]));
    if chain.blocks.contains_key(&last) { Ok(()) } else { Err(format!("there is no block {last}")) }
}

/// Returns the fork of a block; `network` is a fork, or a transition such as `BerlinToLondonAt5`.
fn fork_of(network: &str, chain: &Chain, rlp: &[u8]) -> Option<Fork> {
    if let Some(fork) = Fork::of_name(network) {
        return Some(fork);
    }
    let (before, after) = network.split_once("To")?;
    let (after, at) = after.split_once("At")?;
    let parts = Parts::decode(rlp);
    let has_come = if let Some(difficulty) = at.strip_prefix("Diff") {
        let difficulty = U256::from_str_radix(difficulty, 16).ok()?;
        chain.blocks[&chain.parent(rlp)].total_difficulty >= difficulty
    } else if let Some(time) = at.strip_prefix("Time") {
        let time = time.strip_suffix('k')?.parse::<u64>().ok()? * 1000;
        parts.is_some_and(|parts| parts.timestamp >= time)
    } else {
        let number: u64 = at.parse().ok()?;
        parts.map_or(chain.blocks[&chain.last].number + 1, |parts| parts.number) >= number
    };
    Fork::of_name(if has_come { after } else { before })
}

/// Returns the rules of a blockchain test whose network is one fork.
pub fn rules_of_network(test: &Value) -> Rules {
    let network = test["network"].as_str().and_then(Fork::of_name);
    rules(test, network.expect("the network is a fork"))
}

/// Returns the rules of a test: its own, or those of the main network.
fn rules(test: &Value, fork: Fork) -> Rules {
    let config = &test["config"];
    let blobs = config["blobSchedule"].get(fork.name());
    let blobs = match blobs {
        Some(blobs) => BlobSchedule {
            target: number(&blobs["target"]),
            max: number(&blobs["max"]),
            base_fee_update_fraction: number(&blobs["baseFeeUpdateFraction"]),
        },
        None => blob_schedule(fork),
    };
    let chain_id = config.get("chainid").map_or(1, number);
    Rules { chain_id, fork, blobs, blocks_since_dao_fork: 16, deposit_contract: None }
}

/// EIP-7840, for the main network.
pub fn blob_schedule(fork: Fork) -> BlobSchedule {
    if fork < Fork::Cancun {
        BlobSchedule { target: 0, max: 0, base_fee_update_fraction: 0 }
    } else if fork < Fork::Prague {
        BlobSchedule { target: 3, max: 6, base_fee_update_fraction: 3_338_477 }
    } else {
        BlobSchedule { target: 6, max: 9, base_fee_update_fraction: 5_007_716 }
    }
}

fn environment(env: &Value) -> Environment {
    let number = word(&env["currentNumber"]);
    let last = u64::try_from(number).unwrap_or(0);
    Environment {
        beneficiary: address(&env["currentCoinbase"]),
        gas_limit: self::number(&env["currentGasLimit"]),
        number,
        timestamp: word(&env["currentTimestamp"]),
        difficulty: word(&env["currentDifficulty"]),
        prev_randao: word(&env["currentRandom"]).into(),
        base_fee_per_gas: env.get("currentBaseFee").map_or(10, self::number),
        excess_blob_gas: env.get("currentExcessBlobGas").map_or(0, self::number),
        slot_number: env.get("slotNumber").map_or(0, self::number),
        block_hashes: (last.saturating_sub(256)..last)
            .map(|number| BlockHash { number, hash: keccak256(number.to_string()) })
            .collect(),
    }
}

/// Returns a provider with the state in a test.
pub fn state(pre: &Value) -> StateProvider {
    let mut nodes = NodeBag::default();
    let root = put_state(pre, &mut nodes);
    StateProvider::with_state(root, nodes)
}

fn put_state(pre: &Value, nodes: &mut NodeBag) -> StateRoot {
    let mut accounts = Trie::<Keccak256, _>::empty();
    for (key, account) in pre.as_object().into_iter().flatten() {
        let mut storage = Trie::<Keccak256, _>::empty();
        for (slot, value) in account["storage"].as_object().into_iter().flatten() {
            let value = word(value);
            if !value.is_zero() {
                let key = keccak256(B256::from(word_of(slot)));
                storage.insert(key.as_slice(), &alloy_rlp::encode(value)).expect("it is all there");
            }
        }
        let code = bytes_of(&account["code"]);
        let code_hash = keccak256(&code);
        nodes.put(&Hash(code_hash.0), &code, &[]);
        let mut fields = Vec::new();
        number(&account["nonce"]).encode(&mut fields);
        word(&account["balance"]).encode(&mut fields);
        B256::from(storage.commit(nodes).0).encode(&mut fields);
        code_hash.encode(&mut fields);
        let mut value = Vec::new();
        Header { list: true, payload_length: fields.len() }.encode(&mut value);
        value.extend(fields);
        let address = Address::from_slice(&hex::decode(key).expect("addresses are hex"));
        accounts.insert(keccak256(address).as_slice(), &value).expect("it is all there");
    }
    StateRoot(accounts.commit(nodes).0)
}

/// Signs a transaction in the format of old state tests.
fn sign(transaction: &Value, indexes: &Value) -> Bytes {
    let pick = |name: &str, index: &str| &transaction[name][number_of_json(&indexes[index])];
    let to = bytes_of(&transaction["to"]);
    let mut fields = Vec::new();
    word(&transaction["nonce"]).encode(&mut fields);
    word(&transaction["gasPrice"]).encode(&mut fields);
    word(pick("gasLimit", "gas")).encode(&mut fields);
    to.encode(&mut fields);
    word(pick("value", "value")).encode(&mut fields);
    bytes_of(pick("data", "data")).encode(&mut fields);

    let list = |fields: &[u8]| {
        let mut bytes = Vec::new();
        Header { list: true, payload_length: fields.len() }.encode(&mut bytes);
        bytes.extend_from_slice(fields);
        bytes
    };
    let key = Secp256k1Key::new(&word(&transaction["secretKey"]).to_be_bytes());
    let (signature, recovery_id) = key.sign(&keccak256(list(&fields)));
    let (r, s) = signature.split_at(32);
    (27 + recovery_id).encode(&mut fields);
    U256::from_be_slice(r).encode(&mut fields);
    U256::from_be_slice(s).encode(&mut fields);
    list(&fields).into()
}

fn number_of_json(value: &Value) -> usize {
    value.as_u64().and_then(|number| number.try_into().ok()).unwrap_or(0)
}

pub fn bytes_of(value: &Value) -> Bytes {
    let text = value.as_str().unwrap_or_default();
    hex::decode(text).unwrap_or_else(|_| panic!("no hex: {text}")).into()
}

fn number(value: &Value) -> u64 {
    u64::try_from(word(value)).unwrap_or(u64::MAX)
}

fn address(value: &Value) -> Address {
    Address::from_slice(&bytes_of(value))
}

fn word(value: &Value) -> U256 {
    word_of(value.as_str().unwrap_or_default())
}

fn word_of(text: &str) -> U256 {
    let digits = text.rsplit("0x").next().unwrap_or_default();
    U256::from_str_radix(digits, 16).unwrap_or_else(|_| panic!("no number: {text}"))
}
