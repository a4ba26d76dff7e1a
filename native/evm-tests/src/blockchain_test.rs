//! Blockchain tests: a genesis, a sequence of blocks, some of which must be refused, and the expected head.
//!
//! A block need not follow the one before it in the sequence: tests have side chains and blocks with an unknown parent.
//! [`Import`] keeps the accepted blocks and makes payloads.

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
    /// The blocks, in the order in which a client receives them.
    pub blocks: Vec<TestBlock>,
    /// The hash of the expected head.
    pub last_block_hash: B256,
    /// The state root of the expected head.
    pub post_state_root: Option<B256>,
    /// The first contradiction in the genesis or the expected state.
    pub contradiction: Option<Contradiction>,
    genesis: Header,
    chain: Result<Chain, ChainError>,
}

/// A block of a test.
#[derive(Clone, Debug)]
pub struct TestBlock {
    /// The block in RLP, or the bytes that stand in its place.
    pub bytes: Bytes,
    /// The exception that the test expects.
    pub exception: Option<String>,
    /// The execution witness.
    pub witness: Option<Witness>,
    /// Whether the witness should be enough to execute the block; some tests leave something out of it.
    pub witness_suffices: bool,
    /// The first contradiction between the block's RLP and its JSON.
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

/// The expected output of a stateless validation ([EIP-8025](https://eips.ethereum.org/EIPS/eip-8025)), in SSZ: the
/// root of the request, a byte that says whether the block is valid, and the chain id.
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
            _ => Err("it does not say whether the block is valid"),
        }
    }
}

/// The offset of the byte, after the root of the request.
const VALIDITY_BYTE: usize = 32;

impl BlockchainTest {
    /// Reads a test.
    ///
    /// # Errors
    ///
    /// Fails if the JSON does not have the form of a blockchain test.
    pub fn of_json(json: Value) -> Result<Self, serde_json::Error> {
        let fields: Fields = serde_json::from_value(json)?;
        let genesis = Header::of_block(&fields.genesis_rlp)
            .map_err(|error| serde_json::Error::custom(format!("genesisRLP: {error}")))?;
        let blocks = fields.blocks.iter().map(TestBlock::of_json).collect::<Result<_, _>>()?;
        let expected_root = fields.post_state_hash.or(fields.post_state.as_ref().map(State::root));
        let contradiction = check_header("genesisBlockHeader", &fields.genesis_block_header, &genesis.bytes)
            .and_then(|()| match expected_root {
                Some(root) => redundancy::check_state("postState", fields.post_state.as_ref(), root),
                None => Ok(()),
            });
        Ok(Self {
            chain: Chain::of_network(&fields.network, &fields.config),
            network: fields.network,
            pre_state: fields.pre,
            blocks,
            last_block_hash: fields.last_block_hash,
            post_state_root: expected_root,
            contradiction: contradiction.err(),
            genesis,
        })
    }

    /// Returns the state root in the genesis header.
    pub fn genesis_state_root(&self) -> B256 {
        self.genesis.state_root
    }

    /// Starts a chain with the genesis.
    ///
    /// # Errors
    ///
    /// Fails if the network is not known.
    pub fn import(&self) -> Result<Import, ChainError> {
        Ok(Import::new(self.chain.clone()?, self.genesis.clone()))
    }
}

impl TestBlock {
    fn of_json(json: &Value) -> Result<Self, serde_json::Error> {
        let fields = BlockFields::deserialize(json)?;
        // For a block that must be refused, this member holds the contents of its RLP.
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
