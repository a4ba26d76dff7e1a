//! `outrider zk prove`: makes the operator's next section.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use outrider_host::chain;
use outrider_witness::NodeSource;
use outrider_zk_rollup::operator::{AssembleError, Assembly, Plan, Request, View};
use outrider_zk_rollup::prover::{self, Step};
use outrider_zk_rollup::{Batch, ProvingKey};
use outrider_zk_rollup_core::{AccountIndex, Proof, SecretKey};
use outrider_zk_rollup_ee::{Forced, Payload, SignedExit, key_hash};
use serde_json::json;

use super::keys::{account_index, proving_key_path, random, read_proving_key, read_secret_key, seed, sizes};
use super::{source, write};
use crate::output::{self, Plain, Summary};
use crate::{Verdict, files, output_file, progress};

/// Make the operator's next section: deposits, exits, and batches of transfers with their proofs.
///
/// Transfers are made in the order in which they are given, but for those of one sender, whose nonces give their order. They fill batches of
/// the sizes for which the directory has keys; no-ops fill the last one. The section is for the current state in the directory, which
/// does not change: `outrider witness build --apply` makes the block.
///
/// The exit code is 0 if there is a section, 1 if a transfer or an exit is refused, 2 if the input cannot be used.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Directory with the state, made by `outrider state init --kind zk-rollup` or `outrider zk rebuild`.
    #[arg(value_name = "DIR")]
    state: PathBuf,
    /// File with the operator's secret key.
    #[arg(long, value_name = "FILE")]
    operator: PathBuf,
    /// Directory with proving keys, made by `outrider zk setup`.
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    /// Files with signed transfers, made by `outrider zk transfer`.
    #[arg(value_name = "TRANSFERS")]
    transfers: Vec<PathBuf>,
    /// File with an exit, made by `outrider zk exit`; may be repeated.
    #[arg(long = "exit", value_name = "PACKAGES")]
    exits: Vec<PathBuf>,
    /// Number of pending deposits that get their places. The default is all of them.
    #[arg(long, value_name = "N")]
    deposits: Option<usize>,
    /// Account that collects the fees earned before this section.
    #[arg(long, value_name = "INDEX", value_parser = account_index)]
    collect: Option<AccountIndex>,
    /// Text from which the randomness of proofs is made, so that the same input makes the same section, for examples and tests. By
    /// default, it is the system's: proofs hide signatures and nonces only then.
    #[arg(long, value_name = "TEXT")]
    seed: Option<String>,
    /// Leave out transfers that are refused, and make the section of the others.
    #[arg(long)]
    skip_refused: bool,
    /// File for the section.
    #[arg(short, long, value_name = "PACKAGES")]
    output: PathBuf,
    /// Print the report as JSON instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn prove(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let Arguments { state, operator: operator_file, output, .. } = arguments;
    output_file::check_not_read(output, arguments.transfers.iter().chain(&arguments.exits))?;
    output_file::check_not_in(output, state)?;
    write::check_replaceable(output)?;
    let operator = read_secret_key(operator_file)?;
    let (plan, sources) = arguments.plan()?;
    let mut view = source::open(state)?;
    anyhow::ensure!(
        view.node().operator == operator.public_key().y(),
        "{}: not the key of the rollup's operator, who alone can sign its sections",
        operator_file.display()
    );
    let assembly = match Assembly::new(&mut view, plan) {
        Ok(assembly) => assembly,
        Err(error @ AssembleError::Exit { .. }) => {
            let error = chain(&error);
            output::error(&error)?;
            if arguments.json {
                output::json(json!({ "refused": [error] }), &Summary::error(Verdict::Fails, &error))?;
            }
            return Ok(Verdict::Fails);
        }
        Err(error) => return Err(error).with_context(|| state.display().to_string()),
    };
    let refused: Vec<String> = assembly
        .refused
        .iter()
        .map(|refused| {
            let place = sources.get(refused.position).map_or("transfer", String::as_str);
            format!("{place}: {}", chain(&refused.reason))
        })
        .collect();
    for line in &refused {
        output::error(line)?;
    }
    if !refused.is_empty() && !arguments.skip_refused {
        if arguments.json {
            let summary =
                Summary::error(Verdict::Fails, "transfers are refused; --skip-refused leaves them out");
            output::json(json!({ "refused": refused }), &summary)?;
        }
        return Ok(Verdict::Fails);
    }
    let proved = arguments.prove_all(&view, &assembly.batches)?;
    arguments.finish(assembly, &proved, &operator, &refused)
}

impl Arguments {
    /// Writes the section, and reports it.
    fn finish(
        &self,
        assembly: Assembly,
        proved: &[Proved],
        operator: &SecretKey,
        refused: &[String],
    ) -> anyhow::Result<Verdict> {
        let proofs: Vec<Proof> = proved.iter().map(|proved| proved.proof).collect();
        let n_deposits = assembly.n_deposits();
        let counts: Vec<(u16, usize)> =
            assembly.batches.iter().map(|batch| (batch.circuit.size, batch.transfers.len())).collect();
        let payload = assembly.finish(&proofs, operator)?.to_bytes();
        write::packages(Some(&self.output), std::slice::from_ref(&payload))?;
        if self.json {
            let batches = counts.iter().zip(proved).map(|((size, n_transfers), proved)| {
                json!({ "size": size, "n_transfers": n_transfers, "prover_seconds": proved.seconds })
            });
            let document = json!({
                "n_deposits": n_deposits,
                "batches": batches.collect::<Vec<_>>(),
                "refused": refused,
                "payload_bytes": payload.len(),
            });
            output::json(document, &Summary::of(counts.len(), 0))?;
            return Ok(Verdict::Holds);
        }
        let mut out = output::stdout();
        writeln!(out, "{n_deposits} deposits, {} bytes in {}", payload.len(), Plain(self.output.display()))?;
        for ((size, n_transfers), proved) in counts.iter().zip(proved) {
            writeln!(
                out,
                "a batch of {size} with {n_transfers} transfers, proved in {:.1} s",
                proved.seconds
            )?;
        }
        Ok(Verdict::Holds)
    }

    /// Reads what the section should have, and says where each transfer comes from.
    fn plan(&self) -> anyhow::Result<(Plan, Vec<String>)> {
        let (mut requests, mut sources, mut exits) = (Vec::new(), Vec::new(), Vec::new());
        for path in &self.transfers {
            for (index, bytes) in packages(path)?.iter().enumerate() {
                let place = format!("{}: transfer {index}", files::name(path));
                requests.push(Request::from_bytes(bytes).with_context(|| place.clone())?);
                sources.push(place);
            }
        }
        for path in &self.exits {
            exits.extend(read_exits(path)?);
        }
        let plan = Plan {
            n_deposits: self.deposits.unwrap_or(usize::MAX),
            exits,
            collector: self.collect,
            requests,
            sizes: if sources.is_empty() { Vec::new() } else { sizes(&self.keys)? },
        };
        Ok((plan, sources))
    }

    /// Proves batches one after another. Only one key is in memory at a time.
    fn prove_all<S: NodeSource>(&self, view: &View<S>, batches: &[Batch]) -> anyhow::Result<Vec<Proved>> {
        let bar = progress::bar(batches.len() * N_STEPS);
        let mut loaded: Option<ProvingKey> = None;
        let mut proved = Vec::new();
        for (number, batch) in batches.iter().enumerate() {
            let size = batch.circuit.size;
            let path = proving_key_path(&self.keys, size);
            let name = || path.display().to_string();
            bar.set_message(format!("batch {number}: reading the key"));
            let key = match loaded.take() {
                Some(key) if key.circuit == batch.circuit => key,
                _ => read_proving_key(&path)?,
            };
            let verifying = key.verifying_key().with_context(name)?;
            let hash = view.node().keys.iter().find(|(of, _)| *of == size).map(|(_, hash)| *hash);
            anyhow::ensure!(
                hash == Some(key_hash(&verifying)),
                "{}: the rollup has another verifying key for batches of {size}: name the directory with the keys of its genesis",
                name()
            );
            bar.inc(1);
            let randomness = match &self.seed {
                Some(text) => seed("outrider zk prove", &format!("{number} {text}")),
                None => random()?,
            };
            let start = Instant::now();
            let mut show = |step: Step| {
                bar.set_message(format!("batch {number}: {}", describe(step)));
                bar.inc(1);
            };
            let (proof, _) = prover::prove(&key, batch.circuit, &batch.witness, randomness, &mut show)?;
            let seconds = start.elapsed().as_secs_f64();
            batch.verify(&verifying, &proof).with_context(|| format!("{}: batch {number}", name()))?;
            proved.push(Proved { proof, seconds });
            loaded = Some(key);
        }
        bar.finish_and_clear();
        Ok(proved)
    }
}

/// Reads a file that has packages and nothing else.
fn packages(path: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let read = files::read_packages(path)?;
    anyhow::ensure!(
        !read.packages.is_empty() && read.receipts.is_empty(),
        "{}: expected packages alone, without receipts, as `outrider zk transfer` and `outrider zk exit` write them",
        files::name(path)
    );
    Ok(read.packages)
}

fn read_exits(path: &Path) -> anyhow::Result<Vec<SignedExit>> {
    let mut exits = Vec::new();
    for (index, bytes) in packages(path)?.iter().enumerate() {
        let place = || format!("{}: package {index}", files::name(path));
        match Payload::from_bytes(bytes).with_context(place)? {
            Payload::Forced(Forced { n_deposits: 0, exits: read }) => exits.extend(read),
            _ => anyhow::bail!("{}: no exit, which `outrider zk exit` writes", place()),
        }
    }
    Ok(exits)
}

/// A proof, and how long it took.
struct Proved {
    proof: Proof,
    seconds: f64,
}

fn describe(step: Step) -> &'static str {
    match step {
        Step::Values => "computing the circuit's values",
        Step::Quotient => "dividing polynomials",
        Step::Sums => "adding up points",
    }
}

/// The steps of the progress bar for each batch: reading the key, and those of the prover.
const N_STEPS: usize = 4;
