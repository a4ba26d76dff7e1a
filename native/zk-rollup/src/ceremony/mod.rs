//! Proving keys of Groth16 over BLS12-381 from a ceremony, for any circuit.
//!
//! A Groth16 key has two layers of secrets. *Powers of tau* (phase 1) serve all circuits; this module reads and checks
//! them in the format of snarkjs 0.7. From them and a circuit follows, without a secret, a first key
//! ([`FirstKey`]). Contributions to its *delta* (phase 2) make it safe: it suffices that one contributor
//! forgot the secret. They can be made here ([`CeremonyKey::contribute`]) or with snarkjs, whose `.zkey` of the circuit
//! ([`Circuit::write_r1cs`]) is imported by [`CeremonyKey::verify`].
//!
//! ```no_run
//! # use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, Result};
//! # struct Mine;
//! # impl ConstraintSynthesizer<ark_bls12_381::Fr> for Mine {
//! #     fn generate_constraints(self, _: ConstraintSystemRef<ark_bls12_381::Fr>) -> Result<()> { Ok(()) }
//! # }
//! # fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
//! # let my_circuit = Mine;
//! use outrider_zk_rollup::ceremony::{Circuit, Entropy, FirstKey, Layout, Powers};
//! use std::fs::File;
//!
//! let circuit = Circuit::new(my_circuit)?;
//! let mut powers = Powers::read(File::open("powers.ptau")?, circuit.domain_power())?;
//! let first = FirstKey::new(&mut powers, circuit, Layout::Arkworks)?;
//! let mut key = first.begin()?;
//! key.contribute("my name", Entropy::System("any text"))?;
//! key.write(File::create("circuit.key")?)?; // for the next contributor
//! let proving_key = key.verify(&first)?.into_proving_key();
//! # Ok(()) }
//! ```
//!
//! Checking powers takes 0.4 CPU milliseconds a row (25 s for 2^16 rows), the first key some 0.4 milliseconds a coefficient
//! of the circuit, a contribution 0.2 milliseconds a row; and all of it some 5 kB a row (`examples/ceremony.rs`).
//!
//! *Invariant*: no key is given out whose delta is its gamma. Before the first contribution both are the generator, and
//! whoever has one proof can then make a proof of any other input.

mod binfile;
mod blake2b;
mod circuit;
mod error;
mod key;
mod point;
mod powers;
mod random;
mod transcript;

pub use binfile::SectionId;
pub use circuit::Circuit;
pub use error::{Broken, CeremonyError, Fault};
pub use key::{CeremonyKey, Entropy, FirstKey, Layout, SnarkjsReduction, VerifiedKey, refuse_equal_delta};
pub use powers::{ContributionReport, Powers, PowersReport, write_insecure_powers};
pub use random::BEACON_EXPONENT_MAX;
pub use transcript::{CONTRIBUTIONS_MAX, DeltaContribution, Transcript};
