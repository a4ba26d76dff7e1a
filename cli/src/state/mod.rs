//! `outrider state`: makes and checks full states of EEs, each in its own directory.

pub(crate) mod init;
pub(crate) mod kind;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use outrider_host::{Host, chain};
use outrider_shard::provider::{adopt, code_hash, current_root, empty_root};
use outrider_shard::{BuiltBlock, Provider, ProviderError};
use outrider_witness::store::{DiskError, DiskStore, StateKind, Store as _, StoreError};
use serde_json::json;

use crate::context::ContextOptions;
use crate::host_options::{DefaultLimits, HostOptions};
use crate::output::{self, Plain, Summary};
use crate::{ERROR, SUCCESS, Verdict, files};
use kind::KINDS;

/// Make and inspect the full state of an EE, from which `outrider witness build` builds blocks.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Make a state in a new or empty directory, and print its root.
    Init {
        /// New or empty directory.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        #[command(flatten)]
        ee: EeArguments,
        /// Kind of the state: the hash of its nodes. EEs of the SDK have `keccak256`; the UTXO EE has `utxo`, the ZK rollup `zk-rollup`.
        #[arg(long, value_name = "KIND", default_value = StateKind::KECCAK256.name(), value_parser = kind::parser())]
        kind: StateKind,
        /// File with the packages from which the EE makes its first state, or `-` for standard input. Without it, the state is empty.
        #[arg(value_name = "PACKAGES")]
        packages: Option<PathBuf>,
        #[command(flatten)]
        context: ContextOptions,
    },
    /// Hand the states in a directory to another EE, such as a new build of the same EE. Nothing else changes.
    Adopt {
        /// Directory with the states.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        #[command(flatten)]
        ee: EeArguments,
    },
    /// List the states in a directory, and check them. The exit code is 1 if one is corrupt.
    Show {
        /// Directory with the states.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// Print JSON instead of text.
        #[arg(long)]
        json: bool,
    },
}

/// The options for an EE and its host.
#[derive(clap::Args)]
pub(crate) struct EeArguments {
    /// Module of the EE.
    #[arg(long, value_name = "EE.wasm")]
    pub(crate) ee: PathBuf,
    #[command(flatten)]
    host: HostOptions<DefaultLimits>,
}

pub(crate) fn state(arguments: &Arguments) -> anyhow::Result<Verdict> {
    match &arguments.action {
        Action::Init { directory, ee, kind, packages, context } => {
            init::init(directory, ee, *kind, packages.as_deref(), context.context().complete(0))
        }
        Action::Adopt { directory, ee } => take_over(directory, ee),
        Action::Show { directory, json } => show(directory, *json),
    }
}

/// Hands the states in a directory to another EE, after checking that the host loads it.
fn take_over(directory: &Path, ee: &EeArguments) -> anyhow::Result<Verdict> {
    let new = ee.load()?.code_hash();
    let store = open(directory)?;
    let context = || directory.display().to_string();
    let old = adopt(&store, new).with_context(context)?;
    let root = current_root(&store).with_context(context)?;
    let mut out = output::stdout();
    match old {
        Some(old) if old == new => writeln!(out, "the state already belongs to EE {new}")?,
        Some(old) => writeln!(out, "the state of EE {old} now belongs to EE {new}")?,
        None => writeln!(out, "the state now belongs to EE {new}")?,
    }
    writeln!(out, "root {root}, unchanged")?;
    Ok(Verdict::Holds)
}

fn show(directory: &Path, json: bool) -> anyhow::Result<Verdict> {
    let store = open_read_only(directory)?;
    let context = || directory.display().to_string();
    let code_hash = code_hash(&store).with_context(context)?;
    let code_hash = code_hash.map_or("none".to_owned(), |hash| hash.to_string());
    let current = current_root(&store).with_context(context)?;
    let roots = store.roots().with_context(context)?;
    let check = match store.check() {
        Err(error @ (StoreError::Corrupt { .. } | StoreError::Disk(DiskError::Damaged { .. }))) => Err(error),
        check => Ok(check.with_context(context)?),
    };
    // Nobody waits for the store while the output waits for its reader.
    let empty_root = empty_root(&store);
    drop(store);
    let problem = match &check {
        Ok(_) if current == empty_root || roots.contains_key(&current.into()) => None,
        Ok(_) => Some(format!("the tree of the current root {current} is missing")),
        Err(error) => Some(chain(error)),
    };
    let contents = check.unwrap_or_default();
    let verdict = if problem.is_none() { Verdict::Holds } else { Verdict::Fails };
    if json {
        let roots = roots.keys().map(ToString::to_string).collect::<Vec<_>>();
        let document = json!({
            "directory": directory.display().to_string(),
            "code_hash": code_hash,
            "current_root": current.to_string(),
            "roots": roots,
            "n_nodes": problem.is_none().then_some(contents.n_nodes),
            "node_bytes": problem.is_none().then_some(contents.node_bytes),
            "problem": problem,
        });
        output::json(&document, &Summary::one(verdict))?;
    } else {
        let mut out = output::stdout();
        writeln!(out, "directory  {}", Plain(directory.display()))?;
        writeln!(out, "code hash  {code_hash}")?;
        writeln!(out, "root       {current}, current")?;
        for root in roots.keys().filter(|root| root.0 != current.0) {
            writeln!(out, "root       {root}")?;
        }
        match &problem {
            None => {
                writeln!(out, "nodes      {}", contents.n_nodes)?;
                writeln!(out, "size       {} bytes", contents.node_bytes)?;
                writeln!(out, "{SUCCESS}no node is missing or corrupt{SUCCESS:#}")?;
            }
            Some(problem) => writeln!(out, "{ERROR}corrupt:{ERROR:#} {}", Plain(problem))?,
        }
    }
    Ok(verdict)
}

/// Opens the state in an existing directory for changing it.
pub(crate) fn open(directory: &Path) -> anyhow::Result<DiskStore> {
    DiskStore::open_existing_among(directory, &KINDS).map_err(|error| with_remedy(directory, &error))
}

/// Opens the state in an existing directory for reading.
pub(crate) fn open_read_only(directory: &Path) -> anyhow::Result<DiskStore> {
    DiskStore::open_read_only_among(directory, &KINDS).map_err(|error| with_remedy(directory, &error))
}

/// Adds the directory of a state to an error, and the command that helps.
fn with_remedy(directory: &Path, error: &StoreError) -> anyhow::Error {
    let name = directory.display();
    let remedy = match error {
        StoreError::Disk(DiskError::Absent { .. }) => {
            format!(": create one with `outrider state init {name} --ee EE.wasm`")
        }
        StoreError::Disk(DiskError::OtherContent { .. }) => {
            format!(": `outrider beacon show --data-dir {name}` shows it")
        }
        _ => String::new(),
    };
    anyhow::anyhow!("{name}: cannot open the state: {}{remedy}", chain(error))
}

/// Opens the provider of an EE over the state in a directory.
///
/// # Errors
///
/// If the state belongs to another EE. The message names `outrider state adopt`.
pub(crate) fn provider(
    ee: outrider_host::Ee,
    store: DiskStore,
    directory: &Path,
    ee_file: &Path,
) -> anyhow::Result<Provider<DiskStore>> {
    let (directory, ee_file) = (directory.display(), ee_file.display());
    Provider::open(ee, Arc::new(store)).map_err(|error| {
        let is_other = matches!(error, ProviderError::OtherEe { .. });
        let error = anyhow::Error::new(error).context(directory.to_string());
        if !is_other {
            return error;
        }
        anyhow::anyhow!(
            "{error:#}; if this EE can read that state, run `outrider state adopt {directory} --ee {ee_file}`"
        )
    })
}

impl EeArguments {
    /// Compiles the EE.
    pub(crate) fn load(&self) -> anyhow::Result<outrider_host::Ee> {
        let file = self.ee.display();
        let code = files::read(&self.ee, files::MODULE_BYTES_MAX).with_context(|| file.to_string())?;
        let host = Host::new(self.host.config()?).context("cannot set up the host")?;
        host.load(&code).with_context(|| format!("{file}: the host does not load this module"))
    }
}

/// Prints why a block cannot be built. The verdict is a failed expectation if the packages or the EE are at fault.
pub(crate) fn refused(packages: &Path, error: &ProviderError, json: bool) -> anyhow::Result<Verdict> {
    let verdict = if error.fault().is_verdict() { Verdict::Fails } else { Verdict::Unusable };
    let remedy = match error {
        ProviderError::WrongHash { .. } | ProviderError::NoNode { .. } => {
            ": does the EE have another kind of state? `outrider state init --kind` sets it"
        }
        _ => "",
    };
    let what = format!("{}: {}{remedy}", files::name(packages), chain(error));
    // A refusal has a reason. For a trap, the last log and the backtrace help to find it.
    let execution = error.execution().filter(|execution| execution.refusal().is_none());
    let last_words = execution.and_then(|execution| execution.logs.last()).map(|log| log.value.to_string());
    let frames = execution.map_or(&[][..], |execution| &execution.backtrace);
    if json {
        let frames = frames.iter().map(ToString::to_string).collect::<Vec<_>>();
        let document = json!({ "last_words": last_words, "backtrace": frames });
        output::json(document, &Summary::error(verdict, what))?;
        return Ok(verdict);
    }
    output::error(what)?;
    let mut err = output::stderr();
    if let Some(words) = last_words {
        writeln!(err, "    last log: {}", Plain(words))?;
    }
    for frame in frames.iter().take(FRAMES_SHOWN) {
        writeln!(err, "    in {}", Plain(frame))?;
    }
    Ok(verdict)
}

/// Describes a new block in one line.
pub(crate) fn describe(block: &BuiltBlock) -> String {
    format!(
        "post-state root {}, witness {} bytes, payload {} bytes, fuel {}, {} new nodes",
        block.post_state_root(),
        block.witness_bytes(),
        block.payload_bytes(),
        block.output().fuel_used,
        block.new_nodes().len(),
    )
}

/// The number of functions of a backtrace that are printed.
const FRAMES_SHOWN: usize = 8;
