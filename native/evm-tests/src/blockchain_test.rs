//! Blockchain tests: a genesis, blocks that come in one after the other, some of which are to be refused, and the head in the end.
//!
//! Blocks need not follow the one that came before them: there are side chains, and blocks without a known parent. [`Import`]
//! keeps book of what has been accepted, and makes payloads.

use alloy_primitives::{B256, Bytes};
use outrider_evm::{
    chain::{Chain, ChainError, Config},
    contradiction::{Contradiction, check_header},
    header::Header,
    import::Import,
    state::State,
};
use serde::{Deserialize, de::Error as _};
use serde_json::Value;

use crate::{execution_witness::Witness, redundancy};

/// A blockchain test.
#[derive(Clone, Debug)]
pub struct BlockchainTest {
    /// The name of the network.
    pub network: String,
    /// The state of the genesis.
    pub pre_state: State,
    /// The blocks, in the order in which they come.
    pub blocks: Vec<TestBlock>,
    /// The hash of the head in the end.
    pub last_block_hash: B256,
    /// The root of its state.
    pub post_state_root: Option<B256>,
    /// What the test tells twice, and not the same: the genesis, or the state in the end.
    pub contradiction: Option<Contradiction>,
    genesis: Header,
    chain: Result<Chain, ChainError>,
}

/// A block that comes in.
#[derive(Clone, Debug)]
pub struct TestBlock {
    /// The block in RLP, or what is there in its place.
    pub bytes: Bytes,
    /// What should be wrong with it.
    pub exception: Option<String>,
    /// What it touches of the state before it.
    pub witness: Option<Witness>,
    /// Whether the witness should be enough to execute the block. Some tests have left something out of it.
    pub witness_suffices: bool,
    /// What the test tells of the block beside its RLP, and not the same.
    pub contradiction: Option<Contradiction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    network: String,
    #[serde(default)]
    config: Config,
    pre: State,
    #[serde(rename = "genesisRLP")]
    genesis_rlp: Bytes,
    #[serde(default)]
    genesis_block_header: Value,
    blocks: Vec<Value>,
    #[serde(rename = "lastblockhash")]
    last_block_hash: B256,
    post_state: Option<State>,
    post_state_hash: Option<B256>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockFields {
    rlp: Bytes,
    expect_exception: Option<String>,
    execution_witness: Option<Witness>,
    #[serde(default)]
    stateless_output_bytes: Option<StatelessOutput>,
}

/// What a stateless validation should answer, [EIP-8025](https://eips.ethereum.org/EIPS/eip-8025): in SSZ, the root of the request, a
/// byte that tells if it is valid, and the number of the chain.
#[derive(Deserialize)]
#[serde(try_from = "Bytes")]
struct StatelessOutput {
    is_valid: bool,
}

impl TryFrom<Bytes> for StatelessOutput {
    type Error = &'static str;

    fn try_from(bytes: Bytes) -> Result<Self, Self::Error> {
        match bytes.get(VALIDITY_BYTE) {
            Some(0) => Ok(Self { is_valid: false }),
            Some(1) => Ok(Self { is_valid: true }),
            _ => Err("it does not tell if the block is valid"),
        }
    }
}

/// Behind the root of the request.
const VALIDITY_BYTE: usize = 32;

impl BlockchainTest {
    /// Reads a test.
    ///
    /// # Errors
    ///
    /// It does not have the form.
    pub fn of_json(json: Value) -> Result<Self, serde_json::Error> {
        let fields: Fields = serde_json::from_value(json)?;
        let genesis = Header::of_block(&fields.genesis_rlp)
            .map_err(|error| serde_json::Error::custom(format!("genesisRLP: {error}")))?;
        let blocks = fields.blocks.iter().map(TestBlock::of_json).collect::<Result<_, _>>()?;
        let told_root = fields.post_state_hash.or(fields.post_state.as_ref().map(State::root));
        let contradiction = check_header("genesisBlockHeader", &fields.genesis_block_header, &genesis.bytes)
            .and_then(|()| match told_root {
                Some(told) => redundancy::check_state("postState", fields.post_state.as_ref(), told),
                None => Ok(()),
            });
        Ok(Self {
            chain: Chain::of_network(&fields.network, &fields.config),
            network: fields.network,
            pre_state: fields.pre,
            blocks,
            last_block_hash: fields.last_block_hash,
            post_state_root: told_root,
            contradiction: contradiction.err(),
            genesis,
        })
    }

    /// The root of the genesis' state, by its header.
    pub fn genesis_state_root(&self) -> B256 {
        self.genesis.state_root
    }

    /// Begins with the genesis.
    ///
    /// # Errors
    ///
    /// The network is none that is known here.
    pub fn import(&self) -> Result<Import, ChainError> {
        Ok(Import::new(self.chain.clone()?, self.genesis.clone()))
    }
}

impl TestBlock {
    fn of_json(json: &Value) -> Result<Self, serde_json::Error> {
        let fields = BlockFields::deserialize(json)?;
        // Of a block that is to be refused, it is here what its RLP consists of.
        let decoded = json.get("rlp_decoded").unwrap_or(&Value::Null);
        let contradiction = redundancy::check_block(json, &fields.rlp)
            .and_then(|()| redundancy::check_block(decoded, &fields.rlp));
        Ok(Self {
            bytes: fields.rlp,
            exception: fields.expect_exception,
            witness: fields.execution_witness,
            witness_suffices: fields.stateless_output_bytes.is_none_or(|output| output.is_valid),
            contradiction: contradiction.err(),
        })
    }
}
