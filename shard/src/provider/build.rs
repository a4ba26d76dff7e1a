//! Builds a block: the EE runs over the full state, and then over the block data that it has yielded.

use std::sync::Arc;

use outrider_host::{
    ExecutionError, ExecutionInput, ExecutionOutput, NewNode, ProviderOutput, StateRoot, StateSource,
};
use outrider_witness::{
    Hash,
    store::{StateKind, Store},
};

use super::{
    Extent, PROVIDER_FUEL_FACTOR, Provider,
    built_block::BuiltBlock,
    error::{Disagreement, ProviderError},
    source::{Nodes, Source},
    surroundings::Surroundings,
};
use crate::frame::{Frame, encode_packages};

impl<S: Store + Send + Sync + 'static> Provider<S> {
    /// Builds a block on a stored state and the new nodes of blocks that have not been applied.
    pub(super) fn build_over<P: AsRef<[u8]>>(
        &self,
        unapplied: Vec<Arc<Nodes>>,
        pre_state_root: StateRoot,
        packages: &[P],
        Surroundings { context, reads, receipts }: Surroundings,
    ) -> Result<BuiltBlock, ProviderError> {
        let packages = encode_packages(packages)?;
        let input = ExecutionInput { pre_state_root, block_data: packages.into(), context, reads, receipts };
        let source = Arc::new(Source { store: Arc::clone(&self.store), unapplied });
        let fuel_max = self.fuel_max.saturating_mul(PROVIDER_FUEL_FACTOR);
        let state = Arc::clone(&source) as Arc<dyn StateSource>;
        let provided = self.ee.provide_within(&input, state, fuel_max).map_err(failed)?;
        let ProviderOutput { execution: provided, block_data, new_nodes } = provided;
        let block_data: Arc<[u8]> = block_data.ok_or(ProviderError::NoBlockData)?.into();
        let frame = Frame::parse(&block_data).map_err(ProviderError::Yielded)?;
        let (witness_bytes, payload_bytes) = (frame.witness.len(), frame.payload.len());
        let nodes = check_hashes(new_nodes, self.store.kind())?;
        self.check_root(provided.post_state_root, &nodes, &source)?;
        if self.extent == Extent::Whole {
            check_children(&nodes, &source)?;
        }

        let input = ExecutionInput { block_data: Arc::clone(&block_data), ..input };
        let output = self.ee.execute_within(&input, self.fuel_max).map_err(ProviderError::Witness)?;
        check_agreement(&provided, &output)?;
        Ok(BuiltBlock {
            pre_state_root,
            block_data,
            witness_bytes,
            payload_bytes,
            output,
            provider_fuel_used: provided.fuel_used,
            nodes: Arc::new(nodes),
        })
    }

    /// Checks that a root is that of the empty state, of a new node, or of a stored one.
    fn check_root(&self, root: StateRoot, new: &Nodes, source: &Source<S>) -> Result<(), ProviderError> {
        let hash = Hash::from(root);
        if root == self.empty_root() || new.contains_key(&hash) || source.contains(&hash)? {
            return Ok(());
        }
        Err(ProviderError::RootNotPut { root })
    }
}

/// Distinguishes failures over the full state that are about the packages from those that are not.
fn failed(error: ExecutionError) -> ProviderError {
    if error.fault().is_verdict() { ProviderError::Refused(error) } else { ProviderError::Failed(error) }
}

/// Checks that nodes have the hashes that the EE claims.
fn check_hashes(new_nodes: Vec<NewNode>, kind: StateKind) -> Result<Nodes, ProviderError> {
    let mut nodes = Nodes::new();
    for NewNode { hash: expected, bytes, children } in new_nodes {
        match kind.hash(&bytes) {
            Some(got) if got == expected => {}
            Some(got) => return Err(ProviderError::WrongHash { expected, got, kind }),
            None => return Err(ProviderError::NoNode { hash: expected, kind }),
        }
        let node = nodes.entry(expected).or_default();
        node.bytes = bytes;
        node.children.extend(children);
    }
    Ok(nodes)
}

/// Checks that every node to which a new node refers is new or stored.
fn check_children<S: Store>(new: &Nodes, source: &Source<S>) -> Result<(), ProviderError> {
    for (parent, node) in new {
        for child in &node.children {
            if !new.contains_key(child) && !source.contains(child)? {
                return Err(ProviderError::ChildNotPut { parent: *parent, child: *child });
            }
        }
    }
    Ok(())
}

/// Checks that the executions over the full state and over the witness have the same result.
fn check_agreement(provided: &ExecutionOutput, stateless: &ExecutionOutput) -> Result<(), ProviderError> {
    let (provided_root, stateless_root) = (provided.post_state_root, stateless.post_state_root);
    let disagreement = if provided_root != stateless_root {
        Disagreement::PostStateRoot { provided: provided_root, stateless: stateless_root }
    } else if provided.deposits != stateless.deposits {
        let (provided, stateless) = (&provided.deposits, &stateless.deposits);
        let first = first_difference(provided, stateless);
        Disagreement::Deposits { provided: provided.len(), stateless: stateless.len(), first }
    } else if provided.proposer_fee != stateless.proposer_fee {
        let (provided, stateless) = (provided.proposer_fee, stateless.proposer_fee);
        Disagreement::ProposerFee { provided, stateless }
    } else if provided.receipts != stateless.receipts {
        let (provided, stateless) = (&provided.receipts, &stateless.receipts);
        let first = first_difference(provided, stateless);
        Disagreement::Receipts { provided: provided.len(), stateless: stateless.len(), first }
    } else if let Some((index, is_provided)) = first_of_one(&provided.rejected, &stateless.rejected) {
        Disagreement::Rejected { index, is_provided }
    } else {
        return Ok(());
    };
    Err(ProviderError::Disagreement(disagreement))
}

/// Returns the number of equal items before the first difference.
fn first_difference<T: PartialEq>(one: &[T], other: &[T]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

/// Returns the least number that is in one of two ascending lists only, and whether that is the first list.
fn first_of_one(one: &[u32], other: &[u32]) -> Option<(u32, bool)> {
    let at = first_difference(one, other);
    match (one.get(at), other.get(at)) {
        (Some(one), Some(other)) => Some((*one.min(other), one < other)),
        (Some(one), None) => Some((*one, true)),
        (None, other) => other.map(|other| (*other, false)),
    }
}
