//! The test cases of rustreexo: leaves are the SHA-256 of one byte.

use outrider_witness::{
    Hash, Hasher as _, Sha256,
    utreexo::{Accumulator, Numbering, Proof},
};
use serde::Deserialize;
use serde_json::Value;

use super::{Case, error::RowError, row::hash};

#[derive(Deserialize)]
struct Vectors {
    insertion_tests: Vec<Insertion>,
    proof_tests: Vec<Verification>,
    deletion_tests: Vec<Deletion>,
}

#[derive(Deserialize)]
struct Insertion {
    leaf_preimages: Vec<u8>,
    expected_roots: Vec<String>,
}

#[derive(Deserialize)]
struct Verification {
    numleaves: u64,
    roots: Vec<String>,
    targets: Vec<u64>,
    target_preimages: Vec<u8>,
    proofhashes: Vec<String>,
    expected: bool,
}

#[derive(Deserialize)]
struct Deletion {
    leaf_preimages: Vec<u8>,
    target_values: Vec<u64>,
    #[serde(default)]
    proofhashes: Vec<String>,
    expected_roots: Vec<String>,
}

/// Runs all cases.
pub(super) fn run(document: &Value) -> Result<Vec<Case>, RowError> {
    let vectors = Vectors::deserialize(document)?;
    let mut cases = Vec::new();
    for (index, case) in vectors.insertion_tests.iter().enumerate() {
        let got = of_leaves(&leaves(&case.leaf_preimages))?;
        cases.push(Case::of(format!("insertion {index}"), &got.roots(), &&*roots(&case.expected_roots)?));
    }
    for (index, case) in vectors.proof_tests.iter().enumerate() {
        cases.push(Case::of(format!("proof {index}"), &case.verify()?, &case.expected));
    }
    for (index, case) in vectors.deletion_tests.iter().enumerate() {
        let name = format!("deletion {index}");
        cases.push(match case.delete()? {
            Ok(got) => Case::of(name, &got.roots(), &&*roots(&case.expected_roots)?),
            Err(problem) => Case::new(name, Some(problem)),
        });
    }
    Ok(cases)
}

impl Verification {
    fn verify(&self) -> Result<bool, RowError> {
        let accumulator = Accumulator::new(self.numleaves, roots(&self.roots)?)?;
        let proof = Proof { targets: self.targets.clone(), hashes: hashes(&self.proofhashes)? };
        let witness = proof.to_witness(&accumulator, Numbering::Forest, &leaves(&self.target_preimages));
        Ok(witness.is_ok_and(|witness| accumulator.verify(&witness.bytes, &witness.leaves).is_ok()))
    }
}

impl Deletion {
    fn delete(&self) -> Result<Result<Accumulator, String>, RowError> {
        let all = leaves(&self.leaf_preimages);
        let mut accumulator = of_leaves(&all)?;
        let leaf = |target: &u64| usize::try_from(*target).ok().and_then(|target| all.get(target)).copied();
        let deleted = self.target_values.iter().map(leaf).collect::<Option<Vec<Hash>>>();
        let deleted = deleted.ok_or(RowError::Missing { what: "leaf of a target" })?;
        let proof = Proof { targets: self.target_values.clone(), hashes: hashes(&self.proofhashes)? };
        let witness = match proof.to_witness(&accumulator, Numbering::Forest, &deleted) {
            Ok(witness) => witness,
            Err(error) => return Ok(Err(format!("the proof is refused: {error}"))),
        };
        let outcome = accumulator.delete(&witness.bytes, &witness.leaves);
        Ok(outcome.map(|()| accumulator).map_err(|error| format!("the proof does not verify: {error}")))
    }
}

fn leaves(preimages: &[u8]) -> Vec<Hash> {
    preimages.iter().map(|byte| Sha256::hash(&[*byte])).collect()
}

fn of_leaves(leaves: &[Hash]) -> Result<Accumulator, RowError> {
    let mut accumulator = Accumulator::default();
    for leaf in leaves {
        accumulator.add(*leaf)?;
    }
    Ok(accumulator)
}

fn hashes(texts: &[String]) -> Result<Vec<Hash>, RowError> {
    texts.iter().map(|text| hash(text).map(Hash)).collect()
}

/// Reads roots, among which zeros stand for an empty tree.
fn roots(texts: &[String]) -> Result<Vec<Option<Hash>>, RowError> {
    let roots = hashes(texts)?.into_iter();
    Ok(roots.map(|root| (root != Hash([0; 32])).then_some(root)).collect())
}
