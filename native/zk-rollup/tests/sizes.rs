//! The size of the circuit, pinned: a change makes every key useless, and has to change `CIRCUIT_VERSION`.

use outrider_zk_rollup::Batch;
use outrider_zk_rollup::circuit::{Circuit, Part};
use outrider_zk_rollup::tree::Tree;
use outrider_zk_rollup_core::batch::SIZES;

#[test]
fn a_transfer_takes_fewer_than_17500_constraints_in_the_rollups_tree() {
    let measured = Circuit::of_size(8).measure();
    let per_slot = measured.parts.map(|(part, n_constraints)| (part, n_constraints / 8, n_constraints % 8));
    let expected = [
        (Part::Signature, 1823, 0),
        (Part::SenderPath, 6853, 0),
        (Part::ReceiverPath, 6853, 0),
        (Part::Numbers, 445, 0),
        (Part::Selection, 199, 0),
        // Two hashes of a batch of 8, and the comparison.
        (Part::Digest, (2 * 264 + 1 - LEFT) / 8, LEFT),
    ];
    assert_eq!(per_slot, expected);
    assert_eq!(measured.n_constraints, 129_913);
    assert!(measured.n_constraints / 8 < 17_500);
}

/// The remainder of the digest's constraints, divided by 8.
const LEFT: usize = (2 * 264 + 1) % 8;

#[test]
fn batches_fit_their_domains() {
    let domains = SIZES.map(|size| Circuit::of_size(size).measure().domain().ilog2());
    assert_eq!(domains, [17, 19, 20, 21]);
}

#[test]
fn every_batch_of_a_size_has_the_same_constraints() {
    let circuit = Circuit { depth: 2, size: 2 };
    let mut tree = Tree::new(2);
    let batch = Batch::new(circuit, &Default::default(), &mut tree, &[]).expect("no transfers");
    let rows = circuit.rows(&batch.witness);
    assert_eq!(rows.rows.len(), circuit.measure().n_constraints);
    assert_eq!(rows.rows.len(), circuit.evaluate(&batch.witness).n_constraints());
}
