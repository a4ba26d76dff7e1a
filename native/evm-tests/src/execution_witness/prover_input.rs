//! Blocks with witnesses as provers take them: inputs of [zk-pig] and the cache of [ethrex-replay].
//!
//! Both are `{blocks, witness}`. A block of zk-pig has `header`, `transaction`, `uncles` and `withdrawals`; one of
//! ethrex-replay has all but the header in `body`. Zk-pig has a `chainConfig`; ethrex-replay has the name of a
//! `network`, or the members of a configuration beside the blocks.
//!
//! [zk-pig]: https://github.com/kkrt-labs/zk-pig/blob/main/src/prover-input/input.go
//! [ethrex-replay]: https://github.com/lambdaclass/ethrex-replay/blob/main/src/cache.rs

use outrider_evm::{
    chain::{Chain, Place},
    header::HeaderFields,
    rlp,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    ClaimedChainError, Claims, Withdrawal, Witness, WitnessError, WitnessedBlock,
    eth_block::{TransactionFields, assemble},
    lenient, place_of, read, read_from,
};

#[derive(Deserialize)]
pub(super) struct ProverInput {
    blocks: Vec<Value>,
    witness: Witness,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// The parts of a block besides the header.
#[derive(Deserialize)]
struct Body {
    #[serde(default, alias = "transaction", deserialize_with = "lenient::or_default")]
    transactions: Vec<TransactionFields>,
    #[serde(default, alias = "ommers", deserialize_with = "lenient::or_default")]
    uncles: Vec<HeaderFields>,
    withdrawals: Option<Vec<Withdrawal>>,
}

impl ProverInput {
    pub(super) fn read(json: Value) -> Result<WitnessedBlock, WitnessError> {
        let Self { blocks, witness, others } = read(SHAPE, json)?;
        let [block] = blocks.as_slice() else { return Err(WitnessError::Blocks { got: blocks.len() }) };
        let header = block.get("header").cloned().unwrap_or_default();
        let Body { transactions, uncles, withdrawals } =
            read_from(SHAPE, block.get("body").unwrap_or(block))?;
        let transactions: Vec<_> =
            transactions.into_iter().map(TransactionFields::encode).collect::<Result<_, _>>()?;
        let ommers: Vec<u8> = uncles.iter().flat_map(HeaderFields::encode).collect();
        let block = assemble(SHAPE, header, &transactions, &rlp::list(&ommers), withdrawals)?;
        let block = WitnessedBlock::new(block, witness)?;
        let claims = Claims { chain: chain(others, &place_of(&block.header)), ..Claims::default() };
        Ok(WitnessedBlock { claims, ..block })
    }
}

const SHAPE: &str = "blocks with a witness";

/// Returns the chain, if the input has one. A configuration beside the name of a known network must agree with it.
fn chain(mut others: Map<String, Value>, place: &Place) -> Option<Result<Chain, ClaimedChainError>> {
    let mut take = |member: &str| others.remove(member).filter(|value| !value.is_null());
    let (config, network) = (take("chainConfig"), take("network"));
    NO_SETTINGS.iter().for_each(|member| {
        take(member);
    });
    let config = config.or_else(|| others.contains_key("chainId").then_some(Value::Object(others)));
    let public = network.as_ref().and_then(|network| {
        let name = network.get("PublicNetwork").unwrap_or(network).as_str().unwrap_or_default();
        Chain::of_public_network(&name.to_lowercase())
    });
    let name = || network.as_ref().map(Value::to_string).unwrap_or_default();
    match (config.map(|config| Chain::of_config(&config)), public) {
        (Some(Ok(chain)), Some(public)) if !chain.agrees_with(&public, place) => {
            Some(Err(ClaimedChainError::Contradiction { name: name() }))
        }
        (Some(chain), _) => Some(chain.map_err(Into::into)),
        (None, Some(public)) => Some(Ok(public)),
        (None, None) => network.is_some().then(|| Err(ClaimedChainError::Network { name: name() })),
    }
}

/// Members that can stand beside those of a configuration and do not affect a block.
const NO_SETTINGS: [&str; 4] = ["version", "extra", "blob_commitment", "blob_proof"];
