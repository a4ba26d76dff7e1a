//! Parts as shares, in the format of Celestia's sparse shares, version 0.
//!
//! ```text
//! first share of a part:  namespace (29) | 1 | length (4, big-endian) | data (478)
//! others:                 namespace (29) | 0 | data (482)
//! ```
//!
//! The last share of a part is filled up with zeros. A share of the padding namespace is the first of an empty part.

use crate::{
    BodyError, CommitError,
    nmt::{NAMESPACE_BYTES, Namespace},
};

/// The length of a share.
pub const SHARE_BYTES: usize = 512;

/// The data in the first share of a part.
const FIRST_DATA_BYTES: usize = SHARE_BYTES - NAMESPACE_BYTES - 1 - 4;

/// The data in each other share.
const DATA_BYTES: usize = SHARE_BYTES - NAMESPACE_BYTES - 1;

/// A share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share(pub Box<[u8; SHARE_BYTES]>);

/// A part of a square: data of one namespace. A namespace may have several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its namespace.
    pub namespace: Namespace,
    /// Its data.
    pub data: Vec<u8>,
}

impl Share {
    /// Makes a share of its first bytes; all others are zero.
    pub(crate) fn of(bytes: impl IntoIterator<Item = u8>) -> Self {
        let mut share = Box::new([0; SHARE_BYTES]);
        share.iter_mut().zip(bytes).for_each(|(byte, of)| *byte = of);
        Self(share)
    }

    /// Makes the share that fills a square.
    pub(crate) fn padding() -> Self {
        first_share(Namespace::PADDING, &[])
    }

    /// Returns the namespace in its first bytes; for an original share.
    #[must_use]
    pub fn namespace(&self) -> Namespace {
        Namespace(self.0.first_chunk().copied().unwrap_or([0; NAMESPACE_BYTES]))
    }
}

/// Returns the number of shares of a part with so many bytes of data; at least one.
#[must_use]
pub const fn n_shares(data_bytes: usize) -> usize {
    data_bytes.saturating_sub(FIRST_DATA_BYTES).div_ceil(DATA_BYTES).saturating_add(1)
}

/// Cuts a part into shares.
///
/// # Errors
///
/// Fails if it has 4 GiB or more.
pub fn split(part: &Part) -> Result<Vec<Share>, CommitError> {
    let too_large = || CommitError::BodyTooLarge { got: part.data.len(), max: u32::MAX as usize };
    let _: u32 = part.data.len().try_into().map_err(|_| too_large())?;
    let (_, rest) = part.data.split_at_checked(FIRST_DATA_BYTES).unwrap_or((&part.data, &[]));
    let other = |data: &[u8]| Share::of(part.namespace.0.into_iter().chain([0]).chain(data.iter().copied()));
    let others = rest.chunks(DATA_BYTES).map(other);
    Ok([first_share(part.namespace, &part.data)].into_iter().chain(others).collect())
}

fn first_share(namespace: Namespace, data: &[u8]) -> Share {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes();
    Share::of(namespace.0.into_iter().chain([1]).chain(length).chain(data.iter().copied()))
}

/// Joins the parts in consecutive shares; shares of padding are left out.
///
/// # Errors
///
/// Fails if the shares are not as [`split`] makes them; with the index of the first wrong one.
pub fn join(shares: &[Share]) -> Result<Vec<Part>, BodyError> {
    let mut shares = shares.iter().enumerate();
    let mut parts = Vec::new();
    while let Some((index, first)) = shares.next() {
        let namespace = first.namespace();
        let (_, rest) = first.0.split_at_checked(NAMESPACE_BYTES).unwrap_or_default();
        let [1, l0, l1, l2, l3, first_data @ ..] = rest else {
            return Err(BodyError::Share { index, what: "expected the first share of a part" });
        };
        let length = u32::from_be_bytes([*l0, *l1, *l2, *l3]) as usize;
        // The data are as long as the shares that follow, whatever the length says.
        let mut data = first_data.to_vec();
        for _ in 1..n_shares(length) {
            let Some((index, share)) = shares.next() else {
                return Err(BodyError::Share { index, what: "the part ends early" });
            };
            let (_, rest) = share.0.split_at_checked(NAMESPACE_BYTES).unwrap_or_default();
            let [0, of_share @ ..] = rest else {
                return Err(BodyError::Share { index, what: "expected another share of the part" });
            };
            if share.namespace() != namespace {
                return Err(BodyError::Share { index, what: "the namespace changes within a part" });
            }
            data.extend_from_slice(of_share);
        }
        if data.iter().skip(length).any(|byte| *byte != 0) {
            return Err(BodyError::Share { index, what: "the end of the part is not filled up with zeros" });
        }
        data.truncate(length);
        if namespace != Namespace::PADDING {
            parts.push(Part { namespace, data });
        } else if !data.is_empty() {
            return Err(BodyError::Share { index, what: "padding has data" });
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::{Part, Share, join, n_shares, split};
    use crate::{BodyError, nmt::Namespace};

    fn part(length: usize) -> Part {
        Part { namespace: Namespace::BODY, data: (1..=255).cycle().take(length).collect() }
    }

    /// Where the first share, and each other, is just full.
    #[test]
    fn a_part_survives_its_shares() {
        for (length, n) in [(0, 1), (1, 1), (478, 1), (479, 2), (478 + 482, 2), (478 + 482 + 1, 3)] {
            let shares = split(&part(length)).unwrap();
            assert_eq!((shares.len(), n_shares(length)), (n, n));
            assert_eq!(join(&[&shares[..], &[Share::padding()]].concat()), Ok(vec![part(length)]));
        }
    }

    #[track_caller]
    fn check_refused(at: usize, change: impl Fn(&mut Vec<Share>)) {
        let mut shares = split(&part(1_000)).unwrap();
        assert_eq!(shares.len(), 3);
        shares.push(Share::padding());
        change(&mut shares);
        assert!(
            matches!(join(&shares), Err(BodyError::Share { index, .. }) if index == at),
            "{:?}",
            join(&shares)
        );
    }

    #[test]
    fn what_is_no_part_is_refused_at_its_share() {
        check_refused(0, |shares| shares[0].0[29] = 0);
        check_refused(0, |shares| shares[0].0[29] = 3);
        check_refused(1, |shares| shares[1].0[29] = 1);
        check_refused(2, |shares| shares[2].0[28] ^= 1);
        check_refused(2, |shares| _ = shares.remove(1));
        check_refused(0, |shares| shares.truncate(1));
        check_refused(0, |shares| shares[2].0[511] = 1);
        check_refused(3, |shares| shares[0].0[30..34].fill(0xff));
        check_refused(3, |shares| shares[3].0[33] = 1);
        check_refused(3, |shares| shares[3].0[511] = 1);
    }
}
