//! The scenarios of `examples/models`: each runs, and all that it expects holds.

use std::{collections::BTreeMap, fs, path::Path, thread};

use outrider_models::{Model, Scenario};

/// Returns the texts of all scenarios by the names of their files.
fn texts() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/models");
    let files = fs::read_dir(folder).expect("the folder exists").map(|entry| {
        let path = entry.expect("the folder is readable").path();
        let name = path.file_name().expect("entries have names").to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).expect("a scenario is readable"))
    });
    files.collect()
}

fn parse(name: &str, text: &str) -> Scenario {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_scenario_meets_its_expectations() {
    for (name, text) in texts() {
        let scenario = parse(&name, &text);
        assert!(!scenario.about.is_empty(), "{name} says nothing about itself");
        assert!(!scenario.expect.is_empty(), "{name} expects nothing");
        let verdict = scenario.run().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(verdict.unmet, [], "{name}: {:#?}", verdict.outcome.measures);
        // A plot and a reader of JSON need that.
        for (table, series) in &verdict.outcome.series {
            assert!(series.rows.iter().all(|row| row.len() == series.columns.len()), "{name}: {table}");
        }
        let json = serde_json::to_value(&verdict.outcome).unwrap();
        assert_eq!(json["measures"].as_object().unwrap().len(), verdict.outcome.measures.len());
        assert!(
            json["measures"].as_object().unwrap().values().all(|measure| measure["value"].is_f64()),
            "{name}"
        );
    }
}

#[test]
fn every_model_has_a_scenario_of_its_name() {
    let texts = texts();
    for name in Model::NAMES {
        let text = texts.get(&format!("{name}.yaml")).unwrap_or_else(|| panic!("no scenario for {name}"));
        assert_eq!(parse(name, text).model.name(), *name);
    }
}

#[test]
fn parameters_and_seed_decide_every_figure_on_any_thread() {
    for (name, text) in texts().into_iter().filter(|(name, _)| !name.starts_with("fee-")) {
        let scenario = parse(&name, &text.replace("slots: 400", "slots: 40"));
        let here = scenario.run().unwrap();
        let there = thread::scope(|scope| {
            let runs: Vec<_> = (0..2).map(|_| scope.spawn(|| scenario.run().unwrap())).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(there.iter().all(|run| *run == here), "{name}");
        // Those in which nothing happens by chance aside.
        if !["jury.yaml", "jury-near.yaml"].contains(&name.as_str()) {
            let other = Scenario { seed: scenario.seed + 1, ..scenario }.run().unwrap();
            assert_ne!(other.outcome, here.outcome, "{name} does not use its seed");
        }
    }
}

#[test]
fn a_wrong_parameter_is_named_with_its_remedy() {
    let texts = texts();
    for (file, right, wrong, expected) in [
        (
            "jury.yaml",
            "share: 0.33333",
            "share: 1.33333",
            "`share` is 1.3333333333333333: give a number from 0 to 1",
        ),
        ("jury.yaml", "16384", "1000", "`draw` is 1000: give at least as many validators as all committees"),
        (
            "jury-skale.yaml",
            "needed: two_thirds",
            "needed: {members: 17}",
            "`needed` is 17: give 1 to as many",
        ),
        ("challenge.yaml", "challengers: 10", "challengers: 0", "`game.challengers` is 0: give 1 to 10000"),
        (
            "jury-vs-challenge.yaml",
            "budget: 4e6",
            "budget: 4e7",
            "`budget` is 40000000: give more than 0, up to",
        ),
        ("hypercube.yaml", "dimensions: 12", "dimensions: 0", "`dimensions` is 0: give 1 to 16"),
        (
            "swap.yaml",
            "second_lock: 48",
            "second_lock: 72",
            "`second_lock` is 72: let it end before `first_lock`",
        ),
        (
            "fee.yaml",
            "weighted: 0.67",
            "weighted: 0.67, minimum: 0.5",
            "`weighted` is 0.67: let `minimum` and",
        ),
        ("light.yaml", "samples: 16", "samples: 0", "`samples` is 0: give at least 1 sample"),
        ("channels.yaml", "nodes: 300", "nodes: 1", "`nodes` is 1: give 2 to 100000 nodes"),
    ] {
        let text = &texts[file];
        assert!(text.contains(right), "{file} has no {right}");
        let error = parse(file, &text.replacen(right, wrong, 1)).run().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{file}: {error}");
    }
}

#[test]
fn what_is_no_scenario_is_refused_with_its_place() {
    for (text, expected, line) in [
        ("model: juri\nparameters: {}\n", "juri", 1),
        ("parameters: {}\nmodel: jury\n", "`parameters` come after `model`", 1),
        ("model: fee\nparameters:\n  users: 10\n  userz: 10\n", "userz", 4),
        ("model: fee\nparameters:\n  users: many\n", "users", 3),
        ("model: fee\nseed: 1\nseed: 2\nparameters: {}\n", "seed", 3),
        ("model: fee\nparameters: {}\nexpected: []\n", "expected", 3),
    ] {
        let error = serde_saphyr::from_str::<Scenario>(text).unwrap_err();
        assert!(error.to_string().contains(expected), "{text}: {error}");
        let place = error.location().map(|location| location.line());
        assert_eq!(place, Some(line), "{text}: {error}");
    }
    let error = serde_saphyr::from_str::<Scenario>("model: fee\n").unwrap_err();
    assert!(error.to_string().contains("missing field `parameters`"), "{error}");
}
