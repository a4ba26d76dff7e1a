//! The vectors of `verify_kzg_proof`, from the consensus specs.
//!
//! An import cannot take a point or scalar of a wrong length; such cases have to be invalid.

use serde::Deserialize;

use crate::{
    Argument, Expected, Vector,
    files::{self, unhex},
};

/// Returns the vectors, or none without the data set.
pub fn vectors() -> Vec<Vector> {
    let files = files::archive("kzg/eip4844.tar.gz");
    let cases = files.iter().filter(|(name, _)| name.contains("/verify_kzg_proof/"));
    cases.filter_map(|(name, text)| vector(name, text)).collect()
}

#[derive(Deserialize)]
struct Case {
    input: Input,
    /// `None` if the input is malformed.
    output: Option<bool>,
}

#[derive(Deserialize)]
struct Input {
    commitment: String,
    z: String,
    y: String,
    proof: String,
}

fn vector(name: &str, text: &str) -> Option<Vector> {
    let Case { input, output } =
        serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let expected = match output {
        Some(true) => Expected::Holds,
        Some(false) => Expected::Refuted,
        None => Expected::Malformed,
    };
    let arguments = [input.commitment, input.z, input.y, input.proof].map(|bytes| unhex(&bytes));
    if arguments.each_ref().map(Vec::len) != [48, 32, 32, 48] {
        assert_eq!(expected, Expected::Malformed, "{name}: cannot be called");
        return None;
    }
    let arguments = arguments.map(Argument::Bytes).to_vec();
    Some(Vector { name: name.to_owned(), import: "kzgVerify".to_owned(), arguments, expected })
}
