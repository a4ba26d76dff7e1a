//! A client that follows headers, samples data, and verifies proofs of what it reads.
//!
//! # Sampling
//! A block's data is extended by an erasure code to n shares, so that a part of them is enough to restore it. Whoever
//! wants to hide anything must withhold enough shares that the others are too few. A client asks for k random shares,
//! without repetition, and accepts if it gets all: with probability C(n - w, k) / C(n, k) if w are withheld, which is
//! below (1 - w/n)^k.
//!
//! - One dimension, as [PeerDAS](https://eips.ethereum.org/EIPS/eip-7594): 128 columns, of which 64 are enough, so w >=
//!   65; 8 samples miss with less than 2^-8.
//! - Two dimensions, as [Celestia](https://arxiv.org/abs/1809.09044): a square of 2s x 2s shares; hiding takes
//!   (s + 1)^2 of them, a little more than a quarter; 16 samples miss with 1 %.
//!
//! Many clients together ask for so many shares that the block can be restored from what they got, if anybody collects
//! it: c clients get n (1 - (1 - k/n)^c) different shares on average.
//!
//! # Trust
//! Availability is not validity. A client that does not execute takes a state root from a committee, and believes a
//! wrong one if the committee is captured and no honest full node reaches the client with a proof of fraud: all its
//! peers are the attacker's, with probability m^p for p random peers of which a share m is.

use serde::Deserialize;

use crate::{
    chance::{binomial_tail, hypergeometric_tail},
    jury::Needed,
    outcome::Outcome,
    parameter::{ParameterError, check, share, within},
    random::Random,
};

/// The parameters of the model `light`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The code by which data is extended.
    pub code: Code,
    /// Shares that a client asks for in a block: k.
    pub samples: u32,
    /// The share of all shares that is withheld, from 0 to 1. Left out: just as many as hide the data.
    #[serde(default)]
    pub withheld: Option<f64>,
    /// Bytes of a share: 512 of Celestia, 2,048 of a cell of PeerDAS.
    pub share_bytes: u32,
    /// Bytes of the proof of a share.
    pub share_proof_bytes: u32,
    /// Bytes that the client follows per slot: a header, and the signatures that it verifies.
    pub header_bytes: u32,
    /// Blocks that it samples in a slot, as 64 shards.
    pub blocks_per_slot: u32,
    /// Seconds of a slot.
    pub slot_seconds: f64,
    /// Reads of states in a day.
    #[serde(default)]
    pub reads_per_day: f64,
    /// Bytes of a read: a proof from a beacon block root to an EE's state root has 1,376, and the EE's own proof
    /// follows.
    #[serde(default)]
    pub read_bytes: u32,
    /// The attacker's share of the stake and of nodes.
    pub attacker_share: f64,
    /// Members of the committee whose signatures the client takes for validity.
    pub members: u32,
    /// The number of members that decide.
    pub needed: Needed,
    /// Full nodes that the client is connected to.
    pub peers: u32,
    /// Clients that sample the same block, for its restoration.
    #[serde(default = "one")]
    pub clients: u32,
    /// Simulated blocks.
    #[serde(default)]
    pub trials: u32,
    /// Numbers of samples for the table `by_samples`.
    #[serde(default)]
    pub sample_numbers: Vec<u32>,
}

/// An erasure code by which data is extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// This many shares become twice as many, of which as many as before are enough.
    OneDimension(u32),
    /// A square of this side becomes one of twice the side.
    TwoDimensions(u32),
}

impl Code {
    /// Returns the number of shares of the extended data.
    #[must_use]
    pub fn n_shares(self) -> u32 {
        match self {
            Self::OneDimension(shares) => 2 * shares,
            Self::TwoDimensions(side) => 4 * side * side,
        }
    }

    /// Returns how many shares at least must be withheld, so that the data cannot be restored.
    #[must_use]
    pub fn hides(self) -> u32 {
        match self {
            Self::OneDimension(shares) => shares + 1,
            Self::TwoDimensions(side) => (side + 1) * (side + 1),
        }
    }
}

/// Runs the model.
///
/// Figures: `shares`, `hiding_shares`, `withheld_shares`; `miss_probability`, that a client accepts although so many
/// are withheld, `simulated_miss_probability`, and `miss_probability_bound` for samples with repetition;
/// `all_clients_miss_probability`; `wrong_state_probability`, that a client believes a wrong state root, and
/// `capture_probability` of the committee in it; `bytes_per_day`, of that `header_bytes_per_day`,
/// `sample_bytes_per_day`, `read_bytes_per_day`, and `full_bytes_per_day` of the data itself; `collected_shares` of all
/// clients if nothing is withheld, `simulated_collected_shares`, and `restoring_clients`, how many collect more than
/// cannot restore it on average. Table: `by_samples`.
///
/// # Errors
/// Returns an error if a parameter is outside of what its documentation says.
pub fn run(parameters: &Parameters, seed: u64) -> Result<Outcome, ParameterError> {
    validate(parameters)?;
    let mut outcome = Outcome::default();
    let (n, hides) = (parameters.code.n_shares(), parameters.code.hides());
    let withheld = parameters.withheld.map_or(hides, |share| (share * f64::from(n)).round() as u32);
    let samples = parameters.samples;
    outcome.measure("shares", n.into(), "shares");
    outcome.measure("hiding_shares", hides.into(), "shares");
    outcome.measure("withheld_shares", withheld.into(), "shares");
    let miss = miss(n, withheld, samples);
    outcome.measure("miss_probability", miss, "");
    outcome.measure("miss_probability_bound", bound(n, withheld, samples), "");
    outcome.measure("all_clients_miss_probability", miss.powf(parameters.clients.into()), "");
    let members = parameters.members;
    let capture = binomial_tail(parameters.attacker_share, members, parameters.needed.of(members));
    outcome.measure("capture_probability", capture, "");
    let no_honest_peer = parameters.attacker_share.powf(parameters.peers.into());
    outcome.measure("wrong_state_probability", capture * no_honest_peer, "");
    bytes(parameters, &mut outcome);
    // Each share is missed by one client with probability 1 - k/n.
    let missed = 1.0 - f64::from(samples) / f64::from(n);
    let collected = f64::from(n) * (1.0 - missed.powf(parameters.clients.into()));
    outcome.measure("collected_shares", collected, "shares");
    let restoring = (f64::from(hides) / f64::from(n)).ln() / missed.ln();
    outcome.measure("restoring_clients", if missed > 0.0 { restoring.ceil() } else { 1.0 }, "clients");
    simulate(parameters, withheld, seed, &mut outcome);
    let row =
        |&samples: &u32| vec![samples.into(), self::miss(n, withheld, samples), bound(n, withheld, samples)];
    let columns = ["samples", "miss_probability", "miss_probability_bound"];
    outcome.series("by_samples", &columns, parameters.sample_numbers.iter().map(row).collect());
    Ok(outcome)
}

/// Returns the probability that no sample is a withheld share.
fn miss(n: u32, withheld: u32, samples: u32) -> f64 {
    // All samples are among those that are there.
    hypergeometric_tail(n, n - withheld, samples, samples)
}

/// Returns the same for samples with repetition.
fn bound(n: u32, withheld: u32, samples: u32) -> f64 {
    (1.0 - f64::from(withheld) / f64::from(n)).powf(samples.into())
}

fn bytes(parameters: &Parameters, outcome: &mut Outcome) {
    let slots = 86_400.0 / parameters.slot_seconds;
    let headers = slots * f64::from(parameters.header_bytes);
    let sample = f64::from(parameters.share_bytes) + f64::from(parameters.share_proof_bytes);
    let blocks = slots * f64::from(parameters.blocks_per_slot);
    let samples = blocks * f64::from(parameters.samples) * sample;
    let reads = parameters.reads_per_day * f64::from(parameters.read_bytes);
    outcome.measure("header_bytes_per_day", headers, "bytes");
    outcome.measure("sample_bytes_per_day", samples, "bytes");
    outcome.measure("read_bytes_per_day", reads, "bytes");
    outcome.measure("bytes_per_day", headers + samples + reads, "bytes");
    let data = match parameters.code {
        Code::OneDimension(shares) => shares,
        Code::TwoDimensions(side) => side * side,
    };
    let full = headers + blocks * f64::from(data) * f64::from(parameters.share_bytes);
    outcome.measure("full_bytes_per_day", full, "bytes");
}

/// Lets clients sample blocks.
fn simulate(parameters: &Parameters, withheld: u32, seed: u64, outcome: &mut Outcome) {
    let mut random = Random::new(seed, 0, "light");
    let n = parameters.code.n_shares();
    let samples = parameters.samples as usize;
    // A random order from the last draw on, so each next draw is random, too. The first `withheld` shares are withheld.
    let mut shares: Vec<u32> = (0..n).collect();
    // By share, the last trial in which a client got it, from 1 on.
    let mut got = vec![0; n as usize];
    let (mut missed, mut collected) = (0_u32, 0_u64);
    for trial in 1..=parameters.trials {
        for client in 0..parameters.clients {
            random.draw(&mut shares, samples);
            let sampled = &shares[..samples];
            if client == 0 {
                missed += u32::from(sampled.iter().all(|&share| share >= withheld));
            }
            for &share in sampled {
                collected += u64::from(got[share as usize] != trial);
                got[share as usize] = trial;
            }
        }
    }
    let trials = f64::from(parameters.trials);
    outcome.ratio("simulated_miss_probability", missed.into(), trials, "");
    outcome.ratio("simulated_collected_shares", collected as f64, trials, "shares");
}

fn validate(parameters: &Parameters) -> Result<(), ParameterError> {
    match parameters.code {
        Code::OneDimension(shares) => {
            within("code.one_dimension", shares, 1..=1 << 20, "give 1 to 1048576 shares")?
        }
        Code::TwoDimensions(side) => {
            within("code.two_dimensions", side, 1..=512, "give a side of 1 to 512 shares")?
        }
    }
    let n = parameters.code.n_shares();
    let most = parameters.sample_numbers.iter().copied().max().unwrap_or(0).max(parameters.samples);
    within("samples", most, ..=n, "give at most as many samples as there are shares")?;
    within("samples", parameters.samples, 1.., "give at least 1 sample")?;
    share("withheld", parameters.withheld.unwrap_or(0.0))?;
    share("attacker_share", parameters.attacker_share)?;
    within(
        "slot_seconds",
        parameters.slot_seconds,
        1e-3..=1e6,
        "give a number of seconds from 0.001 to 1e6",
    )?;
    within("reads_per_day", parameters.reads_per_day, 0.0..=1e9, "give 0 to 1e9 reads")?;
    within("members", parameters.members, 1..=2048, "give 1 to 2048 members, as the specification allows")?;
    let needed = parameters.needed.of(parameters.members);
    within("needed", needed, 1..=parameters.members, "give 1 to as many as the committee has members")?;
    within("clients", parameters.clients, 1..=10_000_000, "give 1 to 10000000 clients")?;
    let work = f64::from(parameters.trials) * f64::from(parameters.clients) * f64::from(parameters.samples);
    let remedy = "give fewer: trials times clients times samples are at most 1e9";
    check("trials", parameters.trials, work <= 1e9, remedy)
}

fn one() -> u32 {
    1
}
