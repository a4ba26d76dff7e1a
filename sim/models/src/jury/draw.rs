//! Draws of the committees of a slot.

use super::{
    Draw, Parameters,
    mandates::{Deal, Mandates},
};
use crate::{jury, random::Random};

/// Draws committees, and knows the formula.
pub(super) struct Drawer {
    share: f64,
    members: u32,
    committees: u32,
    draw: Draw,
    random: Random,
    /// One for each validator, in the order of the last draw: if it is the attacker's.
    population: Vec<bool>,
    deal: Option<Deal>,
}

impl Drawer {
    /// Returns a drawer for valid parameters.
    pub(super) fn new(parameters: &Parameters, seed: u64) -> Self {
        let Parameters { share, members, committees, draw, .. } = *parameters;
        let population = match draw {
            Draw::Sample(n) | Draw::Partition(n) => {
                let marked = jury::marked(share, n);
                (0..n).map(|validator| validator < marked).collect()
            }
            Draw::Independent | Draw::Mandates(_) => Vec::new(),
        };
        let deal = match draw {
            Draw::Mandates(stakes) => Some(Deal::new(Mandates::new(stakes, share, members * committees))),
            Draw::Independent | Draw::Sample(_) | Draw::Partition(_) => None,
        };
        let random = Random::new(seed, 0, "jury");
        Self { share, members, committees, draw, random, population, deal }
    }

    /// Returns the probability that a share of the stake has `needed` places in one committee of a size, by the
    /// formula.
    pub(super) fn chance(&self, share: f64, members: u32, needed: u32) -> f64 {
        match self.draw {
            Draw::Mandates(stakes) => {
                Mandates::new(stakes, share, members * self.committees).chance(members, needed)
            }
            draw => jury::chance(draw, share, members, needed),
        }
    }

    /// Returns the mandates, if that is how committees are drawn.
    pub(super) fn mandates(&self) -> Option<&Mandates> {
        self.deal.as_ref().map(|deal| &deal.mandates)
    }

    /// Draws the committees of a slot, and returns how many the attacker captures.
    pub(super) fn captured(&mut self, needed: u32) -> u32 {
        if let Some(deal) = &mut self.deal {
            let threshold = f64::from(needed - 1) / f64::from(self.members);
            return deal.captured(self.committees, threshold, &mut self.random);
        }
        let members = self.members as usize;
        let have = |list: &[bool]| list.iter().filter(|&&attacker| attacker).count() as u64;
        if let Draw::Partition(_) = self.draw {
            self.random.draw(&mut self.population, members * self.committees as usize);
            let committees = self.population.chunks_exact(members).take(self.committees as usize);
            return committees.filter(|committee| have(committee) >= needed.into()).count() as u32;
        }
        let mut captured = 0;
        for _ in 0..self.committees {
            let attackers = match self.draw {
                Draw::Sample(_) => {
                    self.random.draw(&mut self.population, members);
                    have(&self.population[..members])
                }
                _ => self.random.binomial(self.members.into(), self.share),
            };
            captured += u32::from(attackers >= needed.into());
        }
        captured
    }
}
