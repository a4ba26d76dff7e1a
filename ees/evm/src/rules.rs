//! The mapping of Ethereum's rules to revm's.

use outrider_evm_codec::{BlobSchedule, Fork, Rules};
use revm::primitives::{eip4844::GAS_PER_BLOB, hardfork::SpecId};

use crate::{error::TransitionError, requests::DEPOSIT_CONTRACT};

/// The checked rules of a payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec<'a> {
    pub(crate) rules: &'a Rules,
    /// The active fork.
    pub(crate) fork: Fork,
    /// revm's name for the fork.
    pub(crate) id: SpecId,
}

impl<'a> Spec<'a> {
    /// Checks the rules.
    pub(crate) fn new(rules: &'a Rules) -> Result<Self, TransitionError> {
        let id = match rules.fork {
            Fork::Frontier => SpecId::FRONTIER,
            Fork::Homestead => SpecId::HOMESTEAD,
            Fork::TangerineWhistle => SpecId::TANGERINE,
            Fork::SpuriousDragon => SpecId::SPURIOUS_DRAGON,
            Fork::Byzantium => SpecId::BYZANTIUM,
            // `instructions` has the rest of Constantinople.
            Fork::Constantinople | Fork::Petersburg => SpecId::PETERSBURG,
            Fork::Istanbul | Fork::MuirGlacier => SpecId::ISTANBUL,
            Fork::Berlin => SpecId::BERLIN,
            Fork::London | Fork::ArrowGlacier | Fork::GrayGlacier => SpecId::LONDON,
            Fork::Paris => SpecId::MERGE,
            Fork::Shanghai => SpecId::SHANGHAI,
            Fork::Cancun => SpecId::CANCUN,
            Fork::Prague => SpecId::PRAGUE,
            Fork::Osaka => SpecId::OSAKA,
            // `amsterdam` reverts the parts of revm's version that are not in the draft.
            Fork::Amsterdam => SpecId::AMSTERDAM,
        };
        if rules.fork >= Fork::Cancun && !rules.blobs.is_valid() {
            let BlobSchedule { target, max, base_fee_update_fraction } = rules.blobs;
            return Err(TransitionError::BlobSchedule { target, max, base_fee_update_fraction });
        }
        Ok(Self { rules, fork: rules.fork, id })
    }

    /// Returns whether a fork is active.
    pub(crate) fn has(&self, fork: Fork) -> bool {
        self.fork >= fork
    }

    /// Returns the rules for headers from before London.
    pub(crate) fn before_london(self) -> Self {
        Self { fork: self.fork.min(Fork::Berlin), ..self }
    }

    /// Returns the most blob gas of a block.
    pub(crate) fn blob_gas_max(&self) -> u64 {
        if self.has(Fork::Cancun) { self.rules.blobs.max * GAS_PER_BLOB } else { 0 }
    }
}

/// Returns equal rules with a fixed value for each irrelevant field.
pub(crate) fn canonical(rules: Rules) -> Rules {
    let no_blobs = BlobSchedule { target: 0, max: 0, base_fee_update_fraction: 0 };
    Rules {
        blobs: if rules.fork >= Fork::Cancun { rules.blobs } else { no_blobs },
        blocks_since_dao_fork: rules.blocks_since_dao_fork.min(Rules::NO_DAO_FORK),
        deposit_contract: rules
            .deposit_contract
            .filter(|contract| rules.fork >= Fork::Prague && *contract != DEPOSIT_CONTRACT),
        ..rules
    }
}
