//! What `outrider run` prints, as text and as JSON.

use std::io::{self, Write};
use std::path::Path;

use outrider_host::{Deposit, EngineKind, Log};
use serde::Serialize;

use super::execute::{BlockRun, FixtureRun, Mismatch};
use super::trace::TraceReport;
use crate::fixture::FixtureError;
use crate::{ERROR, SUCCESS, Verdict};

/// One fixture: what its blocks did, and how that compares.
#[derive(Serialize)]
pub(super) struct FixtureReport {
    file: String,
    status: Status,
    blocks: Vec<BlockReport>,
    mismatches: Vec<MismatchReport>,
    n_deposits_unlisted: usize,
    /// Why the fixture cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Passed,
    Failed,
    Unusable,
}

#[derive(Serialize)]
struct BlockReport {
    block: usize,
    env: usize,
    pre_state_root: String,
    #[serde(flatten)]
    outcome: Outcome,
    logs: Vec<LogReport>,
    #[serde(flatten)]
    trace: Option<TraceReport>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
enum Outcome {
    Executed { post_state_root: String, deposits: Vec<DepositReport>, ticks_used: u64, fuel_used: u64 },

    Failed { error: String, backtrace: Vec<String>, fuel_used: u64 },
}

#[derive(Serialize)]
struct LogReport {
    import: &'static str,
    value: String,
}

#[derive(Serialize)]
struct DepositReport {
    pubkey: String,
    withdrawal_credentials: String,
    amount: u64,
    signature: String,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "mismatch")]
enum MismatchReport {
    PostState { env: usize, expected: String, got: String, known_after_block: Option<usize> },
    MissingDeposit(DepositReport),
}

/// How many fixtures and blocks there were, by what came of them.
#[derive(Default, Serialize)]
pub(super) struct Summary {
    passed: usize,
    failed: usize,
    unusable: usize,
    blocks: usize,
}

/// Prints everything as one JSON document.
pub(super) fn print_json(
    engine: EngineKind,
    fixtures: &[FixtureReport],
    summary: &Summary,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        engine: &'static str,
        fixtures: &'a [FixtureReport],
        summary: &'a Summary,
    }
    let mut out = anstream::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &Document { engine: engine.name(), fixtures, summary })?;
    writeln!(out)
}

impl FixtureReport {
    pub(super) fn new(file: &Path, result: Result<FixtureRun, FixtureError>) -> Self {
        let file = file.display().to_string();
        match result {
            Ok(run) => Self {
                file,
                status: if run.holds() { Status::Passed } else { Status::Failed },
                blocks: run.blocks.iter().enumerate().map(BlockReport::new).collect(),
                mismatches: run.mismatches.iter().map(MismatchReport::new).collect(),
                n_deposits_unlisted: run.n_deposits_unlisted,
                error: None,
            },
            Err(error) => Self {
                file,
                status: Status::Unusable,
                blocks: Vec::new(),
                mismatches: Vec::new(),
                n_deposits_unlisted: 0,
                error: Some(error.to_string()),
            },
        }
    }

    /// Prints a line for the fixture and one for each block; errors go to stderr.
    pub(super) fn print(&self) -> io::Result<()> {
        if let Some(error) = &self.error {
            return writeln!(anstream::stderr(), "{ERROR}error:{ERROR:#} {error}");
        }
        let mut out = anstream::stdout().lock();
        let (style, word) = if self.status == Status::Passed { (SUCCESS, "ok") } else { (ERROR, "FAILED") };
        writeln!(out, "{} {style}{word}{style:#}", self.file)?;
        for block in &self.blocks {
            block.print(&mut out)?;
        }
        for mismatch in &self.mismatches {
            mismatch.print(&mut out)?;
        }
        match self.n_deposits_unlisted {
            0 => Ok(()),
            n => writeln!(out, "  {} not listed in deposit_receipts", count(n, "deposit")),
        }
    }
}

impl BlockReport {
    fn new((block, run): (usize, &BlockRun)) -> Self {
        let outcome = match &run.result {
            Ok(output) => Outcome::Executed {
                post_state_root: output.post_state_root.to_string(),
                deposits: output.deposits.iter().map(DepositReport::new).collect(),
                ticks_used: output.ticks_used,
                fuel_used: output.fuel_used,
            },
            Err(error) => Outcome::Failed {
                error: error.to_string(),
                backtrace: error.backtrace.iter().map(ToString::to_string).collect(),
                fuel_used: error.fuel_used,
            },
        };
        let pre_state_root = run.pre_state_root.to_string();
        Self {
            block,
            env: run.env,
            pre_state_root,
            outcome,
            logs: run.logs().iter().map(LogReport::new).collect(),
            trace: run.trace.as_ref().map(TraceReport::new),
        }
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        self.print_outcome(out)?;
        self.trace.as_ref().map_or(Ok(()), |trace| trace.print(out))
    }

    fn print_outcome(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "  block {}, env {}: ", self.block, self.env)?;
        match &self.outcome {
            Outcome::Executed { post_state_root, deposits, fuel_used, .. } => {
                let change = if *post_state_root == self.pre_state_root {
                    "state unchanged, "
                } else {
                    "post-state root "
                };
                write!(out, "{change}{post_state_root}")?;
                if !deposits.is_empty() {
                    write!(out, ", {}", count(deposits.len(), "deposit"))?;
                }
                writeln!(out, ", fuel {fuel_used}")
            }
            Outcome::Failed { error, backtrace, .. } => {
                writeln!(out, "{ERROR}{error}{ERROR:#}")?;
                if let Some(log) = self.logs.last() {
                    writeln!(out, "    its last words: {}", log.value)?;
                }
                for frame in backtrace.iter().take(FRAMES_SHOWN) {
                    writeln!(out, "    in {frame}")?;
                }
                match backtrace.len().saturating_sub(FRAMES_SHOWN) {
                    0 => Ok(()),
                    n => writeln!(out, "    and {} more", count(n, "caller")),
                }
            }
        }
    }
}

impl MismatchReport {
    fn new(mismatch: &Mismatch) -> Self {
        match mismatch {
            Mismatch::PostState { env, expected, got, known_after_block } => Self::PostState {
                env: *env,
                expected: expected.to_string(),
                got: got.to_string(),
                known_after_block: *known_after_block,
            },
            Mismatch::MissingDeposit(deposit) => Self::MissingDeposit(DepositReport::new(deposit)),
        }
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::PostState { env, expected, got, known_after_block } => {
                let since = match known_after_block {
                    Some(block) => format!("known after block {block}"),
                    None => "known before any block, as none is for it".to_owned(),
                };
                writeln!(out, "  {ERROR}env {env}: wrong post-state root{ERROR:#}, {since}")?;
                writeln!(out, "    expected {expected}")?;
                writeln!(out, "    got      {got}")
            }
            Self::MissingDeposit(deposit) => {
                writeln!(out, "  {ERROR}deposit not pushed{ERROR:#}")?;
                writeln!(out, "    pubkey                 {}", deposit.pubkey)?;
                writeln!(out, "    withdrawal_credentials {}", deposit.withdrawal_credentials)?;
                writeln!(out, "    amount                 {}", deposit.amount)?;
                writeln!(out, "    signature              {}", deposit.signature)
            }
        }
    }
}

impl LogReport {
    fn new(log: &Log) -> Self {
        Self { import: log.import, value: log.value.to_string() }
    }
}

impl DepositReport {
    fn new(deposit: &Deposit) -> Self {
        Self {
            pubkey: hex::encode(deposit.pubkey),
            withdrawal_credentials: hex::encode(deposit.withdrawal_credentials),
            amount: deposit.amount,
            signature: hex::encode(deposit.signature),
        }
    }
}

impl Summary {
    pub(super) fn add(&mut self, report: &FixtureReport) {
        let counter = match report.status {
            Status::Passed => &mut self.passed,
            Status::Failed => &mut self.failed,
            Status::Unusable => &mut self.unusable,
        };
        *counter = counter.saturating_add(1);
        self.blocks = self.blocks.saturating_add(report.blocks.len());
    }

    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Self { unusable: 1.., .. } => Verdict::Unusable,
            Self { failed: 1.., .. } => Verdict::Fails,
            _ => Verdict::Holds,
        }
    }

    pub(super) fn print(&self, engine: EngineKind) -> io::Result<()> {
        let Self { passed, failed, unusable, blocks } = self;
        let fixtures = count(passed.saturating_add(*failed).saturating_add(*unusable), "fixture");
        let style = if self.verdict() == Verdict::Holds { SUCCESS } else { ERROR };
        let mut out = anstream::stdout().lock();
        write!(out, "{fixtures}, {}: {style}{passed} passed, {failed} failed", count(*blocks, "block"))?;
        if *unusable > 0 {
            write!(out, ", {unusable} unusable")?;
        }
        if engine == EngineKind::Both && *failed == 0 {
            write!(out, ", alike on both engines")?;
        }
        writeln!(out, "{style:#}")
    }
}

/// How many functions of a backtrace are printed as text.
const FRAMES_SHOWN: usize = 8;

pub(crate) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
