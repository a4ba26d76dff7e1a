//! EIP-7594's vectors, from the consensus specs' reference tests (fulu), as ethereum/c-kzg-4844 vendors them.
//!
//! The challenges of the batch verification are internal to the library, and are not checked.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use outrider_availability::kzg::{
    Cell, Commitment, Extended, Proof, compute_cells_and_kzg_proofs, recover_cells_and_kzg_proofs,
    verify_cell_kzg_proof_batch,
};
use serde::{Deserialize, de::DeserializeOwned};

#[derive(Deserialize)]
struct Case<I, O> {
    input: I,
    /// `None` if the input must be refused.
    output: Option<O>,
}

/// Cells and proofs.
type Both = (Vec<String>, Vec<String>);

#[derive(Deserialize)]
struct Compute {
    blob: String,
}

#[derive(Deserialize)]
struct Recover {
    cell_indices: Vec<u64>,
    cells: Vec<String>,
}

#[derive(Deserialize)]
struct Verify {
    commitments: Vec<String>,
    cell_indices: Vec<u64>,
    cells: Vec<String>,
    proofs: Vec<String>,
}

#[test]
fn blobs_are_extended_as_published() {
    let Some(cases) = cases::<Compute, Both>("compute_cells_and_kzg_proofs") else { return };
    assert_eq!(counts(&cases, |_| true), (3, 2));
    for (name, case) in cases {
        check(&name, compute_cells_and_kzg_proofs(&unhex(&case.input.blob)).ok(), case.output);
    }
}

#[test]
fn cells_are_recovered_as_published() {
    let Some(cases) = cases::<Recover, Both>("recover_cells_and_kzg_proofs") else { return };
    assert_eq!(counts(&cases, |_| true), (2, 7));
    for (name, Case { input, output }) in cases {
        let cells = input.cells.iter().map(|cell| cell_of(cell)).collect::<Option<Vec<_>>>();
        let got = cells.and_then(|cells| recover_cells_and_kzg_proofs(&input.cell_indices, &cells).ok());
        check(&name, got, output);
    }
}

#[test]
fn cells_are_verified_as_published() {
    let Some(cases) = cases::<Verify, bool>("verify_cell_kzg_proof_batch") else { return };
    assert_eq!(counts(&cases, |verdict| *verdict), (6, 10));
    for (name, Case { input, output }) in cases {
        assert_eq!(verdict(&input), output, "{name}");
    }
}

/// Returns `None` if the input is malformed; also if something has another length than its type.
fn verdict(input: &Verify) -> Option<bool> {
    let commitments: Vec<Commitment> =
        input.commitments.iter().map(|point| unhex(point).try_into().ok()).collect::<Option<_>>()?;
    let proofs: Vec<Proof> =
        input.proofs.iter().map(|point| unhex(point).try_into().ok()).collect::<Option<_>>()?;
    let cells: Vec<Cell> = input.cells.iter().map(|cell| cell_of(cell)).collect::<Option<_>>()?;
    verify_cell_kzg_proof_batch(&commitments, &input.cell_indices, &cells, &proofs).ok()
}

#[track_caller]
fn check(name: &str, got: Option<Extended>, expected: Option<Both>) {
    let expected = expected.map(|(cells, proofs)| Extended {
        cells: cells.iter().map(|cell| cell_of(cell).unwrap()).collect(),
        proofs: proofs.iter().map(|proof| unhex(proof).try_into().unwrap()).collect(),
    });
    assert!(got == expected, "{name}: refused: {}, expected {}", got.is_none(), expected.is_none());
}

/// Returns the numbers of inputs that must be answered, or found true, and of all others.
fn counts<I, O>(cases: &[(String, Case<I, O>)], is_good: impl Fn(&O) -> bool) -> (usize, usize) {
    let good = cases.iter().filter(|(_, case)| case.output.as_ref().is_some_and(&is_good)).count();
    (good, cases.len() - good)
}

fn cases<I: DeserializeOwned, O: DeserializeOwned>(function: &str) -> Option<Vec<(String, Case<I, O>)>> {
    let files = outrider_published::archive("kzg-peerdas/eip7594.tar.gz")?;
    let of_function = files.into_iter().filter(|(name, _)| name.starts_with(&format!("{function}/")));
    let parse = |(name, bytes): (String, Vec<u8>)| {
        let case = serde_saphyr::from_slice(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, case)
    };
    Some(of_function.map(parse).collect())
}

fn cell_of(text: &str) -> Option<Cell> {
    Some(Box::new(unhex(text).try_into().ok()?))
}

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text.trim_start_matches("0x")).unwrap()
}
