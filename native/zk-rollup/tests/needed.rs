//! No variable is free, and no constraint repeats others.

mod world;

use std::collections::BTreeMap;

use ark_ff::AdditiveGroup as _;
use outrider_zk_rollup::circuit::{Number, Rows, Rule, System, Value};
use outrider_zk_rollup::witness::BatchWitness;
use outrider_zk_rollup_core::Fr;
use world::{World, circuit, violated};

fn honest() -> (BatchWitness, Rows) {
    let mut world = World::new();
    let signed = world.sign(1, 14, 300, 5);
    let witness = world.batch(1, &[signed]).witness;
    let rows = circuit(1).rows(&witness);
    assert_eq!(violated(&rows), []);
    (witness, rows)
}

#[test]
fn no_variable_of_a_transfer_can_change_alone() {
    let (_, rows) = honest();
    let mut uses: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.rows.iter().enumerate() {
        for (variable, _) in row.a.iter().chain(row.b.iter()).chain(row.c.iter()) {
            uses.entry(*variable).or_default().push(index);
        }
    }
    let mut assignment = rows.assignment.clone();
    // Zero would turn a one into a zero, and one a zero into a one, which bits may be: other constraints must object.
    for variable in 1..assignment.len() {
        let value = assignment[variable];
        for change in [value + Fr::from(1), Fr::from(1) - value, -value] {
            if change == value {
                continue;
            }
            assignment[variable] = change;
            let uses = uses.get(&(variable as u32)).map(Vec::as_slice).unwrap_or_default();
            let violates = uses
                .iter()
                .map(|index| &rows.rows[*index])
                .any(|row| row.a.value(&assignment) * row.b.value(&assignment) != row.c.value(&assignment));
            assert!(violates, "variable {variable}");
        }
        assignment[variable] = value;
    }
}

/// The rules that compare what others computed; [`Rule::ChallengeHigh`] compares digits with those of a bound.
const COMPARISONS: [Rule; 10] = [
    Rule::Enabled,
    Rule::NoOpIsZero,
    Rule::SenderBalance,
    Rule::SenderRoot,
    Rule::ReceiverBalance,
    Rule::ReceiverRoot,
    Rule::KeyOnCurve,
    Rule::ChallengeHigh,
    Rule::ChallengeLow,
    Rule::PublicInput,
];

/// Gives the variable that each constraint determines another value, and computes all that follow anew. Besides the
/// constraint itself, only comparisons may notice: none of the other constraints implies it.
#[test]
fn no_constraint_follows_from_others_before_the_comparisons() {
    let (witness, rows) = honest();
    let mut n_checked = 0;
    let mut determined = 2;
    for (index, row) in rows.rows.iter().enumerate() {
        let variables = [&row.a, &row.b, &row.c].into_iter().filter_map(|terms| terms.iter().last());
        let newest = variables.map(|(variable, _)| *variable).max().unwrap_or_default();
        if newest < determined {
            assert!(COMPARISONS.contains(&row.rule), "{:?} has no variable of its own", row.rule);
            continue;
        }
        determined = newest + 1;
        let noticed = with_fault(&witness, newest, rows.assignment[newest as usize] + Fr::from(2));
        assert!(noticed.contains(&index), "constraint {index}, {:?}", row.rule);
        for other in noticed.into_iter().filter(|other| *other != index) {
            let other = rows.rows[other].rule;
            assert!(COMPARISONS.contains(&other), "constraint {index}, {:?}: {other:?} notices", row.rule);
        }
        n_checked += 1;
    }
    assert!(n_checked > rows.rows.len() - 20, "{n_checked} of {}", rows.rows.len());
}

/// The constraints that are violated if one variable has another value, and what follows is computed anew.
fn with_fault(witness: &BatchWitness, variable: u32, value: Fr) -> Vec<usize> {
    let mut faulty = Faulty { variable, value, n_variables: 2, n_constraints: 0, violated: Vec::new() };
    let public_input = Number::variable(witness.public_input, Value);
    circuit(1).synthesize(&mut faulty, &public_input, witness);
    faulty.violated
}

/// Computes values, with one variable replaced.
struct Faulty {
    variable: u32,
    value: Fr,
    n_variables: u32,
    n_constraints: usize,
    violated: Vec<usize>,
}

impl System for Faulty {
    type Form = Value;

    fn witness(&mut self, value: Fr) -> Number<Value> {
        let replaced = self.n_variables == self.variable;
        self.n_variables += 1;
        Number::variable(if replaced { self.value } else { value }, Value)
    }

    fn enforce(&mut self, _rule: Rule, a: &Number<Value>, b: &Number<Value>, c: &Number<Value>) {
        if a.value() * b.value() - c.value() != Fr::ZERO {
            self.violated.push(self.n_constraints);
        }
        self.n_constraints += 1;
    }
}
