//! A ceremony on the command line, for measurements and for trials with snarkjs:
//!
//! ```text
//! cargo run --example ceremony powers 16 16.ptau       # INSECURE powers of tau, of a seed that everybody knows
//! cargo run --example ceremony check 16.ptau 16        # reads and checks powers for a domain of 2^16 rows
//! cargo run --example ceremony key 16.ptau 16          # makes, contributes to and verifies the key of such a circuit
//! cargo run --example ceremony r1cs 16 circuit.r1cs    # the circuit, for `snarkjs groth16 setup`
//! cargo run --example ceremony import 16.ptau 16 circuit.zkey  # verifies snarkjs's key of it, proves and verifies
//! cargo run --example ceremony export 16.ptau 16 .     # a proof and its key in snarkjs's JSON
//! ```

use ark_bls12_381::{Bls12_381, Fq2, Fr, G1Affine, G2Affine};
use ark_ff::Field;
use ark_groth16::{Groth16, Proof, ProvingKey, VerifyingKey};
use ark_relations::{
    gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, Result as R1csResult, SynthesisError, Variable},
    lc,
};
use ark_snark::SNARK;
use ark_std::rand::{SeedableRng, rngs::StdRng};
use outrider_zk_rollup::ceremony::{
    CeremonyKey, Circuit, Entropy, FirstKey, Layout, Powers, SnarkjsReduction, write_insecure_powers,
};
use std::{
    error::Error,
    fs::File,
    io::{BufWriter, Write},
    process::ExitCode,
    time::Instant,
};

/// Terms of each combination in A and B; a round of Poseidon has about as many.
const TERMS: usize = 4;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["powers", power, file] => {
            write_insecure_powers(power.parse()?, b"seed", BufWriter::new(File::create(file)?))?;
        }
        ["check", file, power] => check(file, power.parse()?)?,
        ["r1cs", power, file] => {
            Circuit::new(Chain::new(power)?)?.write_r1cs(BufWriter::new(File::create(file)?))?
        }
        ["key", file, power] => {
            let key = make(file, Chain::new(power)?)?;
            prove(&key, Chain::new(power)?.with_values())?;
        }
        ["import", file, power, key] => import(file, Chain::new(power)?, key)?,
        ["export", file, power, folder] => {
            let circuit = Chain::new(power)?.with_values();
            let key = make(file, Chain::new(power)?)?;
            export(folder, &key.vk, &circuit.public(), &prove(&key, circuit)?)?;
        }
        _ => return Err("give powers, check, r1cs, key, import or export, and its arguments".into()),
    }
    Ok(())
}

fn check(file: &str, power: u32) -> Result<(), Box<dyn Error>> {
    let file = File::open(file)?;
    let powers = timed("powers read and checked", || Powers::read(file, power))?;
    let report = powers.report();
    let mut out = std::io::stdout();
    writeln!(out, "power {}, of a ceremony of {}", report.power, report.ceremony_power)?;
    writeln!(out, "hashes checked: {}, prepared: {}", report.hashes_checked, report.prepared)?;
    for contribution in &report.contributions {
        writeln!(out, "contribution {:?}, beacon: {}", contribution.name, contribution.is_beacon)?;
    }
    if report.is_insecure() {
        writeln!(out, "INSECURE: the secrets follow from a seed")?;
    }
    Ok(())
}

fn make(file: &str, circuit: Chain) -> Result<ProvingKey<Bls12_381>, Box<dyn Error>> {
    let circuit = timed("circuit", || Circuit::new(circuit))?;
    let mut out = std::io::stdout();
    writeln!(out, "{} constraints, {} coefficients", circuit.constraints(), circuit.coefficients())?;
    let file = File::open(file)?;
    let mut powers = timed("powers read and checked", || Powers::read(file, circuit.domain_power()))?;
    timed("Lagrange points", || {
        powers.prepare();
        Ok::<_, Box<dyn Error>>(())
    })?;
    let first = timed("first key", || FirstKey::new(&mut powers, circuit, Layout::Arkworks))?;
    let mut key = first.begin()?;
    timed("contribution", || key.contribute("example", Entropy::System("example")))?;
    Ok(timed("verification", || key.verify(&first))?.into_proving_key())
}

fn import(file: &str, circuit: Chain, key: &str) -> Result<(), Box<dyn Error>> {
    let key = File::open(key)?;
    let key = timed("key read", || CeremonyKey::read(key))?;
    let matrices = Circuit::new(circuit)?;
    let file = File::open(file)?;
    let mut powers = timed("powers read and checked", || Powers::read(file, matrices.domain_power()))?;
    let first = timed("first key", || FirstKey::new(&mut powers, matrices, Layout::Snarkjs))?;
    let key = timed("verification", || key.verify(&first))?.into_proving_key();
    let circuit = circuit.with_values();
    let mut rng = StdRng::seed_from_u64(1);
    let proof = timed("proof", || Groth16::<_, SnarkjsReduction>::prove(&key, circuit, &mut rng))?;
    let valid = Groth16::<Bls12_381>::verify(&key.vk, &circuit.public(), &proof)?;
    writeln!(std::io::stdout(), "the proof verifies: {valid}")?;
    Ok(())
}

fn prove(key: &ProvingKey<Bls12_381>, circuit: Chain) -> Result<Proof<Bls12_381>, Box<dyn Error>> {
    let mut rng = StdRng::seed_from_u64(1);
    let proof = timed("proof", || Groth16::<Bls12_381>::prove(key, circuit, &mut rng))?;
    let valid = Groth16::<Bls12_381>::verify(&key.vk, &circuit.public(), &proof)?;
    writeln!(std::io::stdout(), "the proof verifies: {valid}")?;
    Ok(proof)
}

/// Runs a step and writes its wall time, and the process's CPU time and most memory so far.
fn timed<T, E>(name: &str, step: impl FnOnce() -> Result<T, E>) -> Result<T, Box<dyn Error>>
where
    Box<dyn Error>: From<E>,
{
    let start = Instant::now();
    let result = step()?;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim();
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Linux's clock ticks are hundredths of a second; the 14th and 15th field.
    let ticks = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    let cpu: f64 = ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0;
    writeln!(
        std::io::stdout(),
        "{name}: {:.1} s; CPU in all {cpu:.1} s, memory at most {memory}",
        start.elapsed().as_secs_f64()
    )?;
    Ok(result)
}

/// A chain of constraints that fills a domain but for three rows: the next value is a product of two sums of values before.
#[derive(Clone, Copy)]
struct Chain {
    constraints: usize,
    values: bool,
}

impl Chain {
    fn new(power: &str) -> Result<Self, Box<dyn Error>> {
        let rows = 1_usize.checked_shl(power.parse()?).ok_or("the power is too large")?;
        Ok(Self { constraints: rows.checked_sub(4).ok_or("the power is too small")?, values: false })
    }

    fn with_values(self) -> Self {
        Self { values: true, ..self }
    }

    fn public(&self) -> [Fr; 1] {
        let mut values = vec![Fr::from(3_u64)];
        for index in 0..self.constraints {
            let [a, b] =
                sums(index).map(|terms| terms.iter().map(|(factor, at)| *factor * values[*at]).sum::<Fr>());
            values.push(a * b);
        }
        [values[self.constraints]]
    }
}

/// The terms of A and B of a constraint: factors and indices of values.
fn sums(index: usize) -> [Vec<(Fr, usize)>; 2] {
    let terms = |salt: usize| {
        let term = |term: usize| {
            // Large factors, as those of Poseidon's matrix.
            let factor = Fr::from((salt * 8 + term + 2) as u64).inverse().expect("it is not zero");
            (factor, index.saturating_sub(term * (salt + 1)))
        };
        let mut terms: Vec<_> = (0..TERMS).map(term).collect();
        terms.dedup_by_key(|(_, at)| *at);
        terms
    };
    [terms(1), terms(2)]
}

impl ConstraintSynthesizer<Fr> for Chain {
    fn generate_constraints(self, system: ConstraintSystemRef<Fr>) -> R1csResult<()> {
        let missing = SynthesisError::AssignmentMissing;
        let public = self.values.then(|| self.public()[0]);
        let output = system.new_input_variable(|| public.ok_or(missing))?;
        let mut values = vec![Fr::from(3_u64)];
        let mut variables = vec![system.new_witness_variable(|| Ok(values[0]))?];
        for index in 0..self.constraints {
            let sums = sums(index);
            let [a, b] = [0, 1].map(|i| sums[i].iter().map(|(factor, at)| *factor * values[*at]).sum::<Fr>());
            values.push(a * b);
            let last = index + 1 == self.constraints;
            variables.push(if last { output } else { system.new_witness_variable(|| Ok(a * b))? });
            let combination =
                |i: usize| sums[i].iter().fold(lc!(), |sum, (factor, at)| sum + (*factor, variables[*at]));
            system.enforce_r1cs_constraint(
                || combination(0),
                || combination(1),
                || lc!() + variables[index + 1],
            )?;
        }
        system.enforce_r1cs_constraint(
            || lc!() + variables[0],
            || lc!() + Variable::One,
            || lc!() + variables[0],
        )
    }
}

/// Writes a proof, its inputs and its key as snarkjs's JSON, for `snarkjs groth16 verify`.
fn export(
    folder: &str,
    key: &VerifyingKey<Bls12_381>,
    public: &[Fr],
    proof: &Proof<Bls12_381>,
) -> Result<(), Box<dyn Error>> {
    let g1 = |point: &G1Affine| format!("[\"{}\", \"{}\", \"1\"]", point.x, point.y);
    let fq2 = |element: Fq2| format!("[\"{}\", \"{}\"]", element.c0, element.c1);
    let g2 = |point: &G2Affine| format!("[{}, {}, [\"1\", \"0\"]]", fq2(point.x), fq2(point.y));
    let ic: Vec<String> = key.gamma_abc_g1.iter().map(g1).collect();
    let key = format!(
        "{{\"protocol\": \"groth16\", \"curve\": \"bls12381\", \"nPublic\": {}, \"vk_alpha_1\": {}, \"vk_beta_2\": {}, \
         \"vk_gamma_2\": {}, \"vk_delta_2\": {}, \"IC\": [{}]}}",
        public.len(),
        g1(&key.alpha_g1),
        g2(&key.beta_g2),
        g2(&key.gamma_g2),
        g2(&key.delta_g2),
        ic.join(", ")
    );
    let proof = format!(
        "{{\"protocol\": \"groth16\", \"curve\": \"bls12381\", \"pi_a\": {}, \"pi_b\": {}, \"pi_c\": {}}}",
        g1(&proof.a),
        g2(&proof.b),
        g1(&proof.c)
    );
    let public: Vec<String> = public.iter().map(|input| format!("\"{input}\"")).collect();
    let folder = std::path::Path::new(folder);
    std::fs::write(folder.join("vk.json"), key)?;
    std::fs::write(folder.join("proof.json"), proof)?;
    std::fs::write(folder.join("public.json"), format!("[{}]", public.join(", ")))?;
    Ok(())
}
