//! A section before it has proofs, with the witnesses for these.

use std::collections::BTreeMap;

use outrider_witness::NodeSource;
use outrider_zk_rollup_core::batch::{BatchSizeError, public_input};
use outrider_zk_rollup_core::pairing::{Arkworks, VerifyError, verify};
use outrider_zk_rollup_core::{AccountIndex, Fr, Proof, SecretKey, Transfer, VerifyingKey};
use outrider_zk_rollup_ee::{Batch as ProvedBatch, ExitError, Payload, Section, SignedExit};

use super::apply::{self, ApplyError, Refusal};
use super::order::order;
use super::request::Request;
use super::view::{View, ViewError};
use crate::batch::Batch;
use crate::circuit::Circuit;
use crate::witness::{BatchWitness, SlotWitness};

/// The contents that an operator wants in its next section.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The number of pending deposits that get their places; all if there are fewer.
    pub n_deposits: usize,
    /// The exits, in order.
    pub exits: Vec<SignedExit>,
    /// The account that collects the fees earned before.
    pub collector: Option<AccountIndex>,
    /// The transfers, in the order in which they came.
    pub requests: Vec<Request>,
    /// The sizes of batches for which there are proving keys.
    pub sizes: Vec<u16>,
}

/// A transfer that is not in the section.
#[derive(Debug)]
pub struct Refused {
    /// The position of the transfer in the plan, from 0.
    pub position: usize,
    /// The reason.
    pub reason: Refusal,
}

/// A section without its proofs.
#[derive(Debug)]
pub struct Assembly {
    /// The section without batches.
    section: Section,
    /// The number of sections before.
    n_sections: u64,
    /// The root of the accounts before the section.
    accounts: Fr,
    /// The domain of the rollup.
    domain: Fr,
    /// The batches, each with the witness of its proof.
    pub batches: Vec<Batch>,
    /// The transfers that are left out, by their positions.
    pub refused: Vec<Refused>,
    /// The root of the accounts after the section.
    pub accounts_after: Fr,
}

/// A reason why there is no section.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssembleError {
    /// The state cannot be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// An exit cannot leave.
    #[error("exit {position}")]
    Exit {
        /// The position of the exit, from 0.
        position: usize,
        /// The reason.
        #[source]
        source: ExitError,
    },
    /// There are transfers, and no proving key of a size of batches that the rollup has.
    #[error(
        "no proving key is for a batch size of this rollup, which are {expected:?}; the keys are for {got:?}"
    )]
    NoKey {
        /// The sizes of the proving keys.
        got: Vec<u16>,
        /// The sizes of the rollup.
        expected: Vec<u16>,
    },
    /// The account that should collect the fees does not exist.
    #[error("there is no account {}, which should collect the fees", .index.get())]
    Collector {
        /// The account.
        index: AccountIndex,
    },
    /// There are no fees.
    #[error("the operator has earned no fees since it collected the last ones")]
    NoFees,
    /// A batch has more transfers than its size.
    #[error(transparent)]
    Size(#[from] BatchSizeError),
}

/// A reason why a section cannot be finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FinishError {
    /// There are too few or too many proofs.
    #[error("{got} proofs for {expected} batches")]
    Proofs {
        /// The number of proofs.
        got: usize,
        /// The number of batches.
        expected: usize,
    },
}

impl Assembly {
    /// Makes the section that a plan describes, on a state. Transfers that cannot be made are left out, and named.
    ///
    /// The view has the accounts after the section then.
    ///
    /// # Errors
    ///
    /// Returns [`AssembleError`] if anything but a transfer cannot be.
    pub fn new<S: NodeSource>(view: &mut View<S>, plan: Plan) -> Result<Assembly, AssembleError> {
        let Plan { n_deposits, exits, collector, requests, sizes } = plan;
        let (n_sections, domain, accounts) = (view.node().n_sections, view.node().domain, view.accounts());
        let n_deposits = n_deposits.min(view.pending().len());
        let next_index = apply::deposits(view, n_deposits)?;
        self::exits(view, &exits)?;
        if let Some(index) = collector {
            if index.get() >= next_index {
                return Err(AssembleError::Collector { index });
            }
            if view.node().fees == 0 {
                return Err(AssembleError::NoFees);
            }
        }
        let before_batches = view.accounts();
        let (made, refused) = make(view, &requests)?;
        let batches = batches(view, before_batches, made, &sizes)?;
        // A list has no more than 2^32 deposits.
        let n_deposits = u32::try_from(n_deposits).unwrap_or(u32::MAX);
        Ok(Assembly {
            section: Section { n_deposits, exits, collector, batches: Vec::new() },
            n_sections,
            accounts,
            domain,
            batches,
            refused,
            accounts_after: view.accounts(),
        })
    }

    /// Returns the number of deposits that get their places.
    pub fn n_deposits(&self) -> u32 {
        self.section.n_deposits
    }

    /// Adds the proofs of all batches, in order, and signs the section.
    ///
    /// # Errors
    ///
    /// Returns [`FinishError`] if there is not one proof for each batch.
    pub fn finish(mut self, proofs: &[Proof], operator: &SecretKey) -> Result<Payload, FinishError> {
        let (got, expected) = (proofs.len(), self.batches.len());
        if got != expected {
            return Err(FinishError::Proofs { got, expected });
        }
        let proved = self.batches.into_iter().zip(proofs).map(|(batch, proof)| ProvedBatch {
            size: batch.circuit.size,
            transfers: batch.transfers,
            root: batch.new_root,
            proof: *proof,
        });
        self.section.batches = proved.collect();
        Ok(Payload::Section(self.section.sign(operator, &self.domain, self.n_sections, &self.accounts)))
    }
}

impl Batch {
    /// Verifies a proof of the batch, as the EE does.
    ///
    /// # Errors
    ///
    /// Returns [`VerifyError`] if it does not hold: the key that made it is not the one that verifies it.
    pub fn verify(&self, key: &VerifyingKey, proof: &Proof) -> Result<(), VerifyError> {
        verify(&Arkworks, key, &self.witness.public_input, proof)
    }
}

/// Returns the public inputs of the batches in a section, on the state before it.
///
/// # Errors
///
/// Fails if the state cannot be read, or an exit in the section is refused.
pub fn public_inputs<S: NodeSource>(view: &mut View<S>, section: &Section) -> Result<Vec<Fr>, AssembleError> {
    apply::deposits(view, section.n_deposits.try_into().unwrap_or(usize::MAX))?;
    exits(view, &section.exits)?;
    let (domain, mut old_root) = (view.node().domain, view.accounts());
    let input = |batch: &ProvedBatch| {
        let input = public_input(&domain, &old_root, &batch.root, &batch.transfers, batch.size);
        old_root = batch.root;
        Ok(input?)
    };
    section.batches.iter().map(input).collect()
}

fn exits<S: NodeSource>(view: &mut View<S>, exits: &[SignedExit]) -> Result<(), AssembleError> {
    for (position, exit) in exits.iter().enumerate() {
        apply::exit(view, exit).map_err(|error| match error {
            ApplyError::Refused(source) => AssembleError::Exit { position, source },
            ApplyError::View(error) => error.into(),
        })?;
    }
    Ok(())
}

/// A transfer that was made.
struct Made {
    transfer: Transfer,
    slot: SlotWitness,
    root: Fr,
}

/// Makes transfers in their order, and returns those that were made, and those that cannot be, by position. One that its sender has
/// not signed takes no nonce from others.
fn make<S: NodeSource>(
    view: &mut View<S>,
    requests: &[Request],
) -> Result<(Vec<Made>, Vec<Refused>), ViewError> {
    let (mut made, mut refused) = (Vec::new(), Vec::new());
    let (mut next_nonces, mut signed, mut positions) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (position, request) in requests.iter().enumerate() {
        match apply::check_signature(view, request) {
            Ok(()) => {
                signed.push(*request);
                positions.push(position);
            }
            Err(ApplyError::Refused(reason)) => refused.push(Refused { position, reason }),
            Err(ApplyError::View(error)) => return Err(error),
        }
        let from = request.transfer.from;
        if let Some(account) = view.account(from)? {
            next_nonces.insert(from, account.nonce);
        }
    }
    let order = order(&signed, &next_nonces);
    let position_of = |place: usize| positions.get(place).copied().unwrap_or(place);
    let request = |place: usize| signed.get(place).map(|request| (position_of(place), request));
    for (position, request) in order.ready.iter().copied().filter_map(request) {
        match apply::transfer(view, request) {
            Ok(slot) => made.push(Made { transfer: request.transfer, slot, root: view.accounts() }),
            Err(ApplyError::Refused(reason)) => refused.push(Refused { position, reason }),
            Err(ApplyError::View(error)) => return Err(error),
        }
    }
    for (position, first) in order.repeated {
        refused.extend(request(position).map(|(position, Request { transfer, nonce, .. })| Refused {
            position,
            reason: Refusal::Repeated { index: transfer.from, nonce: *nonce, first: position_of(first) },
        }));
    }
    for (position, expected) in order.stray {
        refused.extend(request(position).map(|(position, Request { transfer, nonce, .. })| Refused {
            position,
            reason: Refusal::Nonce { index: transfer.from, got: *nonce, expected },
        }));
    }
    refused.sort_by_key(|refused| refused.position);
    Ok((made, refused))
}

/// Divides transfers into batches: full ones of the largest size, and the rest in the smallest with room for it.
///
/// Only the last one has slots without transfers, so these have the siblings of the last root.
fn batches<S: NodeSource>(
    view: &mut View<S>,
    mut old_root: Fr,
    made: Vec<Made>,
    sizes: &[u16],
) -> Result<Vec<Batch>, AssembleError> {
    let domain = view.node().domain;
    let expected: Vec<u16> = view.node().keys.iter().map(|(size, _)| *size).collect();
    let usable: Vec<u16> = expected.iter().copied().filter(|size| sizes.contains(size)).collect();
    if made.is_empty() {
        return Ok(Vec::new());
    }
    let largest = usable.last().copied();
    let largest = largest.ok_or_else(|| AssembleError::NoKey { got: sizes.to_vec(), expected })?;
    let nobody = SlotWitness::without_transfer(&domain, &view.siblings_of_nobody()?);
    let mut batches: Vec<Batch> = Vec::new();
    let mut rest = made.into_iter();
    while rest.len() > 0 {
        let n_left = rest.len();
        let size = usable.iter().copied().find(|size| usize::from(*size) >= n_left).unwrap_or(largest);
        let part: Vec<Made> = rest.by_ref().take(size.into()).collect();
        let batch = batch(&domain, old_root, part, size, &nobody)?;
        old_root = batch.new_root;
        batches.push(batch);
    }
    Ok(batches)
}

/// Returns the batch of transfers that were made one after another.
fn batch(
    domain: &Fr,
    old_root: Fr,
    made: Vec<Made>,
    size: u16,
    nobody: &SlotWitness,
) -> Result<Batch, BatchSizeError> {
    let new_root = made.last().map_or(old_root, |made| made.root);
    let (transfers, mut slots): (Vec<_>, Vec<_>) =
        made.into_iter().map(|made| (made.transfer, made.slot)).unzip();
    slots.resize(size.into(), nobody.clone());
    let public_input = public_input(domain, &old_root, &new_root, &transfers, size)?;
    let witness = BatchWitness { public_input, domain: *domain, old_root, slots };
    Ok(Batch { circuit: Circuit::of_size(size), old_root, new_root, transfers, witness })
}
