//! The change of one leaf in a tree: one path, with the hashes before and after.

use outrider_zk_rollup_core::Fr;
use outrider_zk_rollup_core::tree::ARITY;

use super::poseidon::compress;
use super::rule::Rule;
use super::system::{Form, Number, System};

/// The siblings of a child in its node: the one beside it in its half, then the other half's two, in their order.
pub type Siblings = [Fr; ARITY - 1];

/// A value before and after the change.
pub(crate) struct Change<F> {
    pub(crate) before: Number<F>,
    pub(crate) after: Number<F>,
}

/// The children of a node before and after the change.
struct Children<F> {
    before: [Number<F>; ARITY],
    after: [Number<F>; ARITY],
}

/// The rules that a path serves.
#[derive(Clone, Copy)]
pub(crate) struct PathRules {
    pub(crate) place: Rule,
    pub(crate) node: Rule,
}

/// Returns the root before and after the change of a leaf, whose index has these bits, from the lowest.
pub(crate) fn root<S: System>(
    system: &mut S,
    rules: PathRules,
    leaf: Change<S::Form>,
    index: &[Number<S::Form>],
    siblings: &[Siblings],
) -> Change<S::Form> {
    let mut change = leaf;
    for (bits, siblings) in index.as_chunks::<2>().0.iter().zip(siblings) {
        let siblings = siblings.map(|sibling| system.witness(sibling));
        let children = node(system, rules.place, &change, bits, &siblings);
        change = Change {
            before: compress(system, rules.node, children.before.each_ref()),
            after: compress(system, rules.node, children.after.each_ref()),
        };
    }
    change
}

/// Returns the children of a node before and after the change of one: six constraints.
///
/// The low bit swaps the child with its neighbour, and the high bit swaps the halves. The difference of both values of the
/// child takes the same way.
fn node<S: System>(
    system: &mut S,
    rule: Rule,
    child: &Change<S::Form>,
    [low, high]: &[Number<S::Form>; 2],
    [neighbour, third, fourth]: &[Number<S::Form>; 3],
) -> Children<S::Form> {
    let swap = system.multiply(rule, low, &(neighbour - &child.before));
    let (first, second) = (&child.before + &swap, neighbour - &swap);
    let first_swap = system.multiply(rule, high, &(third - &first));
    let second_swap = system.multiply(rule, high, &(fourth - &second));
    let before = [&first + &first_swap, &second + &second_swap, third - &first_swap, fourth - &second_swap];

    let difference = &child.after - &child.before;
    let if_low = system.multiply(rule, low, &difference);
    let if_high = system.multiply(rule, high, &difference);
    let if_both = system.multiply(rule, high, &if_low);
    let differences =
        [&(&difference - &if_low) - &(&if_high - &if_both), &if_low - &if_both, &if_high - &if_both, if_both];
    let after = add(&before, &differences);
    Children { before, after }
}

fn add<F: Form>(a: &[Number<F>; ARITY], b: &[Number<F>; ARITY]) -> [Number<F>; ARITY] {
    let mut sums = a.clone();
    for (sum, b) in sums.iter_mut().zip(b) {
        sum.add_scaled(b, Fr::from(1));
    }
    sums
}
