//! The duty of the light-client committee.

use std::{error::Error as StdError, sync::Arc};

use ssz_types::BitVector;

use super::{super::message::LightClientVote, Duties, View};
use outrider_beacon_spec::{
    accessors::get_domain,
    compute::{compute_epoch_at_slot, compute_signing_root},
    constants::DOMAIN_LIGHT_CLIENT,
    error::Error,
    math::Uint64 as _,
    phase::Phase1,
    phase1::get_light_client_committee,
    preset::Preset,
};

impl<C: Preset, E: StdError + 'static> View<C, E> {
    /// Returns the vote of the view's members of the light-client committee for the head, or `None` if it has no member.
    ///
    /// The committee is that of the next slot, by whose state the next block's votes are verified.
    pub(in crate::simulation) fn vote_for_light_clients(
        &mut self,
        duties: Duties<'_>,
    ) -> Result<Option<Arc<LightClientVote>>, Error> {
        let slot = duties.slot;
        let (beacon_block_root, state) = self.current(slot)?;
        let next_epoch = compute_epoch_at_slot::<Phase1<C>>(slot.plus(1)?);
        let committee = get_light_client_committee(&state, next_epoch)?;
        let mut aggregation_bits = BitVector::new();
        let mut voters = Vec::new();
        for (bit, member) in committee.into_iter().enumerate() {
            if self.is_on_duty(member, duties) {
                aggregation_bits.set(bit, true).or(Err(Error::ListFull))?;
                voters.push(member);
            }
        }
        if voters.is_empty() {
            return Ok(None);
        }
        let domain = get_domain(&state, DOMAIN_LIGHT_CLIENT, Some(compute_epoch_at_slot::<Phase1<C>>(slot)));
        let signature = duties.signer.sign(&voters, compute_signing_root(&beacon_block_root, domain))?;
        Ok(Some(Arc::new(LightClientVote { slot, beacon_block_root, aggregation_bits, signature })))
    }
}
