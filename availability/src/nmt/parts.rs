//! All shares of some namespaces: of an EE on one shard, or everywhere.

use outrider_abi::{ReadError, Reader};
use thiserror::Error;

use crate::{
    BodyError, ProofError,
    nmt::{Axis, Header, Namespace, Nmt, Node, Part, RangeProof, Share, join, verify_namespaces},
};

/// The shares of some namespaces in one row, with the proof that the row has no others of them.
///
/// Its encoding, numbers little-endian: `row (2) | start (2) | number of shares (2) | number of siblings (1) | shares (512 each)
/// | siblings (90 each)`, and if there are no shares, the leaf beyond (90).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowProof {
    /// The index of the row.
    pub row: usize,
    /// The shares; none if the row has none, though its namespaces span them.
    pub shares: Vec<Share>,
    /// Their proof.
    pub proof: RangeProof,
}

/// Parts are not proven: the fault of who sent them, or of the producer for [`PartsError::Body`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartsError {
    /// The namespaces are not in order, or reserved for padding or parity.
    #[error("the namespaces are not in order or are reserved")]
    Namespaces,
    /// The proofs are not exactly those of the rows that can have such shares.
    #[error("proofs of {got} rows, expected those of the {expected} rows that span the namespaces, in order")]
    Rows {
        /// The number of proofs.
        got: usize,
        /// The number of rows.
        expected: usize,
    },
    /// The proof of a row does not hold.
    #[error("row {row}: {source}")]
    Row {
        /// The index of the row.
        row: usize,
        /// The reason for which its proof fails.
        source: ProofError,
    },
    /// The shares are proven, but are no parts.
    #[error(transparent)]
    Body(#[from] BodyError),
}

impl Nmt {
    /// Returns the shares with namespaces from `first` to `last`, with their proofs: one for each row that spans any of
    /// these namespaces.
    #[must_use]
    pub fn prove_parts(&self, (first, last): (Namespace, Namespace)) -> Vec<RowProof> {
        let rows = rows_of(self.header(), first, last);
        rows.filter_map(|row| {
            let tree = self.row_tree(row)?;
            let leaves = tree.leaves();
            let start = leaves.partition_point(|leaf| leaf.min < first);
            let end = leaves.partition_point(|leaf| leaf.min <= last);
            let shares: Vec<Share> =
                (start..end).filter_map(|column| self.share(row, column).cloned()).collect();
            let beyond = leaves.get(start).copied().filter(|_| shares.is_empty());
            let range = if shares.is_empty() { start..start.checked_add(1)? } else { start..end };
            let proof = RangeProof { start, siblings: tree.siblings(&range), beyond };
            Some(RowProof { row, shares, proof })
        })
        .collect()
    }
}

impl Header {
    /// Verifies that the proofs have all shares with namespaces from `first` to `last`, and returns their parts: none, if
    /// their absence is proven.
    ///
    /// This takes for granted that the roots of rows claim the namespaces that they have. Where they do not, the encoding is
    /// wrong, and a [`FraudProof`](crate::nmt::FraudProof) shows it.
    ///
    /// # Errors
    ///
    /// Fails if a row that may have such shares is missing, a proof does not hold, or the shares are no parts.
    pub fn verify_parts(
        &self,
        (first, last): (Namespace, Namespace),
        proofs: &[RowProof],
    ) -> Result<Vec<Part>, PartsError> {
        if first > last || last >= Namespace::PADDING {
            return Err(PartsError::Namespaces);
        }
        let rows: Vec<usize> = rows_of(self, first, last).collect();
        if !proofs.iter().map(|proof| proof.row).eq(rows.iter().copied()) {
            return Err(PartsError::Rows { got: proofs.len(), expected: rows.len() });
        }
        let mut shares = Vec::new();
        for proof in proofs {
            let unproven = |source| PartsError::Row { row: proof.row, source };
            let root = self.roots(Axis::Row).get(proof.row);
            let root = root.ok_or(PartsError::Rows { got: proofs.len(), expected: rows.len() })?;
            let leaf = |share: &Share| Node::leaf(share.namespace(), &share.0[..]);
            let leaves: Vec<Node> = proof.shares.iter().map(leaf).collect();
            verify_namespaces(root, self.width(), (first, last), &proof.proof, &leaves).map_err(unproven)?;
            shares.extend_from_slice(&proof.shares);
        }
        Ok(join(&shares)?)
    }
}

impl RowProof {
    /// Returns its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let number = |n: usize| u16::try_from(n).unwrap_or(u16::MAX).to_le_bytes();
        let numbers = [self.row, self.proof.start, self.shares.len()].into_iter().flat_map(number);
        let n_siblings = u8::try_from(self.proof.siblings.len()).unwrap_or(u8::MAX);
        let shares = self.shares.iter().flat_map(|share| share.0.iter().copied());
        let nodes = self.proof.siblings.iter().chain(&self.proof.beyond).flat_map(Node::to_bytes);
        numbers.chain([n_siblings]).chain(shares).chain(nodes).collect()
    }

    /// Reads a proof; it is not verified yet, and has at most as many shares as there are bytes for.
    ///
    /// # Errors
    ///
    /// Fails if the bytes end early.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        let [row, start, n_shares] = [reader.u16_le()?, reader.u16_le()?, reader.u16_le()?].map(usize::from);
        let n_siblings = reader.u8()?;
        let shares = (0..n_shares).map(|_| reader.take_array().map(|bytes| Share(Box::new(bytes))));
        let shares: Vec<Share> = shares.collect::<Result<_, _>>()?;
        let siblings = (0..n_siblings).map(|_| Node::read(reader)).collect::<Result<_, _>>()?;
        let beyond = shares.is_empty().then(|| Node::read(reader)).transpose()?;
        Ok(Self { row, shares, proof: RangeProof { start, siblings, beyond } })
    }
}

/// Returns the rows whose namespaces span any of these.
fn rows_of(header: &Header, first: Namespace, last: Namespace) -> impl Iterator<Item = usize> {
    let rows = header.roots(Axis::Row).iter().enumerate();
    rows.filter(move |(_, root)| root.min <= last && first <= root.max).map(|(row, _)| row)
}
