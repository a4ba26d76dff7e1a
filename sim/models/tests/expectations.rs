//! Expectations, and how they fail.

use outrider_models::{Expectation, Measure, Outcome, check};

fn outcome() -> Outcome {
    let mut outcome = Outcome::default();
    for (name, value) in [("one", 1.0), ("near_one", 1.004), ("tiny", 5.6e-15)] {
        outcome.measures.insert(name, Measure { value, unit: "" });
    }
    outcome
}

fn parse(text: &str) -> Vec<Expectation> {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn figures_that_keep_their_bounds_have_no_message() {
    let text = "
- {measure: tiny, at_most: 1e-14}
- {measure: tiny, at_least: 5e-15, at_most: 1e-14}
- {measure: tiny, equals: 5.61e-15, within: 1%}
- {measure: one, equals: 1}
- {measure: near_one, equals: 1, within: 0.005}
- {measure: near_one, equals: one, within: 0.5%}
- {measure: tiny, at_most: one}
";
    assert_eq!(check(&outcome(), &parse(text)), []);
}

#[test]
fn each_failure_has_one_clear_message_in_the_order_of_the_expectations() {
    let text = "
- {measure: tiny, at_most: 1e-15}
- {measure: one, at_least: near_one}
- {measure: near_one, equals: one, within: 0.1%}
- {measure: near_one, equals: 1}
- {measure: none, at_most: 1}
- {measure: one, at_most: two}
- {measure: one}
- {measure: one, at_most: 2, within: 1}
- {measure: one, equals: 1}
";
    let messages: Vec<String> = check(&outcome(), &parse(text)).iter().map(ToString::to_string).collect();
    let expected = [
        "`tiny`: expected at most 1.000000e-15, got 5.600000e-15",
        "`one`: expected at least 1.004000e0, got 1.000000e0",
        "`near_one`: expected equal to 1.000000e0 within 0.1%, got 1.004000e0",
        "`near_one`: expected equal to 1.000000e0, got 1.004000e0",
        "`none`: the model gave no such measure; it gave near_one, one, tiny",
        "`two`: the model gave no such measure; it gave near_one, one, tiny",
        "`one`: the expectation has no bound; give `at_most`, `at_least` or `equals`",
        "`one`: `within` needs an `equals`",
    ];
    assert_eq!(messages, expected);
}

#[test]
fn what_is_no_bound_or_tolerance_is_refused_with_its_place() {
    for (text, expected) in [
        ("- {measure: one, equals: 1, within: 1 percent}", "is no tolerance"),
        ("- {measure: one, equals: 1, within: -1%}", "is no tolerance"),
        ("- {measure: one, at_most: .inf}", "non-finite"),
        ("- {measure: one, at_most: [1]}", "a number or the name of a measure"),
        ("- {measure: one, most: 1}", "unknown field"),
    ] {
        let error = serde_saphyr::from_str::<Vec<Expectation>>(text).unwrap_err();
        assert!(error.to_string().contains(expected), "{text}: {error}");
        assert!(error.location().is_some_and(|location| location.line() == 1), "{text}");
    }
}
