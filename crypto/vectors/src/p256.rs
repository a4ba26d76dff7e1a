//! The vectors of ECDSA over P-256, as input of the precompile of EIP-7951.

use crate::{
    Argument, Expected, Vector,
    files::{self, unhex},
};

/// Returns the vectors.
pub fn vectors() -> Vec<Vector> {
    let text = String::from_utf8(outrider_published::read(&files::own("p256.csv.gz"))).unwrap();
    text.lines().skip(1).map(vector).collect()
}

fn vector(row: &str) -> Vector {
    let columns: Vec<_> = row.split(',').collect();
    let [name, input, result] = columns[..] else { panic!("not three columns: {row}") };
    let input = unhex(input);
    let (digest, rest) = input.split_at(32);
    let (signature, key) = rest.split_at(64);
    Vector {
        name: format!("P-256: {name}"),
        import: "p256Verify".to_owned(),
        arguments: [digest, signature, key].map(Argument::bytes).to_vec(),
        expected: if result == "valid" { Expected::Holds } else { Expected::Refused },
    }
}
