//! The form of a shard block's body, which everybody can check without a state and without an EE.

use super::{EeIndex, EeTransition, RootRead, ShardBody};
use outrider_beacon_spec::types::{Root, Shard};

/// The reason for which the form of a body is wrong; the fault of the block's proposer and committee.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// The payloads are not one for each executed transition.
    #[error("the block has {got} payloads for {expected} executed transitions")]
    PayloadCount {
        /// The number of payloads.
        got: usize,
        /// The number of transitions with a payload.
        expected: usize,
    },
    /// A payload is for another EE than the transition at its place.
    #[error("the payload of EE {got} stands where one of EE {expected} is expected")]
    PayloadEe {
        /// The EE of the payload.
        got: EeIndex,
        /// The EE of the transition.
        expected: EeIndex,
    },
    /// A transition is of another payload than the one in the body.
    #[error("EE {ee}: payload_root is {got}, expected {expected}")]
    PayloadRoot {
        /// The EE.
        ee: EeIndex,
        /// The root in the transition.
        got: Root,
        /// The root of the payload.
        expected: Root,
    },
    /// A transition neither executes nor receives anything.
    #[error("EE {ee} has a transition without a payload and without ether")]
    Needless {
        /// The EE.
        ee: EeIndex,
    },
    /// The header commits to an erasure-coded body, but bodies are not erasure-coded.
    #[error("availability_root is {got}, expected zero")]
    AvailabilityRoot {
        /// The root in the header.
        got: Root,
    },
    /// The header assumes a root that no payload reads.
    #[error("assumptions: no payload reads the root {got} of EE {ee} on shard {shard}")]
    AssumptionUnread {
        /// The shard of the root.
        shard: Shard,
        /// The EE of the root.
        ee: EeIndex,
        /// The root.
        got: Root,
    },
}

impl ShardBody {
    /// Checks the form of the body, beyond what its decoding checks: that of [`check_shape`](Self::check_shape), and that
    /// transitions have the roots of their payloads.
    ///
    /// # Errors
    ///
    /// Fails at the first check that does not hold.
    pub fn check_form(&self) -> Result<(), FormError> {
        self.check_shape()?;
        for (payload, transition) in self.payloads.iter().zip(self.executed()) {
            let (ee, got, expected) = (transition.ee, transition.payload_root, payload.root());
            if got != expected {
                return Err(FormError::PayloadRoot { ee, got, expected });
            }
        }
        Ok(())
    }

    /// Returns the transitions that have a payload.
    fn executed(&self) -> impl Iterator<Item = &EeTransition> + Clone {
        self.header.transitions.iter().filter(|transition| transition.payload_root != Root::ZERO)
    }

    /// Checks the form of the body without hashing payloads. In this order,
    ///
    ///
    /// 1. it has a payload for each transition that has one, of the same EE;
    /// 2. other transitions receive ether;
    /// 3. `availability_root` is zero;
    /// 4. a payload reads each root that the header assumes.
    ///
    /// # Errors
    ///
    /// Fails at the first check that does not hold.
    pub fn check_shape(&self) -> Result<(), FormError> {
        let Self { header, payloads, .. } = self;
        let executed = self.executed();
        let (got, expected) = (payloads.len(), executed.clone().count());
        if got != expected {
            return Err(FormError::PayloadCount { got, expected });
        }
        for (payload, transition) in payloads.iter().zip(executed) {
            let (got, expected) = (payload.ee, transition.ee);
            if got != expected {
                return Err(FormError::PayloadEe { got, expected });
            }
        }
        let is_needless =
            |transition: &&EeTransition| transition.payload_root == Root::ZERO && transition.value_in == 0;
        if let Some(EeTransition { ee, .. }) = header.transitions.iter().find(is_needless) {
            return Err(FormError::Needless { ee: *ee });
        }
        let got = header.availability_root;
        if got != Root::ZERO {
            return Err(FormError::AvailabilityRoot { got });
        }
        let is_unread = |assumed: &&RootRead| !payloads.iter().any(|payload| payload.reads.contains(assumed));
        match header.assumptions.iter().find(is_unread) {
            Some(&RootRead { shard, ee, state_root: got }) => {
                Err(FormError::AssumptionUnread { shard, ee, got })
            }
            None => Ok(()),
        }
    }
}
