//! Restores a square from samples, as rsmt2d's `Repair`, or finds a wrong encoding.

use std::collections::BTreeMap;

use crate::{
    ReconstructError, SampleError,
    nmt::{Axis, FraudProof, Header, Nmt, ProvenShare, Share, ShareSample, Tree, axis},
};

/// Verifies samples, and restores rows and columns of which half is known until all are, in these steps: 1. each sample is
/// verified; 2. each row and column of which half is known is restored and hashed; 3. if the hash is not the header's, or
/// a known share differs from what is restored, half of the known shares prove a wrong encoding.
pub(super) fn repair(
    header: &Header,
    samples: &BTreeMap<usize, ShareSample>,
) -> Result<Nmt, ReconstructError<FraudProof>> {
    for (&position, sample) in samples {
        let wrong = |source: SampleError| ReconstructError::Sample { position, source };
        sample.verify_at(header, position).map_err(wrong)?;
    }
    let width = header.width();
    let mut square =
        Square { header, samples, shares: vec![None; width.saturating_mul(width)], trees: BTreeMap::new() };
    for (position, sample) in samples {
        if let Some(share) = square.shares.get_mut(*position) {
            *share = Some(sample.share.clone());
        }
    }
    while square.restore_once()? {}
    let shares: Option<Vec<Share>> = square.shares.into_iter().collect();
    let too_few = ReconstructError::TooFew { got: samples.len(), positions: width.saturating_mul(width) };
    let whole = shares.and_then(|shares| Nmt::of_extended(shares).ok());
    whole.filter(|whole| whole.header() == header).ok_or(too_few)
}

struct Square<'a> {
    header: &'a Header,
    samples: &'a BTreeMap<usize, ShareSample>,
    shares: Vec<Option<Share>>,
    /// The trees of the restored rows and columns, all with the header's roots.
    trees: BTreeMap<(Axis, usize), Tree>,
}

impl Square<'_> {
    /// Restores each row and column that it can; returns whether there was any.
    fn restore_once(&mut self) -> Result<bool, ReconstructError<FraudProof>> {
        let mut is_changed = false;
        for axis in [Axis::Row, Axis::Column] {
            for index in 0..self.header.width() {
                if !self.trees.contains_key(&(axis, index)) {
                    is_changed |= self.restore(axis, index)?;
                }
            }
        }
        Ok(is_changed)
    }

    /// Restores a row or column if half of its shares are known; returns whether they are.
    fn restore(&mut self, axis: Axis, index: usize) -> Result<bool, ReconstructError<FraudProof>> {
        let known: Vec<Option<Share>> =
            (0..self.header.width()).map(|offset| self.share(axis, index, offset).cloned()).collect();
        if known.iter().flatten().count() < known.len() / 2 {
            return Ok(false);
        }
        let root = self.header.roots(axis).get(index);
        let whole = axis::restore(&known).unwrap_or_default();
        let tree = axis::tree(axis, index, &whole).ok().filter(|tree| Some(&tree.root()) == root);
        let Some(tree) = tree else {
            return Err(ReconstructError::BadEncoding(Box::new(self.fraud_proof(axis, index, &known, None))));
        };
        // A known share that differs is proven through the other axis. With half of the others it determines something
        // else than what the header commits to here.
        let differs =
            |(known, whole): (&Option<Share>, &Share)| known.as_ref().is_some_and(|known| known != whole);
        if let Some(offset) = known.iter().zip(&whole).position(differs) {
            let proof = self.fraud_proof(axis, index, &known, Some(offset));
            return Err(ReconstructError::BadEncoding(Box::new(proof)));
        }
        for (offset, share) in whole.into_iter().enumerate() {
            let position = self.position(axis, index, offset);
            if let Some(known) = self.shares.get_mut(position) {
                *known = Some(share);
            }
        }
        self.trees.insert((axis, index), tree);
        Ok(true)
    }

    fn position(&self, axis: Axis, index: usize, offset: usize) -> usize {
        let (row, column) = axis.place(index, offset);
        row.saturating_mul(self.header.width()).saturating_add(column)
    }

    fn share(&self, axis: Axis, index: usize, offset: usize) -> Option<&Share> {
        self.shares.get(self.position(axis, index, offset))?.as_ref()
    }

    /// Proves half of the known shares of a row or column, `needed` among them: each by its sample, or by the restored tree
    /// that crosses there.
    fn fraud_proof(
        &self,
        axis: Axis,
        index: usize,
        known: &[Option<Share>],
        needed: Option<usize>,
    ) -> FraudProof {
        let proven = |offset: usize| {
            let share = known.get(offset)?.as_ref()?;
            let sample = self.samples.get(&self.position(axis, index, offset)).cloned().or_else(|| {
                let tree = self.trees.get(&(axis.other(), offset))?;
                let siblings = tree.siblings(&(index..index.checked_add(1)?));
                Some(ShareSample { axis: axis.other(), share: share.clone(), siblings })
            })?;
            Some(ProvenShare { offset, sample })
        };
        let others = (0..known.len()).filter(|offset| Some(*offset) != needed);
        let shares = needed.into_iter().chain(others).filter_map(proven);
        let mut shares: Vec<_> = shares.take(self.header.width() / 2).collect();
        shares.sort_by_key(|share| share.offset);
        FraudProof { axis, index, shares }
    }
}
