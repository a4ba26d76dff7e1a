//! Tests of metering: against a naive model, on programs, and on random modules.

mod naive;
mod programs;
mod random;
mod refusals;
mod run;
mod snapshots;
