//! The error of the transition.

use outrider_sdk::{
    ReadError,
    context::EeIndex,
    state::{Key, TreeError},
    styles::{
        RecordError,
        capability::CapabilityError,
        conditional::{ExpectError, ForgetError, StepError},
        finalized::NotFinal,
        htlc::HtlcError,
        lock::LockError,
        transfer::TransferError,
        yank::YankError,
    },
};

/// The reason why a block is refused. The fault is with its author.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StylesError {
    /// The payload is malformed.
    #[error("payload")]
    Read(#[from] ReadError),
    /// An operation has an unknown first byte, or the wrong length.
    #[error("operation {index} is malformed")]
    Operation {
        /// Its position in the payload.
        index: usize,
    },
    /// A record cannot be read or changed.
    #[error(transparent)]
    Record(#[from] RecordError<TreeError>),
    /// A user does not have enough units, in any version.
    #[error("the user has fewer than {amount} units that are sure")]
    Units {
        /// The units needed.
        amount: u64,
    },
    /// A sum of units has more than 64 bits.
    #[error("a sum of units overflows")]
    Overflow,
    /// There is no such good, or it is sold or reserved, or there is one where one should be created.
    #[error("the good with key {key} is not available")]
    Good {
        /// Its key.
        key: Key,
    },
    /// A reservation is not of this slot or place, or its deadline is over, or it is paid.
    #[error("the reservation cannot be used here or now")]
    Reservation,
    /// A receipt comes too early.
    #[error(transparent)]
    NotFinal(#[from] NotFinal),
    /// A message comes from another EE.
    #[error("EE {} is not believed", ee.0)]
    Foreign {
        /// The other EE.
        ee: EeIndex,
    },
    /// A proof fails.
    #[error(transparent)]
    Capability(#[from] CapabilityError),
    /// A conditional receipt cannot be counted on.
    #[error(transparent)]
    Expect(#[from] ExpectError),
    /// The mark of a conditional receipt stays.
    #[error(transparent)]
    Forget(#[from] ForgetError<TreeError>),
    /// The receipt has arrived, or cannot any more.
    #[error("the receipt is not on its way")]
    NotOnTheWay,
    /// A swap's step fails.
    #[error(transparent)]
    Htlc(#[from] HtlcError<TreeError>),
    /// A transaction's step fails.
    #[error(transparent)]
    Lock(#[from] LockError<TreeError>),
    /// A transfer's step fails.
    #[error(transparent)]
    Transfer(#[from] TransferError<TreeError>),
    /// A contract's step fails.
    #[error(transparent)]
    Yank(#[from] YankError<TreeError>),
}

impl StylesError {
    /// Returns whether the state cannot be read, as opposed to a state in which the step is invalid: then the block is
    /// at fault, and no receipt may be rejected for it.
    pub(crate) fn is_of_state(&self) -> bool {
        matches!(
            self,
            Self::Record(_)
                | Self::Htlc(HtlcError::Record(_))
                | Self::Lock(LockError::Record(_))
                | Self::Transfer(TransferError::Record(_))
                | Self::Yank(YankError::Record(_))
        )
    }
}

impl From<StepError<StylesError>> for StylesError {
    fn from(error: StepError<StylesError>) -> Self {
        match error {
            StepError::Step(error) => error,
            StepError::TooManyConditions(error) => Self::Expect(error.into()),
        }
    }
}
