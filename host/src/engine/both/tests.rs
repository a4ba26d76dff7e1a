use super::*;
use crate::config::HostConfig;
use crate::error::TrapKind;
use crate::execution::{DEPOSIT_BYTES, Deposit, ExecutionInput, Log, LogValue, StateRoot};

/// An engine whose EEs all do one thing.
struct Scripted(Script);

type Script = fn(&mut Execution) -> Result<(), Stop>;

impl Engine for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn settings(&self) -> String {
        "none".to_owned()
    }

    fn compile(&self, _: &Program) -> Result<Arc<dyn CompiledEe>, LoadError> {
        Ok(Arc::new(Self(self.0)))
    }

    fn restore(&self, serialized: &[u8]) -> Option<Arc<dyn CompiledEe>> {
        (serialized == b"scripted").then(|| Arc::new(Self(self.0)) as Arc<dyn CompiledEe>)
    }
}

impl CompiledEe for Scripted {
    fn run(&self, mut execution: Execution) -> Outcome {
        let result = (self.0)(&mut execution);
        (execution, result)
    }

    fn instantiate(&self, execution: Execution) -> Outcome {
        self.run(execution)
    }

    fn serialize(&self) -> Option<Vec<u8>> {
        Some(b"scripted".to_vec())
    }
}

fn both(scripts: [Script; 2]) -> BothEngines {
    BothEngines::new(scripts.map(|script| Arc::new(Scripted(script)) as Arc<dyn Engine>))
}

fn run(ee: &dyn CompiledEe) -> Outcome {
    let input = ExecutionInput::new(StateRoot::default(), vec![]);
    ee.run(Execution::new(input, &HostConfig::default(), 1_000))
}

fn program() -> Program {
    Program { code: Vec::new(), libraries: Vec::new(), stack_reserve_slots: None }
}

fn trap(kind: TrapKind) -> Result<(), Stop> {
    Err(Stop { kind: ExecutionErrorKind::Trap(kind), backtrace: Vec::new() })
}

/// Checks what is said of an engine that does nothing and one that does this.
#[track_caller]
fn check(script: Script, expected: &str) {
    for scripts in [[script, nothing], [nothing, script]] {
        let ee = both(scripts).compile(&program()).unwrap();
        let stop = run(&*ee).1.unwrap_err();
        let ExecutionErrorKind::EnginesDisagree(disagreement) = stop.kind else { panic!("{stop:?}") };
        assert_eq!(disagreement.item, expected);
        assert_ne!(disagreement.values[0], disagreement.values[1]);
    }
}

fn nothing(_: &mut Execution) -> Result<(), Stop> {
    Ok(())
}

#[test]
fn any_difference_is_an_error_that_names_it() {
    check(|_| trap(TrapKind::Unreachable), "the end");
    check(|execution| Ok(execution.post_state_root = Some(StateRoot([1; 32]))), "the post-state root");
    check(|execution| Ok(execution.deposits.push(Deposit::from_bytes(&[1; DEPOSIT_BYTES]))), "the deposits");
    check(|execution| Ok(execution.logs.push(log(1))), "the logs");
    check(|execution| Ok(execution.ticks_used += 1), "the ticks used");
    check(|execution| Ok(execution.fuel_left -= 1), "the fuel left");
    check(|execution| Ok(execution.memory_bytes += 1), "the bytes of memory");
}

fn log(value: u32) -> Log {
    Log { import: "debug.print32", value: LogValue::U32(value) }
}

#[test]
fn logs_and_traps_differ_by_what_they_say() {
    let scripts: [Script; 2] =
        [|execution| Ok(execution.logs.push(log(1))), |execution| Ok(execution.logs.push(log(2)))];
    let stop = run(&*both(scripts).compile(&program()).unwrap()).1.unwrap_err();
    assert!(stop.kind.to_string().starts_with("the engines disagree on a line of the logs"), "{stop:?}");

    let scripts: [Script; 2] = [|_| trap(TrapKind::MemoryOutOfBounds), |_| trap(TrapKind::TableOutOfBounds)];
    let stop = run(&*both(scripts).compile(&program()).unwrap()).1.unwrap_err();
    assert_eq!(
        stop.kind.to_string(),
        "the engines disagree on the end: scripted says `the EE trapped: out of bounds memory access`, \
         scripted says `the EE trapped: out of bounds table access`"
    );
}

#[test]
fn what_is_the_same_is_handed_on() {
    let script: Script = |execution| {
        execution.fuel_left = 5;
        trap(TrapKind::Unreachable)
    };
    let (execution, result) = run(&*both([script, script]).compile(&program()).unwrap());
    assert_eq!(execution.fuel_left, 5);
    assert!(matches!(result.unwrap_err().kind, ExecutionErrorKind::Trap(TrapKind::Unreachable)));
}

#[test]
fn what_both_serialize_both_restore_and_nothing_else() {
    let engines = both([nothing, |_| trap(TrapKind::Unreachable)]);
    let serialized = engines.compile(&program()).unwrap().serialize().unwrap();
    let restored = engines.restore(&serialized).unwrap();
    assert!(matches!(run(&*restored).1.unwrap_err().kind, ExecutionErrorKind::EnginesDisagree(_)));
    for end in 0..serialized.len() {
        assert!(engines.restore(&serialized[..end]).is_none());
    }
}
