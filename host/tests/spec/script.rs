//! Runs one script: what it says of each module is held against the profile, what it says of each call
//! against an engine.

use std::collections::BTreeMap;
use std::fmt;

use outrider_host::{Limits, Refusal, TrapKind, summarize};
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{ParseBuffer, parse};
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

use crate::engine::{Failure, Session, Value};

/// What came of a script.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Scripts that are not in a text format that can be read.
    pub(crate) unreadable: u32,
    /// Modules within the profile, accepted.
    pub(crate) accepted: u32,
    /// Modules outside of it, refused by the name of a proposal.
    pub(crate) refused: u32,
    /// Modules that are no modules, refused.
    pub(crate) rejected: u32,
    /// Assertions about calls and instances that hold.
    pub(crate) assertions: u32,
    /// Assertions about modules that are outside of the profile.
    pub(crate) outside: u32,
    /// What should have been otherwise.
    pub(crate) failures: Vec<String>,
}

impl Tally {
    pub(crate) const HEADINGS: &str = "  accepted   refused  rejected assertions   outside unreadable";

    pub(crate) fn add(&mut self, other: &Self) {
        self.unreadable += other.unreadable;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.rejected += other.rejected;
        self.assertions += other.assertions;
        self.outside += other.outside;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unreadable, accepted, refused, rejected, assertions, outside, .. } = self;
        write!(f, "{accepted:>10}{refused:>10}{rejected:>10}{assertions:>11}{outside:>10}{unreadable:>11}")
    }
}

/// Runs a script, or takes a binary module for a script of one.
pub(crate) fn run_script<S: Session>(path: &str, bytes: &[u8], execute: bool) -> Tally {
    let mut runner = Runner::<S>::new(path, execute);
    if path.ends_with(".wasm") {
        runner.judge(bytes, "1");
        return runner.tally;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        runner.tally.unreadable += 1;
        return runner.tally;
    };
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer);
    match buffer
        .as_ref()
        .map_err(ToString::to_string)
        .and_then(|buffer| parse::<Wast<'_>>(buffer).map_err(|error| error.to_string()))
    {
        Ok(script) => {
            for directive in script.directives {
                let (line, _) = directive.span().linecol_in(text);
                runner.run(directive, &(line + 1).to_string());
            }
        }
        Err(_) => runner.tally.unreadable += 1,
    }
    runner.tally
}

struct Runner<'a, S: Session> {
    path: &'a str,
    execute: bool,
    tally: Tally,
    session: S,
    /// The last instance, if its module is within the profile.
    current: Option<S::Instance>,
    /// Instances by the names that the script gives them.
    named: BTreeMap<String, Option<S::Instance>>,
    definitions: BTreeMap<String, Vec<u8>>,
    /// Registered modules that there are no instances of.
    missing: Vec<String>,
}

/// What the profile says of a module.
#[derive(PartialEq, Eq)]
enum Judgement {
    Accepted,
    Outside,
    Invalid,
}

/// What became of a call or an instantiation; nothing if it needs a module that was refused.
type Outcome = Option<Result<Vec<Value>, Failure>>;

impl<'a, S: Session> Runner<'a, S> {
    fn new(path: &'a str, execute: bool) -> Self {
        Self {
            path,
            execute,
            tally: Tally::default(),
            session: S::new(),
            current: None,
            named: BTreeMap::new(),
            definitions: BTreeMap::new(),
            missing: Vec::new(),
        }
    }

    fn fail(&mut self, line: &str, message: impl fmt::Display) {
        self.tally.failures.push(format!("{}:{line}: {message}", self.path));
    }

    fn run(&mut self, directive: WastDirective<'_>, line: &str) {
        match directive {
            WastDirective::Module(mut module) => {
                let name = module.name().map(|id| id.name().to_owned());
                match module.encode() {
                    Ok(code) => self.module(&code, name, line),
                    Err(error) => self.fail(line, error),
                }
            }
            WastDirective::ModuleDefinition(mut module) => {
                let name = module.name().map(|id| id.name().to_owned()).unwrap_or_default();
                match module.encode() {
                    Ok(code) => {
                        self.expect_valid(&code, line);
                        self.definitions.insert(name, code);
                    }
                    Err(error) => self.fail(line, error),
                }
            }
            WastDirective::ModuleInstance { instance, module, .. } => {
                let module = module.map(|id| id.name().to_owned()).unwrap_or_default();
                if let Some(code) = self.definitions.get(&module).cloned() {
                    self.instantiate(&code, instance.map(|id| id.name().to_owned()), line);
                }
            }
            WastDirective::AssertMalformed { module, message, .. }
            | WastDirective::AssertInvalid { module, message, .. } => self.rejected(module, message, line),
            WastDirective::Register { name, module, .. } => match self.instance(module.map(|id| id.name())) {
                Some(instance) => self.session.register(name, &instance),
                None => self.missing.push(name.to_owned()),
            },
            WastDirective::Invoke(invoke) => {
                if let Some(Err(failure)) = self.invoke(&invoke) {
                    self.fail(line, format!("{failure:?}"));
                }
            }
            WastDirective::AssertTrap { exec, message, .. } => {
                let outcome = self.execute(exec, line);
                self.expect_trap(outcome, message, line);
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                let outcome = self.invoke(&call);
                self.expect_trap(outcome, message, line);
            }
            WastDirective::AssertReturn { exec, results, .. } => {
                let outcome = self.execute(exec, line);
                self.hold(outcome, line, |outcome| match outcome {
                    Ok(values) => {
                        values.len() == results.len()
                            && values.iter().zip(&results).all(|(value, result)| is_expected(*value, result))
                    }
                    Err(_) => false,
                });
            }
            WastDirective::AssertUnlinkable { module, .. } => {
                let outcome = self.execute(WastExecute::Wat(module), line);
                self.hold(outcome, line, |outcome| matches!(outcome, Err(Failure::Link(_))));
            }
            // Of custom sections, of exceptions, of suspensions, and of threads, which EEs do not have.
            WastDirective::AssertInvalidCustom { .. }
            | WastDirective::AssertMalformedCustom { .. }
            | WastDirective::AssertException { .. }
            | WastDirective::AssertSuspension { .. }
            | WastDirective::Thread(_)
            | WastDirective::Wait { .. } => self.tally.outside += 1,
        }
    }

    /// Asks the profile about a module, and counts the answer.
    fn judge(&mut self, code: &[u8], line: &str) -> Judgement {
        let refusals = summarize(code, &Limits::default()).refusals;
        let refusal = refusals.into_iter().find(|refusal| {
            matches!(
                refusal,
                Refusal::Invalid { .. }
                    | Refusal::OutsideProfile { .. }
                    | Refusal::OverBound { .. }
                    | Refusal::NotWasm { .. }
            )
        });
        match refusal {
            None => Judgement::Accepted,
            Some(Refusal::OutsideProfile { .. }) => Judgement::Outside,
            Some(Refusal::OverBound { bound, .. }) => {
                self.fail(line, format!("over the limit of {}", bound.what));
                Judgement::Outside
            }
            Some(_) => Judgement::Invalid,
        }
    }

    /// Checks that a module is accepted, or else refused for a proposal.
    fn expect_valid(&mut self, code: &[u8], line: &str) -> bool {
        match self.judge(code, line) {
            Judgement::Accepted => {
                self.tally.accepted += 1;
                true
            }
            Judgement::Outside => {
                self.tally.refused += 1;
                false
            }
            Judgement::Invalid => {
                let refusals = summarize(code, &Limits::default()).refusals;
                self.fail(line, format!("a valid module is refused: {refusals:?}"));
                false
            }
        }
    }

    fn rejected(&mut self, mut module: QuoteWat<'_>, message: &str, line: &str) {
        // Text that is no text of a module never gets to be bytes.
        let Ok(code) = module.encode() else { return };
        if self.judge(&code, line) == Judgement::Accepted {
            self.fail(line, format!("a module that should be refused is accepted: {message}"));
        } else {
            self.tally.rejected += 1;
        }
    }

    fn module(&mut self, code: &[u8], name: Option<String>, line: &str) {
        self.current = None;
        if let Some(name) = &name {
            self.named.insert(name.clone(), None);
        }
        if self.expect_valid(code, line) {
            self.instantiate(code, name, line);
        }
    }

    fn instantiate(&mut self, code: &[u8], name: Option<String>, line: &str) {
        if !self.execute || self.imports_what_is_missing(code) {
            return;
        }
        match self.session.instantiate(code) {
            Ok(instance) => {
                if let Some(name) = name {
                    self.named.insert(name, Some(instance.clone()));
                }
                self.current = Some(instance);
            }
            Err(failure) => self.fail(line, format!("not instantiated: {failure:?}")),
        }
    }

    /// Tells whether a module imports from one that was refused, or what the profile keeps `spectest` from
    /// having.
    fn imports_what_is_missing(&self, code: &[u8]) -> bool {
        summarize(code, &Limits::default()).imports.iter().any(|import| {
            self.missing.contains(&import.module)
                || (import.module == "spectest" && matches!(&*import.name, "table64" | "shared_memory"))
        })
    }

    fn instance(&self, name: Option<&str>) -> Option<S::Instance> {
        match name {
            Some(name) => self.named.get(name).cloned().flatten(),
            None => self.current.clone(),
        }
    }

    fn execute(&mut self, exec: WastExecute<'_>, line: &str) -> Outcome {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module.map(|id| id.name()))?;
                let value = self.session.global(&instance, global);
                Some(
                    value
                        .map(|value| vec![value])
                        .ok_or_else(|| Failure::Other(format!("no global {global}"))),
                )
            }
            WastExecute::Wat(mut module) => {
                let Wat::Module(_) = &module else { return None };
                let code = module.encode().ok()?;
                let usable =
                    self.execute && self.expect_valid(&code, line) && !self.imports_what_is_missing(&code);
                usable.then(|| self.session.instantiate(&code).map(|_| Vec::new()))
            }
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Outcome {
        let instance = self.instance(invoke.module.map(|id| id.name()))?;
        let arguments = invoke.args.iter().map(argument).collect::<Option<Vec<_>>>()?;
        Some(self.session.invoke(&instance, invoke.name, &arguments))
    }

    fn expect_trap(&mut self, outcome: Outcome, message: &str, line: &str) {
        self.hold(outcome, line, |outcome| match outcome {
            Err(Failure::Trap(kind)) => is_trap(*kind, message),
            _ => false,
        });
    }

    /// Counts an assertion, if its module is within the profile.
    fn hold(
        &mut self,
        outcome: Outcome,
        line: &str,
        holds: impl FnOnce(&Result<Vec<Value>, Failure>) -> bool,
    ) {
        match outcome {
            None => self.tally.outside += 1,
            Some(outcome) if holds(&outcome) => self.tally.assertions += 1,
            Some(outcome) => self.fail(line, format!("got {outcome:?}")),
        }
    }
}

fn argument(argument: &WastArg<'_>) -> Option<Value> {
    let WastArg::Core(argument) = argument else { return None };
    Some(match argument {
        WastArgCore::I32(value) => Value::I32(value.cast_unsigned()),
        WastArgCore::I64(value) => Value::I64(value.cast_unsigned()),
        WastArgCore::F32(value) => Value::F32(value.bits),
        WastArgCore::F64(value) => Value::F64(value.bits),
        WastArgCore::V128(value) => Value::V128(u128::from_le_bytes(value.to_le_bytes())),
        WastArgCore::RefNull(_) => Value::NullFunction,
        WastArgCore::RefExtern(_) | WastArgCore::RefHost(_) => return None,
    })
}

fn is_expected(value: Value, expected: &WastRet<'_>) -> bool {
    match expected {
        WastRet::Core(expected) => is_core(value, expected),
        _ => false,
    }
}

fn is_core(value: Value, expected: &WastRetCore<'_>) -> bool {
    match (value, expected) {
        (Value::I32(value), WastRetCore::I32(expected)) => value == expected.cast_unsigned(),
        (Value::I64(value), WastRetCore::I64(expected)) => value == expected.cast_unsigned(),
        (Value::F32(bits), WastRetCore::F32(expected)) => is_f32(bits, expected),
        (Value::F64(bits), WastRetCore::F64(expected)) => is_f64(bits, expected),
        (Value::V128(value), WastRetCore::V128(expected)) => is_v128(value.to_le_bytes(), expected),
        (Value::NullFunction, WastRetCore::RefNull(_)) | (Value::Function, WastRetCore::RefFunc(_)) => true,
        (_, WastRetCore::Either(cases)) => cases.iter().any(|case| is_core(value, case)),
        _ => false,
    }
}

fn is_f32(bits: u32, expected: &NanPattern<wast::token::F32>) -> bool {
    match expected {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn is_f64(bits: u64, expected: &NanPattern<wast::token::F64>) -> bool {
    match expected {
        NanPattern::CanonicalNan => bits & (u64::MAX >> 1) == 0x7ff8 << 48,
        NanPattern::ArithmeticNan => bits & 0x7ff8 << 48 == 0x7ff8 << 48,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn is_v128(bytes: [u8; 16], expected: &V128Pattern) -> bool {
    fn lanes<const N: usize>(bytes: [u8; 16]) -> impl Iterator<Item = [u8; N]> {
        (0..16 / N).map(move |lane| std::array::from_fn(|byte| bytes[lane * N + byte]))
    }
    match expected {
        V128Pattern::I8x16(expected) => lanes(bytes).map(i8::from_le_bytes).eq(*expected),
        V128Pattern::I16x8(expected) => lanes(bytes).map(i16::from_le_bytes).eq(*expected),
        V128Pattern::I32x4(expected) => lanes(bytes).map(i32::from_le_bytes).eq(*expected),
        V128Pattern::I64x2(expected) => lanes(bytes).map(i64::from_le_bytes).eq(*expected),
        V128Pattern::F32x4(expected) => {
            lanes(bytes).map(u32::from_le_bytes).zip(expected).all(|(bits, lane)| is_f32(bits, lane))
        }
        V128Pattern::F64x2(expected) => {
            lanes(bytes).map(u64::from_le_bytes).zip(expected).all(|(bits, lane)| is_f64(bits, lane))
        }
    }
}

/// Tells whether a trap is the one that the suite has this message for.
fn is_trap(kind: TrapKind, message: &str) -> bool {
    let prefix = match kind {
        TrapKind::Unreachable => "unreachable",
        TrapKind::MemoryOutOfBounds => "out of bounds memory access",
        // The suite tells an access by call_indirect from others.
        TrapKind::TableOutOfBounds if message.starts_with("undefined element") => "undefined element",
        TrapKind::TableOutOfBounds => "out of bounds table access",
        TrapKind::IndirectCallToNull => "uninitialized element",
        TrapKind::IndirectCallType => "indirect call type mismatch",
        TrapKind::IntegerOverflow => "integer overflow",
        TrapKind::IntegerDivisionByZero => "integer divide by zero",
        TrapKind::InvalidConversionToInteger => "invalid conversion to integer",
        TrapKind::StackOverflow => "call stack exhausted",
    };
    message.starts_with(prefix)
}
