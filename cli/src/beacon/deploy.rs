//! `outrider beacon deploy` deploys EEs and runs the validators' votes on them.

mod report;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use outrider_beacon::{
    admission::trial,
    ledger::{
        Deploy, LedgerError, LedgerOperations, SignedDeploy,
        error::OperationError,
        operation::{Code, DOMAIN_DEPLOY},
    },
    registry::Admission as _,
};
use outrider_beacon_spec::{
    accessors::get_domain,
    compute::compute_signing_root,
    constants::FAR_FUTURE_EPOCH,
    hash::{hash, hash_tree_root},
    math::index,
    types::{Bytes32, Gwei, Root, Shard, ValidatorIndex},
};
use outrider_host::{Host, HostConfig, Isolation, Limits, chain, summarize};
use outrider_sim::{ChainPhase, vote_on_code};
use serde_json::json;
use ssz_types::BitVector;

use self::report::{Outcome, Report, Vote};
use super::{
    Common,
    session::{Action, Session, SlotError},
};
use crate::{
    Verdict, files,
    output::{self, Summary},
};

/// Deploy EEs, one at a time: a block proposes the EE, and the validators vote on its code in the next blocks.
///
/// A module that the chain refuses changes nothing, and the command continues with the next one. If the command is interrupted
/// during a vote, the vote expires after two epochs, and the deposit is refunded.
///
/// Exits with 0 if all EEs are deployed, 1 if one is refused or voted down, 2 if a file or an option cannot be used.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,
    /// Modules, directories, which are searched for *.wasm files, or glob patterns.
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
    #[arg(long, value_name = "ROOT", default_value_t = Root::ZERO)]
    state_root: Root,
    /// The number of epochs between the acceptance of an upgrade and the switch to its code. With 0, the code can never change.
    #[arg(long, value_name = "EPOCHS", default_value_t = 0)]
    upgrade_delay: u64,
    /// The number of validators that vote against the code even if they can compile it.
    #[arg(long, value_name = "N", default_value_t = 0)]
    against: u64,
    /// The CPU time within which a validator must be able to compile the code. Otherwise all vote against it. [default: 20]
    #[arg(long, value_name = "SECONDS")]
    trial_cpu: Option<u64>,
    /// The memory within which a validator must be able to compile the code. [default: 2048]
    #[arg(long, value_name = "MIB")]
    trial_memory: Option<u64>,
}

impl Action for Arguments {
    fn run<P: ChainPhase>(&self, mut session: Session<P>) -> anyhow::Result<Verdict> {
        let mut reports = Vec::new();
        let mut summary = Summary::default();
        for file in files::find(&self.modules, &["wasm"])? {
            let code = files::read(&file, files::MODULE_BYTES_MAX).with_context(|| files::name(&file))?;
            let report = self.deploy(&mut session, &file, &code)?;
            let is_accepted = matches!(&report.outcome, Outcome::VotedOn(vote) if vote.accepted);
            let counter = if is_accepted { &mut summary.passed } else { &mut summary.failed };
            *counter = counter.saturating_add(1);
            if !self.common.json {
                report.print()?;
            }
            reports.push(report);
        }
        if self.common.json {
            output::json(json!({ "deployments": reports }), &summary)?;
        }
        Ok(summary.verdict())
    }
}

impl Arguments {
    fn deploy<P: ChainPhase>(
        &self,
        session: &mut Session<P>,
        file: &Path,
        code: &[u8],
    ) -> anyhow::Result<Report> {
        let cost = summarize(code, &Limits::default()).compile_cost;
        let distinct: BTreeSet<_> = self.shards.iter().collect();
        let n_shards = if distinct.is_empty() { index(P::N_SHARDS) } else { distinct.len() };
        let deposit = self.deposit.unwrap_or_else(|| session.settings.deposit(code.len(), n_shards));
        let payer = self.payer.unwrap_or_else(|| session.description.faucet());
        Ok(Report {
            file: files::name(file),
            code_hash: hex::encode(hash(&[code])),
            code_bytes: code.len(),
            compile_microseconds: cost.microseconds,
            machine_code_bytes: cost.code_bytes,
            deposit_gwei: deposit,
            payer,
            outcome: self.propose(session, file, code, payer, deposit)?,
        })
    }

    /// Proposes the EE in the next block, and then runs the vote on its code.
    fn propose<P: ChainPhase>(
        &self,
        session: &mut Session<P>,
        file: &Path,
        code: &[u8],
        payer: ValidatorIndex,
        deposit: Gwei,
    ) -> anyhow::Result<Outcome> {
        let limit = session.settings.code_bytes_max;
        let Ok(list) = Code::try_from(code.to_vec()) else {
            let error = OperationError::CodeBytes { got: code.len(), limit };
            return Ok(Outcome::Refused { reason: error.to_string() });
        };
        // The trial comes before the block, so that a machine that cannot compile the code proposes nothing. Code that the chain
        // does not admit needs none.
        let is_admitted = session.admission.admit(code).is_ok();
        let trial = if is_admitted { self.try_out(code)? } else { None };
        let message = self.message(session, list, payer, deposit)?;
        let ee = message.ee;
        let (_, head) = session.chain.head()?;
        let domain = get_domain(&head.state, DOMAIN_DEPLOY, None);
        let signature = session.chain.keys().sign(&[payer], compute_signing_root(&message, domain))?;
        let deploys = vec![SignedDeploy { message, signature }].try_into().map_err(spec)?;
        let operations = LedgerOperations { deploys, ..LedgerOperations::default() };
        let block = match session.run_slot(operations) {
            Ok(block) => block.block.message,
            Err(SlotError::Refused(LedgerError::Operation { error, .. })) => {
                return Ok(Outcome::Refused { reason: chain(&error) });
            }
            Err(error) => return Err(error.into()),
        };
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        session.set_name(hash(&[code]), &name)?;
        let mut vote = Vote {
            ee,
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
        Ok(reason.map(|error| chain(&error)))
    }

    fn message<P: ChainPhase>(
        &self,
        session: &Session<P>,
        code: Code,
        payer: ValidatorIndex,
        deposit: Gwei,
    ) -> anyhow::Result<Deploy> {
        let (_, head) = session.chain.head()?;
        let mut shards = BitVector::new();
        let all: Vec<_> = (0..P::N_SHARDS).collect();
        for shard in if self.shards.is_empty() { &all } else { &self.shards } {
            let set = shards.set(index(*shard), true);
            set.ok().with_context(|| {
                format!(
                    "--shards: there is no shard {shard}; there are 0 to {}",
                    P::N_SHARDS.saturating_sub(1)
                )
            })?;
        }
        let validator = |option: &str, validator: ValidatorIndex| {
            let last = session.description.faucet();
            let found = head.state.validators.get(index(validator));
            found.with_context(|| {
                format!("--{option}: there is no validator {validator}; there are 0 to {last}")
            })
        };
        let owner = validator("payer", payer)?.pubkey;
        let refund_credentials: Bytes32 =
            validator("refund", self.refund.unwrap_or(payer))?.withdrawal_credentials;
        Ok(Deploy {
            ee: u32::try_from(head.ledger.ees().len())?,
            code,
            initial_state_root: self.state_root,
            shards,
            owner,
            refund_credentials,
            upgrade_delay: self.upgrade_delay,
            deposit,
            payer,
        })
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
