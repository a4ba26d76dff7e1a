//! Headers that prove the median time before a block, for relative lock times (BIP 68).
//!
//! The leaf of an output has the hash of the block that made it. That block's header has the hash of its parent, and so
//! on, up to the eleven blocks whose times count.
//!
//! | bytes | content |
//! |---|---|
//! | 1 | number of headers: up to 12, fewer near genesis |
//! | 32 | hash of the parent of the oldest |
//! | 48 each | version, Merkle root, time, bits and nonce of a header, oldest first; the last is that of the block |
//!
//! The parents of the others follow from the headers before them.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::Reader;

use crate::{
    error::WitnessError,
    hash::Digest,
    network::Network,
    tip::{MEDIAN_BLOCKS, median},
};

/// The headers of a block and of the eleven blocks before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ancestry {
    parent: Digest,
    /// Headers without the hash of the parent.
    headers: Vec<[u8; PART_BYTES]>,
}

/// The length of a header.
pub(crate) const HEADER_BYTES: usize = 80;
const PART_BYTES: usize = HEADER_BYTES - 32;

impl Ancestry {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, WitnessError> {
        let n = reader.u8()?;
        let parent = Digest(reader.take_array()?);
        let headers = (0..n).map(|_| reader.take_array()).collect::<Result<_, _>>()?;
        Ok(Self { parent, headers })
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(u8::try_from(self.headers.len()).unwrap_or(u8::MAX));
        bytes.extend(self.parent.0);
        self.headers.iter().for_each(|header| bytes.extend(header));
    }

    /// Makes an ancestry of whole headers, oldest first. There is at least one.
    pub(crate) fn new(headers: &[[u8; HEADER_BYTES]]) -> Self {
        let parent = headers.first().map(parent).unwrap_or_default();
        Self { parent, headers: headers.iter().map(part).collect() }
    }

    /// Returns the number of headers for a block at a height.
    pub(crate) fn n_headers(network: Network, height: u32) -> usize {
        // A shard has no header of genesis.
        let lacks_genesis = height <= MEDIAN_BLOCKS && network == Network::Shard;
        let n = height.min(MEDIAN_BLOCKS).saturating_add(1).saturating_sub(lacks_genesis.into());
        usize::try_from(n).unwrap_or(usize::MAX)
    }

    /// Returns the median time of the eleven blocks before the block with this hash and height, or `None` if these are
    /// not their headers.
    pub(crate) fn median_time_before(
        &self,
        network: Network,
        height: u32,
        block_hash: &Digest,
    ) -> Option<u32> {
        let hash = self.headers.iter().fold(self.parent, |parent, part| Digest::of(&whole(&parent, part)));
        let n = Self::n_headers(network, height);
        let (_, before) =
            self.headers.split_last().filter(|_| self.headers.len() == n && hash == *block_hash)?;
        let mut times: Vec<u32> = before.iter().map(time).collect();
        if network == Network::Shard && height <= MEDIAN_BLOCKS {
            times.push(network.genesis().time);
        }
        Some(median(&times))
    }
}

/// Returns the hash of the parent.
pub(crate) fn parent(header: &[u8; HEADER_BYTES]) -> Digest {
    let [_, _, _, _, parent @ ..] = header;
    parent.first_chunk().copied().map(Digest).unwrap_or_default()
}

fn part(header: &[u8; HEADER_BYTES]) -> [u8; PART_BYTES] {
    let mut part = [0; PART_BYTES];
    let kept = header.iter().take(4).chain(header.iter().skip(4 + 32));
    part.iter_mut().zip(kept).for_each(|(byte, kept)| *byte = *kept);
    part
}

fn whole(parent: &Digest, part: &[u8; PART_BYTES]) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    let bytes = part.iter().take(4).chain(&parent.0).chain(part.iter().skip(4));
    header.iter_mut().zip(bytes).for_each(|(byte, from)| *byte = *from);
    header
}

fn time(part: &[u8; PART_BYTES]) -> u32 {
    let [.., t0, t1, t2, t3, _, _, _, _, _, _, _, _] = *part;
    u32::from_le_bytes([t0, t1, t2, t3])
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "the numbers are small")]
mod tests {
    use super::*;

    fn chain(n: u32) -> Vec<[u8; HEADER_BYTES]> {
        let mut parent = Digest::default();
        let mut headers = Vec::new();
        for height in 0..n {
            let mut part = [0; PART_BYTES];
            part[36..40].copy_from_slice(&(1_000 + height).to_le_bytes());
            let header = whole(&parent, &part);
            parent = Digest::of(&header);
            headers.push(header);
        }
        headers
    }

    #[test]
    fn headers_prove_the_median_time() {
        let chain = chain(40);
        for height in [1_usize, 2, 10, 11, 12, 39] {
            let first = height.saturating_sub(11);
            let hash = Digest::of(&chain[height]);
            let ancestry = Ancestry::new(&chain[first..=height]);
            let times: Vec<u32> = (first..height).map(|at| 1_000 + at as u32).collect();
            let median_time =
                |ancestry: &Ancestry| ancestry.median_time_before(Network::Main, height as u32, &hash);
            assert_eq!(median_time(&ancestry), Some(median(&times)));
            let mut bytes = Vec::new();
            ancestry.write(&mut bytes);
            assert_eq!(bytes.len(), 1 + 32 + 48 * (height - first + 1));
            assert_eq!(Ancestry::read(&mut Reader::new(&bytes)).unwrap(), ancestry);
            // One header fewer, and any changed byte.
            assert_eq!(median_time(&Ancestry::new(&chain[first + 1..=height])), None);
            for at in 1..bytes.len() {
                bytes[at] ^= 1;
                assert_eq!(
                    median_time(&Ancestry::read(&mut Reader::new(&bytes)).unwrap()),
                    None,
                    "byte {at}"
                );
                bytes[at] ^= 1;
            }
        }
    }
}
