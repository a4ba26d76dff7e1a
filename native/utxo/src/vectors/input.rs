//! Inputs of transactions with the rules of their vectors.

use outrider_bitcoin_script::{
    Flags, InputError, Native, Spending,
    policy::Policy,
    primitives::{Transaction, TxOut},
    verify_input_with_policy,
};

use super::error::RowError;

/// A transaction with the outputs that it spends.
pub(super) struct Spent {
    pub(super) transaction: Transaction,
    pub(super) outputs: Vec<TxOut>,
}

/// Consensus flags and rules of relay.
pub(super) type Rules = (Flags, Policy);

impl Spent {
    /// Verifies an input.
    pub(super) fn verify(
        &self,
        input_index: usize,
        (flags, policy): Rules,
    ) -> Result<Result<(), InputError>, RowError> {
        let spending = Spending::new(&self.transaction, &self.outputs)?;
        Ok(verify_input_with_policy(&spending, input_index, flags, policy, &Native))
    }

    /// Verifies all inputs, and returns the first error.
    pub(super) fn verify_all(&self, (flags, policy): Rules) -> Result<Result<(), InputError>, RowError> {
        let spending = Spending::new(&self.transaction, &self.outputs)?;
        let mut inputs = 0..self.transaction.inputs.len();
        Ok(inputs.try_for_each(|index| verify_input_with_policy(&spending, index, flags, policy, &Native)))
    }
}

/// Returns all rules.
pub(super) fn all_rules() -> Rules {
    (Flags::all(), Policy::all())
}

/// Removes the rules that need another one that is missing, as Bitcoin Core's tests do (`TrimFlags` in
/// `src/test/transaction_tests.cpp`).
pub(super) fn trim((mut flags, mut policy): Rules) -> Rules {
    if !flags.contains(Flags::P2SH) {
        flags -= Flags::WITNESS;
    }
    if !flags.contains(Flags::WITNESS) {
        policy -= Policy::CLEANSTACK;
        flags -= Flags::TAPROOT;
    }
    (flags, policy)
}

/// Returns the rules without each single one.
pub(super) fn without_one(rules: Rules) -> impl Iterator<Item = Rules> {
    let flags = rules.0.iter().map(move |flag| (rules.0 - flag, rules.1));
    flags.chain(rules.1.iter().map(move |policy| (rules.0, rules.1 - policy))).map(trim)
}

/// Returns every set of consensus flags in which each flag has the one that it needs.
pub(super) fn all_flags() -> Vec<Flags> {
    let mut sets = vec![Flags::empty()];
    for flag in Flags::all().iter() {
        let with: Vec<Flags> = sets.iter().map(|set| *set | flag).collect();
        sets.extend(with);
    }
    sets.retain(|set| trim((*set, Policy::empty())).0 == *set);
    sets
}

/// Returns the names of rules, for messages.
pub(super) fn names((flags, policy): Rules) -> String {
    let names = flags.iter_names().map(|(name, _)| name).chain(policy.iter_names().map(|(name, _)| name));
    let names = names.collect::<Vec<_>>().join(",");
    if names.is_empty() { "NONE".to_owned() } else { names }
}
