//! A provider's side: all outputs, and an index that leads from outpoints to them.
//!
//! The index is a sparse Merkle tree under Keccak-256. The tip in a provider's store refers to it and to the forest of
//! leaves:
//!
//! | bytes of a tip's node | |
//! |---|---|
//! | | the [tip](crate::tip), whose hash is that of the node |
//! | 1 each | rows of each root of the forest, 0 if it is none |
//! | 32 | root of the index, zeros if it is empty |
//!
//! The hash covers the tip alone. The rest only leads to outputs, and what it leads to is proven by the tip's roots;
//! and it follows from the blocks of the chain, so that it is the same wherever the tip is.
//!
//! | key in the index: Keccak-256 of | value |
//! |---|---|
//! | transaction id, number of the output, 0: 32 + 4 + 4 bytes, numbers little-endian | a record and the start of the script |
//! | the same with 1 and more | the next 1,024 bytes of the script, the last ones with zeros |
//! | block hash: 32 bytes | the header |
//!
//! | bytes of a record | |
//! |---|---|
//! | 8 | index of the leaf, little-endian |
//! | 32 | hash of the block |
//! | 4 | height and whether it is of a coinbase, as in the leaf, little-endian |
//! | 8 | amount in satoshi, little-endian |
//! | 4 | length of the script, little-endian |
//! | up to 968 | the start of the script |
//!
//! So no value has 33 bytes, no node of the tree has the length of a branch of the forest, and the bytes of a node show
//! which hash is its own ([`node_hash`]).

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use bitcoin_consensus_encoding::encode_to_vec;
use bitcoin_primitives::BlockHeader;
use outrider_sdk::{
    ReadError, Reader, StateRoot, Writer, crypto,
    state::{HostKeccak256, HostNodes, HostSha512_256, HostSink},
};
use outrider_witness::{
    Hash, Hasher, Keccak256, NodeSink as _,
    smt::{EMPTY_ROOT, Key, Tree, VALUE_BYTES_MAX},
    utreexo::{
        Accumulator, Forest, HeaderCode, Leaf, Link, Roots,
        node::{BRANCH_BYTES, branch_hash},
    },
};

use crate::{
    ancestry::{Ancestry, HEADER_BYTES, parent},
    coin::{Coin, NewOutput, Spend},
    error::{ProviderError, StateError, WitnessError},
    hash::{Digest, OutPoint},
    network::Network,
    script::Script,
    state::{SpendError, is_overwritten},
    tip::{TIP_TAG, Tip},
    witness::{SpentOutput, Witness},
};

/// Returns the hash of a node in a provider's store, or `None` if the bytes are none: the function of the store's
/// `StateKind`, whose empty root is zero.
#[must_use]
pub fn node_hash(bytes: &[u8]) -> Option<Hash> {
    match bytes {
        // A tip is longer, and a node of the index has another length.
        branch if branch.len() == BRANCH_BYTES => branch_hash(branch),
        [TIP_TAG, ..] => {
            let mut reader = Reader::new(bytes);
            let tip = Tip::read(&mut reader).ok()?;
            Trailer::read(reader, &tip).ok()?;
            Some(Keccak256::hash(&tip.to_bytes()))
        }
        node => Some(Keccak256::hash(node)),
    }
}

/// All outputs of a state.
#[derive(Debug)]
pub(crate) struct Provider {
    index: Tree<HostKeccak256, HostNodes>,
    forest: Forest<HostNodes, HostSha512_256>,
    /// The witness that the block has needed so far.
    witness: Witness,
}

impl Provider {
    pub(crate) fn empty() -> Result<Self, ProviderError> {
        Self::of_roots(&Roots::default(), &EMPTY_ROOT)
    }

    /// Opens the state of a tip's node.
    pub(crate) fn open(node: &[u8], root: StateRoot) -> Result<(Tip, Self), ProviderError> {
        let mut reader = Reader::new(node);
        let tip = Tip::read(&mut reader).map_err(WitnessError::from)?;
        let got = tip.root();
        if got != root {
            return Err(WitnessError::Root { got, expected: root }.into());
        }
        let Trailer { links, index } = Trailer::read(reader, &tip).map_err(WitnessError::from)?;
        let provider = Self::of_roots(&Roots { n_leaves: tip.outputs.n_leaves(), links }, &index)?;
        Ok((tip, provider))
    }

    fn of_roots(forest: &Roots, index: &Hash) -> Result<Self, ProviderError> {
        let forest = Forest::open(forest, HostNodes)?.with_hasher();
        let index = Tree::open(index, HostNodes);
        Ok(Self { index, forest, witness: Witness::default() })
    }

    /// Deletes the outputs that inputs spend, and notes their part of the witness.
    pub(crate) fn spend(&mut self, network: Network, spends: &[Spend<'_>]) -> Result<Vec<Coin>, SpendError> {
        let mut leaves = Vec::with_capacity(spends.len());
        let mut coins = Vec::with_capacity(spends.len());
        for (position, spend) in spends.iter().enumerate() {
            let record = self.take(&spend.out_point).map_err(StateError::from)?;
            let (index, output) = record.ok_or(SpendError::missing(spend))?;
            let new = output.of(spend.out_point);
            let hash = new.leaf();
            let coin = new.coin().filter(|_| !is_overwritten(network, &hash));
            let coin = coin.ok_or(SpendError::missing(spend))?;
            leaves.push((Leaf { index, hash }, position));
            coins.push((coin, output, spend.input));
        }
        leaves.sort_unstable();
        let order: Vec<Leaf> = leaves.iter().map(|(leaf, _)| *leaf).collect();
        let paths = self.forest.witness(&order).map_err(ProviderError::from).map_err(StateError::from)?;
        self.forest.delete(&order).map_err(ProviderError::from).map_err(StateError::from)?;
        self.witness.paths = paths.bytes;
        let spent = leaves.iter().filter_map(|(_, position)| Some((position, coins.get(*position)?)));
        self.witness.outputs = spent
            .map(|(position, (_, output, input))| SpentOutput {
                input: u32::try_from(*position).unwrap_or(u32::MAX),
                code: output.code,
                block_hash: output.block_hash,
                amount: output.amount,
                script: Script::new(&output.script, input),
            })
            .collect();
        Ok(coins.into_iter().map(|(coin, ..)| coin).collect())
    }

    /// Adds an output.
    pub(crate) fn add(&mut self, leaf: Hash, output: &NewOutput<'_>) -> Result<(), ProviderError> {
        let index = self.forest.add(leaf)?;
        let (start, rest) = output.script.split_at(output.script.len().min(SCRIPT_START_BYTES));
        let length = u32::try_from(output.script.len()).unwrap_or(u32::MAX);
        let record = Writer::new().u64_le(index).bytes(&output.block_hash.0).u32_le(output.code.0);
        let record = record.u64_le(output.amount).u32_le(length).bytes(start).finish();
        self.index.insert(&output_key(&output.out_point, 0), &record)?;
        for (number, chunk) in (1..).zip(rest.chunks(VALUE_BYTES_MAX)) {
            let mut padded = chunk.to_vec();
            padded.resize(VALUE_BYTES_MAX, 0);
            self.index.insert(&output_key(&output.out_point, number), &padded)?;
        }
        Ok(())
    }

    /// Keeps a header.
    pub(crate) fn keep_header(&mut self, header: &BlockHeader) -> Result<(), ProviderError> {
        let hash = Digest::of_header(header);
        Ok(self.index.insert(&header_key(&hash), &encode_to_vec(header))?)
    }

    /// Returns the median time of the eleven blocks before one, and notes the headers that prove it in the witness.
    pub(crate) fn median_time_before(
        &mut self,
        network: Network,
        height: u32,
        block_hash: &Digest,
    ) -> Result<u32, ProviderError> {
        let mut headers = Vec::new();
        let mut hash = *block_hash;
        for _ in 0..Ancestry::n_headers(network, height) {
            let header = self.index.get(&header_key(&hash))?.and_then(|bytes| bytes.try_into().ok());
            let header: [u8; HEADER_BYTES] = header.ok_or(ProviderError::Header { hash })?;
            hash = parent(&header);
            headers.push(header);
        }
        headers.reverse();
        let ancestry = Ancestry::new(&headers);
        let median_time = ancestry.median_time_before(network, height, block_hash);
        let median_time = median_time.ok_or(ProviderError::Header { hash: *block_hash })?;
        self.witness.ancestries.push(ancestry);
        Ok(median_time)
    }

    pub(crate) fn accumulator(&self) -> Accumulator {
        self.forest.accumulator()
    }

    /// Puts the nodes that are new, and returns the root of the tip.
    pub(crate) fn commit(&mut self, tip: &Tip, sink: &mut HostSink) -> StateRoot {
        let links = self.forest.commit(sink).links;
        let index = self.index.commit(sink);
        let root = tip.root();
        let branches = links.iter().flatten().filter(|link| link.rows > 0).map(|link| link.hash);
        let children: Vec<Hash> = branches.chain(Some(index).filter(|root| *root != EMPTY_ROOT)).collect();
        let mut node = tip.to_bytes();
        Trailer { links, index }.write(&mut node);
        sink.put(&Hash::from(root), &node, &children);
        root
    }

    /// Returns what the block has needed.
    pub(crate) fn into_witness(self) -> Witness {
        self.witness
    }

    /// Removes an output from the index and returns it with the index of its leaf.
    fn take(&mut self, out_point: &OutPoint) -> Result<Option<(u64, Record)>, ProviderError> {
        let Some(value) = self.index.get(&output_key(out_point, 0))? else { return Ok(None) };
        let mut reader = Reader::new(value);
        let index = reader.u64_le()?;
        let (block_hash, code) = (Digest(reader.take_array()?), HeaderCode(reader.u32_le()?));
        let (amount, length) = (reader.u64_le()?, reader.u32_le()?);
        let mut script = reader.rest().to_vec();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.index.remove(&output_key(out_point, 0))?;
        let mut number = 1;
        while script.len() < length {
            let key = output_key(out_point, number);
            let Some(chunk) = self.index.get(&key)? else { break };
            script.extend(chunk);
            self.index.remove(&key)?;
            number = number.saturating_add(1);
        }
        script.truncate(length);
        Ok(Some((index, Record { block_hash, code, amount, script })))
    }
}

/// The bytes of a script that fit beside the numbers of a record.
const SCRIPT_START_BYTES: usize = VALUE_BYTES_MAX - 8 - 32 - 4 - 8 - 4;

/// An output in the index.
struct Record {
    block_hash: Digest,
    code: HeaderCode,
    amount: u64,
    script: Vec<u8>,
}

impl Record {
    fn of(&self, out_point: OutPoint) -> NewOutput<'_> {
        let Self { block_hash, code, amount, script } = self;
        NewOutput { out_point, block_hash: *block_hash, code: *code, amount: *amount, script }
    }
}

fn output_key(out_point: &OutPoint, number: u32) -> Key {
    let writer = Writer::new().bytes(&out_point.txid.0).u32_le(out_point.vout).u32_le(number);
    Key(crypto::keccak256(&writer.finish()))
}

fn header_key(hash: &Digest) -> Key {
    Key(crypto::keccak256(&hash.0))
}

/// The part of a tip's node after the tip.
struct Trailer {
    links: Vec<Option<Link>>,
    index: Hash,
}

impl Trailer {
    fn read(mut reader: Reader<'_>, tip: &Tip) -> Result<Self, ReadError> {
        let link = |hash: &Option<Hash>| {
            let rows = reader.u8()?;
            Ok(hash.map(|hash| Link { hash, rows }))
        };
        let links = tip.outputs.roots().iter().map(link).collect::<Result<_, _>>()?;
        let index = Hash(reader.take_array()?);
        reader.finish()?;
        Ok(Self { links, index })
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.links.iter().map(|link| link.map_or(0, |link| link.rows)));
        bytes.extend(self.index.0);
    }
}

#[cfg(test)]
mod tests {
    use outrider_witness::utreexo::parent_hash;

    use super::*;
    use crate::tip::History;

    #[test]
    fn the_length_of_a_branch_is_its_own() {
        // A branch may begin as a tip does.
        let (left, right) = (Hash([TIP_TAG; 32]), Hash([0; 32]));
        let branch = [&left.0[..], &right.0, &[0, 0]].concat();
        assert_eq!(node_hash(&branch), Some(parent_hash(&left, &right)));
        // The shortest tip.
        let tip = Tip { history: History::Assumed, ..Tip::genesis(Network::Regtest) };
        let mut node = tip.to_bytes();
        Trailer { links: Vec::new(), index: EMPTY_ROOT }.write(&mut node);
        assert!(node.len() > BRANCH_BYTES);
        assert_eq!(node_hash(&node), Some(Hash::from(tip.root())));
    }
}
