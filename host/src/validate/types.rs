//! Function types: the time and memory that they take to compile, and how engines distinguish them.

use std::collections::{BTreeMap, BTreeSet};

use outrider_abi::ABI;
use wasmparser::{
    ElementItems, ElementSectionReader, ExportSectionReader, ExternalKind, FuncType, Operator, ValType,
};

use super::cost::{Work, work};
use super::extern_type::type_of;
use crate::module::CompileCost;

/// A function type: engines compile code for calls into and out of it.
const TYPE: Work = work(10_000, 4_000, 200);
/// A function that a table, an export or a reference makes available: engines compile code for calls from outside.
const ESCAPING: Work = work(25_000, 8_000, 300);
/// A parameter or result of either.
const VALUE: Work = work(3_000, 600, 20);

/// Predicts the cost of compiling a type.
pub(super) fn type_cost(ty: &FuncType) -> CompileCost {
    cost(TYPE, ty)
}

/// Predicts the cost of making a function of this type available to others, beyond its own code.
pub(super) fn escaping_cost(ty: &FuncType) -> CompileCost {
    cost(ESCAPING, ty)
}

fn cost(base: Work, ty: &FuncType) -> CompileCost {
    let n_values = ty.params().len().saturating_add(ty.results().len());
    base.plus(VALUE, n_values as u64).cost()
}

/// Returns the exported functions.
pub(super) fn exported(exports: &ExportSectionReader<'_>) -> wasmparser::Result<BTreeSet<u32>> {
    let mut functions = BTreeSet::new();
    for export in exports.clone() {
        let export = export?;
        if export.kind == ExternalKind::Func {
            functions.insert(export.index);
        }
    }
    Ok(functions)
}

/// Returns the functions in element segments.
pub(super) fn listed(elements: &ElementSectionReader<'_>) -> wasmparser::Result<BTreeSet<u32>> {
    let mut functions = BTreeSet::new();
    for element in elements.clone() {
        match element?.items {
            ElementItems::Functions(items) => {
                for function in items {
                    functions.insert(function?);
                }
            }
            ElementItems::Expressions(_, expressions) => {
                for expression in expressions {
                    for operator in expression?.get_operators_reader() {
                        if let Operator::RefFunc { function_index } = operator? {
                            functions.insert(function_index);
                        }
                    }
                }
            }
        }
    }
    Ok(functions)
}

/// The types of a program by their fingerprints.
///
/// An engine may compare types at indirect calls by a hash of 32 bits, and types with equal hashes are easily made: for
/// CRC-32 by solving linear equations. A program with two such types is refused on every engine.
pub(super) struct Fingerprints(BTreeMap<u32, FuncType>);

impl Default for Fingerprints {
    /// Starts with the types that every program has: those of the ABI, of metering and of probes.
    fn default() -> Self {
        let mut fingerprints = Self(BTreeMap::new());
        let added = [
            FuncType::new([], []),
            FuncType::new([ValType::I32], []),
            FuncType::new([ValType::I32], [ValType::I32]),
        ];
        for ty in ABI.iter().map(type_of).chain(added) {
            // A test checks that none of these collide.
            let _ = fingerprints.add(&ty);
        }
        fingerprints
    }
}

impl Fingerprints {
    /// Adds a type. If another type has the same fingerprint, returns that one instead.
    pub(super) fn add(&mut self, ty: &FuncType) -> Result<(), FuncType> {
        let other = self.0.entry(fingerprint(ty)).or_insert_with(|| ty.clone());
        if other == ty { Ok(()) } else { Err(other.clone()) }
    }
}

/// Computes the hash by which wasmer 7 compares types: the CRC-32 of the numbers of results and parameters and of their
/// types, in this order.
fn fingerprint(ty: &FuncType) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for values in [ty.results(), ty.params()] {
        // Lossless: Rust has no target wider than 64 bits.
        hasher.update(&(values.len() as u64).to_le_bytes());
    }
    for value in ty.results().iter().chain(ty.params()) {
        hasher.update(&[match value {
            ValType::I32 => 0,
            ValType::I64 => 1,
            ValType::F32 => 2,
            ValType::F64 => 3,
            ValType::V128 => 4,
            ValType::Ref(_) => 6,
        }]);
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_types_that_every_program_has_collide() {
        let mut fingerprints = Fingerprints::default();
        assert!(ABI.iter().all(|import| fingerprints.add(&type_of(import)).is_ok()));
    }

    #[cfg(feature = "wasmer")]
    #[test]
    fn fingerprints_are_those_of_wasmer() {
        use wasmer::Type;
        let pairs = [
            (ValType::I32, Type::I32),
            (ValType::I64, Type::I64),
            (ValType::F32, Type::F32),
            (ValType::F64, Type::F64),
            (ValType::V128, Type::V128),
            (ValType::FUNCREF, Type::FuncRef),
        ];
        for n_params in 0..=pairs.len() {
            for n_results in 0..=pairs.len() {
                let (params, results) = (&pairs[..n_params], &pairs[pairs.len() - n_results..]);
                let ours = FuncType::new(params.iter().map(|pair| pair.0), results.iter().map(|pair| pair.0));
                let theirs = wasmer::FunctionType::new(
                    params.iter().map(|pair| pair.1).collect::<Vec<_>>(),
                    results.iter().map(|pair| pair.1).collect::<Vec<_>>(),
                );
                assert_eq!(fingerprint(&ours), theirs.signature_hash(), "{ours:?}");
            }
        }
    }
}
