//! Files with blocks.
//!
//! Blocks follow one another, each as Bitcoin encodes it, as bytes or in hex. In the files `blk*.dat` of Bitcoin Core, four
//! bytes of the network and the length precede each block, and zeros may follow the last one. Lines of hex may be broken
//! anywhere; lines with a `#` or a colon are comments. Files may be packed by gzip or bzip2.
//!
//! Bitcoin Core 28 and later XOR their files with a key of eight bytes, which is in the file `xor.dat` beside them.

use std::{
    borrow::Cow,
    io::{self, Read as _},
};

use bitcoin_consensus_encoding::decode_from_slice_unbounded;
use bitcoin_hashes::sha256d;
use bitcoin_primitives::{Block, block::BlockDecoderError};
use flate2::read::MultiGzDecoder;
use outrider_utxo_ee::{Digest, Network};

use crate::network;

/// The blocks of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockFile {
    /// The network of the bytes before the blocks, if there are any.
    pub network: Option<Network>,
    /// The blocks.
    pub blocks: Vec<RawBlock>,
}

/// A block as Bitcoin encodes it, of which only the header was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawBlock {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The hash.
    pub hash: Digest,
    /// The hash of the parent.
    pub parent: Digest,
}

/// A file is not one of blocks; its author is at fault, or who chose it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlocksError {
    /// The packed bytes cannot be unpacked.
    #[error("cannot be unpacked")]
    Packed(#[source] io::Error),
    /// The unpacked bytes are too many.
    #[error("has more than {bytes_max} bytes when unpacked")]
    TooLong {
        /// The limit.
        bytes_max: u64,
    },
    /// A line is not hexadecimal.
    #[error("line {line} is not hex")]
    Hex {
        /// The line, from 1.
        line: usize,
    },
    /// The last digit of the text has no partner.
    #[error("the text has an odd number of hex digits")]
    OddDigits,
    /// A block is cut off.
    #[error("the block at byte {offset} has {expected} bytes, but only {got} follow")]
    Truncated {
        /// The position of the block.
        offset: usize,
        /// The length before the block.
        expected: u32,
        /// The bytes that are left.
        got: usize,
    },
    /// A length is too small for a block.
    #[error("the block at byte {offset} has {got} bytes, fewer than a header")]
    Short {
        /// The position of the block.
        offset: usize,
        /// Its length.
        got: usize,
    },
    /// The bytes are not a block.
    #[error("no block at byte {offset}")]
    Block {
        /// The position.
        offset: usize,
        /// The reason.
        source: BlockDecoderError,
    },
    /// The bytes would be a block without transactions, as zeros are.
    #[error("no block at byte {offset}: it has no transactions")]
    NoTransactions {
        /// The position.
        offset: usize,
    },
    /// Blocks of several networks are in one file.
    #[error("the block at byte {offset} is of another network than those before it")]
    Networks {
        /// The position.
        offset: usize,
    },
}

/// Reads the blocks of a file.
///
/// # Errors
///
/// Fails if the bytes are not blocks.
pub fn read(bytes: &[u8], bytes_max: u64) -> Result<BlockFile, BlocksError> {
    split(&read_bytes(bytes, bytes_max)?, [0; 8])
}

/// Reads the blocks of a file of Bitcoin Core that is XORed with the key in its `xor.dat`.
///
/// # Errors
///
/// Fails if the bytes are not blocks after that.
pub fn read_xored(bytes: &[u8], key: [u8; 8]) -> Result<BlockFile, BlocksError> {
    let plain: Vec<u8> = bytes.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    split(&plain, key)
}

/// Unpacks bytes, and reads them if they are hex.
///
/// # Errors
///
/// Fails if the packed bytes are damaged, if they are too many, or if a text is not hex.
pub fn read_bytes(bytes: &[u8], bytes_max: u64) -> Result<Cow<'_, [u8]>, BlocksError> {
    let unpacked = unpack(bytes, bytes_max)?;
    match text(&unpacked) {
        Some(text) => Ok(of_hex(text)?.into()),
        None => Ok(unpacked),
    }
}

/// Unpacks bytes that gzip or bzip2 has packed, up to a limit; other bytes stay as they are.
fn unpack(bytes: &[u8], bytes_max: u64) -> Result<Cow<'_, [u8]>, BlocksError> {
    let mut unpacked = Vec::new();
    let limit = bytes_max.saturating_add(1);
    let outcome = if bytes.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut unpacked)
    } else if bytes.starts_with(b"BZh") {
        bzip2_rs::DecoderReader::new(bytes).take(limit).read_to_end(&mut unpacked)
    } else {
        return Ok(bytes.into());
    };
    outcome.map_err(BlocksError::Packed)?;
    let is_too_long = u64::try_from(unpacked.len()).is_ok_and(|length| length > bytes_max);
    if is_too_long { Err(BlocksError::TooLong { bytes_max }) } else { Ok(unpacked.into()) }
}

/// Returns the text that bytes are. Neither blocks nor outputs are text: they have zeros, or bytes that are not UTF-8.
fn text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.chars().all(|char| !char.is_control() || char.is_ascii_whitespace()).then_some(text)
}

/// Reads hex, see the module's description.
fn of_hex(text: &str) -> Result<Vec<u8>, BlocksError> {
    let mut digits = String::new();
    for (index, line) in text.lines().enumerate() {
        if line.contains(['#', ':']) {
            continue;
        }
        let of_line = line.chars().filter(|char| !char.is_ascii_whitespace());
        for digit in of_line {
            if !digit.is_ascii_hexdigit() {
                return Err(BlocksError::Hex { line: index.saturating_add(1) });
            }
            digits.push(digit);
        }
    }
    hex::decode(digits).map_err(|_| BlocksError::OddDigits)
}

/// Splits blocks that follow one another. The bytes were XORed with a key, also the zeros behind the last block.
fn split(bytes: &[u8], key: [u8; 8]) -> Result<BlockFile, BlocksError> {
    let mut file = BlockFile::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        let offset = bytes.len().saturating_sub(rest.len());
        let framed = rest.split_first_chunk::<8>().and_then(|([a, b, c, d, length @ ..], after)| {
            Some((network::of_magic([*a, *b, *c, *d])?, u32::from_le_bytes(*length), after))
        });
        let block = match framed {
            Some((network, expected, after)) => {
                if file.network.replace(network).is_some_and(|before| before != network) {
                    return Err(BlocksError::Networks { offset });
                }
                let length = usize::try_from(expected).unwrap_or(usize::MAX);
                let got = after.len();
                let parts = after.split_at_checked(length);
                let (block, after) = parts.ok_or(BlocksError::Truncated { offset, expected, got })?;
                rest = after;
                block
            }
            // Bitcoin Core reserves the end of its files.
            None if file.network.is_some()
                && rest.iter().eq(key.iter().cycle().skip(offset % 8).take(rest.len())) =>
            {
                break;
            }
            None => {
                let before = rest;
                let block = decode_from_slice_unbounded::<Block>(&mut rest)
                    .map_err(|source| BlocksError::Block { offset, source })?;
                if block.into_parts().1.is_empty() {
                    return Err(BlocksError::NoTransactions { offset });
                }
                let length = before.len().saturating_sub(rest.len());
                before.get(..length).unwrap_or(before)
            }
        };
        file.blocks.push(RawBlock::new(block).ok_or(BlocksError::Short { offset, got: block.len() })?);
    }
    Ok(file)
}

impl RawBlock {
    /// Makes a block of bytes; `None` if they are fewer than a header.
    fn new(bytes: &[u8]) -> Option<Self> {
        let (header, _) = bytes.split_first_chunk::<HEADER_BYTES>()?;
        let parent = header.get(4..36)?.try_into().ok()?;
        let hash = Digest(sha256d::Hash::hash(header).to_byte_array());
        Some(Self { bytes: bytes.to_vec(), hash, parent: Digest(parent) })
    }
}

const HEADER_BYTES: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNET: &str = include_str!("../../../ees/utxo/tests/data/signet-blocks.txt");

    fn first(n: usize) -> Vec<Vec<u8>> {
        SIGNET.lines().take(n).map(|line| hex::decode(line).unwrap()).collect()
    }

    #[track_caller]
    fn check(bytes: &[u8], network: Option<Network>) {
        let file = read(bytes, 1 << 20).unwrap();
        assert_eq!(file.network, network);
        let blocks: Vec<Vec<u8>> = file.blocks.iter().map(|block| block.bytes.clone()).collect();
        assert_eq!(blocks, first(3));
        assert_eq!(file.blocks[1].parent, file.blocks[0].hash);
        assert_eq!(network::of_genesis(&file.blocks[0].hash), Some(Network::Signet));
    }

    fn framed(magic: [u8; 4], blocks: &[Vec<u8>]) -> Vec<u8> {
        let frame = |block: &Vec<u8>| {
            [&magic[..], &u32::try_from(block.len()).unwrap().to_le_bytes(), &block[..]].concat()
        };
        blocks.iter().flat_map(frame).collect()
    }

    #[test]
    fn each_form_has_the_same_blocks() {
        let blocks = first(3);
        check(&blocks.concat(), None);
        let lines: Vec<String> = blocks.iter().map(hex::encode).collect();
        check(lines.join("\n").as_bytes(), None);
        let broken = format!("# signet\nBlock 0:\n  {} \r\n{}", &lines[0][..9], &lines[0][9..]);
        check(format!("{broken}\n\n{}\n{}\n", lines[1].to_uppercase(), lines[2]).as_bytes(), None);
        let signet = [0x0a, 0x03, 0xcf, 0x40];
        let whole = framed(signet, &blocks);
        check(&whole, Some(Network::Signet));
        check(&[&whole[..], &[0; 99]].concat(), Some(Network::Signet));
        check(hex::encode(&whole).as_bytes(), Some(Network::Signet));
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut packed, &whole).unwrap();
        check(&packed.finish().unwrap(), Some(Network::Signet));
    }

    /// As Bitcoin Core 28 writes them (`src/node/blockstorage.cpp`): the space that it reserves is not XORed.
    #[test]
    fn files_may_be_xored_with_a_key() {
        let blocks = first(3);
        let whole = framed([0x0a, 0x03, 0xcf, 0x40], &blocks);
        let key = [1, 0, 0xff, 4, 5, 6, 7, 8];
        let xored: Vec<u8> = whole.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        assert!(read(&xored, 1 << 20).is_err());
        for n_reserved in [0, 1, 99] {
            let file = read_xored(&[&xored[..], &vec![0; n_reserved]].concat(), key).unwrap();
            let read: Vec<Vec<u8>> = file.blocks.into_iter().map(|block| block.bytes).collect();
            assert_eq!((file.network, read), (Some(Network::Signet), blocks.clone()));
        }
        assert!(read_xored(&[&xored[..], &[1; 99]].concat(), key).is_err());
        assert!(read_xored(&xored, [1; 8]).is_err());
    }

    #[track_caller]
    fn refuse(bytes: &[u8], expected: &str) {
        assert_eq!(read(bytes, 1 << 12).unwrap_err().to_string(), expected);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let blocks = first(2);
        let whole = framed([0xf9, 0xbe, 0xb4, 0xd9], &blocks);
        let (at, length) = (blocks[0].len() + 8, blocks[1].len());
        let cut = format!("the block at byte {at} has {length} bytes, but only {} follow", length - 1);
        refuse(&whole[..whole.len() - 1], &cut);
        let other = framed([0xfa, 0xbf, 0xb5, 0xda], &blocks[..1]);
        let networks =
            format!("the block at byte {} is of another network than those before it", whole.len());
        refuse(&[&whole[..], &other].concat(), &networks);
        refuse(
            &framed([0xf9, 0xbe, 0xb4, 0xd9], &[vec![1; 79]]),
            "the block at byte 0 has 79 bytes, fewer than a header",
        );
        // Without the bytes before blocks, zeros are not the end of a file.
        refuse(&[0; 500], "no block at byte 0: it has no transactions");
        refuse(b"00\n0g\n", "line 2 is not hex");
        refuse(b"000", "the text has an odd number of hex digits");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut packed, &[0; 5000]).unwrap();
        refuse(&packed.finish().unwrap(), "has more than 4096 bytes when unpacked");
        assert!(matches!(read(&[0x1f, 0x8b, 0], 9), Err(BlocksError::Packed(_))));
        let two = blocks.concat();
        assert!(
            matches!(read(&two[..two.len() - 1], 1 << 20), Err(BlocksError::Block { offset, .. }) if offset == at - 8)
        );
    }

    #[test]
    fn any_bytes_are_blocks_or_an_error() {
        let whole = framed([0x0a, 0x03, 0xcf, 0x40], &first(2));
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x55;
            let _ = read(&changed, 1 << 20);
            let _ = read(&whole[at..], 1 << 20);
        }
        assert_eq!(read(b"", 9).unwrap(), BlockFile::default());
    }
}
