//! The deterministic profile: which WebAssembly an EE may contain, and how much of it.
//!
//! There are two tables, with a reason for each line. [`PROPOSALS`] says which WebAssembly: every node must compute the
//! same result on every engine, and features that no EE needs are left out. [`BOUNDS`] says how much: every accepted
//! module is read, compiled and instantiated in seconds on a small machine, however it was made.
//!
//! # The cost of compiling
//!
//! One formula, in `validate/cost.rs`, predicts compile time and memory. It has so many nanoseconds and bytes for each
//! instruction, call and block, and for the products with which the work of the engines grows. It was fitted to the
//! measurements of `cargo run --release -p outrider-host --all-features --example load_cost`: each instruction by
//! itself and among many locals, operands, blocks and loops, in functions of 4 KB to 256 KB, alone and thousands at a
//! time; shapes of everything else in a module; and the findings of that program's search. The coefficients are not the
//! best fit but the smallest short decimals with which no case takes longer than predicted, within the error of
//! measurement. In ordinary code all but the linear terms are small, and the prediction is some two to four times the
//! measurement for each of the EEs of this repository. Near a bound of functions it is one to four times.
//!
//! Nothing simpler would do, as `load_cost -- --correlate 4 ees/blobs` shows. It relates the processor time of either
//! engine to numbers that are read off a module: by rank (Spearman's rho), and by how far the time is from a fitted power of
//! the number. In ordinary code everything grows together: bytes of code predict the time of the six EEs of this repository
//! as well as the formula does. Among accepted modules that are made to be expensive, only the formula predicts anything.
//! Here are the figures for wasmtime and for wasmer, of the six EEs and of 81 accepted bombs (of 135, every fourth known
//! one; the 328 of all 539, measured once, have ranks of 0.78 and 0.60):
//!
//! | number | EEs: rank | within a factor of | bombs: rank | within a factor of |
//! |---|---|---|---|---|
//! | none | | 4.2, 2.2 | | 3.2, 2.6 |
//! | bytes of code | 1.00, 0.94 | 1.0, 1.2 | 0.22, 0.09 | 3.2, 2.6 |
//! | functions | 1.00, 0.94 | 1.2, 1.2 | 0.23, 0.08 | 3.2, 2.6 |
//! | bytes of the largest body | 0.88, 0.70 | 1.6, 1.6 | 0.16, 0.07 | 3.2, 2.6 |
//! | locals | 0.94, 1.00 | 1.1, 1.2 | -0.01, 0.07 | 3.2, 2.6 |
//! | targets of `br_table` | 1.00, 0.94 | 1.7, 1.2 | 0.05, 0.08 | 3.2, 2.6 |
//! | predicted time | 1.00, 0.94 | 1.1, 1.3 | 0.80, 0.73 | 2.3, 2.0 |
//!
//! Memory is bounded for the sum of functions, because engines compile as many at a time as there are processors.

use wasmparser::WasmFeatures;

use crate::config::Limits;

/// An extension of the first version of WebAssembly, and whether EEs may use it.
#[derive(Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The name, such as `bulk-memory`.
    pub name: &'static str,
    /// Whether EEs may use it.
    pub accepted: bool,
    /// The reason for the decision.
    pub reason: &'static str,
    pub(crate) features: WasmFeatures,
}

/// A limit on the shape of a module, the same on every node.
#[derive(Debug, PartialEq, Eq)]
pub struct Bound {
    /// The counted thing, such as `locals`.
    pub what: &'static str,
    /// The largest accepted number.
    pub max: u64,
    /// The derivation of the number.
    pub reason: &'static str,
}

/// Every proposal, accepted or not.
pub const PROPOSALS: &[Proposal] = &[
    accept("mutable-global", F::MUTABLE_GLOBAL, "a global of one instance; deterministic"),
    accept("sign-extension", F::SIGN_EXTENSION, "five integer instructions; every compiler emits them"),
    accept(
        "saturating-float-to-int",
        F::SATURATING_FLOAT_TO_INT,
        "defined for every input, NaNs included; Rust's `as` compiles to it",
    ),
    accept("multi-value", F::MULTI_VALUE, "several results of functions and blocks; deterministic"),
    accept(
        "bulk-memory",
        F::BULK_MEMORY,
        "memory.copy and memory.fill are what moving bytes compiles to; their cost goes by size",
    ),
    accept(
        "reference-types",
        F::REFERENCE_TYPES,
        "funcref tables and the way in which compilers now encode call_indirect; no externref, see gc-types",
    ),
    accept("simd", F::SIMD, "fixed 128-bit vectors; deterministic as NaNs are canonical"),
    accept(
        "floats",
        F::FLOATS,
        "IEEE 754 leaves open only the bits of NaNs, and the engines make those canonical",
    ),
    accept(
        "extended-const",
        F::EXTENDED_CONST,
        "additions in initializers; position-independent code needs them",
    ),
    accept(
        "wide-arithmetic",
        F::WIDE_ARITHMETIC,
        "64 x 64 -> 128 bits halves the work of 256-bit numbers, and both engines compile it",
    ),
    refuse("threads", F::THREADS, "with shared memory the result depends on the scheduling of threads"),
    refuse(
        "shared-everything-threads",
        F::SHARED_EVERYTHING_THREADS,
        "with shared objects the result depends on the scheduling of threads",
    ),
    refuse("relaxed-simd", F::RELAXED_SIMD, "its results differ between processors, by design"),
    refuse("tail-call", F::TAIL_CALL, "a chain of tail calls escapes the accounting of the stack"),
    refuse(
        "exceptions",
        F::EXCEPTIONS,
        "unwinding escapes the accounting of fuel and stack; EEs abort on panic",
    ),
    refuse("legacy-exceptions", F::LEGACY_EXCEPTIONS, "never became part of WebAssembly"),
    refuse("gc", F::GC, "the cost and the limits of a garbage-collected heap differ between engines"),
    refuse(
        "gc-types",
        F::GC_TYPES,
        "nothing hands an EE an externref, and engines need a collector for them",
    ),
    refuse(
        "function-references",
        F::FUNCTION_REFERENCES,
        "typed references are a step to gc; not needed without",
    ),
    CUSTOM_DESCRIPTORS,
    refuse("stack-switching", F::STACK_SWITCHING, "an EE is one call on one stack, which is accounted for"),
    refuse("memory64", F::MEMORY64, "no EE needs 4 GiB, and the ABI has 32-bit pointers"),
    refuse("multi-memory", F::MULTI_MEMORY, "the ABI's pointers mean the one memory there is"),
    refuse(
        "memory-control",
        F::MEMORY_CONTROL,
        "discards and protects pages as the operating system sees fit",
    ),
    refuse("custom-page-sizes", F::CUSTOM_PAGE_SIZES, "fuel and limits count pages of 64 KiB"),
    refuse(
        "compact-imports",
        F::COMPACT_IMPORTS,
        "another encoding of what there is; one encoding is enough",
    ),
    refuse("component-model", COMPONENT_MODEL, "an EE is a core module, and the ABI is its interface"),
];

pub(crate) const CUSTOM_DESCRIPTORS: Proposal =
    refuse("custom-descriptors", F::CUSTOM_DESCRIPTORS, "an extension of gc, which is refused");

/// The proposal `floats` where [`Limits::floats`](crate::Limits::floats) is false.
pub(crate) const FLOATS_REFUSED: Proposal =
    refuse("floats", F::FLOATS, "this chain has no floating-point numbers: `Limits::floats` is false");

/// The features that EEs may use under these limits.
pub(crate) const fn features(limits: &Limits) -> WasmFeatures {
    if limits.floats { PROFILE } else { PROFILE.difference(F::FLOATS) }
}

/// The features of all accepted proposals, as the validator takes them.
pub(crate) const PROFILE: WasmFeatures = {
    let mut features = WasmFeatures::empty();
    let mut rest = PROPOSALS;
    while let [proposal, others @ ..] = rest {
        if proposal.accepted {
            features = features.union(proposal.features);
        }
        rest = others;
    }
    features
};

/// Every limit on the shape of a module. The size of the module, its memory and its tables are in
/// [`Limits`].
pub const BOUNDS: &[&Bound] = &[
    &SECTIONS,
    &TYPES,
    &PARAMETERS,
    &RESULTS,
    &IMPORTS,
    &FUNCTIONS,
    &TABLES,
    &GLOBALS,
    &EXPORTS,
    &ELEMENT_SEGMENTS,
    &ELEMENTS,
    &DATA_SEGMENTS,
    &CONSTANT_INSTRUCTIONS,
    &NAME_BYTES,
    &BODY_BYTES,
    &LOCALS,
    &OPERANDS,
    &NESTING,
    &LOOP_NESTING,
    &BRANCH_TARGETS,
    &COMPILE_TIME,
    &COMPILE_MEMORY,
    &LOCALS_TOTAL,
    &COMPILE_TIME_TOTAL,
    &COMPILE_MEMORY_TOTAL,
];

// Of a module.

pub(crate) const SECTIONS: Bound =
    bound("sections", 1_000, "there are 13 kinds; the rest are custom sections, of which compilers make ten");
pub(crate) const TYPES: Bound = bound("types", 10_000, "ten times what large compiled programs have");
pub(crate) const PARAMETERS: Bound =
    bound("parameters", 64, "compilers pass more than a few by pointer; each costs at every call");
pub(crate) const RESULTS: Bound = bound("results", 16, "compilers return one; each costs at every call");
pub(crate) const IMPORTS: Bound = bound("imports", 1_000, "ten times the ABI; the rest is for libraries");
pub(crate) const FUNCTIONS: Bound = bound(
    "functions",
    20_000,
    "the largest module (8 MiB) of functions of 400 bytes, which is their average size",
);
pub(crate) const TABLES: Bound =
    bound("tables, imported ones included", 8, "compilers make one, and each takes a place in the pool");
pub(crate) const GLOBALS: Bound =
    bound("globals", 1_000, "compilers make three; all are initialized at every execution");
pub(crate) const EXPORTS: Bound = bound("exports", 1_000, "an EE needs two; the rest is for libraries");
pub(crate) const ELEMENT_SEGMENTS: Bound =
    bound("element segments", 1_000, "compilers make one; all are written at every execution");
pub(crate) const ELEMENTS: Bound =
    bound("elements in all element segments", 100_000, "five times the largest table");
pub(crate) const DATA_SEGMENTS: Bound =
    bound("data segments", 10_000, "compilers make three, or one for each piece of static data");
pub(crate) const CONSTANT_INSTRUCTIONS: Bound = bound(
    "instructions in a constant expression",
    16,
    "position-independent code has base + constant; engines interpret them at every execution",
);
pub(crate) const NAME_BYTES: Bound =
    bound("bytes of name", 1_024, "mangled names have some hundreds; names appear in messages");

// Of a function.

pub(crate) const BODY_BYTES: Bound = bound(
    "bytes",
    256 << 10,
    "600 times the average function; a C compiler made one of 134,802 bytes in 2019",
);
pub(crate) const LOCALS: Bound = bound(
    "locals, parameters included",
    4_096,
    "unrolled arithmetic has hundreds; compile time grows with their square",
);
pub(crate) const OPERANDS: Bound = bound(
    "operands on the stack",
    1_024,
    "compilers keep a few dozen; with the locals they make up the stack frame",
);
pub(crate) const NESTING: Bound =
    bound("blocks within blocks", 1_024, "a switch takes one for each case; interpreters have hundreds");
pub(crate) const LOOP_NESTING: Bound =
    bound("loops within loops", 32, "programs have a handful; compile time grows with the square");
pub(crate) const BRANCH_TARGETS: Bound =
    bound("targets in one br_table", 10_000, "a table for the largest switches that compilers do not split");
pub(crate) const COMPILE_TIME: Bound = bound(
    "microseconds of predicted compile time",
    2_000_000,
    "two fifths of a module's; eight times what the costliest function of an EVM is predicted to take",
);
pub(crate) const COMPILE_MEMORY: Bound = bound(
    "KiB of predicted memory to compile",
    256 << 10,
    "two at a time are half of the GiB that a load may take",
);

// Of all functions of a module.

pub(crate) const LOCALS_TOTAL: Bound =
    bound("locals in all functions", 1_000_000, "one for every eight bytes of the largest module");
pub(crate) const COMPILE_TIME_TOTAL: Bound = bound(
    "microseconds of predicted compile time in all functions",
    5_000_000,
    "half of the ten seconds that a load may take, as predictions may err by that; an EVM of 2 MB is predicted to take 3.8 and takes 1.2",
);
pub(crate) const COMPILE_MEMORY_TOTAL: Bound = bound(
    "KiB of predicted memory to compile all functions at a time, beyond 8 MiB for each",
    512 << 10,
    "however many processors compile, large functions take half a GiB together",
);

type F = WasmFeatures;

const COMPONENT_MODEL: WasmFeatures = F::COMPONENT_MODEL
    .union(F::CM_VALUES)
    .union(F::CM_NESTED_NAMES)
    .union(F::CM_ASYNC)
    .union(F::CM_ASYNC_STACKFUL)
    .union(F::CM_MORE_ASYNC_BUILTINS)
    .union(F::CM_THREADING)
    .union(F::CM_ERROR_CONTEXT)
    .union(F::CM_FIXED_LENGTH_LISTS)
    .union(F::CM_GC)
    .union(F::CM_MAP)
    .union(F::CM64)
    .union(F::CM_IMPLEMENTS)
    .union(F::CM_CANON_NAMES);

const fn accept(name: &'static str, features: WasmFeatures, reason: &'static str) -> Proposal {
    Proposal { name, accepted: true, reason, features }
}

const fn refuse(name: &'static str, features: WasmFeatures, reason: &'static str) -> Proposal {
    Proposal { name, accepted: false, reason, features }
}

const fn bound(what: &'static str, max: u64, reason: &'static str) -> Bound {
    Bound { what, max, reason }
}

#[cfg(test)]
mod tests {
    use super::{PROPOSALS, WasmFeatures};

    #[test]
    fn every_proposal_that_the_validator_knows_is_decided_once() {
        let mut decided = WasmFeatures::empty();
        for proposal in PROPOSALS {
            assert!(!decided.intersects(proposal.features), "{} is decided twice", proposal.name);
            decided = decided.union(proposal.features);
        }
        assert_eq!(decided, WasmFeatures::all());
    }
}
