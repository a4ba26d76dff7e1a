//! The kinds of states that the command knows: the hash of nodes, and the root of the empty state.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use outrider_witness::store::StateKind;

/// The kinds of states that a directory may contain.
pub(crate) const KINDS: [StateKind; 4] =
    [StateKind::KECCAK256, StateKind::SHA256, outrider_utxo::STATE_KIND, outrider_zk_rollup::STATE_KIND];

/// Parses the name of a kind.
pub(super) fn parser() -> impl TypedValueParser<Value = StateKind> {
    PossibleValuesParser::new(KINDS.iter().map(StateKind::name)).try_map(|name| {
        KINDS.into_iter().find(|kind| kind.name() == name).ok_or("no kind of state has this name")
    })
}
