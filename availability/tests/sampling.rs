//! The experiment with sampling clients, pinned.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../examples/sampling.rs"]
#[allow(dead_code, reason = "the test calls only `run`")]
mod sampling_example;

use outrider_availability::{
    Kzg, Nmt, Pattern, Scheme, Shape,
    sampling::{Unavailable, experiment, positions, sample},
};

/// The table in the README is what the example prints; clients, patterns and draws depend on the seed alone.
#[test]
fn the_table_is_that_of_the_readme() {
    let mut table = Vec::new();
    sampling_example::run(&mut table, 1).unwrap();
    let table = String::from_utf8(table).unwrap();
    assert_eq!(table.lines().count(), 2 + 4 + 4 + 10);
    assert!(include_str!("../README.md").contains(&table), "the README has another table than\n{table}");
}

#[test]
fn what_clients_find_agrees_with_the_formula() {
    let square = Shape::Square { width: 128 };
    let columns = Shape::Line { positions: 128, needed: 64 };
    for (shape, pattern, samples) in [
        (square, Pattern::Least, 8),
        (square, Pattern::Columns(1), 8),
        (square, Pattern::Cells(2, 3), 4),
        (columns, Pattern::Least, 4),
        (columns, Pattern::Cells(1, 3), 16),
    ] {
        for seed in [2, 3] {
            let finding = experiment(&shape.withheld(pattern), samples, 4_000, seed);
            assert!(finding.deviations().abs() < 4.0, "{pattern:?}: {finding:?}");
        }
    }
}

/// Clients of real bodies find what those of the experiment do, as they draw the same positions.
#[test]
fn clients_that_verify_find_what_the_experiment_says() {
    fn check<S: Scheme>(pattern: Pattern) {
        let published = S::commit(&[7; 4_000]).unwrap();
        let header = published.header();
        let withheld = S::shape(header).withheld(pattern);
        let ask = |position: usize| if withheld[position] { None } else { published.sample(position) };
        let finds = |client: &u64| match sample::<S>(header, (5, *client), 3, ask) {
            Ok(samples) => {
                assert_eq!(samples.len(), 3);
                false
            }
            Err(Unavailable::Withheld { position }) => withheld[position],
            Err(error) => panic!("{error}"),
        };
        let found = (0..100).filter(finds).count() as u64;
        assert!(found > 0 && found < 100);
        assert_eq!(found, experiment(&withheld, 3, 100, 5).found);
    }
    check::<Nmt>(Pattern::Least);
    check::<Nmt>(Pattern::Rows(2));
    check::<Kzg>(Pattern::Cells(1, 9));
}

#[test]
fn a_client_does_not_take_a_wrong_answer() {
    let published = Nmt::commit(&[7; 4_000]).unwrap();
    let other = Nmt::commit(&[8; 4_000]).unwrap();
    let got = sample::<Nmt>(published.header(), (5, 1), 3, |position| other.sample(position));
    assert!(matches!(got, Err(Unavailable::Wrong { position, .. }) if position == positions(5, 1, 64, 3)[0]));
}

/// To the client: any change of the draws shows.
#[test]
fn the_draws_are_pinned() {
    assert_eq!(positions(1, 0, 16_384, 4), [2_227, 3_701, 15_703, 3_394]);
    assert_eq!(experiment(&Shape::Square { width: 128 }.withheld(Pattern::Least), 8, 1_000, 1).found, 906);
}

#[test]
fn nothing_is_found_where_nothing_is_withheld_and_all_where_all_is() {
    assert_eq!(experiment(&[false; 64], 64, 100, 1).found, 0);
    assert_eq!(experiment(&[true; 64], 1, 100, 1).found, 100);
    // More samples than positions ask for all.
    let mut one = [false; 64];
    one[63] = true;
    assert_eq!(experiment(&one, 65, 100, 1).share(), 1.0);
}
