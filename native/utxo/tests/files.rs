//! Published files of blocks and of the outputs that they spend.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use bitcoin_consensus_encoding::decode_from_slice;
use bitcoin_primitives::{Block, Transaction};
use outrider_utxo::blocks::{self, BlockFile, RawBlock};
use outrider_utxo::outputs::SpentOutputs;
use outrider_utxo_ee::Network;
use outrider_witness::utreexo::HeaderCode;

const BLOCK: &str = include_str!("data/block-170.hex");
const LIST: &str = include_str!("data/block-170.outputs.hex");
const ENTRIES: &str = include_str!("data/block-170.entries.hex");

const BYTES_MAX: u64 = 1 << 24;

fn published(name: &str) -> Option<BlockFile> {
    let bytes = std::fs::read(outrider_published::path(&format!("bitcoin/{name}"))?).unwrap();
    Some(blocks::read(&bytes, BYTES_MAX).unwrap())
}

fn bytes(text: &str) -> Vec<u8> {
    blocks::read_bytes(text.as_bytes(), BYTES_MAX).unwrap().into_owned()
}

fn transactions(block: &RawBlock) -> Vec<Transaction> {
    decode_from_slice::<Block>(&block.bytes).unwrap().into_parts().1
}

#[test]
fn both_forms_of_outputs_have_the_same_content() {
    let file = blocks::read(BLOCK.as_bytes(), BYTES_MAX).unwrap();
    let transactions = transactions(&file.blocks[0]);
    let list = SpentOutputs::read(&bytes(LIST), &transactions, 170).unwrap();
    let mut entries = SpentOutputs::read(&bytes(ENTRIES), &transactions, 170).unwrap();
    assert_eq!((list.has_heights, entries.has_heights), (false, true));
    let code = std::mem::replace(&mut entries.outputs[0].code, HeaderCode(0));
    assert_eq!((code.height(), code.is_coinbase()), (9, true));
    assert_eq!(list.outputs, entries.outputs);
    for form in [LIST, ENTRIES].map(bytes) {
        for at in 1..form.len() {
            assert!(SpentOutputs::read(&form[..at], &transactions, 170).is_err(), "{at}");
        }
        let longer = [&form[..], &[0]].concat();
        assert!(SpentOutputs::read(&longer, &transactions, 170).is_err());
    }
    let error = SpentOutputs::read(&[], &transactions, 170);
    assert_eq!(error.unwrap().outputs, [], "no entries");
}

/// The undo data have the same content as the entry: numbers of transactions and inputs, height, the byte of a version,
/// and amount and script.
#[test]
fn undo_data_of_bitcoin_core_have_the_same_content() {
    let file = blocks::read(BLOCK.as_bytes(), BYTES_MAX).unwrap();
    let transactions = transactions(&file.blocks[0]);
    let entry = bytes(ENTRIES);
    let undo = [&[1, 1][..], &entry[40..41], &[0], &entry[41..]].concat();
    let expected = SpentOutputs::read(&entry, &transactions, 170).unwrap();
    assert_eq!(SpentOutputs::read(&undo, &transactions, 170).unwrap(), expected);
    let length = u32::try_from(undo.len()).unwrap().to_le_bytes();
    let framed = [&[0xf9, 0xbe, 0xb4, 0xd9][..], &length, &undo, &[7; 32]].concat();
    assert_eq!(SpentOutputs::read(&framed, &transactions, 170).unwrap(), expected);
    for at in 1..undo.len() {
        assert!(SpentOutputs::read(&undo[..at], &transactions, 170).is_err(), "{at}");
    }
    for count in [0, 1] {
        let mut other = undo.clone();
        other[count] = 2;
        let error = SpentOutputs::read(&other, &transactions, 170).unwrap_err();
        assert_eq!(error.undo.to_string(), "2 where the block has 1");
    }
}

#[test]
fn published_files_have_their_blocks() {
    let Some(mainnet) = published("blocks/mainnet-blocks-1-to-256.bz2") else { return };
    assert_eq!((mainnet.network, mainnet.blocks.len()), (Some(Network::Main), 255));
    assert!(mainnet.blocks.windows(2).all(|pair| pair[1].parent == pair[0].hash));
    assert_eq!(mainnet.blocks[169], blocks::read(BLOCK.as_bytes(), BYTES_MAX).unwrap().blocks[0]);
    let parts = ["0_to_4", "3A", "4A", "5A"].map(|part| published(&format!("blocks/blk_{part}.dat.bz2")));
    let Some(text) = published("blocks/reorgtest.hex") else { return };
    let parts: Vec<RawBlock> = parts.into_iter().flatten().flat_map(|file| file.blocks).collect();
    // The text has the same blocks with other nonces.
    let lengths = |blocks: &[RawBlock]| blocks.iter().map(|block| block.bytes.len()).collect::<Vec<_>>();
    assert_eq!(lengths(&text.blocks), lengths(&parts));
    assert_eq!((text.blocks.len(), &text.blocks[0]), (8, &parts[0]));
}

#[test]
fn published_outputs_are_those_of_their_blocks() {
    let read = |block: &str, outputs: &str, height| {
        let file = published(block)?;
        let path = outrider_published::path(&format!("bitcoin/{outputs}"))?;
        let packed = std::fs::read(path).unwrap();
        let outputs = blocks::read_bytes(&packed, BYTES_MAX).unwrap();
        let spent = SpentOutputs::read(&outputs, &transactions(&file.blocks[0]), height).unwrap();
        Some((spent.outputs.len(), spent.has_heights))
    };
    let Some(got) = read("blocks/277647.dat.bz2", "blocks/277647.utxostore.bz2", 277_647) else { return };
    assert!(got.1, "{got:?}");
    for height in [300_025, 1_087_400] {
        let name = |part| format!("blocks-with-undo/block{height}{part}.raw.gz");
        let Some(got) = read(&name(""), &name("-undo"), height) else { return };
        assert!(got.0 > 100 && !got.1, "{got:?}");
    }
}
