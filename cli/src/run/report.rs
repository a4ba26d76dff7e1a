//! The output of `outrider run`, as text and as JSON.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use outrider_fixture::{
    FixtureError,
    runner::{BlockRun, FixtureRun, Mismatch},
};
use outrider_host::{Deposit, EngineKind, Log, SentReceipt, chain};
use serde::Serialize;

use super::trace::TraceReport;
use crate::output::{self, Plain, Summary};
use crate::{ERROR, SUCCESS, Verdict, files};

/// The results of a fixture's blocks, compared with its expectations.
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
    /// This run has written its results into the fixture.
    Blessed,
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
    Executed {
        post_state_root: String,
        /// False if the EE has not saved a root. Then the post-state root is zeros.
        root_saved: bool,
        deposits: Vec<DepositReport>,
        /// In Gwei.
        proposer_fee: u64,
        sent_receipts: Vec<SentReceiptReport>,
        /// By their indices among the receipts that the EE gets.
        rejected_receipts: Vec<u32>,
        ticks_used: u64,
        fuel_used: u64,
    },
    Refused {
        /// The EE's reason.
        refusal: String,
        fuel_used: u64,
    },
    Failed {
        error: String,
        backtrace: Vec<String>,
        fuel_used: u64,
    },
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
struct SentReceiptReport {
    destination_shard: u64,
    destination_ee: u64,
    /// In Gwei, like the fee.
    value: u64,
    fee: u64,
    payload: String,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "mismatch")]
enum MismatchReport {
    PostState {
        env: usize,
        expected: String,
        got: String,
        known_after_block: Option<usize>,
    },
    MissingDeposit(DepositReport),
    ProposerFee {
        block: usize,
        expected: u64,
        got: u64,
    },
    /// The first receipt that differs; null if there are fewer.
    SentReceipt {
        block: usize,
        index: usize,
        expected: Option<SentReceiptReport>,
        got: Option<SentReceiptReport>,
    },
    RejectedReceipts {
        block: usize,
        expected: Vec<u32>,
        got: Vec<u32>,
    },
}

/// The number of fixtures with each result, and the number of blocks.
#[derive(Default)]
pub(super) struct Totals {
    fixtures: Summary,
    n_blocks: usize,
}

/// Prints everything as one JSON document.
pub(super) fn print_json(engine: EngineKind, fixtures: &[FixtureReport], totals: &Totals) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        engine: &'static str,
        fixtures: &'a [FixtureReport],
        n_blocks: usize,
    }
    output::json(Document { engine: engine.name(), fixtures, n_blocks: totals.n_blocks }, &totals.fixtures)
}

impl FixtureReport {
    /// Returns the report on a fixture. If the fixture was blessed, `blessed` is whether that has changed the file.
    pub(super) fn new(
        file: &Path,
        result: Result<FixtureRun, FixtureError>,
        blessed: Option<anyhow::Result<bool>>,
    ) -> Self {
        let report = Self {
            file: files::name(file),
            status: Status::Unusable,
            blocks: Vec::new(),
            mismatches: Vec::new(),
            n_deposits_unlisted: 0,
            error: None,
        };
        let run = match (result, &blessed) {
            (Err(error), _) => return Self { error: Some(chain(&error)), ..report },
            (Ok(_), Some(Err(error))) => return Self { error: Some(format!("{error:#}")), ..report },
            (Ok(run), Some(Ok(_)) | None) => run,
        };
        let blocks = run.blocks.iter().enumerate().map(BlockReport::new).collect();
        if let Some(Ok(is_changed)) = blessed {
            let status = if is_changed { Status::Blessed } else { Status::Passed };
            return Self { status, blocks, ..report };
        }
        Self {
            status: if run.holds() { Status::Passed } else { Status::Failed },
            blocks,
            mismatches: run.mismatches.iter().map(MismatchReport::new).collect(),
            n_deposits_unlisted: run.n_deposits_unlisted,
            ..report
        }
    }

    /// Prints a line for the fixture and a line for each block. An error goes to stderr.
    pub(super) fn print(&self) -> io::Result<()> {
        if let Some(error) = &self.error {
            return output::error(error);
        }
        let mut out = output::stdout();
        let (style, word) = match self.status {
            Status::Passed => (SUCCESS, "ok"),
            Status::Blessed => (SUCCESS, "blessed"),
            Status::Failed | Status::Unusable => (ERROR, "FAILED"),
        };
        writeln!(out, "{} {style}{word}{style:#}", Plain(&self.file))?;
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
                root_saved: output.root_saved,
                deposits: output.deposits.iter().map(DepositReport::new).collect(),
                proposer_fee: output.proposer_fee,
                sent_receipts: output.receipts.iter().map(SentReceiptReport::new).collect(),
                rejected_receipts: output.rejected.clone(),
                ticks_used: output.ticks_used,
                fuel_used: output.fuel_used,
            },
            Err(error) => match error.refusal() {
                Some(refusal) => Outcome::Refused { refusal: refusal.to_owned(), fuel_used: error.fuel_used },
                None => Outcome::Failed {
                    error: chain(error),
                    backtrace: error.backtrace.iter().map(ToString::to_string).collect(),
                    fuel_used: error.fuel_used,
                },
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
            Outcome::Executed {
                post_state_root,
                root_saved,
                deposits,
                proposer_fee,
                sent_receipts,
                rejected_receipts,
                fuel_used,
                ..
            } => {
                let change = if *post_state_root == self.pre_state_root {
                    "state unchanged, "
                } else {
                    "post-state root "
                };
                write!(out, "{change}{post_state_root}")?;
                if !deposits.is_empty() {
                    write!(out, ", {}", count(deposits.len(), "deposit"))?;
                }
                if *proposer_fee > 0 {
                    write!(out, ", proposer fee {proposer_fee} Gwei")?;
                }
                if !sent_receipts.is_empty() {
                    write!(out, ", {} sent", count(sent_receipts.len(), "receipt"))?;
                }
                if !rejected_receipts.is_empty() {
                    write!(out, ", {} rejected", count(rejected_receipts.len(), "receipt"))?;
                }
                writeln!(out, ", fuel {fuel_used}")?;
                if !root_saved {
                    writeln!(
                        out,
                        "    the EE has not saved a post-state root, so the root is zeros, as in scout"
                    )?;
                }
                Ok(())
            }
            Outcome::Refused { refusal, .. } if refusal.is_empty() => {
                writeln!(out, "{ERROR}refused{ERROR:#} without a reason")
            }
            Outcome::Refused { refusal, .. } => {
                writeln!(out, "{ERROR}refused{ERROR:#}: {}", Plain(refusal))
            }
            Outcome::Failed { error, backtrace, .. } => {
                writeln!(out, "{ERROR}{}{ERROR:#}", Plain(error))?;
                if let Some(log) = self.logs.last() {
                    writeln!(out, "    last log: {}", Plain(&log.value))?;
                }
                for frame in backtrace.iter().take(FRAMES_SHOWN) {
                    writeln!(out, "    in {}", Plain(frame))?;
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
            Mismatch::ProposerFee { block, expected, got } => {
                Self::ProposerFee { block: *block, expected: *expected, got: *got }
            }
            Mismatch::SentReceipt { block, index, expected, got } => Self::SentReceipt {
                block: *block,
                index: *index,
                expected: expected.as_ref().map(SentReceiptReport::new),
                got: got.as_ref().map(SentReceiptReport::new),
            },
            Mismatch::RejectedReceipts { block, expected, got } => {
                Self::RejectedReceipts { block: *block, expected: expected.clone(), got: got.clone() }
            }
        }
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::PostState { env, expected, got, known_after_block } => {
                let place = match known_after_block {
                    Some(block) => format!(" after block {block}"),
                    None => ": no block executes this EE".to_owned(),
                };
                writeln!(out, "  {ERROR}env {env}: wrong post-state root{ERROR:#}{place}")?;
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
            Self::ProposerFee { block, expected, got } => {
                writeln!(out, "  {ERROR}block {block}: wrong proposer fee{ERROR:#}")?;
                writeln!(out, "    expected {expected} Gwei")?;
                writeln!(out, "    got      {got} Gwei")
            }
            Self::SentReceipt { block, index, expected, got } => {
                writeln!(out, "  {ERROR}block {block}: wrong receipt {index}{ERROR:#}")?;
                writeln!(out, "    expected {}", shown(expected.as_ref()))?;
                writeln!(out, "    got      {}", shown(got.as_ref()))
            }
            Self::RejectedReceipts { block, expected, got } => {
                writeln!(out, "  {ERROR}block {block}: wrong rejected receipts{ERROR:#}")?;
                writeln!(out, "    expected {expected:?}")?;
                writeln!(out, "    got      {got:?}")
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

impl SentReceiptReport {
    fn new(receipt: &SentReceipt) -> Self {
        Self {
            destination_shard: receipt.destination_shard.0,
            destination_ee: receipt.destination_ee.0,
            value: receipt.value,
            fee: receipt.fee,
            payload: hex::encode(&receipt.payload),
        }
    }
}

/// Describes a receipt, if there is one.
pub(crate) fn described(receipt: Option<&SentReceipt>) -> String {
    shown(receipt.map(SentReceiptReport::new).as_ref())
}

fn shown(receipt: Option<&SentReceiptReport>) -> String {
    receipt.map_or("none".to_owned(), ToString::to_string)
}

impl fmt::Display for SentReceiptReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { destination_shard, destination_ee, value, fee, payload } = self;
        let payload = if payload.is_empty() { "empty" } else { payload };
        write!(
            f,
            "{value} Gwei to EE {destination_ee} on shard {destination_shard}, fee {fee} Gwei, payload {payload}"
        )
    }
}

impl Totals {
    pub(super) fn add(&mut self, report: &FixtureReport) {
        let counter = match report.status {
            Status::Passed | Status::Blessed => &mut self.fixtures.passed,
            Status::Failed => &mut self.fixtures.failed,
            Status::Unusable => &mut self.fixtures.unusable,
        };
        *counter = counter.saturating_add(1);
        self.n_blocks = self.n_blocks.saturating_add(report.blocks.len());
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.fixtures.verdict()
    }

    pub(super) fn print(&self, engine: EngineKind) -> io::Result<()> {
        let Self { fixtures: Summary { passed, failed, unusable, .. }, n_blocks } = self;
        let fixtures = count(passed.saturating_add(*failed).saturating_add(*unusable), "fixture");
        let style = if self.verdict() == Verdict::Holds { SUCCESS } else { ERROR };
        let mut out = output::stdout();
        write!(out, "{fixtures}, {}: {style}{passed} passed, {failed} failed", count(*n_blocks, "block"))?;
        if *unusable > 0 {
            write!(out, ", {unusable} unusable")?;
        }
        if engine == EngineKind::Both && *failed == 0 {
            write!(out, ", alike on both engines")?;
        }
        writeln!(out, "{style:#}")
    }
}

/// The number of functions of a backtrace that are printed as text.
const FRAMES_SHOWN: usize = 8;

/// Formats a number of things, with the plural of `noun` if necessary.
pub(crate) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
