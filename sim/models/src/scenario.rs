//! Scenarios: a model, its parameters, and what is expected of it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, Visitor},
};

use crate::{
    challenge, channels,
    expectation::{self, Expectation, Unmet},
    fee, hypercube, jury, jury_vs_challenge, light,
    outcome::Outcome,
    parameter::ParameterError,
    swap,
};

/// A run of a model.
///
/// In YAML, a map with the keys `about` (text), `model` (a name), `seed` (0, if left out), `parameters` (after `model`)
/// and `expect` (a list of [`Expectation`]s).
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// A text about the scenario.
    pub about: String,
    /// Decides all random numbers.
    pub seed: u64,
    /// The model with its parameters.
    pub model: Model,
    /// Claims about the figures.
    pub expect: Vec<Expectation>,
}

/// The figures of a scenario, and which expectations they do not meet.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The figures.
    pub outcome: Outcome,
    /// The expectations that do not hold, in the order of the scenario.
    pub unmet: Vec<Unmet>,
}

impl Scenario {
    /// Runs the model and checks what is expected of it.
    ///
    /// # Errors
    /// Returns an error if the model cannot work with the parameters.
    pub fn run(&self) -> Result<Verdict, ParameterError> {
        let outcome = self.model.run(self.seed)?;
        let unmet = expectation::check(&outcome, &self.expect);
        Ok(Verdict { outcome, unmet })
    }
}

/// Declares the models with their names in scenarios.
macro_rules! models {
    ($($(#[$doc:meta])* $variant:ident $name:literal $module:ident,)*) => {
        /// A model with its parameters.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Model {
            $($(#[$doc])* $variant($module::Parameters),)*
        }

        impl Model {
            /// The names of the models in scenarios.
            pub const NAMES: &[&str] = &[$($name),*];

            /// Returns the name of the model in scenarios.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// Runs the model. The seed decides all random numbers.
            ///
            /// # Errors
            /// Returns an error if the model cannot work with the parameters.
            pub fn run(&self, seed: u64) -> Result<Outcome, ParameterError> {
                match self { $(Self::$variant(parameters) => $module::run(parameters, seed),)* }
            }
        }

        /// The name of a model.
        #[derive(Clone, Copy, Deserialize)]
        enum Name {
            $(#[serde(rename = $name)] $variant,)*
        }

        impl Name {
            /// Reads the parameters of the model.
            fn read<'de, A: MapAccess<'de>>(self, map: &mut A) -> Result<Model, A::Error> {
                match self { $(Self::$variant => map.next_value().map(Model::$variant),)* }
            }
        }
    };
}

models! {
    /// Draws of committees.
    Jury "jury" jury,
    /// Challenges of invalid blocks.
    Challenge "challenge" challenge,
    /// Committees and challenges against one attacker.
    JuryVsChallenge "jury-vs-challenge" jury_vs_challenge,
    /// Shards at the vertices of a hypercube.
    Hypercube "hypercube" hypercube,
    /// Swaps by hash and time locks.
    Swap "swap" swap,
    /// Users who choose shards by price.
    Fee "fee" fee,
    /// Clients that sample and verify proofs.
    Light "light" light,
    /// Payment channels and probabilistic payments.
    Channels "channels" channels,
}

impl<'de> Deserialize<'de> for Scenario {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ScenarioVisitor)
    }
}

/// Reads a scenario key by key, so that errors in parameters keep their places in the file.
struct ScenarioVisitor;

impl<'de> Visitor<'de> for ScenarioVisitor {
    type Value = Scenario;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map with `model` and `parameters`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scenario, A::Error> {
        let (mut about, mut seed, mut name, mut model, mut expect) = (None, None, None, None, None);
        while let Some(key) = map.next_key()? {
            match key {
                Key::About => set(&mut about, "about", map.next_value::<String>()?)?,
                Key::Model => set(&mut name, "model", map.next_value::<Name>()?)?,
                Key::Seed => set(&mut seed, "seed", map.next_value::<u64>()?)?,
                Key::Parameters => {
                    let read = match name {
                        Some(name) => name.read(&mut map)?,
                        None => map.next_value_seed(Refused(MODEL_FIRST))?,
                    };
                    set(&mut model, "parameters", read)?;
                }
                Key::Expect => set(&mut expect, "expect", map.next_value::<Vec<Expectation>>()?)?,
            }
        }
        Ok(Scenario {
            about: about.unwrap_or_default(),
            seed: seed.unwrap_or_default(),
            model: model.ok_or_else(|| A::Error::missing_field("parameters"))?,
            expect: expect.unwrap_or_default(),
        })
    }
}

/// The keys of a scenario.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    About,
    Model,
    Seed,
    Parameters,
    Expect,
}

/// Refuses a value for a reason, at its place.
struct Refused(&'static str);

impl<'de> DeserializeSeed<'de> for Refused {
    type Value = Model;

    fn deserialize<D: Deserializer<'de>>(self, _: D) -> Result<Model, D::Error> {
        Err(D::Error::custom(self.0))
    }
}

/// Sets a key that is not set yet.
fn set<T, E: serde::de::Error>(slot: &mut Option<T>, key: &'static str, value: T) -> Result<(), E> {
    if slot.replace(value).is_some() { Err(E::duplicate_field(key)) } else { Ok(()) }
}

const MODEL_FIRST: &str = "`parameters` come after `model`, which decides what they are";
