//! A square, and proofs of wrong encodings, from Celestia's nodes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use outrider_abi::Reader;
use outrider_availability::{
    Nmt, Scheme as _,
    nmt::{Axis, FraudError, FraudProof, Header, Namespace, Node, Part, ProvenShare, Share, ShareSample},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Square {
    data_square: Vec<String>,
}

#[derive(Deserialize)]
struct Roots {
    row_roots: Vec<String>,
    column_roots: Vec<String>,
}

/// 64 shares and 16 roots, as celestia-node had them (eigerco/lumina, `types/test_data/shwap_samples`).
fn square() -> Option<(Vec<Share>, Header)> {
    let eds = outrider_published::file("celestia/eds.json")?;
    let dah = outrider_published::file("celestia/dah.json")?;
    let square: Square = serde_json::from_slice(&eds).unwrap();
    let roots: Roots = serde_json::from_slice(&dah).unwrap();
    let share = |text: &String| Share(base64(text).try_into().unwrap());
    let header = header(&roots.row_roots, &roots.column_roots);
    Some((square.data_square.iter().map(share).collect(), header))
}

#[test]
fn the_roots_of_a_published_square_are_reproduced() {
    let Some((shares, header)) = square() else { return };
    assert_eq!(Nmt::of_extended(shares).unwrap().header(), &header);
}

/// The parity shares, to the byte.
#[test]
fn the_parity_of_a_published_square_is_reproduced() {
    let Some((shares, _)) = square() else { return };
    let whole = Nmt::of_extended(shares).unwrap();
    assert_eq!(Nmt::of_originals(&whole.originals()).unwrap(), whole);
}

#[test]
fn a_published_square_is_restored_from_a_quarter() {
    let Some((shares, header)) = square() else { return };
    let whole = Nmt::of_extended(shares).unwrap();
    for (rows, columns) in [(0..4, 0..4), (4..8, 4..8), (2..6, 3..7)] {
        let positions = rows.flat_map(|row| columns.clone().map(move |column| 8 * row + column));
        let samples = positions.map(|position| (position, whole.sample(position).unwrap())).collect();
        assert_eq!(Nmt::reconstruct(&header, &samples).unwrap(), whole);
    }
}

/// The hash of the data of an empty block of Celestia: a square of one share of padding.
#[test]
fn the_data_root_of_an_empty_block_is_celestias() {
    let whole = Nmt::of_parts(&[]).unwrap();
    let digits = "3d96b7d238e7e0456f6af8e7cdf0a67bd6cf9c2089ecb559c659dcaa1f880353";
    assert_eq!(Nmt::root(whole.header()).to_string(), digits);
    assert_eq!(whole.parts(), Ok(Vec::<Part>::new()));
}

#[derive(Deserialize)]
struct Fraud {
    row_roots: Vec<String>,
    column_roots: Vec<String>,
    proof: String,
}

#[test]
fn a_published_proof_of_a_wrong_row_holds() {
    let (header, proof) = fraud(include_str!("data/celestia-fraud/honest.json"));
    assert_eq!(header.width(), 32);
    assert_eq!(proof.verify(&header), Ok(()));
}

/// Its shares are proven, and determine the row of the header.
#[test]
fn a_published_proof_about_a_right_row_is_refused() {
    let (header, proof) = fraud(include_str!("data/celestia-fraud/fake.json"));
    assert_eq!(header.width(), 16);
    assert_eq!(proof.verify(&header), Err(FraudError::WellEncoded));
}

/// Parses a header and a proof; the proof has all shares of a row, of which the first half is taken.
fn fraud(text: &str) -> (Header, FraudProof) {
    let published: Fraud = serde_json::from_str(text).unwrap();
    let header = header(&published.row_roots, &published.column_roots);
    let bytes = base64(&published.proof);
    // BadEncodingFraudProof: 3 shares, 4 index, 5 axis; zeros are left out.
    let fields = fields(&bytes);
    let number = |field: u64| fields.iter().find(|(got, ..)| *got == field).map_or(0, |(_, value, _)| *value);
    assert_eq!(number(5), 0, "it is about a row");
    let shares = fields.iter().filter(|(field, ..)| *field == 3).take(header.width() / 2);
    let shares = shares.map(|(_, _, bytes)| proven_share(bytes)).collect();
    (header, FraudProof { axis: Axis::Row, index: number(4) as usize, shares })
}

/// Share: 1 namespace and data, 2 proof (1 start, 2 end, 3 nodes), as of before proofs named their axis.
fn proven_share(bytes: &[u8]) -> ProvenShare {
    let share = fields(bytes);
    let (namespace, data) = share[0].2.split_at(29);
    let share_of_data = Share(Box::new(data.try_into().unwrap()));
    if namespace != [0xff; 29] {
        assert_eq!(Namespace(namespace.try_into().unwrap()), share_of_data.namespace());
    }
    let proof = fields(share[1].2);
    let offset = proof.iter().find(|(field, ..)| *field == 1).map_or(0, |(_, value, _)| *value as usize);
    let nodes = proof.iter().filter(|(field, ..)| *field == 3);
    let siblings = nodes.map(|(_, _, node)| Node::read(&mut Reader::new(node)).unwrap()).collect();
    ProvenShare { offset, sample: ShareSample { axis: Axis::Row, share: share_of_data, siblings } }
}

/// Reads the fields of a protobuf message: number, value of a varint, bytes.
fn fields(bytes: &[u8]) -> Vec<(u64, u64, &[u8])> {
    let mut reader = Reader::new(bytes);
    let mut fields = Vec::new();
    while reader.remaining() > 0 {
        let key = u64::from(reader.varint().unwrap());
        let value = reader.varint().unwrap();
        let bytes = if key & 7 == 2 { reader.take(value as usize).unwrap() } else { &[] };
        fields.push((key >> 3, u64::from(value), bytes));
    }
    fields
}

fn header(rows: &[String], columns: &[String]) -> Header {
    let node = |text: &String| Node::read(&mut Reader::new(&base64(text))).unwrap();
    let nodes = |texts: &[String]| texts.iter().map(node).collect();
    Header::new(nodes(rows), nodes(columns)).unwrap()
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |character: u8| match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => panic!("not base64: {character}"),
    };
    let digits: Vec<u32> = text.trim_end_matches('=').bytes().map(|b| u32::from(digit(b))).collect();
    let group = |group: &[u32]| {
        let value = group.iter().enumerate().fold(0, |value, (i, digit)| value | digit << (18 - 6 * i));
        value.to_be_bytes()[1..group.len()].to_vec()
    };
    digits.chunks(4).flat_map(group).collect()
}
