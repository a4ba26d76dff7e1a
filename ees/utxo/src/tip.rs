//! The tip: the last block of a chain, and the roots of the outputs that are unspent after it.
//!
//! The state root is the Keccak-256 hash of the tip:
//!
//! | bytes | field |
//! |---|---|
//! | 1 | [`TIP_TAG`] |
//! | 1 | number of the [`Network`] |
//! | 1 | 0 if the history is known, 1 if it is assumed |
//! | 4 | height, little-endian |
//! | 32 | hash of the block |
//! | | if the history is known: |
//! | 32 | work of the chain, big-endian |
//! | 4 | bits of the block, little-endian |
//! | 4 | bits of the last block that needed no less work for its late time, little-endian |
//! | 4 | time of the first block of the period, little-endian |
//! | 4 each | times of the last 11 blocks, or of all since genesis, oldest first, little-endian |
//! | | always: |
//! | 8 | number of leaves that were ever added, little-endian |
//! | 32 each | roots of the trees, those of large trees first, zeros for an empty tree |
//!
//! A height determines the number of times, and a number of leaves that of the roots. So a tip has one encoding.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::{Reader, StateRoot, crypto};
use outrider_witness::utreexo::Accumulator;

use crate::{
    error::TipError,
    hash::Digest,
    network::{Network, PERIOD_BLOCKS},
};

/// The last block of a chain, and the outputs that are unspent after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The network.
    pub network: Network,
    /// The number of blocks before this one.
    pub height: u32,
    /// The hash of the block.
    pub block_hash: Digest,
    /// The part of the chain's history that rules need.
    pub history: History,
    /// The outputs.
    pub outputs: Accumulator,
}

/// The part of a chain's history that rules need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum History {
    /// All blocks since genesis were executed.
    Known(Known),
    /// Somebody vouched for the outputs at some height, and nothing more is known. The crate's front page lists the
    /// rules that are waived.
    Assumed,
}

/// A known history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The number of hashes that the chain took on average, big-endian; zero on a shard.
    pub chain_work: [u8; 32],
    /// The bits of the last block.
    pub bits: u32,
    /// The bits of the last block whose work was not the least for its late time, or of the first of the period.
    pub regular_bits: u32,
    /// The time of the first block of the period.
    pub period_start: u32,
    /// The times of the last 11 blocks, or of all since genesis, oldest first.
    pub times: Vec<u32>,
}

/// The first byte of a tip, which no other node in a provider's store has.
pub const TIP_TAG: u8 = 0xb7;

/// The number of blocks of which the median time is taken (`CBlockIndex::nMedianTimeSpan` in `src/chain.h`).
pub(crate) const MEDIAN_BLOCKS: u32 = 11;

impl Tip {
    /// Returns the tip of a chain that has only its genesis block.
    #[must_use]
    pub fn genesis(network: Network) -> Self {
        let genesis = network.genesis();
        let known = Known {
            chain_work: genesis.work(network),
            bits: genesis.bits,
            regular_bits: genesis.bits,
            period_start: genesis.time,
            times: [genesis.time].to_vec(),
        };
        Self {
            network,
            height: 0,
            block_hash: genesis.hash,
            history: History::Known(known),
            outputs: Accumulator::default(),
        }
    }

    /// Encodes the tip.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [TIP_TAG, self.network.number()].to_vec();
        bytes.push(match self.history {
            History::Known(_) => KNOWN,
            History::Assumed => ASSUMED,
        });
        bytes.extend(self.height.to_le_bytes());
        bytes.extend(self.block_hash.0);
        if let History::Known(known) = &self.history {
            bytes.extend(known.chain_work);
            let numbers = [known.bits, known.regular_bits, known.period_start];
            numbers.iter().chain(&known.times).for_each(|number| bytes.extend(number.to_le_bytes()));
        }
        self.outputs.write(&mut bytes);
        bytes
    }

    /// Reads a tip. Other data may follow.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not those of a tip.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, TipError> {
        let [tag, network, history] = reader.take_array()?;
        if tag != TIP_TAG {
            return Err(TipError::Tag { got: tag });
        }
        let network = Network::from_number(network).ok_or(TipError::Network { got: network })?;
        let height = reader.u32_le()?;
        let block_hash = Digest(reader.take_array()?);
        let history = match history {
            KNOWN => History::Known(Known::read(reader, height)?),
            ASSUMED => History::Assumed,
            got => return Err(TipError::History { got }),
        };
        Ok(Self { network, height, block_hash, history, outputs: Accumulator::read(reader)? })
    }

    /// Returns the state root.
    #[must_use]
    pub fn root(&self) -> StateRoot {
        StateRoot(crypto::keccak256(&self.to_bytes()))
    }
}

impl Known {
    fn read(reader: &mut Reader<'_>, height: u32) -> Result<Self, TipError> {
        Ok(Self {
            chain_work: reader.take_array()?,
            bits: reader.u32_le()?,
            regular_bits: reader.u32_le()?,
            period_start: reader.u32_le()?,
            times: (0..MEDIAN_BLOCKS.min(height.saturating_add(1)))
                .map(|_| reader.u32_le())
                .collect::<Result<_, _>>()?,
        })
    }

    /// Returns the median of the last times.
    #[must_use]
    pub fn median_time(&self) -> u32 {
        median(&self.times)
    }

    /// Returns the history after the block of a height.
    pub(crate) fn next(
        &self,
        height: u32,
        chain_work: [u8; 32],
        bits: u32,
        bits_max: u32,
        time: u32,
    ) -> Self {
        let is_first = height.is_multiple_of(PERIOD_BLOCKS);
        let kept = self.times.len().saturating_sub(MEDIAN_BLOCKS.saturating_sub(1) as usize);
        let times = self.times.iter().skip(kept).copied().chain([time]);
        Self {
            chain_work,
            bits,
            regular_bits: if bits == bits_max && !is_first { self.regular_bits } else { bits },
            period_start: if is_first { time } else { self.period_start },
            times: times.collect(),
        }
    }
}

/// Returns the median of some times, the later one of two; 0 of none (`CBlockIndex::GetMedianTimePast`).
pub(crate) fn median(times: &[u32]) -> u32 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

const KNOWN: u8 = 0;
const ASSUMED: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tip_has_one_encoding() {
        for network in Network::ALL {
            let mut tip = Tip::genesis(network);
            tip.outputs.add(outrider_witness::Hash([7; 32])).unwrap();
            for history in [tip.history.clone(), History::Assumed] {
                tip.history = history;
                let bytes = tip.to_bytes();
                let mut reader = Reader::new(&bytes);
                assert_eq!(Tip::read(&mut reader).unwrap(), tip);
                reader.finish().unwrap();
                for at in 0..bytes.len() {
                    assert!(Tip::read(&mut Reader::new(&bytes[..at])).is_err());
                    let mut changed = bytes.clone();
                    changed[at] ^= 1;
                    assert_ne!(Tip::read(&mut Reader::new(&changed)).ok().as_ref(), Some(&tip));
                }
            }
        }
    }

    #[test]
    fn the_median_is_of_eleven_blocks_or_of_fewer() {
        assert_eq!((median(&[]), median(&[5]), median(&[5, 3]), median(&[9, 1, 5])), (0, 5, 5, 5));
        let Tip { history: History::Known(mut known), .. } = Tip::genesis(Network::Regtest) else { panic!() };
        for height in 1..30 {
            known = known.next(height, [0; 32], 0x207f_ffff, 0x207f_ffff, 1_000 + height);
            assert_eq!(known.times.len(), 11.min(height as usize + 1));
        }
        assert_eq!((known.median_time(), known.times.first()), (1_024, Some(&1_019)));
    }
}
