//! The vectors of BIP-340: Schnorr signatures over secp256k1.

use crate::{
    Argument, Expected, Vector,
    files::{self, unhex},
};

/// Returns the vectors.
pub fn vectors() -> Vec<Vector> {
    let text = String::from_utf8(outrider_published::read(&files::own("bip-0340.csv"))).unwrap();
    text.lines().skip(1).map(vector).collect()
}

fn vector(row: &str) -> Vector {
    let columns: Vec<_> = row.splitn(8, ',').collect();
    let [index, _secret, key, _aux, message, signature, result, _comment] = columns[..] else {
        panic!("not eight columns: {row}")
    };
    let message = unhex(message);
    Vector {
        name: format!("BIP-340: {index}"),
        import: "schnorrVerify".to_owned(),
        arguments: vec![
            Argument::bytes(&message),
            Argument::number(message.len()),
            Argument::Bytes(unhex(signature)),
            Argument::Bytes(unhex(key)),
        ],
        expected: if result == "TRUE" { Expected::Holds } else { Expected::Refused },
    }
}
