//! The parameters of a simulation.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Fault, Network,
    random::{random, shuffle},
};
use crate::{
    chain::{Genesis, GenesisError},
    keys::SignatureMode,
};

use outrider_beacon_spec::{
    containers::{Deposit, Eth1Data},
    types::ValidatorIndex,
};

/// The parameters of a simulation.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The genesis. Its seed is that of all randomness in the simulation.
    pub genesis: Genesis,
    /// The number of validators that may join later, by deposits. They have the indices, and so the keys, after those of
    /// genesis.
    pub n_joining: u64,
    /// The views.
    pub views: Vec<ViewSetup>,
    /// The network between the views.
    pub network: Network,
    /// The faults.
    pub faults: Vec<Fault>,
    /// Whether validators sign, and nodes verify.
    pub signatures: SignatureMode,
    /// Ethereum 1.0 as all proposers see it, if it has new deposits.
    pub eth1: Option<Eth1>,
}

/// The deposit contract as proposers see it.
#[derive(Clone, Debug)]
pub struct Eth1 {
    /// The data that proposers vote for.
    pub data: Eth1Data,
    /// All deposits, with proofs against the root in the data.
    pub deposits: Vec<Deposit>,
}

/// Nodes that hear the same at the same time, with their validators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewSetup {
    /// The name, for people.
    pub name: String,
    /// The validators.
    pub members: Members,
    /// The time by which other views' messages arrive later here, in milliseconds.
    pub lag_ms: u64,
}

impl ViewSetup {
    /// Returns a view without lag.
    #[must_use]
    pub fn new(name: &str, members: Members) -> Self {
        Self { name: name.to_owned(), members, lag_ms: 0 }
    }
}

/// The validators of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Members {
    /// These validators.
    Indices(BTreeSet<ValidatorIndex>),
    /// A part of the validators that no view lists, in proportion to the shares of all views. The seed decides which.
    Share(u32),
}

/// The reason for which there is no such simulation.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A view lists a validator that does not exist.
    #[error("view {view} lists validator {validator}, but there are only {n_validators}")]
    ValidatorUnknown {
        /// The place of the view.
        view: usize,
        /// The validator.
        validator: ValidatorIndex,
        /// The number of validators, with those that may join.
        n_validators: u64,
    },
    /// Two views list a validator.
    #[error("views {first} and {second} both list validator {validator}; list each once")]
    ValidatorListedTwice {
        /// The place of the first view.
        first: usize,
        /// The place of the second view.
        second: usize,
        /// The validator.
        validator: ValidatorIndex,
    },
    /// No view has a validator.
    #[error("no view has validator {validator}; list it, or give a view a share")]
    ValidatorWithoutView {
        /// The validator.
        validator: ValidatorIndex,
    },
    /// A partition or a fault names a view that does not exist.
    #[error("a partition or a fault names view {view}, but there are only {n_views}, counted from 0")]
    ViewUnknown {
        /// The place of the view.
        view: usize,
        /// The number of views.
        n_views: usize,
    },
    /// There is no such genesis.
    #[error("there is no such genesis")]
    Genesis(#[source] GenesisError),
}

impl Setup {
    /// Returns a setup in which all validators hear the same.
    #[must_use]
    pub fn one_view(genesis: Genesis) -> Self {
        let views = vec![ViewSetup::new("honest", Members::Share(1))];
        Self { genesis, views, ..Self::default() }
    }

    /// Returns the number of validators, with those that may join.
    pub(super) fn n_validators(&self) -> u64 {
        self.genesis.n_validators.saturating_add(self.n_joining)
    }

    /// Checks that partitions and faults name existing views.
    pub(super) fn check_views(&self) -> Result<(), SetupError> {
        let n_views = self.views.len();
        let of_faults = self.faults.iter().filter_map(|fault| match fault {
            Fault::WithheldShardBlock { known_to, .. } | Fault::WithheldAttestations { known_to, .. } => {
                Some(known_to)
            }
            Fault::BeaconEquivocation { split, .. } | Fault::ShardEquivocation { split, .. } => {
                Some(&split.second_to)
            }
            _ => None,
        });
        let named = self.network.partitions.iter().map(|partition| &partition.side).chain(of_faults);
        match named.flatten().find(|view| **view >= n_views) {
            Some(view) => Err(SetupError::ViewUnknown { view: *view, n_views }),
            None => Ok(()),
        }
    }

    /// Returns the validators of each view.
    pub(super) fn members(&self) -> Result<Vec<BTreeSet<ValidatorIndex>>, SetupError> {
        let n_validators = self.n_validators();
        let mut views = BTreeMap::new();
        for (view, setup) in self.views.iter().enumerate() {
            let Members::Indices(indices) = &setup.members else { continue };
            for validator in indices.iter().copied() {
                if validator >= n_validators {
                    return Err(SetupError::ValidatorUnknown { view, validator, n_validators });
                }
                if let Some(first) = views.insert(validator, view) {
                    return Err(SetupError::ValidatorListedTwice { first, second: view, validator });
                }
            }
        }
        let mut rest: Vec<_> = (0..n_validators).filter(|validator| !views.contains_key(validator)).collect();
        let first = rest.first().copied();
        shuffle(&mut random(self.genesis.seed, 0, "members"), &mut rest);
        let shares = self.views.iter().map(|setup| match setup.members {
            Members::Share(share) => u64::from(share),
            Members::Indices(_) => 0,
        });
        let total: u64 = shares.clone().sum();
        let n_rest = rest.len() as u64;
        let mut members = vec![BTreeSet::new(); self.views.len()];
        let (mut rest, mut sum) = (rest.into_iter(), 0_u64);
        for (members, share) in members.iter_mut().zip(shares) {
            let position = |sum: u64| u128::from(n_rest) * u128::from(sum) / u128::from(total.max(1));
            let n = position(sum + share) - position(sum);
            members.extend(rest.by_ref().take(n as usize));
            sum += share;
        }
        if let (Some(validator), true) = (first, rest.next().is_some()) {
            return Err(SetupError::ValidatorWithoutView { validator });
        }
        for (validator, view) in views {
            members.get_mut(view).map(|members| members.insert(validator));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(views: Vec<Members>) -> Setup {
        let genesis = Genesis { n_validators: 100, seed: 3, ..Genesis::default() };
        let views = views.into_iter().map(|members| ViewSetup::new("view", members)).collect();
        Setup { genesis, views, ..Setup::default() }
    }

    #[test]
    fn each_validator_has_one_view_and_shares_are_exact() {
        let listed: BTreeSet<_> = (10..20).collect();
        let views = vec![Members::Share(40), Members::Indices(listed.clone()), Members::Share(50)];
        let members = setup(views.clone()).members().unwrap();
        assert_eq!(members[1], listed);
        assert_eq!(members.iter().map(BTreeSet::len).collect::<Vec<_>>(), [40, 10, 50]);
        let all: BTreeSet<_> = members.iter().flatten().copied().collect();
        assert_eq!(all, (0..100).collect());
        assert_eq!(setup(views.clone()).members().unwrap(), members);
        let mut other = setup(views);
        other.genesis.seed = 4;
        assert_ne!(other.members().unwrap(), members);
        assert_eq!(setup(vec![Members::Share(1), Members::Share(2)]).members().unwrap()[0].len(), 33);
    }

    #[test]
    fn wrong_views_are_refused() {
        let check = |views, expected| assert_eq!(setup(views).members(), Err(expected));
        let indices = |range: std::ops::Range<u64>| Members::Indices(range.collect());
        check(
            vec![indices(0..101)],
            SetupError::ValidatorUnknown { view: 0, validator: 100, n_validators: 100 },
        );
        check(
            vec![indices(0..50), indices(49..100)],
            SetupError::ValidatorListedTwice { first: 0, second: 1, validator: 49 },
        );
        check(vec![indices(0..50)], SetupError::ValidatorWithoutView { validator: 50 });
        check(vec![], SetupError::ValidatorWithoutView { validator: 0 });
        check(vec![indices(1..100), Members::Share(0)], SetupError::ValidatorWithoutView { validator: 0 });
        let mut setup = setup(vec![Members::Share(1)]);
        assert_eq!(setup.check_views(), Ok(()));
        setup.faults =
            vec![Fault::WithheldShardBlock { shard: 0, slot: 1, known_to: BTreeSet::from([0, 1]) }];
        assert_eq!(setup.check_views(), Err(SetupError::ViewUnknown { view: 1, n_views: 1 }));
    }
}
