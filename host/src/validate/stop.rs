//! Errors that end the reading of a module, and their conversion to refusals.

use wasmparser::{KnownCustom, Name, Parser, Payload, Validator, WasmFeatures};

use crate::config::Limits;
use crate::error::{FunctionId, Item, Refusal};
use crate::profile::{Bound, CUSTOM_DESCRIPTORS, FLOATS_REFUSED, NAME_BYTES, PROPOSALS, Proposal};

/// The reason for which reading ended early.
pub(super) enum Stop {
    Invalid {
        function: Option<u32>,
        error: wasmparser::Error,
    },
    /// An import of an exact function type, which the validator accepts.
    Exact {
        offset: usize,
    },
    ElementFromGlobal {
        item: Item,
        offset: usize,
    },
    TypesCollide {
        item: Item,
        offset: usize,
        other: String,
    },
    Over {
        item: Item,
        offset: usize,
        got: u64,
        bound: &'static Bound,
    },
}

/// A fault of some part of a module, which the caller knows.
pub(super) enum Unacceptable {
    Invalid(wasmparser::Error),
    Over { offset: usize, got: u64, bound: &'static Bound },
}

impl From<wasmparser::Error> for Stop {
    fn from(error: wasmparser::Error) -> Self {
        Self::Invalid { function: None, error }
    }
}

impl From<wasmparser::Error> for Unacceptable {
    fn from(error: wasmparser::Error) -> Self {
        Self::Invalid(error)
    }
}

impl Unacceptable {
    /// Names the item at fault, which is not a function.
    pub(super) fn in_item(self, item: Item) -> Stop {
        match self {
            Self::Invalid(error) => Stop::Invalid { function: None, error },
            Self::Over { offset, got, bound } => Stop::Over { item, offset, got, bound },
        }
    }

    /// Names the function at fault.
    pub(super) fn in_function(self, index: u32) -> Stop {
        match self {
            Self::Invalid(error) => Stop::Invalid { function: Some(index), error },
            Self::Over { offset, got, bound } => {
                Stop::Over { item: Item::Function(FunctionId { index, name: None }), offset, got, bound }
            }
        }
    }
}

impl Stop {
    pub(super) fn refusal(self, code: &[u8], limits: &Limits) -> Refusal {
        let function = |index| FunctionId { index, name: function_name(code, index) };
        match self {
            Self::Exact { offset } => Refusal::OutsideProfile {
                offset,
                function: None,
                proposal: &CUSTOM_DESCRIPTORS,
                message: "exact function types are not enabled".to_owned(),
            },
            Self::Invalid { function: index, error } => invalid(code, index.map(function), &error, limits),
            Self::ElementFromGlobal { item, offset } => Refusal::ElementFromGlobal { item, offset },
            Self::TypesCollide { item, offset, other } => Refusal::TypesCollide { item, offset, other },
            Self::Over { item: Item::Function(id), offset, got, bound } => {
                Refusal::OverBound { item: Item::Function(function(id.index)), offset, got, bound }
            }
            Self::Over { item, offset, got, bound } => Refusal::OverBound { item, offset, got, bound },
        }
    }
}

/// Distinguishes an invalid module from one that is valid with more proposals, and names the proposal it needs.
fn invalid(code: &[u8], function: Option<FunctionId>, error: &wasmparser::Error, limits: &Limits) -> Refusal {
    let (offset, message) = (error.offset(), error.message().to_owned());
    let floats = (!limits.floats).then_some(&FLOATS_REFUSED);
    let refused = || PROPOSALS.iter().filter(|proposal| !proposal.accepted).chain(floats);
    let missing = error.missing_wasm_feature();
    let missing =
        missing.and_then(|missing| refused().find(|proposal| proposal.features.intersects(missing)));
    match missing.or_else(|| missing_proposal(code)) {
        Some(proposal) => Refusal::OutsideProfile { offset, function, proposal, message },
        None => Refusal::Invalid { offset, function, message },
    }
}

/// Finds a proposal without which a module is invalid that is valid with all proposals.
///
/// The validator names the proposal in most cases; this is for the others, and only for small modules, because
/// validation without limits takes long.
fn missing_proposal(code: &[u8]) -> Option<&'static Proposal> {
    let is_valid = |features| Validator::new_with_features(features).validate_all(code).is_ok();
    let all = WasmFeatures::all();
    if code.len() > PROBED_BYTES_MAX || !is_valid(all) {
        return None;
    }
    let mut refused = PROPOSALS.iter().filter(|proposal| !proposal.accepted);
    refused.find(|proposal| !is_valid(all.difference(proposal.features)))
}

/// Finds a function's name for messages; returns `None` if the names cannot be read.
fn function_name(code: &[u8], index: u32) -> Option<String> {
    let payloads = Parser::new(0).parse_all(code).map_while(Result::ok);
    let names = payloads.filter_map(|payload| match payload {
        Payload::CustomSection(custom) => match custom.as_known() {
            KnownCustom::Name(names) => Some(names),
            _ => None,
        },
        _ => None,
    });
    let names = names.flat_map(|names| names.into_iter().map_while(Result::ok));
    let functions = names.filter_map(|name| match name {
        Name::Function(functions) => Some(functions),
        _ => None,
    });
    let mut functions = functions.flat_map(|functions| functions.into_iter().map_while(Result::ok));
    let naming = functions.find(|naming| naming.index == index)?;
    (naming.name.len() as u64 <= NAME_BYTES.max).then(|| naming.name.to_owned())
}

/// The largest module that is validated repeatedly to find the proposal that it needs.
const PROBED_BYTES_MAX: usize = 64 << 10;
