//! Prints the number of constraints of each circuit, and how many each part has in a slot.

use outrider_zk_rollup::circuit::{Circuit, Part};
use outrider_zk_rollup_core::batch::SIZES;

#[expect(clippy::print_stdout, reason = "it is an example")]
fn main() {
    let names = Part::ALL.map(Part::name).join(" | ");
    println!("| size | constraints | domain | per slot | {names} |");
    println!("|---|---|---|---|{}", "---|".repeat(Part::ALL.len()));
    for size in SIZES {
        let measured = Circuit::of_size(size).measure();
        let per_slot = |n_constraints: usize| format!("{:.0}", n_constraints as f64 / f64::from(size));
        let parts = measured.parts.map(|(_, n_constraints)| per_slot(n_constraints)).join(" | ");
        let (n_constraints, domain) = (measured.n_constraints, measured.domain().ilog2());
        println!("| {size} | {n_constraints} | 2^{domain} | {} | {parts} |", per_slot(n_constraints));
    }
}
