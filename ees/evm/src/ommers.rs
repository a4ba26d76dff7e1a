//! Ommers: blocks that came too late, before Paris ([Yellow Paper] of the time, sections 4.4.4 and 11.1).
//!
//! [Yellow Paper]: https://ethereum.github.io/yellowpaper/paper.pdf

use alloc::{collections::BTreeSet, vec::Vec};

use alloy_primitives::{B256, Bytes};
use outrider_evm_codec::{Fork, Rules, rlp::items};

use crate::{
    error::OmmerError,
    hash::keccak256,
    header::{self, EMPTY_OMMERS_HASH, Header},
    rules::Spec,
};

/// A header with its hash.
#[derive(Clone, Debug)]
pub(crate) struct Hashed {
    pub(crate) hash: B256,
    pub(crate) header: Header,
}

/// Checked ommers, and the number of ancestors that the check needed.
#[derive(Debug, Default)]
pub(crate) struct Ommers {
    pub(crate) headers: Vec<Header>,
    /// The number of ancestors.
    pub(crate) ancestors: usize,
}

/// Checks the ommers of a block:
///
/// 1. There are at most two; from Paris on, none.
/// 2. The seven latest ancestors, or all, are present, with the lists of their ommers.
/// 3. None of them is the other one, an ancestor, or an ommer of an ancestor.
/// 4. The parent of each is an ancestor from the 2nd to the 7th.
/// 5. Its header is valid.
pub(crate) fn check(
    list: &[u8],
    block: &Header,
    ancestors: &[Hashed],
    ancestors_ommers: &[Bytes],
    spec: &Spec<'_>,
) -> Result<Ommers, OmmerError> {
    let rlps = ommers(list, spec)?;
    if rlps.is_empty() && ancestors_ommers.is_empty() {
        return Ok(Ommers::default());
    }
    if rlps.is_empty() {
        return Err(OmmerError::AncestorsOmmers);
    }
    let expected = usize::try_from(block.number).map_or(GENERATIONS, |number| number.min(GENERATIONS));
    let recent = ancestors.get(..expected).ok_or(OmmerError::Ancestors { got: ancestors.len(), expected })?;
    let mut known = hashes_of_ommers(recent, ancestors_ommers)?;
    known.extend(recent.iter().map(|ancestor| ancestor.hash));

    let mut headers = Vec::new();
    for (index, rlp) in rlps.into_iter().enumerate() {
        if !known.insert(keccak256(rlp)) {
            return Err(OmmerError::Known { index });
        }
        let ommer = alloy_rlp::decode_exact::<Header>(rlp)?;
        let parent = recent.iter().skip(1).find(|ancestor| ancestor.hash == ommer.parent_hash);
        let parent = parent.ok_or(OmmerError::Parent { index })?;
        // An ommer from before London has no base fee, nor has its parent.
        let is_older = ommer.base_fee_per_gas.is_none() && parent.header.base_fee_per_gas.is_none();
        let spec = if is_older { spec.before_london() } else { *spec };
        header::validate(&ommer, &parent.header, &spec, since_dao_fork(block, &ommer, &spec))
            .map_err(|source| OmmerError::Header { index, source })?;
        headers.push(ommer);
    }
    Ok(Ommers { headers, ancestors: expected })
}

/// Checks ommers as far as possible without the ancestors, except for the parent if it is present:
///
/// 1. There are at most two; from Paris on, none.
/// 2. Neither is the other one, or the parent.
/// 3. The number of each is one of the six before the block's.
/// 4. One beside the parent has the parent's parent.
/// 5. Its header alone is valid. A header without a base fee counts as one from before London.
pub(crate) fn check_alone(
    list: &[u8],
    block: &Header,
    parent: Option<&Header>,
    spec: &Spec<'_>,
) -> Result<Vec<Header>, OmmerError> {
    let mut known = BTreeSet::from([block.parent_hash]);
    let mut headers = Vec::new();
    for (index, rlp) in ommers(list, spec)?.into_iter().enumerate() {
        if !known.insert(keccak256(rlp)) {
            return Err(OmmerError::Known { index });
        }
        let ommer = alloy_rlp::decode_exact::<Header>(rlp)?;
        let generation = block.number.saturating_sub(ommer.number);
        if ommer.number == 0 || !(1..GENERATIONS as u64).contains(&generation) {
            return Err(OmmerError::Number { index, got: ommer.number });
        }
        if generation == 1 && parent.is_some_and(|parent| parent.parent_hash != ommer.parent_hash) {
            return Err(OmmerError::Parent { index });
        }
        let spec = if ommer.base_fee_per_gas.is_none() { spec.before_london() } else { *spec };
        header::validate_alone(&ommer, &spec, since_dao_fork(block, &ommer, &spec))
            .map_err(|source| OmmerError::Header { index, source })?;
        headers.push(ommer);
    }
    Ok(headers)
}

/// Returns the RLP of each ommer of a list, if there are not too many.
fn ommers<'a>(list: &'a [u8], spec: &Spec<'_>) -> Result<Vec<&'a [u8]>, OmmerError> {
    let rlps = items(list)?;
    let max = if spec.has(Fork::Paris) { 0 } else { OMMERS_MAX };
    if rlps.len() <= max { Ok(rlps) } else { Err(OmmerError::TooMany { got: rlps.len(), max }) }
}

/// Returns how many blocks after the DAO split an ommer is.
fn since_dao_fork(block: &Header, ommer: &Header, spec: &Spec<'_>) -> u8 {
    since_dao_fork_before(spec.rules.blocks_since_dao_fork, block.number.saturating_sub(ommer.number))
}

/// Returns how many blocks after the DAO split something is that is so much older than a block.
fn since_dao_fork_before(since: u8, age: u64) -> u8 {
    if since >= Rules::NO_DAO_FORK {
        return since;
    }
    u8::try_from(age).ok().and_then(|age| since.checked_sub(age)).unwrap_or(u8::MAX)
}

/// Returns the hashes of the ancestors' ommers, after checking each list against its header.
fn hashes_of_ommers(recent: &[Hashed], lists: &[Bytes]) -> Result<BTreeSet<B256>, OmmerError> {
    let mut hashes = BTreeSet::new();
    let mut lists = lists.iter();
    for ancestor in recent.iter().filter(|ancestor| ancestor.header.ommers_hash != EMPTY_OMMERS_HASH) {
        let list = lists.next().filter(|list| keccak256(list) == ancestor.header.ommers_hash);
        let list = list.ok_or(OmmerError::AncestorsOmmers)?;
        hashes.extend(items(list)?.into_iter().map(keccak256));
    }
    if lists.next().is_some() {
        return Err(OmmerError::AncestorsOmmers);
    }
    Ok(hashes)
}

/// The most ommers of a block.
const OMMERS_MAX: usize = 2;

/// The greatest distance of an ommer's parent.
const GENERATIONS: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ommers_are_counted_from_the_split_as_far_back_as_they_may_be() {
        // Ommers of the split block itself are from before the split.
        assert_eq!(since_dao_fork_before(0, 1), u8::MAX);
        assert_eq!(since_dao_fork_before(9, 3), 6);
        // The first block that need not have the extra data has ommers that must.
        assert_eq!(since_dao_fork_before(10, 1), 9);
        assert_eq!(since_dao_fork_before(15, 6), 9);
        // Without the split, no block needs it.
        assert_eq!(since_dao_fork_before(Rules::NO_DAO_FORK, 6), Rules::NO_DAO_FORK);
    }
}
