//! Runs one script: compares its statements about modules with the profile, and its statements about calls with an
//! engine.

use std::collections::BTreeMap;
use std::fmt;

use outrider_host::{Limits, Refusal, TrapKind, summarize};
use wasmparser::{Validator, WasmFeatures};
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{ParseBuffer, parse};
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

use crate::engine::{Failure, Session, Value};
use crate::states::States;

/// The results of a script.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Scripts and text modules that the assembler does not accept, each with its message.
    pub(crate) unreadable: Vec<String>,
    /// Modules within the profile, accepted.
    pub(crate) accepted: u32,
    /// Modules outside of it, refused for one of the [`reasons`](Self::reasons).
    pub(crate) refused: u32,
    /// Reasons for refusals: a proposal, a bound, a limit, or an unknown import.
    pub(crate) reasons: BTreeMap<String, u32>,
    /// Invalid modules, refused.
    pub(crate) rejected: u32,
    /// Assertions about calls and instances that held.
    pub(crate) assertions: u32,
    /// Assertions about modules outside of the profile.
    pub(crate) outside: u32,
    /// Failures.
    pub(crate) failures: Vec<String>,
}

impl Tally {
    pub(crate) const HEADINGS: &str = "  accepted   refused  rejected assertions   outside unreadable";

    pub(crate) fn add(&mut self, other: &Self) {
        self.unreadable.extend_from_slice(&other.unreadable);
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.rejected += other.rejected;
        self.assertions += other.assertions;
        self.outside += other.outside;
        for (reason, n) in &other.reasons {
            *self.reasons.entry(reason.clone()).or_default() += n;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unreadable, accepted, refused, rejected, assertions, outside, .. } = self;
        write!(
            f,
            "{accepted:>10}{refused:>10}{rejected:>10}{assertions:>11}{outside:>10}{:>11}",
            unreadable.len()
        )
    }
}

/// Runs a script, or treats a binary or text module as a script of that module without assertions.
pub(crate) fn run_script<S: Session>(path: &str, bytes: &[u8], execute: bool) -> Tally {
    // Such a line is an option of wasm-tools for printing or validating the file; wasm-tools never executes one.
    let execute = execute && !bytes.starts_with(b";; RUN:");
    let mut runner = Runner::<S>::new(path, execute);
    if path.ends_with(".wasm") {
        runner.plain_module(bytes, "1");
        return runner.tally;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        runner.unreadable("1", "not UTF-8");
        return runner.tally;
    };
    if text.lines().all(|line| line.trim().is_empty() || line.starts_with(";;")) {
        return runner.tally;
    }
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer);
    let script = buffer.as_ref().map_err(ToString::to_string);
    let script = script.and_then(|buffer| parse::<Wast<'_>>(buffer).map_err(|error| error.to_string()));
    match script.map(|script| script.directives) {
        Ok(directives) if path.ends_with(".wat") => {
            for directive in directives {
                if let WastDirective::Module(mut module) = directive
                    && let Ok(code) = module.encode()
                {
                    runner.plain_module(&code, "1");
                }
            }
        }
        Ok(directives) => {
            for directive in directives {
                let (line, _) = directive.span().linecol_in(text);
                runner.run(directive, &(line + 1).to_string());
            }
        }
        Err(error) => runner.unreadable("1", error),
    }
    runner.tally
}

struct Runner<'a, S: Session> {
    path: &'a str,
    execute: bool,
    tally: Tally,
    session: S,
    /// The last instance, if its module is within the profile.
    current: Option<Instance<S>>,
    /// Instances by the names that the script gives them.
    named: BTreeMap<String, Option<Instance<S>>>,
    /// Modules that are not instantiated yet; `None` if they are refused.
    definitions: BTreeMap<String, Option<Vec<u8>>>,
    states: States,
    /// Registered modules without instances.
    missing: Vec<String>,
}

/// An instance, and its number among the states.
type Instance<S> = (<S as Session>::Instance, usize);

/// The profile's judgement of a module.
enum Judgement {
    Accepted,
    /// For this reason, which the profile names.
    Refused(String),
    /// Invalid by the specification, with this message; the profile does not matter.
    Invalid(String),
}

/// The outcome of a call or an instantiation, or `None` if it needs a refused module, and whether the script knows the
/// states on which it depends.
type Outcome = (Option<Result<Vec<Value>, Failure>>, bool);

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
            states: States::default(),
            missing: Vec::new(),
        }
    }

    fn fail(&mut self, line: &str, message: impl fmt::Display) {
        self.tally.failures.push(format!("{}:{line}: {message}", self.path));
    }

    fn unreadable(&mut self, line: &str, error: impl fmt::Display) {
        let error = error.to_string();
        let first_line = error.lines().next().unwrap_or_default();
        self.tally.unreadable.push(format!("{}:{line}: {first_line}", self.path));
    }

    fn run(&mut self, directive: WastDirective<'_>, line: &str) {
        match directive {
            WastDirective::Module(mut module) => {
                let name = module.name().map(|id| id.name().to_owned());
                match module.encode() {
                    Ok(code) => self.module(&code, name, line),
                    // Text that the assembler does not accept.
                    Err(error) => {
                        self.unreadable(line, error);
                        self.forget(name.as_deref());
                    }
                }
            }
            WastDirective::ModuleDefinition(mut module) => {
                let name = module.name().map(|id| id.name().to_owned()).unwrap_or_default();
                match module.encode() {
                    Ok(code) => {
                        let definition = self.expect_valid(&code, line).then_some(code);
                        self.definitions.insert(name, definition);
                    }
                    Err(error) => self.unreadable(line, error),
                }
            }
            WastDirective::ModuleInstance { instance, module, .. } => {
                let module = module.map(|id| id.name().to_owned()).unwrap_or_default();
                let instance = instance.map(|id| id.name().to_owned());
                self.forget(instance.as_deref());
                if let Some(code) = self.definitions.get(&module).cloned().flatten() {
                    self.instantiate(&code, instance, line);
                }
            }
            WastDirective::Register { name, module, .. } => match self.instance(module.map(|id| id.name())) {
                Some((instance, number)) => {
                    self.session.register(name, &instance);
                    self.states.register(name, number);
                }
                None => self.missing.push(name.to_owned()),
            },
            assertion => self.assertion(assertion, line),
        }
    }

    fn assertion(&mut self, assertion: WastDirective<'_>, line: &str) {
        match assertion {
            WastDirective::AssertMalformed { module, message, .. } => {
                let is_text = matches!(module, QuoteWat::QuoteModule(..) | QuoteWat::QuoteComponent(..));
                self.rejected(module, is_text, message, line);
            }
            WastDirective::AssertInvalid { module, message, .. } => {
                self.rejected(module, false, message, line);
            }
            WastDirective::Invoke(invoke) => {
                let (outcome, _) = self.invoke(&invoke);
                if let Some(Err(failure)) = outcome {
                    self.fail(line, format!("{failure:?}"));
                }
            }
            WastDirective::AssertTrap { exec, message, .. } => {
                let executed = self.execute(exec, line);
                self.expect_trap(executed, message, line);
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                let executed = self.invoke(&call);
                self.expect_trap(executed, message, line);
            }
            WastDirective::AssertReturn { exec, results, .. } => {
                let executed = self.execute(exec, line);
                self.hold(executed, line, |outcome| match outcome {
                    Ok(values) => {
                        values.len() == results.len()
                            && values.iter().zip(&results).all(|(value, result)| is_expected(*value, result))
                    }
                    Err(_) => false,
                });
            }
            WastDirective::AssertUnlinkable { module, message, .. } => self.unlinkable(module, message, line),
            // Nothing within the profile throws or suspends.
            WastDirective::AssertException { exec, .. } | WastDirective::AssertSuspension { exec, .. } => {
                let executed = self.execute(exec, line);
                self.hold(executed, line, |_| false);
            }
            // About custom sections, which have no meaning here, and threads, which EEs do not have.
            WastDirective::AssertInvalidCustom { .. }
            | WastDirective::AssertMalformedCustom { .. }
            | WastDirective::Thread(_)
            | WastDirective::Wait { .. } => self.tally.outside += 1,
            WastDirective::Module(_)
            | WastDirective::ModuleDefinition(_)
            | WastDirective::ModuleInstance { .. }
            | WastDirective::Register { .. } => unreachable!("these are not assertions"),
        }
    }

    /// Counts a module that the profile refuses.
    fn refuse(&mut self, reason: impl Into<String>) {
        self.tally.refused += 1;
        *self.tally.reasons.entry(reason.into()).or_default() += 1;
    }

    /// Judges a module about which the script says nothing: it is invalid only if it is invalid with all proposals.
    fn plain_module(&mut self, code: &[u8], line: &str) {
        let valid = Validator::new_with_features(WasmFeatures::all()).validate_all(code).is_ok();
        match judge(code) {
            Judgement::Accepted if valid => self.tally.accepted += 1,
            Judgement::Refused(reason) => self.refuse(reason),
            Judgement::Invalid(_) if !valid => self.tally.rejected += 1,
            Judgement::Accepted => self.fail(line, "an invalid module is accepted"),
            Judgement::Invalid(message) => {
                self.fail(line, format!("a valid module is called invalid: {message}"));
            }
        }
    }

    /// Checks that a module is accepted, or else refused for a reason that the profile names.
    fn expect_valid(&mut self, code: &[u8], line: &str) -> bool {
        match judge(code) {
            Judgement::Accepted => {
                self.tally.accepted += 1;
                return true;
            }
            Judgement::Refused(reason) => self.refuse(reason),
            Judgement::Invalid(message) => {
                self.fail(line, format!("a valid module is called invalid: {message}"));
            }
        }
        false
    }

    /// Checks that a module is refused, unless it is invalid only without a proposal that the profile has.
    ///
    /// Only the assembler can detect malformed text, and it may be more lenient than the script: a host reads no text.
    fn rejected(&mut self, mut module: QuoteWat<'_>, malformed_text: bool, message: &str, line: &str) {
        // Malformed text never becomes bytes.
        let Ok(code) = module.encode() else { return };
        match judge(&code) {
            Judgement::Accepted if malformed_text => self.tally.outside += 1,
            Judgement::Accepted => match feature_that_is_missed(&code, message) {
                Some(feature) => self.refuse(format!("made for WebAssembly without {feature}")),
                None => self.fail(line, format!("a module that should be refused is accepted: {message}")),
            },
            Judgement::Refused(_) | Judgement::Invalid(_) => self.tally.rejected += 1,
        }
    }

    /// Ensures that the script's next statements are not applied to an earlier instance.
    fn forget(&mut self, name: Option<&str>) {
        self.current = None;
        if let Some(name) = name {
            self.named.insert(name.to_owned(), None);
        }
    }

    fn module(&mut self, code: &[u8], name: Option<String>, line: &str) {
        self.forget(name.as_deref());
        if self.expect_valid(code, line) {
            self.instantiate(code, name, line);
        } else {
            self.states.lose(&imported_modules(code));
        }
    }

    fn instantiate(&mut self, code: &[u8], name: Option<String>, line: &str) {
        if !self.execute {
            return;
        }
        let modules = imported_modules(code);
        if self.imports_what_is_missing(code) {
            self.refuse("an unknown import");
            self.states.lose(&modules);
            return;
        }
        match self.session.instantiate(code) {
            Ok(instance) => {
                let instance = (instance, self.states.add(&modules));
                if let Some(name) = name {
                    self.named.insert(name, Some(instance.clone()));
                }
                self.current = Some(instance);
            }
            Err(failure) if self.states.are_known(&modules) => {
                self.fail(line, format!("not instantiated: {failure:?}"));
            }
            Err(_) => self.tally.outside += 1,
        }
    }

    /// Returns whether a module imports something that no module of the script within the profile exports.
    fn imports_what_is_missing(&mut self, code: &[u8]) -> bool {
        let imports = summarize(code, &Limits::default()).imports;
        imports.iter().any(|import| !self.session.has(&import.module, &import.name))
    }

    fn instance(&self, name: Option<&str>) -> Option<Instance<S>> {
        match name {
            Some(name) => self.named.get(name).cloned().flatten(),
            None => self.current.clone(),
        }
    }

    fn execute(&mut self, exec: WastExecute<'_>, line: &str) -> Outcome {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Get { module, global, .. } => {
                let Some((instance, number)) = self.instance(module.map(|id| id.name())) else {
                    return (None, true);
                };
                let value = self.session.global(&instance, global);
                let value = value
                    .map(|value| vec![value])
                    .ok_or_else(|| Failure::Other(format!("no global {global}")));
                (Some(value), self.states.is_known(number))
            }
            WastExecute::Wat(module) => self.instantiate_briefly(module, line),
        }
    }

    /// Instantiates a module that must trap or be unlinkable.
    fn instantiate_briefly(&mut self, mut module: Wat<'_>, line: &str) -> Outcome {
        if let Wat::Component(_) = &module {
            return (None, true);
        }
        let Ok(code) = module.encode() else { return (None, true) };
        let modules = imported_modules(&code);
        // Nothing is known about the exports of a refused module.
        let usable = self.execute
            && self.expect_valid(&code, line)
            && !modules.iter().any(|module| self.missing.contains(module));
        if !usable {
            self.states.lose(&modules);
            return (None, true);
        }
        let known = self.states.are_known(&modules);
        let outcome = self.session.instantiate(&code).map(|_| Vec::new());
        if outcome.is_err() {
            // For a host, this ends the execution. Engines leave different states behind.
            self.states.lose(&modules);
        }
        (Some(outcome), known)
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Outcome {
        let instance = self.instance(invoke.module.map(|id| id.name()));
        let arguments = invoke.args.iter().map(argument).collect::<Option<Vec<_>>>();
        let (Some((instance, number)), Some(arguments)) = (instance, arguments) else { return (None, true) };
        let outcome = self.session.invoke(&instance, invoke.name, &arguments);
        (Some(outcome), self.states.is_known(number))
    }

    fn expect_trap(&mut self, executed: Outcome, message: &str, line: &str) {
        self.hold(executed, line, |outcome| match outcome {
            Err(Failure::Trap(kind)) => is_trap(*kind, message),
            _ => false,
        });
    }

    /// Checks that a module cannot be linked.
    ///
    /// In the first WebAssembly, segments that do not fit made a module unlinkable, too. Since bulk-memory they are
    /// written one by one, up to the first that does not fit, which traps.
    fn unlinkable(&mut self, module: Wat<'_>, message: &str, line: &str) {
        let executed = self.execute(WastExecute::Wat(module), line);
        match executed.0 {
            Some(Err(Failure::Trap(TrapKind::MemoryOutOfBounds | TrapKind::TableOutOfBounds)))
                if message.ends_with("segment does not fit") =>
            {
                self.refuse("made for WebAssembly without bulk_memory");
            }
            _ => self.hold(executed, line, |outcome| matches!(outcome, Err(Failure::Link(_)))),
        }
    }

    /// Counts an assertion, if its module is within the profile and in the state that the script assumes.
    fn hold(
        &mut self,
        (outcome, known): Outcome,
        line: &str,
        holds: impl FnOnce(&Result<Vec<Value>, Failure>) -> bool,
    ) {
        match outcome {
            None => self.tally.outside += 1,
            Some(outcome) if holds(&outcome) => self.tally.assertions += 1,
            Some(_) if !known => self.tally.outside += 1,
            Some(outcome) => self.fail(line, format!("got {outcome:?}")),
        }
    }
}

/// Returns the modules from which a module imports.
fn imported_modules(code: &[u8]) -> Vec<String> {
    let imports = summarize(code, &Limits::default()).imports;
    imports.into_iter().map(|import| import.module).collect()
}

/// Returns the profile's judgement of a module, regardless of the requirements of an EE.
fn judge(code: &[u8]) -> Judgement {
    let mut reason = None;
    for refusal in summarize(code, &Limits::default()).refusals {
        reason = reason.or(match refusal {
            Refusal::Invalid { .. } | Refusal::NotWasm { .. } => {
                return Judgement::Invalid(refusal.to_string());
            }
            Refusal::OutsideProfile { proposal, .. } => Some(format!("the proposal {}", proposal.name)),
            Refusal::OverBound { bound, .. } => Some(format!("the bound of {}", bound.what)),
            Refusal::ModuleTooLarge { .. } => Some("the limit of the module's size".to_owned()),
            Refusal::MemoryTooLarge { .. } => Some("the limit of memory".to_owned()),
            Refusal::TableTooLarge { .. } => Some("the limit of tables".to_owned()),
            Refusal::ElementFromGlobal { .. } => Some("an element from a global".to_owned()),
            _ => None,
        });
    }
    reason.map_or(Judgement::Accepted, Judgement::Refused)
}

/// Finds the feature of the profile without which a validator refuses a module with this message or its equivalent.
fn feature_that_is_missed(code: &[u8], message: &str) -> Option<String> {
    let message = match message {
        // The wording of the specification, for functions and blocks.
        "invalid result arity" => "multi-value",
        message => message,
    };
    let mut missed = WasmFeatures::all().iter_names().filter(|(_, feature)| {
        let rest = WasmFeatures::all().difference(*feature);
        let verdict = Validator::new_with_features(rest).validate_all(code);
        verdict.is_err_and(|error| error.message().contains(message))
    });
    missed.next().map(|(name, _)| name.to_lowercase())
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

/// Returns whether the suite's message stands for a trap.
fn is_trap(kind: TrapKind, message: &str) -> bool {
    let prefix = match kind {
        TrapKind::Unreachable => "unreachable",
        TrapKind::MemoryOutOfBounds => "out of bounds memory access",
        // The suite distinguishes accesses by call_indirect from others.
        TrapKind::TableOutOfBounds if message.starts_with("undefined") => "undefined element",
        TrapKind::TableOutOfBounds => "out of bounds table access",
        TrapKind::IndirectCallToNull => "uninitialized element",
        TrapKind::IndirectCallType => "indirect call type mismatch",
        TrapKind::IntegerOverflow => "integer overflow",
        TrapKind::IntegerDivisionByZero => "integer divide by zero",
        TrapKind::InvalidConversionToInteger => "invalid conversion to integer",
        TrapKind::StackOverflow => "call stack exhausted",
    };
    // Some scripts have only the first words.
    message.starts_with(prefix) || (!message.is_empty() && prefix.starts_with(message))
}
