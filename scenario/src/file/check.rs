//! The checks of a scenario: ranges, and names that must exist.

use std::collections::BTreeSet;

use serde_saphyr::Spanned;

use super::{
    EeKind, EeSpec, Expectation, FaultSpec, PresetSpec, ReceiptsExpectation, RulesSpec, Scenario, ShardsSpec,
    TrafficKind, TrafficSpec, YamlScenario, place,
};
use crate::error::{Problem, ScenarioError};

type Result<T> = std::result::Result<T, Problem>;

impl YamlScenario {
    /// Checks everything, and removes the places.
    pub(super) fn check(self) -> std::result::Result<Scenario, ScenarioError> {
        let Self { seed, slots, preset, engine, ees, rules, views, network, traffic, faults, expect } = self;
        let n_slots = slots.value;
        at(&slots, |slots| range("slots", *slots, 1, SLOTS_MAX))?;
        at(&preset, check_preset)?;
        let n_shards = preset.value.shards;
        each(&ees, |ee| check_ee(ee, n_shards))?;
        distinct("EE", &ees, |ee| &ee.name)?;
        if let Some(rules) = &rules {
            at(rules, check_rules)?;
        }
        range("views", views.len() as u64, 0, VIEWS_MAX)
            .map_err(|problem| ScenarioError { place: None, problem })?;
        each(&views, |view| range("share", view.share.into(), 0, u32::MAX.into()))?;
        distinct("view", &views, |view| &view.name)?;

        let scenario = Scenario {
            seed,
            slots: n_slots,
            preset: preset.value,
            engine,
            ees: ees.into_iter().map(|ee| ee.value).collect(),
            rules: rules.map(|rules| rules.value).unwrap_or_default(),
            views: views.into_iter().map(|view| view.value).collect(),
            network,
            traffic: traffic.iter().map(|entry| entry.value.clone()).collect(),
            faults: faults.iter().map(|fault| fault.value.clone()).collect(),
            expect: expect.iter().map(|expected| expected.value.clone()).collect(),
        };
        each(&traffic, |entry| scenario.check_traffic(entry))?;
        each(&faults, |fault| scenario.check_fault(fault))?;
        let mut wrong = BTreeSet::new();
        each(&faults, |fault| check_one_wrong(fault, &mut wrong))?;
        each(&expect, |expected| scenario.check_expectation(expected))?;
        Ok(scenario)
    }
}

impl Scenario {
    fn check_traffic(&self, entry: &TrafficSpec) -> Result<()> {
        let ee = self.known_ee(&entry.ee)?;
        let kind = || format!("{:?}", entry.kind).to_lowercase();
        share("cross_shard", entry.cross_shard)?;
        range("per_slot", entry.per_slot.into(), 1, PER_SLOT_MAX)?;
        if let Some(popular) = entry.popular {
            share("share", popular.share)?;
            range("user", popular.user, 0, u64::from(ee.users).saturating_sub(1))?;
        }
        self.check_style(entry, ee)?;
        match (entry.kind, entry.to_shard) {
            (TrafficKind::Flood, None) => Err(Problem::Missing { kind: kind(), field: "to_shard" }),
            (TrafficKind::Flood, Some(shard)) => self.check_on_shard(ee, shard),
            (TrafficKind::Transfer | TrafficKind::Astray | TrafficKind::Style, Some(_)) => {
                Err(Problem::Superfluous { kind: kind(), field: "to_shard" })
            }
            (TrafficKind::Transfer | TrafficKind::Astray | TrafficKind::Style, None) => Ok(()),
        }
    }

    /// Checks that purchases, and only these, are of the EE `styles`, and that nothing else is measured with them.
    fn check_style(&self, entry: &TrafficSpec, ee: &EeSpec) -> Result<()> {
        let kind = || format!("{:?}", entry.kind).to_lowercase();
        let is_of_style = entry.kind == TrafficKind::Style;
        share("contention", entry.contention)?;
        match (is_of_style, entry.style, entry.contention > 0.0) {
            (true, None, _) => return Err(Problem::Missing { kind: kind(), field: "style" }),
            (false, Some(_), _) => return Err(Problem::Superfluous { kind: kind(), field: "style" }),
            (false, None, true) => return Err(Problem::Superfluous { kind: kind(), field: "contention" }),
            _ => {}
        }
        if is_of_style != (ee.known_kind() == Some(EeKind::Styles)) {
            let expected = "`style` for the EE `styles`, and another one for other EEs";
            return Err(out_of_range("kind", kind(), expected));
        }
        if is_of_style && (self.ees.len(), self.traffic.len()) != (1, 1) {
            let expected = "one, with one EE, as bytes and fuel are measured of all blocks";
            return Err(out_of_range("traffic", self.traffic.len(), expected));
        }
        Ok(())
    }

    fn check_fault(&self, fault: &FaultSpec) -> Result<()> {
        range("at", fault.at, 1, self.slots)?;
        range("for", fault.slots, 1, self.slots)?;
        let (needed, beside) = fault.kind.fields();
        let FaultSpec { shard, ee, views, delay_ms, share: part, captured, .. } = fault;
        let given = [
            ("shard", shard.is_some()),
            ("ee", ee.is_some()),
            ("views", views.is_some()),
            ("delay_ms", delay_ms.is_some()),
            ("share", part.is_some()),
            ("captured", *captured),
        ];
        for (field, is_given) in given {
            let kind = fault.kind.name();
            match (is_given, needed.contains(&field), beside.contains(&field)) {
                (false, true, _) => return Err(Problem::Missing { kind, field }),
                (true, false, false) => return Err(Problem::Superfluous { kind, field }),
                _ => {}
            }
        }
        if let Some(shard) = *shard {
            range("shard", shard, 0, self.preset.shards.saturating_sub(1))?;
        }
        for view in views.iter().flatten() {
            if self.view(view).is_none() {
                let known = self.views.iter().map(|view| view.name.clone()).collect();
                return Err(Problem::Unknown { what: "view", name: view.clone(), known });
            }
        }
        if let Some(part) = *part {
            share("share", part)?;
        }
        match (ee, shard) {
            (Some(name), Some(shard)) => self.check_on_shard(self.known_ee(name)?, *shard),
            (Some(name), None) => self.known_ee(name).map(|_| ()),
            _ => Ok(()),
        }
    }

    fn check_expectation(&self, expected: &Expectation) -> Result<()> {
        match expected {
            Expectation::FinalizedAtLeast(slot) => range("finalized_at_least", *slot, 0, self.slots),
            Expectation::Refused(refused) => range("slot", refused.slot, 1, self.slots),
            Expectation::SameRootsWith(others) => {
                range("same_roots_with", others.len() as u64, 1, RUNS_MAX)?;
                let threads = others.iter().filter_map(|other| other.threads);
                threads.into_iter().try_for_each(|n| range("threads", n as u64, 0, THREADS_MAX))
            }
            Expectation::Empty { shard, slots } => {
                range("shard", *shard, 0, self.preset.shards.saturating_sub(1))?;
                range("slots", slots.len() as u64, 1, self.slots)?;
                slots.iter().try_for_each(|slot| range("slots", *slot, 1, self.slots))
            }
            Expectation::Receipts(receipts) if *receipts == ReceiptsExpectation::default() => {
                Err(Problem::Missing { kind: "receipts".to_owned(), field: "all_settled" })
            }
            _ => Ok(()),
        }
    }

    fn known_ee(&self, name: &str) -> Result<&EeSpec> {
        let unknown = || {
            let known = self.ees.iter().map(|ee| ee.name.clone()).collect();
            Problem::Unknown { what: "EE", name: name.to_owned(), known }
        };
        self.ees.iter().find(|ee| ee.name == name).ok_or_else(unknown)
    }

    fn check_on_shard(&self, ee: &EeSpec, shard: u64) -> Result<()> {
        if ee.shards.of(self.preset.shards).contains(&shard) {
            return Ok(());
        }
        Err(Problem::NotOnShard { ee: ee.name.clone(), shard })
    }
}

impl EeSpec {
    /// Returns the kind, which may be that of the name.
    pub(crate) fn known_kind(&self) -> Option<EeKind> {
        let of_name = match &*self.name {
            "account" => Some(EeKind::Account),
            "evm" => Some(EeKind::Evm),
            "styles" => Some(EeKind::Styles),
            _ => None,
        };
        self.kind.or(of_name)
    }
}

/// Checks that a shard block is wrong in one way.
fn check_one_wrong(fault: &FaultSpec, wrong: &mut BTreeSet<(u64, u64)>) -> Result<()> {
    let shard = fault.shard.unwrap_or_default();
    for slot in fault.at..fault.at.saturating_add(fault.slots) {
        if fault.kind.is_wrong_block() && !wrong.insert((shard, slot)) {
            return Err(Problem::WrongTwice { shard, slot });
        }
    }
    Ok(())
}

fn check_preset(preset: &PresetSpec) -> Result<()> {
    let shards = preset.shards;
    if !(shards.is_power_of_two() && shards <= 64) {
        return Err(out_of_range("shards", shards, "1, 2, 4, 8, 16, 32 or 64"));
    }
    // The simulation knows the exact range.
    range("validators", preset.validators.unwrap_or(shards), 1, VALIDATORS_MAX)
}

fn check_ee(ee: &EeSpec, n_shards: u64) -> Result<()> {
    range("users", ee.users.into(), 1, USERS_MAX)?;
    range("goods", ee.goods.into(), 1, GOODS_MAX)?;
    let total = ee.balance.checked_mul(ee.users.into());
    let total =
        total.ok_or_else(|| out_of_range("balance", ee.balance, "a sum of all users below 2^64 Gwei"))?;
    if let Some(ether) = ee.ether.filter(|ether| *ether < total) {
        return Err(out_of_range("ether", ether, &format!("at least what the users have, {total}")));
    }
    if ee.known_kind().is_none() {
        return Err(Problem::Missing { kind: ee.name.clone(), field: "kind" });
    }
    if let ShardsSpec::Some(shards) = &ee.shards {
        for shard in shards {
            range("shards", *shard, 0, n_shards.saturating_sub(1))?;
        }
        if shards.is_empty() {
            return Err(out_of_range("shards", "empty", "at least one"));
        }
    }
    Ok(())
}

fn check_rules(rules: &RulesSpec) -> Result<()> {
    let window = rules.window.unwrap_or(1);
    range("window", window, 1, outrider_beacon::ledger::MESSAGES_MAX)?;
    let challenge = rules.challenge_slots.unwrap_or(0);
    range("challenge_slots", challenge, 0, outrider_beacon::ledger::CHALLENGE_SLOTS_MAX)?;
    range("assumptions_max", rules.assumptions_max.unwrap_or(0) as u64, 0, 64)
}

fn range(field: &'static str, got: u64, min: u64, max: u64) -> Result<()> {
    if (min..=max).contains(&got) {
        return Ok(());
    }
    Err(out_of_range(field, got, &format!("{min} to {max}")))
}

fn share(field: &'static str, got: f64) -> Result<()> {
    if (0.0..=1.0).contains(&got) { Ok(()) } else { Err(out_of_range(field, got, "0 to 1")) }
}

fn out_of_range(field: &'static str, got: impl ToString, expected: &str) -> Problem {
    Problem::Range { field, got: got.to_string(), expected: expected.to_owned() }
}

fn at<T>(value: &Spanned<T>, check: impl FnOnce(&T) -> Result<()>) -> std::result::Result<(), ScenarioError> {
    check(&value.value).map_err(|problem| ScenarioError { place: place(value.referenced), problem })
}

fn each<T>(
    values: &[Spanned<T>],
    mut check: impl FnMut(&T) -> Result<()>,
) -> std::result::Result<(), ScenarioError> {
    values.iter().try_for_each(|value| at(value, &mut check))
}

fn distinct<T>(
    what: &'static str,
    values: &[Spanned<T>],
    name: impl Fn(&T) -> &String,
) -> std::result::Result<(), ScenarioError> {
    let mut names = BTreeSet::new();
    each(values, |value| {
        let name = name(value);
        if names.insert(name.clone()) { Ok(()) } else { Err(Problem::Repeated { what, name: name.clone() }) }
    })
}

/// The most slots of a scenario.
const SLOTS_MAX: u64 = 1 << 20;
/// The most views: each judges every block.
const VIEWS_MAX: u64 = 64;
/// The most other ways to run a scenario.
const RUNS_MAX: u64 = 64;
/// The most threads.
const THREADS_MAX: u64 = 256;
/// The most packages of an entry of traffic in a slot.
const PER_SLOT_MAX: u64 = 1 << 16;
/// The most users of an EE.
const USERS_MAX: u64 = 10_000;
/// The most goods on a shard, which are made in one block.
const GOODS_MAX: u64 = 512;
/// The most validators, far more than any preset can have.
const VALIDATORS_MAX: u64 = 1 << 20;
