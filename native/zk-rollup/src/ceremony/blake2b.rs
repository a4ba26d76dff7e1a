//! BLAKE2b with digests of 64 bytes ([RFC 7693](https://www.rfc-editor.org/rfc/rfc7693)), whose state can be read and set.
//!
//! snarkjs writes the state of an unfinished hash into its files. No crate gives access to it, so it is kept here, over the
//! compression function that is the host's.

use outrider_crypto::blake2b::{INPUT_BYTES, compress};

/// The bytes of [`Blake2b::to_partial`]: a block, the state, the length and the position in the block.
pub(super) const PARTIAL_BYTES: usize = 216;
const BLOCK_BYTES: usize = 128;
/// The rounds of BLAKE2b.
const ROUNDS: u32 = 12;

const IV: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// A hash in progress. A full block waits until more bytes come, because the last block is hashed with a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blake2b {
    state: [u64; 8],
    /// Bytes in all blocks that were compressed.
    compressed: u64,
    block: [u8; BLOCK_BYTES],
    /// Bytes in `block`, at most all.
    filled: usize,
}

impl Blake2b {
    pub(super) fn new() -> Self {
        let mut state = IV;
        state[0] ^= 0x0101_0000 ^ 64;
        Self { state, compressed: 0, block: [0; BLOCK_BYTES], filled: 0 }
    }

    pub(super) fn digest(bytes: &[u8]) -> [u8; 64] {
        let mut hasher = Self::new();
        hasher.update(bytes);
        hasher.finish()
    }

    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.filled == BLOCK_BYTES {
                self.compressed = self.compressed.wrapping_add(BLOCK_BYTES as u64);
                self.compress(false);
                self.filled = 0;
            }
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK_BYTES - self.filled));
            self.block[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            bytes = later;
        }
    }

    pub(super) fn finish(mut self) -> [u8; 64] {
        self.compressed = self.compressed.wrapping_add(self.filled as u64);
        self.block[self.filled..].fill(0);
        self.compress(true);
        let mut digest = [0; 64];
        for (bytes, word) in digest.chunks_exact_mut(8).zip(self.state) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        digest
    }

    /// Returns the state as snarkjs's `toPartialHash` writes it.
    pub(super) fn to_partial(&self) -> [u8; PARTIAL_BYTES] {
        let mut partial = [0; PARTIAL_BYTES];
        partial[..BLOCK_BYTES].copy_from_slice(&self.block);
        let words = self.state.into_iter().chain([self.compressed, self.filled as u64]);
        for (bytes, word) in partial[BLOCK_BYTES..].chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        partial
    }

    /// Reads a state; `None` if the position is no position in a block, or the length is not of whole blocks.
    pub(super) fn from_partial(partial: &[u8; PARTIAL_BYTES]) -> Option<Self> {
        let mut hasher = Self::new();
        let (block, words) = partial.split_first_chunk::<BLOCK_BYTES>()?;
        hasher.block = *block;
        let mut words = words.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
        for (state, word) in hasher.state.iter_mut().zip(words.by_ref()) {
            *state = word;
        }
        hasher.compressed = words.next()?;
        hasher.filled = usize::try_from(words.next()?).ok()?;
        let whole = hasher.compressed.is_multiple_of(BLOCK_BYTES as u64);
        (whole && hasher.filled <= BLOCK_BYTES).then_some(hasher)
    }

    /// Returns whether both would give the same digest for the same further bytes. What stands behind the position in
    /// the block is left over from earlier blocks, and means nothing.
    pub(super) fn same_state(&self, other: &Self) -> bool {
        self.state == other.state
            && self.compressed == other.compressed
            && self.filled == other.filled
            && self.block[..self.filled] == other.block[..self.filled]
    }

    fn compress(&mut self, last: bool) {
        let mut input = [0; INPUT_BYTES];
        let mut rest = &mut input[..];
        let mut write = |bytes: &[u8]| {
            let (now, later) = std::mem::take(&mut rest).split_at_mut(bytes.len());
            now.copy_from_slice(bytes);
            rest = later;
        };
        write(&ROUNDS.to_be_bytes());
        self.state.iter().for_each(|word| write(&word.to_le_bytes()));
        write(&self.block);
        // The upper word of the length is zero.
        write(&self.compressed.to_le_bytes());
        write(&0_u64.to_le_bytes());
        write(&[last.into()]);
        // The flag is 0 or 1, so there is a new state.
        let Ok(state) = compress(&input) else { return };
        for (word, bytes) in self.state.iter_mut().zip(state.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn digests_are_those_of_rfc_7693_and_of_the_reference_implementation() {
        assert_eq!(
            hex(&Blake2b::digest(b"abc")),
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
             7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
        );
        assert_eq!(
            hex(&Blake2b::digest(b"")),
            "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419\
             d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce"
        );
    }

    #[test]
    fn a_state_goes_on_where_it_was_written() {
        let bytes: Vec<u8> = (0..1000u32).map(|i| i as u8).collect();
        for cut in [0, 1, 127, 128, 129, 255, 256, 257, 999, 1000] {
            let mut first = Blake2b::new();
            first.update(&bytes[..cut]);
            let mut second = Blake2b::from_partial(&first.to_partial()).expect("it was just written");
            assert!(first.same_state(&second));
            second.update(&bytes[cut..]);
            assert_eq!(second.finish(), Blake2b::digest(&bytes), "cut at {cut}");
        }
    }
}
