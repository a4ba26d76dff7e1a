//! `outrider beacon deploy` deploys EEs and runs the validators' votes on them.

mod module;
mod report;
mod terms;

use std::path::PathBuf;

use anyhow::Context as _;
use outrider_beacon::{
    admission::trial,
    ledger::{
        LedgerError, LedgerOperations, SignedDeploy,
        operation::{Code, DOMAIN_DEPLOY},
    },
    registry::Admission as _,
};
use outrider_beacon_spec::{
    accessors::{get_active_validator_indices, get_current_epoch, get_domain},
    compute::compute_signing_root,
    constants::FAR_FUTURE_EPOCH,
    hash::{hash, hash_tree_root},
    math::index,
    types::{Gwei, Root, Shard, ValidatorIndex},
};
use outrider_host::{Host, HostConfig, Isolation, IsolationError, Limits, LoadError, chain, summarize};
use outrider_sim::{ChainPhase, vote_on_code};
use serde_json::json;

use self::{
    module::{Module, NoCode},
    report::{Outcome, Proposal, Report, Vote},
    terms::Terms,
};
use super::{
    Common, parse_root,
    session::{self, Action, Session, SlotError},
};
use crate::{
    Verdict,
    output::{self, Summary},
};

/// Deploy EEs, one at a time: a block proposes the EE, and the validators vote on its code in the next blocks.
///
/// A module that the chain refuses changes nothing, and the command continues with the next one. If the command is interrupted
/// during a vote, the vote expires after two epochs, and the deposit is refunded.
///
/// All modules are read before the chain is opened. A file that cannot be read does not stop the others.
///
/// Exits with 0 if all EEs are deployed, 1 if the chain refuses one or the validators vote it down, 2 if the command cannot do its
/// work: a file cannot be read, an option names a shard or validator that does not exist, or the chain cannot be opened or written.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,
    /// Modules, directories, which are searched for *.wasm files, glob patterns, or `-` for the standard input.
    #[arg(required = true, value_name = "EE.wasm")]
    modules: Vec<PathBuf>,
    /// The validator that pays the deposit. It must be withdrawable, or the faucet. [default: the faucet]
    #[arg(long, value_name = "VALIDATOR")]
    payer: Option<ValidatorIndex>,
    /// The validator that gets the deposit back. [default: the payer]
    #[arg(long, value_name = "VALIDATOR")]
    refund: Option<ValidatorIndex>,
    /// The deposit, in Gwei. [default: the minimum for the code and the shards]
    #[arg(long, value_name = "GWEI")]
    deposit: Option<Gwei>,
    /// The shards that the EEs are on. [default: all]
    #[arg(long, value_name = "SHARD", value_delimiter = ',')]
    shards: Vec<Shard>,
    /// The initial state root of the EEs.
    #[arg(long, value_name = "ROOT", value_parser = parse_root, default_value_t = Root::ZERO)]
    state_root: Root,
    /// The number of epochs between the acceptance of an upgrade and the switch to its code. With 0, the code can
    /// never change. At most 2^32.
    #[arg(long, value_name = "EPOCHS", default_value_t = 0)]
    upgrade_delay: u64,
    /// The number of validators that vote against the code even if they can compile it.
    #[arg(long, value_name = "N", default_value_t = 0)]
    against: u64,
    /// The CPU time within which a validator must be able to compile the code, in seconds. Otherwise all vote against it. [default: 20 s]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    trial_cpu: Option<u64>,
    /// The memory within which a validator must be able to compile the code, in MiB. [default: 2048 MiB]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..))]
    trial_memory: Option<u64>,
}

/// The arguments with the modules that they name.
struct Deployment<'a> {
    arguments: &'a Arguments,
    modules: Vec<Module>,
}

pub(super) fn deploy(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let modules = module::read(&arguments.modules);
    session::with_chain(&arguments.common.data_dir, &Deployment { arguments, modules })
}

impl Action for Deployment<'_> {
    /// Deploys the modules in order. An error that stops the command does not lose the results before it.
    fn run<P: ChainPhase>(&self, mut session: Session<P>) -> anyhow::Result<Verdict> {
        let terms = Terms::new(self.arguments, &session)?;
        let mut reports = Vec::new();
        let mut summary = Summary::default();
        for module in &self.modules {
            match self.arguments.deploy(&mut session, &terms, module) {
                Ok(report) => {
                    summary.count(report.verdict());
                    if !self.arguments.common.json || report.verdict() == Verdict::Unusable {
                        report.print()?;
                    }
                    reports.push(report);
                }
                Err(error) => {
                    let error = format!("{}: {error:#}", module.file);
                    output::error(&error)?;
                    summary.count(Verdict::Unusable);
                    summary.not_run = self.modules.len().saturating_sub(reports.len()).saturating_sub(1);
                    summary.error = Some(error);
                    break;
                }
            }
        }
        drop(session);
        if self.arguments.common.json {
            output::json(json!({ "deployments": reports }), &summary)?;
        }
        Ok(summary.verdict())
    }
}

impl Arguments {
    fn deploy<P: ChainPhase>(
        &self,
        session: &mut Session<P>,
        terms: &Terms,
        module: &Module,
    ) -> anyhow::Result<Report> {
        let file = module.file.clone();
        let code = match &module.code {
            Ok(code) => code,
            Err(NoCode::TooLong(error)) => {
                let reason = format!("the code is too long: {error}");
                return Ok(Report { file, proposal: None, outcome: Outcome::Refused { reason } });
            }
            Err(NoCode::Unreadable(error)) => {
                let error = error.to_string();
                return Ok(Report { file, proposal: None, outcome: Outcome::Unusable { error } });
            }
        };
        let cost = summarize(code, &Limits::default()).compile_cost;
        let proposal = Proposal {
            code_hash: hex::encode(hash(&[code])),
            code_bytes: code.len(),
            compile_microseconds: cost.microseconds,
            machine_code_bytes: cost.code_bytes,
            deposit_gwei: terms.deposit(session, code.len()),
            payer: terms.payer,
        };
        let outcome = self.propose(session, terms, &module.name, code)?;
        Ok(Report { file, proposal: Some(proposal), outcome })
    }

    /// Proposes the EE in the next block, and then runs the vote on its code.
    fn propose<P: ChainPhase>(
        &self,
        session: &mut Session<P>,
        terms: &Terms,
        name: &str,
        code: &[u8],
    ) -> anyhow::Result<Outcome> {
        let list = Code::try_from(code.to_vec()).map_err(spec)?;
        // The trial comes before the block, so that a machine that cannot compile the code proposes nothing. Code that the chain
        // does not admit needs none.
        let is_admitted = session.admission.admit(code).is_ok();
        let trial = if is_admitted { self.try_out(code)? } else { None };
        let message = terms.proposal(session, list)?;
        let ee = message.ee;
        let (_, head) = session.chain.head()?;
        let domain = get_domain(&head.state, DOMAIN_DEPLOY, None);
        let signature =
            session.chain.keys().sign(&[message.payer], compute_signing_root(&message, domain))?;
        let deploys = vec![SignedDeploy { message, signature }].try_into().map_err(spec)?;
        let operations = LedgerOperations { deploys, ..LedgerOperations::default() };
        // The name comes before the block, so that no EE is without one. If there is no block, the next proposal has this index and
        // replaces the name.
        session.set_name(ee, name)?;
        let block = match session.run_slot(operations) {
            Ok(block) => block.block.message,
            Err(SlotError::Refused(LedgerError::Operation { error, .. })) => {
                return Ok(Outcome::Refused { reason: terms.explain(&error) });
            }
            Err(error) => return Err(error.into()),
        };
        let epoch = get_current_epoch(&head.state);
        let mut vote = Vote {
            ee,
            voters: get_active_validator_indices(&head.state, epoch).len(),
            slot: block.slot,
            block_root: hash_tree_root(&block).to_string(),
            trial,
            ..Vote::default()
        };
        let n_against = if vote.trial.is_some() { u64::MAX } else { self.against };
        hold_vote(session, &mut vote, n_against)?;
        Ok(Outcome::VotedOn(vote))
    }

    /// Compiles code in a separate process, as each validator does before it votes, and returns the reason if that fails.
    fn try_out(&self, code: &[u8]) -> anyhow::Result<Option<String>> {
        let program = std::env::current_exe()
            .context("cannot find the program of this command, which compiles the code")?;
        let mut isolation = Isolation::new(program);
        isolation.cpu_seconds_max = self.trial_cpu.unwrap_or(isolation.cpu_seconds_max);
        let memory = self.trial_memory.map(|mib| mib.saturating_mul(1 << 20));
        isolation.memory_bytes_max = memory.unwrap_or(isolation.memory_bytes_max);
        let isolation = cfg!(unix).then_some(isolation);
        let config = HostConfig { isolation, concurrent_executions_max: 1, ..HostConfig::default() };
        let host = Host::new(config).context("cannot create the host")?;
        let reason =
            trial(&host, code).context("this machine cannot compile the code, so nothing is proposed")?;
        Ok(reason.map(|error| {
            let limit = match &error {
                LoadError::Isolated(IsolationError::OverCpu { .. }) => "; --trial-cpu sets the limit",
                LoadError::Isolated(IsolationError::OverMemory { .. }) => "; --trial-memory sets the limit",
                _ => "",
            };
            chain(&error) + limit
        }))
    }
}

/// Runs slots in which validators vote on an EE's code, until the vote is decided.
fn hold_vote<P: ChainPhase>(session: &mut Session<P>, vote: &mut Vote, n_against: u64) -> anyhow::Result<()> {
    loop {
        let (_, head) = session.chain.head()?;
        if !head.ledger.pre_checks().iter().any(|pre_check| pre_check.ee == vote.ee) {
            let record =
                head.ledger.ees().get(index(vote.ee.into())).context("the EE is not in the registry")?;
            vote.accepted = !record.is_gone();
            vote.decided_slot = head.state.slot;
            vote.deployed_epoch = Some(record.deployed_epoch).filter(|epoch| *epoch != FAR_FUTURE_EPOCH);
            return Ok(());
        }
        let votes = vote_on_code(&head, vote.ee, n_against, session.chain.keys())?;
        for signed in &votes {
            let count = if signed.message.accept { &mut vote.votes_for } else { &mut vote.votes_against };
            *count = count.saturating_add(signed.validators.len());
        }
        let pre_check_votes = votes.try_into().map_err(spec)?;
        session.run_slot(LedgerOperations { pre_check_votes, ..LedgerOperations::default() })?;
    }
}

fn spec(error: ssz_types::Error) -> outrider_beacon_spec::error::Error {
    error.into()
}
