//! Published blocks.

use std::io::Read as _;

use utxo::Digest;

/// Reads the hex digits of bytes.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Reads a hash as it is printed, which is backward.
pub(crate) fn digest(text: &str) -> Digest {
    let mut bytes = hex(text);
    bytes.reverse();
    Digest(bytes.try_into().unwrap())
}

/// Reads a published file, unpacked if its name ends in `.bz2`; `None` if there is none, which is printed.
pub(crate) fn file(name: &str) -> Option<Vec<u8>> {
    let name = format!("bitcoin/{name}");
    if !name.ends_with(".bz2") {
        return outrider_published::file(&name);
    }
    let packed = std::fs::read(outrider_published::path(&name)?).unwrap();
    let mut bytes = Vec::new();
    bzip2_rs::DecoderReader::new(&packed[..]).read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

/// Splits blocks, each of which has four bytes of magic and its length before it.
pub(crate) fn split_blocks(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = bytes;
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        let (head, after) = rest.split_first_chunk::<8>().unwrap();
        let length = u32::from_le_bytes(head[4..].try_into().unwrap()) as usize;
        let (block, after) = after.split_at(length);
        blocks.push(block.to_vec());
        rest = after;
    }
    blocks
}

/// Returns the blocks of a list with a block in hex on each line, without the first one, the genesis block.
pub(crate) fn lines(text: &str) -> Vec<Vec<u8>> {
    text.lines().filter(|line| !line.starts_with('#')).skip(1).map(hex).collect()
}
