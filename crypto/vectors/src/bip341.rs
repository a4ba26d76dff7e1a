//! The vectors of BIP-341 for wallets: tweaks of keys over secp256k1.

use serde::Deserialize;

use crate::{Argument, Expected, Vector, files::unhex};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Suite {
    script_pub_key: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    given: Given,
    intermediary: Intermediary,
    expected: Output,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    internal_pubkey: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Intermediary {
    tweak: String,
    tweaked_pubkey: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    #[serde(default)]
    script_path_control_blocks: Vec<String>,
}

/// Returns the vectors, and for each the one with the other parity, or none where the published data is not. A control
/// block has the parity in its lowest bit; an output without scripts has none, and is left out.
pub fn vectors() -> Vec<Vector> {
    let Some(file) = outrider_published::file("bitcoin/bitcoin-core/bip341_wallet_vectors.json") else {
        return Vec::new();
    };
    let suite: Suite = serde_json::from_slice(&file).unwrap();
    let cases = suite.script_pub_key.iter().enumerate();
    cases.flat_map(|(index, case)| [0, 1].map(|parity| vector(index, case, parity))).flatten().collect()
}

fn vector(index: usize, case: &Case, parity: u32) -> Option<Vector> {
    let control_block = unhex(case.expected.script_path_control_blocks.first()?);
    let is_right = u32::from(control_block[0] & 1) == parity;
    Some(Vector {
        name: format!("BIP-341: {index}, parity {parity}"),
        import: "secp256k1XonlyTweakAddCheck".to_owned(),
        arguments: vec![
            Argument::Bytes(unhex(&case.intermediary.tweaked_pubkey)),
            Argument::Number(parity),
            Argument::Bytes(unhex(&case.given.internal_pubkey)),
            Argument::Bytes(unhex(&case.intermediary.tweak)),
        ],
        expected: if is_right { Expected::Holds } else { Expected::Refuted },
    })
}
