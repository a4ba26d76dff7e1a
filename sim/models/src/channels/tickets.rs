//! Payments by tickets that seldom win.

use serde::Deserialize;

use crate::{
    outcome::Outcome,
    parameter::{ParameterError, check, within},
    random::Random,
};

/// Probabilistic payments.
///
/// Figures: `ticket_prize`; `ticket_deviation` of the sum of all payments, as a share of the mean, and
/// `simulated_ticket_deviation`; `ticket_winners`, the mean number, and `ticket_settlement_bytes`;
/// `ticket_payments_for_one_percent`, how many payments have a deviation of 1 %; `simulated_ticket_sum`, the mean as a
/// share of what should be paid.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tickets {
    /// The probability that a ticket wins: p.
    pub win_probability: f64,
    /// The value of a ticket: v. Its prize is v / p.
    pub value: f64,
    /// Payments of one payer to one payee: N.
    pub payments: u32,
    /// Bytes on the chain of a ticket that wins.
    pub bytes: u32,
    /// Simulated pairs of payers and payees.
    #[serde(default)]
    pub trials: u32,
}

impl Tickets {
    pub(super) fn validate(&self) -> Result<(), ParameterError> {
        within(
            "tickets.win_probability",
            self.win_probability,
            1e-9..=1.0,
            "give a probability from 1e-9 to 1",
        )?;
        within("tickets.value", self.value, 1e-9..=1e18, "give 1e-9 to 1e18 units")?;
        within("tickets.payments", self.payments, 1..=1_000_000_000, "give 1 to 1000000000 payments")?;
        let work = f64::from(self.trials) * (1.0 + f64::from(self.payments) * self.win_probability);
        let remedy = "give fewer: trials times tickets that win are at most 1e9";
        check("tickets.trials", self.trials, work <= 1e9, remedy)
    }

    pub(super) fn run(&self, seed: u64, outcome: &mut Outcome) {
        let (p, n) = (self.win_probability, f64::from(self.payments));
        outcome.measure("ticket_prize", self.value / p, "units");
        outcome.measure("ticket_deviation", ((1.0 - p) / (p * n)).sqrt(), "");
        outcome.measure("ticket_winners", n * p, "tickets");
        outcome.measure("ticket_settlement_bytes", n * p * f64::from(self.bytes), "bytes");
        outcome.measure("ticket_payments_for_one_percent", (1.0 - p) / p * 1e4, "payments");
        let mut random = Random::new(seed, 0, "channels: tickets");
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..self.trials {
            // As a share of what should be paid.
            let paid = random.binomial(self.payments.into(), p) as f64 / (n * p);
            sum += paid;
            squares += (paid - 1.0).powi(2);
        }
        let trials = f64::from(self.trials);
        outcome.ratio("simulated_ticket_sum", sum, trials, "");
        outcome.measure("simulated_ticket_deviation", (squares / trials).sqrt(), "");
    }
}
