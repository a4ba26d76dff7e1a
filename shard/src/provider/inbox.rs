//! The packages that users have given to a provider, until their transactions are final, within bounds.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Arc,
};

use outrider_beacon_spec::types::Slot;

use super::{fit::Refusal, offer::Dropped};

/// The most packages that an inbox holds.
pub const INBOX_PACKAGES_MAX: usize = 4096;
/// The most bytes of packages that an inbox holds.
pub const INBOX_BYTES_MAX: usize = 64 << 20;
/// The slots for which a package waits that no block has. Finality takes two epochs of 32 slots.
pub const PACKAGE_SLOTS_MAX: Slot = 256;

/// The most slots until a package is tried again that the EE has left out, such as for want of room.
const LEFT_OUT_SLOTS_MAX: Slot = 8;

/// The times that the EE leaves a package out before it makes room for others.
const LEFT_OUT_MAX: u32 = 3;

/// The number of a package, in the order of arrival.
pub type PackageNumber = u64;

/// The inbox has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the provider's inbox has no room for {bytes} bytes: it holds {packages} packages with {held} bytes, and at most \
     {INBOX_PACKAGES_MAX} with {INBOX_BYTES_MAX}; try again after the next block"
)]
pub struct InboxFull {
    /// The bytes of the package.
    pub bytes: usize,
    /// The packages that it holds.
    pub packages: usize,
    /// The bytes of those.
    pub held: usize,
}

/// A package with its number.
#[derive(Clone, Debug)]
pub(super) struct Package {
    pub(super) number: PackageNumber,
    pub(super) bytes: Arc<[u8]>,
}

/// The packages, by number.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    packages: BTreeMap<PackageNumber, Waiting>,
    n_bytes: usize,
    n_submitted: u64,
    /// The latest slot that the provider knows of.
    now: Slot,
    dropped: Vec<(PackageNumber, Dropped)>,
}

#[derive(Debug)]
struct Waiting {
    bytes: Arc<[u8]>,
    /// The slot in which it arrived, or after which no block has it any more.
    since: Slot,
    /// The slot from which it is tried again.
    due: Slot,
    /// How often the EE has refused it or left it out.
    n_failures: u32,
    /// The EE's last reason.
    refusal: Option<Refusal>,
}

impl Inbox {
    pub(super) fn len(&self) -> usize {
        self.packages.len()
    }

    /// Adds a package. Without room, packages make room that the EE refuses, or has left out [`LEFT_OUT_MAX`] times in turn, and
    /// no block has: those that failed most often first, and of these the earliest.
    pub(super) fn submit(
        &mut self,
        bytes: Arc<[u8]>,
        in_blocks: impl FnOnce() -> BTreeSet<PackageNumber>,
    ) -> Result<PackageNumber, InboxFull> {
        if !self.has_room(bytes.len()) {
            let in_blocks = in_blocks();
            let failing = self.packages.iter().filter(|(number, package)| {
                let fails = package.refusal.is_some() || package.n_failures >= LEFT_OUT_MAX;
                fails && !in_blocks.contains(number)
            });
            let mut failing: Vec<_> =
                failing.map(|(number, package)| (Reverse(package.n_failures), *number)).collect();
            failing.sort_unstable();
            let mut failing = failing.into_iter();
            while !self.has_room(bytes.len()) {
                let Some((_, number)) = failing.next() else {
                    return Err(InboxFull { bytes: bytes.len(), packages: self.len(), held: self.n_bytes });
                };
                self.give_up(number);
            }
        }
        let number = self.n_submitted;
        self.n_submitted = number.saturating_add(1);
        self.n_bytes = self.n_bytes.saturating_add(bytes.len());
        let waiting = Waiting { bytes, since: self.now, due: 0, n_failures: 0, refusal: None };
        self.packages.insert(number, waiting);
        Ok(number)
    }

    fn has_room(&self, n_bytes: usize) -> bool {
        self.len() < INBOX_PACKAGES_MAX && self.n_bytes.saturating_add(n_bytes) <= INBOX_BYTES_MAX
    }

    /// Goes on to a slot, and gives up packages that have waited for too long, except for those that blocks have.
    pub(super) fn advance(&mut self, slot: Slot, is_in_block: impl Fn(PackageNumber) -> bool) {
        self.now = self.now.max(slot);
        let is_old = |package: &Waiting| package.since.saturating_add(PACKAGE_SLOTS_MAX) < self.now;
        let old = self.packages.iter().filter(|(number, package)| is_old(package) && !is_in_block(**number));
        for number in old.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.give_up(number);
        }
    }

    /// Returns the packages to try in a slot.
    pub(super) fn due(&self, slot: Slot) -> impl Iterator<Item = Package> {
        let due = self.packages.iter().filter(move |(_, package)| package.due <= slot);
        due.map(|(number, package)| Package { number: *number, bytes: Arc::clone(&package.bytes) })
    }

    /// Sets a package aside that the EE refuses, for twice as many slots each time.
    pub(super) fn refuse(&mut self, number: PackageNumber, slot: Slot, refusal: Refusal) {
        self.set_aside(number, slot, Slot::MAX);
        if let Some(package) = self.packages.get_mut(&number) {
            package.refusal = Some(refusal);
        }
    }

    /// Puts a package off until the next slot, which has room for it, perhaps.
    pub(super) fn put_off(&mut self, number: PackageNumber, slot: Slot) {
        if let Some(package) = self.packages.get_mut(&number) {
            package.due = slot.saturating_add(1);
        }
    }

    /// Sets a package aside that the EE leaves out, for twice as many slots each time, and at most
    /// [`LEFT_OUT_SLOTS_MAX`].
    pub(super) fn leave_out(&mut self, number: PackageNumber, slot: Slot) {
        self.set_aside(number, slot, LEFT_OUT_SLOTS_MAX);
    }

    fn set_aside(&mut self, number: PackageNumber, slot: Slot, slots_max: Slot) {
        let Some(package) = self.packages.get_mut(&number) else { return };
        let slots = 1_u64.checked_shl(package.n_failures).unwrap_or(Slot::MAX).min(slots_max);
        package.due = slot.saturating_add(slots);
        package.n_failures = package.n_failures.saturating_add(1);
    }

    /// Forgets that the EE has refused or left out a package, because it has accepted it.
    pub(super) fn accept(&mut self, number: PackageNumber) {
        if let Some(package) = self.packages.get_mut(&number) {
            (package.n_failures, package.refusal) = (0, None);
        }
    }

    /// Makes a package wait as if it had just arrived, because the blocks that had it are lost.
    pub(super) fn restore(&mut self, number: PackageNumber) {
        let now = self.now;
        if let Some(package) = self.packages.get_mut(&number) {
            (package.since, package.due, package.n_failures) = (now, 0, 0);
        }
    }

    /// Takes a package out.
    pub(super) fn remove(&mut self, number: PackageNumber) {
        if let Some(package) = self.packages.remove(&number) {
            self.n_bytes = self.n_bytes.saturating_sub(package.bytes.len());
        }
    }

    /// Returns the packages that were given up, and forgets them.
    pub(super) fn take_dropped(&mut self) -> Vec<(PackageNumber, Dropped)> {
        mem::take(&mut self.dropped)
    }

    fn give_up(&mut self, number: PackageNumber) {
        let refusal = self.packages.get_mut(&number).and_then(|package| package.refusal.take());
        self.remove(number);
        let dropped = refusal.map_or(Dropped::NotTaken, |refusal| Dropped::Refused(Box::new(refusal)));
        self.dropped.push((number, dropped));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Such as transactions whose nonces are too high, which cost their sender nothing.
    #[test]
    fn packages_that_are_left_out_make_room_when_the_inbox_is_full() {
        let mut inbox = Inbox::default();
        let submit = |inbox: &mut Inbox| inbox.submit(Arc::from(&b"package"[..]), || BTreeSet::from([1]));
        let all: Vec<_> = (0..INBOX_PACKAGES_MAX).map(|_| submit(&mut inbox)).collect();
        assert!(all.iter().all(Result::is_ok));
        for slot in 0..2 {
            (0..3).for_each(|number| inbox.leave_out(number, slot));
        }
        assert!(submit(&mut inbox).is_err(), "they may have waited for others");
        (0..3).for_each(|number| inbox.leave_out(number, 2));
        inbox.leave_out(2, 3);
        // The one that was left out most often goes first, and the one in a block stays.
        for expected in [2, 0] {
            assert!(submit(&mut inbox).is_ok());
            let dropped = inbox.take_dropped();
            assert!(
                matches!(dropped[..], [(number, Dropped::NotTaken)] if number == expected),
                "{dropped:?}"
            );
        }
        assert!(submit(&mut inbox).is_err());
    }
}
