use std::io::Write as _;

use outrider_abi::{DEPOSIT_BYTES, Deposit, SentReceipt, StateRoot};

use super::*;
use crate::config::HostConfig;
use crate::engine::Requirements;
use crate::error::TrapKind;
use crate::execution::{ExecutionInput, Log, LogValue};

type Change = fn(&mut Execution);

/// An engine whose EEs all change an execution in this way, and then return or trap.
#[derive(Clone, Copy)]
struct Scripted {
    change: Change,
    trap: Option<TrapKind>,
}

const NOTHING: Scripted = Scripted { change: |_| {}, trap: None };
const UNREACHABLE: Scripted = Scripted { change: |_| {}, trap: Some(TrapKind::Unreachable) };

impl Engine for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn settings(&self) -> String {
        "none".to_owned()
    }

    fn compile(&self, _: &Program) -> Result<Arc<dyn CompiledEe>, LoadError> {
        Ok(Arc::new(*self))
    }

    fn restore(&self, serialized: Payload<'_>) -> Option<Arc<dyn CompiledEe>> {
        (serialized.read().unwrap() == b"scripted").then(|| Arc::new(*self) as Arc<dyn CompiledEe>)
    }
}

impl CompiledEe for Scripted {
    fn run(&self, mut execution: Execution) -> Outcome {
        (self.change)(&mut execution);
        let stop = |kind| Stop { kind: ExecutionErrorKind::Trap(kind), backtrace: Vec::new() };
        (execution, self.trap.map_or(Ok(()), |kind| Err(stop(kind))))
    }

    fn instantiate(&self, execution: Execution) -> Outcome {
        self.run(execution)
    }

    fn requirements(&self) -> Requirements {
        Requirements { metering: None, pages_max: 0 }
    }

    fn serialize(&self) -> Option<Vec<u8>> {
        Some(b"scripted".to_vec())
    }
}

fn both(engines: [Scripted; 2]) -> BothEngines {
    BothEngines::new(engines.map(|engine| Arc::new(engine) as Arc<dyn Engine>))
}

fn run(ee: &dyn CompiledEe) -> Outcome {
    let input = ExecutionInput::new(StateRoot::default(), vec![]);
    ee.run(Execution::new(input, &HostConfig::default(), &1_000.into()))
}

fn program() -> Program {
    Program {
        code: Vec::new(),
        libraries: Vec::new(),
        requirements: Requirements { metering: None, pages_max: 0 },
    }
}

/// Runs on both engines, and returns their disagreement.
#[track_caller]
fn disagreement(engines: [Scripted; 2]) -> Disagreement {
    let stop = run(&*both(engines).compile(&program()).unwrap()).1.unwrap_err();
    let ExecutionErrorKind::EnginesDisagree(disagreement) = stop.kind else { panic!("{stop:?}") };
    *disagreement
}

#[test]
fn any_difference_is_an_error_that_names_it() {
    let cases: [(Change, &str); 9] = [
        (|execution| execution.post_state_root = Some(StateRoot([1; 32])), "the post-state root"),
        (|execution| execution.deposits.push(Deposit::from_bytes(&[1; DEPOSIT_BYTES])), "the deposits"),
        (|execution| execution.proposer_fee += 1, "the proposer fee"),
        (|execution| execution.receipts.push(SentReceipt::default()), "the receipts"),
        (|execution| _ = execution.rejected.insert(1), "the rejected receipts"),
        (|execution| execution.logs.push(log(1)), "the logs"),
        (|execution| execution.ticks_used += 1, "the ticks used"),
        (|execution| execution.fuel_left -= 1, "the fuel left"),
        (|execution| execution.memory_bytes += 1, "the bytes of memory"),
    ];
    let cases = cases.map(|(change, item)| (Scripted { change, trap: None }, item));
    for (engine, item) in cases.into_iter().chain([(UNREACHABLE, "the end")]) {
        for engines in [[engine, NOTHING], [NOTHING, engine]] {
            let disagreement = disagreement(engines);
            assert_eq!(disagreement.item, item);
            assert_ne!(disagreement.values[0], disagreement.values[1]);
        }
    }
}

fn log(value: u32) -> Log {
    Log { import: "debug.print32", value: LogValue::U32(value) }
}

#[test]
fn logs_and_traps_are_compared_by_content() {
    let logs: [Change; 2] =
        [|execution| execution.logs.push(log(1)), |execution| execution.logs.push(log(2))];
    assert_eq!(disagreement(logs.map(|change| Scripted { change, trap: None })).item, "a line of the logs");
    let traps = [TrapKind::MemoryOutOfBounds, TrapKind::TableOutOfBounds];
    assert_eq!(
        disagreement(traps.map(|trap| Scripted { trap: Some(trap), ..NOTHING })).to_string(),
        "the end: scripted says `the EE trapped: out of bounds memory access`, \
         scripted says `the EE trapped: out of bounds table access`"
    );
}

#[test]
fn equal_outcomes_are_returned() {
    let engine = Scripted { change: |execution| execution.fuel_left = 5, ..UNREACHABLE };
    let (execution, result) = run(&*both([engine, engine]).compile(&program()).unwrap());
    assert_eq!(execution.fuel_left, 5);
    assert!(matches!(result.unwrap_err().kind, ExecutionErrorKind::Trap(TrapKind::Unreachable)));
}

#[test]
fn both_engines_restore_only_what_both_serialized() {
    let engines = both([NOTHING, UNREACHABLE]);
    let serialized = engines.compile(&program()).unwrap().serialize().unwrap();
    let restore = |serialized: &[u8]| {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(serialized).unwrap();
        engines.restore(Payload::of(&file).unwrap())
    };
    let restored = restore(&serialized).unwrap();
    assert!(matches!(run(&*restored).1.unwrap_err().kind, ExecutionErrorKind::EnginesDisagree(_)));
    for end in 0..serialized.len() {
        assert!(restore(&serialized[..end]).is_none());
    }
}
