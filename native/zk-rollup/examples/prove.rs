//! Measures setup and proof of a batch: `prove SIZE [compare]`.
//!
//! With `compare`, the prover of arkworks proves the same batch afterwards. It builds the constraints' linear combinations,
//! of which our prover needs only the values. Memory is the peak of the process so far.

use std::fs;
use std::time::Instant;

use ark_bls12_381::Bls12_381;
use ark_groth16::Groth16;
use ark_relations::gr1cs::{ConstraintSynthesizer as _, ConstraintSystem};
use ark_std::test_rng;
use outrider_zk_rollup::circuit::Synthesis;
use outrider_zk_rollup::prover::prove;
use outrider_zk_rollup::setup::development_key;
use outrider_zk_rollup::tree::Tree;
use outrider_zk_rollup::{Batch, Circuit, SignedTransfer};
use outrider_zk_rollup_core::pairing::{Arkworks, verify};
use outrider_zk_rollup_core::{Account, AccountIndex, Amount, Fee, Fr, SecretKey, Signature, Transfer};

type Failure = Box<dyn std::error::Error>;

#[expect(clippy::print_stdout, reason = "it is an example")]
fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let size: u16 = arguments.first().map_or(Ok(8), |size| size.parse())?;
    let circuit = Circuit::of_size(size);

    let (start, cpu) = (Instant::now(), cpu_seconds()?);
    let key = development_key(circuit, [1; 32])?;
    println!(
        "setup: {:.1} s of CPU, {:.1} s, peak {} MB",
        cpu_seconds()? - cpu,
        start.elapsed().as_secs_f64(),
        peak()?
    );
    let mut file = Vec::new();
    key.write(&mut file)?;
    println!("proving key: {:.1} MB", file.len() as f64 / 1e6);
    fs::write(std::env::temp_dir().join("outrider-proving-key"), &file)?;
    drop((file, key));
    fs::write("/proc/self/clear_refs", "5")?;
    println!("the proof, in the same process, after the peak was reset:");
    let path = std::env::temp_dir().join("outrider-proving-key");
    let (start, cpu) = (Instant::now(), cpu_seconds()?);
    let key = outrider_zk_rollup::ProvingKey::read(std::io::BufReader::new(fs::File::open(&path)?))?;
    fs::remove_file(path)?;
    println!("reading the key: {:.1} s of CPU, {:.1} s", cpu_seconds()? - cpu, start.elapsed().as_secs_f64());

    let batch = batch(circuit)?;
    let (start, cpu) = (Instant::now(), cpu_seconds()?);
    let (proof, timing) = prove(&key, circuit, &batch.witness, [2; 32], &mut |step| println!("  {step:?}"))?;
    println!(
        "proof: {:.2} s of CPU, {:.2} s, peak {} MB",
        cpu_seconds()? - cpu,
        start.elapsed().as_secs_f64(),
        peak()?
    );
    println!(
        "  values {:.2} s, quotient {:.2} s, sums {:.2} s",
        timing.values.as_secs_f64(),
        timing.quotient.as_secs_f64(),
        timing.sums.as_secs_f64(),
    );
    let size = circuit.measure();
    println!("{} constraints, domain 2^{}", size.n_constraints, size.domain().ilog2());
    verify(&Arkworks, &key.verifying_key()?, &batch.witness.public_input, &proof)?;
    println!("the proof verifies");
    if arguments.iter().any(|argument| argument == "compare") {
        compare(circuit, &batch, &key.key)?;
    }
    Ok(())
}

/// Proves with arkworks' own prover, in its parts.
#[expect(clippy::print_stdout, reason = "it is an example")]
fn compare(circuit: Circuit, batch: &Batch, key: &ark_groth16::ProvingKey<Bls12_381>) -> Result<(), Failure> {
    let synthesis = Synthesis { circuit, witness: &batch.witness };
    let cpu = cpu_seconds()?;
    let system = ConstraintSystem::<Fr>::new_ref();
    synthesis.generate_constraints(system.clone())?;
    system.finalize();
    let built = cpu_seconds()? - cpu;
    drop(system);
    let cpu = cpu_seconds()?;
    Groth16::<Bls12_381>::create_random_proof_with_reduction(synthesis, key, &mut test_rng())?;
    println!(
        "arkworks' prover: {:.2} s of CPU, peak {} MB; its constraints alone {built:.2} s",
        cpu_seconds()? - cpu,
        peak()?,
    );
    Ok(())
}

/// A full batch: each account pays the next one.
fn batch(circuit: Circuit) -> Result<Batch, Failure> {
    let domain = Fr::from(1);
    let n_accounts = u32::from(circuit.size);
    let secret = |index: u32| SecretKey::from_seed(&[index as u8; 32]);
    let mut tree = Tree::new(circuit.depth);
    // Spread over the whole tree.
    let place = |index: u32| 1 + (index % n_accounts) * (0xff_fffe / n_accounts);
    for index in 0..n_accounts {
        let key_y = secret(index).public_key().y();
        tree.set(place(index), Account { key_y, balance: 1_000_000_000, nonce: 0 });
    }
    let mut signed = Vec::new();
    for index in 0..n_accounts {
        let transfer = Transfer {
            from: AccountIndex::new(place(index))?,
            to: AccountIndex::new(place(index + 1))?,
            amount: Amount::floor(123_456_789),
            fee: Fee::floor(1000),
        };
        let signature = Signature::sign(&secret(index), &transfer.message(0), &domain);
        signed.push(SignedTransfer { transfer, signature });
    }
    Ok(Batch::new(circuit, &domain, &mut tree, &signed)?)
}

/// The seconds that all threads of the process computed.
fn cpu_seconds() -> Result<f64, Failure> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').ok_or("no fields")?.1.split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(|ticks| ticks.parse().unwrap_or(0_u64)).sum();
    Ok(ticks as f64 / 100.0)
}

/// The peak of the process's memory, in MB.
fn peak() -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no peak")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes / 1000)
}
