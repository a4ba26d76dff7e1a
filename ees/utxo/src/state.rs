//! The state: a tip, and the outputs that it commits to, as far as a witness or a provider has them.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};

use bitcoin_primitives::BlockHeader;
use outrider_sdk::{
    Reader, StateRoot,
    driver::WitnessState,
    state::{HostNodes, HostSha512_256, HostSink},
};
use outrider_witness::{
    Hash, NodeSource as _,
    utreexo::{Accumulator, OVERWRITTEN_LEAVES},
};

use crate::{
    coin::{Coin, NewOutput, Place, Spend},
    error::{ProviderError, StateError, WitnessError},
    hash::{Digest, OutPoint},
    network::Network,
    provider::Provider,
    tip::Tip,
    witness::Witness,
};

/// A tip, and the outputs that it commits to.
#[derive(Debug)]
pub struct State {
    /// `None` in the empty state, whose root is zero.
    tip: Option<Tip>,
    /// The tip with which the state was opened.
    opened: Option<Tip>,
    source: Source,
    /// The median times before blocks that are proven so far.
    median_times: BTreeMap<Digest, u32>,
}

#[derive(Debug)]
enum Source {
    Witness { witness: Witness, outputs: Accumulator, n_ancestries_used: usize },
    Provider(Box<Provider>),
}

/// The reason why outputs cannot be spent.
pub(crate) enum SpendError {
    /// An input spends an output that does not exist.
    Missing {
        /// The place of the input.
        place: Place,
        /// The output.
        out_point: OutPoint,
    },
    /// The state does not have what is needed.
    State(StateError),
}

impl SpendError {
    pub(crate) fn missing(spend: &Spend<'_>) -> Self {
        Self::Missing { place: spend.place, out_point: spend.out_point }
    }
}

impl<E: Into<StateError>> From<E> for SpendError {
    fn from(error: E) -> Self {
        Self::State(error.into())
    }
}

impl State {
    /// Returns the tip; `None` in the empty state.
    pub(crate) fn tip(&self) -> Option<&Tip> {
        self.tip.as_ref()
    }

    /// Returns whether a provider holds the state, and makes blocks of proposals.
    pub(crate) fn is_provider(&self) -> bool {
        matches!(self.source, Source::Provider(_))
    }

    /// Deletes the outputs that inputs spend, in the order of inputs, and returns them. A block calls this once.
    ///
    /// On the main network, nobody can spend two coinbases that later ones of the same id replaced (BIP 30).
    pub(crate) fn spend(&mut self, network: Network, spends: &[Spend<'_>]) -> Result<Vec<Coin>, SpendError> {
        match &mut self.source {
            Source::Provider(provider) => provider.spend(network, spends),
            Source::Witness { witness, outputs, .. } => {
                let (leaves, coins) = witness.coins(spends)?;
                let mut spent = witness.outputs.iter().zip(&leaves);
                let overwritten = spent.find(|(_, leaf)| is_overwritten(network, leaf));
                let position = overwritten.and_then(|(spent, _)| usize::try_from(spent.input).ok());
                if let Some(spend) = position.and_then(|position| spends.get(position)) {
                    return Err(SpendError::missing(spend));
                }
                outputs.delete_with::<HostSha512_256>(&witness.paths, &leaves).map_err(WitnessError::from)?;
                Ok(coins)
            }
        }
    }

    /// Returns the median time of the eleven blocks before one, which made an output.
    pub(crate) fn median_time_before(
        &mut self,
        network: Network,
        height: u32,
        block_hash: Digest,
    ) -> Result<u32, StateError> {
        if let Some(median_time) = self.median_times.get(&block_hash) {
            return Ok(*median_time);
        }
        let median_time = match &mut self.source {
            Source::Provider(provider) => provider.median_time_before(network, height, &block_hash)?,
            Source::Witness { witness, n_ancestries_used, .. } => {
                let index = *n_ancestries_used;
                let next = witness.ancestries.get(index);
                *n_ancestries_used = index.saturating_add(1);
                let median_time = next.and_then(|next| next.median_time_before(network, height, &block_hash));
                median_time.ok_or(WitnessError::Ancestry { index })?
            }
        };
        self.median_times.insert(block_hash, median_time);
        Ok(median_time)
    }

    /// Adds an output that can be spent.
    pub(crate) fn add(&mut self, output: &NewOutput<'_>) -> Result<(), StateError> {
        let leaf = output.leaf();
        match &mut self.source {
            Source::Provider(provider) => Ok(provider.add(leaf, output)?),
            Source::Witness { outputs, .. } => {
                outputs.add_with::<HostSha512_256>(leaf)?;
                Ok(())
            }
        }
    }

    /// Keeps a header from which a provider can later prove times.
    pub(crate) fn keep_header(&mut self, header: &BlockHeader) -> Result<(), StateError> {
        match &mut self.source {
            Source::Provider(provider) => Ok(provider.keep_header(header)?),
            Source::Witness { .. } => Ok(()),
        }
    }

    /// Moves on to a tip, whose outputs are those that were left and added.
    pub(crate) fn advance(&mut self, tip: Tip) {
        let outputs = match &self.source {
            Source::Provider(provider) => provider.accumulator(),
            Source::Witness { outputs, .. } => outputs.clone(),
        };
        self.tip = Some(Tip { outputs, ..tip });
    }
}

/// Returns whether a leaf is that of an output that nobody can spend, because one of the same transaction id replaced
/// it.
pub(crate) fn is_overwritten(network: Network, leaf: &Hash) -> bool {
    network == Network::Main && OVERWRITTEN_LEAVES.contains(leaf)
}

impl WitnessState for State {
    /// The block that a provider made of a proposal.
    type Output = Option<Vec<u8>>;
    type DecodeError = WitnessError;
    type UnusedError = WitnessError;
    type HostError = ProviderError;

    fn from_witness(witness: &[u8], root: StateRoot) -> Result<Self, WitnessError> {
        let mut reader = Reader::new(witness);
        if root == StateRoot::default() {
            reader.finish()?;
            return Ok(Self::of_witness(None, Witness::default()));
        }
        let tip = Tip::read(&mut reader)?;
        let got = tip.root();
        if got != root {
            return Err(WitnessError::Root { got, expected: root });
        }
        Ok(Self::of_witness(Some(tip), Witness::read(reader)?))
    }

    fn from_host(root: StateRoot) -> Result<Self, ProviderError> {
        if root == StateRoot::default() {
            let source = Source::Provider(Box::new(Provider::empty()?));
            return Ok(Self::new(None, source));
        }
        let bytes = HostNodes.node(&Hash::from(root))?;
        let (tip, provider) = Provider::open(&bytes, root)?;
        let source = Source::Provider(Box::new(provider));
        Ok(Self::new(Some(tip), source))
    }

    fn check_all_used(&self) -> Result<(), WitnessError> {
        match &self.source {
            Source::Witness { witness, n_ancestries_used, .. }
                if *n_ancestries_used < witness.ancestries.len() =>
            {
                Err(WitnessError::Ancestry { index: *n_ancestries_used })
            }
            Source::Witness { .. } | Source::Provider(_) => Ok(()),
        }
    }

    fn root(&mut self, _block: &Option<Vec<u8>>) -> StateRoot {
        self.tip.as_ref().map(Tip::root).unwrap_or_default()
    }

    fn commit(&mut self, block: &Option<Vec<u8>>, sink: &mut HostSink) -> StateRoot {
        match (&mut self.source, &self.tip) {
            (Source::Provider(provider), Some(tip)) => provider.commit(tip, sink),
            _ => self.root(block),
        }
    }

    fn into_witness(self) -> Result<Vec<u8>, ProviderError> {
        let Some(tip) = self.opened else { return Ok(Vec::new()) };
        let mut bytes = tip.to_bytes();
        match self.source {
            Source::Provider(provider) => provider.into_witness().write(&mut bytes),
            Source::Witness { witness, .. } => witness.write(&mut bytes),
        }
        Ok(bytes)
    }

    fn needed_payload(block: &Option<Vec<u8>>) -> Option<&[u8]> {
        block.as_deref()
    }
}

impl State {
    fn of_witness(tip: Option<Tip>, witness: Witness) -> Self {
        let outputs = tip.as_ref().map(|tip| tip.outputs.clone()).unwrap_or_default();
        Self::new(tip, Source::Witness { witness, outputs, n_ancestries_used: 0 })
    }

    fn new(tip: Option<Tip>, source: Source) -> Self {
        Self { opened: tip.clone(), tip, source, median_times: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use bitcoin_primitives::TxIn;
    use outrider_witness::utreexo::HeaderCode;

    use super::*;
    use crate::{
        ancestry::{Ancestry, HEADER_BYTES},
        script::Script,
        witness::SpentOutput,
    };

    /// BIP 30: the coinbase of block 91,722, which that of block 91,880 replaced.
    #[test]
    fn a_coinbase_that_was_replaced_cannot_be_spent() {
        let key = "04124b212f5416598a92ccec88819105179dcb2550d571842601492718273fe0f2179a9695096bff94cd99dcccdea7cd9bd943bf\
                   ca8fea649cac963411979a33e9";
        let key = (0..65).map(|at| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap());
        let script = [0x41].into_iter().chain(key).chain([0xac]).collect::<Vec<u8>>();
        let txid = Digest::of_hex("e3bf3d07d4b0375638d5f1db5255fe07ba2c4cb067cd81b84ee974b6585fb468");
        let out_point = OutPoint { txid, vout: 0 };
        let output = NewOutput {
            out_point,
            block_hash: Digest::of_hex("00000000000271a2dc26e7667f8419f2e15416dc6955e5a6c6cdf3f2574dd08e"),
            code: HeaderCode::new(91_722, true).unwrap(),
            amount: 5_000_000_000,
            script: &script,
        };
        let input = TxIn::EMPTY_COINBASE;
        for (network, can_be_spent) in [(Network::Main, false), (Network::Test, true)] {
            let mut tip = Tip::genesis(network);
            tip.outputs.add(output.leaf()).unwrap();
            let spent = SpentOutput {
                input: 0,
                code: output.code,
                block_hash: output.block_hash,
                amount: output.amount,
                script: Script::new(&script, &input),
            };
            // One path, to the only leaf.
            let witness = Witness { outputs: vec![spent], paths: vec![0x80], ..Witness::default() };
            let mut state = State::of_witness(Some(tip), witness);
            let place = Place { transaction: 3, input: 5 };
            match state.spend(network, &[Spend { place, out_point, input: &input }]) {
                Ok(coins) => assert!(can_be_spent && coins.len() == 1),
                Err(SpendError::Missing { place: got, .. }) => assert!(!can_be_spent && got == place),
                Err(_) => panic!("the witness is valid"),
            }
        }
    }

    #[test]
    fn an_ancestry_that_is_not_needed_is_refused() {
        let tip = Tip::genesis(Network::Regtest);
        let open = |ancestries| {
            let mut bytes = tip.to_bytes();
            Witness { ancestries, ..Witness::default() }.write(&mut bytes);
            State::from_witness(&bytes, tip.root()).unwrap()
        };
        assert!(open(vec![]).check_all_used().is_ok());
        let unused = open(vec![Ancestry::new(&[[0; HEADER_BYTES]])]).check_all_used();
        assert_eq!(unused, Err(WitnessError::Ancestry { index: 0 }));
    }
}
