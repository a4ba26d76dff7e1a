//! The blocks of a shard since finality, with the packages that a provider has contributed to them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    iter::successors,
    sync::Arc,
};

use outrider_beacon_spec::types::Root;

use super::{
    inbox::{Package, PackageNumber},
    trial::Before,
};

/// The most offers that a provider remembers. A block with an older one counts as one of another provider.
const OFFERS_MAX: usize = 128;

/// The packages from which an offer was made, and the place.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) before: Before,
    /// The packages in it, except for those that were found to be left out.
    pub(super) packages: Vec<Package>,
    /// Those of which the payload may not have the bytes.
    pub(super) recoded: BTreeSet<PackageNumber>,
}

/// A final block with packages of which some have not been checked.
#[derive(Clone, Debug)]
pub(super) struct Unsettled {
    pub(super) made: Arc<Made>,
    pub(super) unchecked: VecDeque<Package>,
}

/// The offers that a provider has made, by the root of the payload, and blocks, by execution root.
#[derive(Debug, Default)]
pub(super) struct Branches {
    offers: VecDeque<(Root, Arc<Made>)>,
    blocks: BTreeMap<Root, Block>,
    finalized: Option<Root>,
    unsettled: VecDeque<Unsettled>,
}

#[derive(Debug)]
struct Block {
    parent: Root,
    made: Option<Arc<Made>>,
}

impl Branches {
    /// Remembers an offer.
    pub(super) fn offered(&mut self, payload_root: Root, made: Made) {
        self.offers.retain(|(root, _)| *root != payload_root);
        self.offers.push_back((payload_root, Arc::new(made)));
        if self.offers.len() > OFFERS_MAX {
            self.offers.pop_front();
        }
    }

    /// Adds a block by the roots of the executions before and after, and of the EE's payload, if it has one.
    pub(super) fn add(&mut self, parent: Root, execution_root: Root, payload_root: Option<Root>) {
        let is_offer = |(root, _): &&(Root, Arc<Made>)| Some(*root) == payload_root;
        let made = self.offers.iter().find(is_offer).map(|(_, made)| Arc::clone(made));
        self.blocks.entry(execution_root).or_insert(Block { parent, made });
    }

    /// Returns the blocks from an execution root back to finality.
    fn back_from(&self, execution_root: Root) -> impl Iterator<Item = (Root, &Block)> {
        let block = |root: Root| self.blocks.get(&root).map(|block| (root, block));
        successors(block(execution_root), move |(_, child)| block(child.parent))
    }

    /// Returns the packages in the blocks up to an execution root, and the unchecked ones of final blocks.
    pub(super) fn packages_up_to(&self, execution_root: Root) -> BTreeSet<PackageNumber> {
        self.packages_in(self.back_from(execution_root).map(|(_, block)| block))
    }

    /// Returns the packages in all blocks, and the unchecked ones of final blocks.
    pub(super) fn packages(&self) -> BTreeSet<PackageNumber> {
        self.packages_in(self.blocks.values())
    }

    fn packages_in<'b>(&'b self, blocks: impl Iterator<Item = &'b Block>) -> BTreeSet<PackageNumber> {
        let made = blocks.filter_map(|block| block.made.as_ref()).flat_map(|made| &made.packages);
        let unchecked = self.unsettled.iter().flat_map(|of| &of.unchecked);
        made.chain(unchecked).map(|package| package.number).collect()
    }

    /// Returns whether an execution root is that of the final block, or of a block after it.
    pub(super) fn is_after_final(&self, execution_root: Root) -> bool {
        let before = self.back_from(execution_root).last().map_or(execution_root, |(_, block)| block.parent);
        self.finalized == Some(before)
    }

    /// Makes a known block final, with those before it, and drops all blocks but those after it. Returns the packages that
    /// no block has any more.
    pub(super) fn finalize(&mut self, execution_root: Root) -> BTreeSet<PackageNumber> {
        let before = self.packages();
        let final_roots: Vec<Root> = self.back_from(execution_root).map(|(root, _)| root).collect();
        if final_roots.is_empty() {
            return BTreeSet::new();
        }
        for root in final_roots.into_iter().rev() {
            if let Some(made) = self.blocks.remove(&root).and_then(|block| block.made) {
                let unchecked = made.packages.iter().cloned().collect();
                self.unsettled.push_back(Unsettled { made, unchecked });
            }
        }
        self.finalized = Some(execution_root);
        let mut children = BTreeMap::<Root, Vec<Root>>::new();
        for (root, block) in &self.blocks {
            children.entry(block.parent).or_default().push(*root);
        }
        let (mut kept, mut parents) = (BTreeSet::new(), vec![execution_root]);
        while let Some(parent) = parents.pop() {
            let of_parent = children.remove(&parent).unwrap_or_default();
            kept.extend(of_parent.iter().copied());
            parents.extend(of_parent);
        }
        self.blocks.retain(|root, _| kept.contains(root));
        &before - &self.packages()
    }

    /// Takes the first final block with unchecked packages.
    pub(super) fn pop_unsettled(&mut self) -> Option<Unsettled> {
        self.unsettled.pop_front()
    }

    /// Puts a final block back of which packages are unchecked.
    pub(super) fn push_unsettled(&mut self, unsettled: Unsettled) {
        if !unsettled.unchecked.is_empty() {
            self.unsettled.push_front(unsettled);
        }
    }
}
