//! The order in which transfers are made.
//!
//! It is the order in which they came, but for one rule: those of one sender are in the order of their nonces. A transfer
//! that came too early follows right after the one for which it has to wait.

use std::collections::{BTreeMap, BTreeSet};

use outrider_zk_rollup_core::AccountIndex;

use super::request::Request;

/// The positions of transfers that have an order, and of those that have none.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Order {
    /// The positions of transfers, in the order in which they are made.
    pub(super) ready: Vec<usize>,
    /// The positions of transfers for a nonce that another one has, too, with the position of that.
    pub(super) repeated: Vec<(usize, usize)>,
    /// The positions of transfers with a nonce that the account is past, or before which one is missing, with the nonce that
    /// is missing.
    pub(super) stray: Vec<(usize, u64)>,
}

/// Orders transfers, given the next nonce of each sender.
pub(super) fn order(requests: &[Request], next_nonces: &BTreeMap<AccountIndex, u64>) -> Order {
    let mut order = Order::default();
    let mut seen = BTreeMap::new();
    let mut next = next_nonces.clone();
    let mut waiting: BTreeMap<(AccountIndex, u64), usize> = BTreeMap::new();
    for (position, request) in requests.iter().enumerate() {
        let (from, nonce) = (request.transfer.from, request.nonce);
        if let Some(first) = seen.get(&(from, nonce)) {
            order.repeated.push((position, *first));
            continue;
        }
        seen.insert((from, nonce), position);
        waiting.insert((from, nonce), position);
        // An account without a next nonce does not exist; the transfer is refused for that later on.
        let Some(next) = next.get_mut(&from) else {
            waiting.remove(&(from, nonce));
            order.ready.push(position);
            continue;
        };
        while let Some(position) = waiting.remove(&(from, *next)) {
            order.ready.push(position);
            *next = next.saturating_add(1);
        }
    }
    let stray: BTreeSet<usize> = waiting.into_values().collect();
    order.stray = stray
        .into_iter()
        .filter_map(|position| {
            let from = requests.get(position)?.transfer.from;
            Some((position, *next.get(&from)?))
        })
        .collect();
    order
}

#[cfg(test)]
mod tests {
    use outrider_zk_rollup_core::{Amount, Fee, Fr, SecretKey, Transfer};

    use super::*;

    fn request(from: u32, nonce: u64) -> Request {
        let index = |number| AccountIndex::new(number).unwrap();
        let transfer = Transfer {
            from: index(from),
            to: index(9),
            amount: Amount::exact(1).unwrap(),
            fee: Fee::exact(0).unwrap(),
        };
        Request::sign(transfer, nonce, &SecretKey::from_seed(&[1; 32]), &Fr::from(1_u8))
    }

    fn order_of(requests: &[(u32, u64)]) -> Order {
        let requests: Vec<_> = requests.iter().map(|(from, nonce)| request(*from, *nonce)).collect();
        let nonces = [(1, 5), (2, 0)].map(|(from, nonce)| (AccountIndex::new(from).unwrap(), nonce));
        order(&requests, &BTreeMap::from(nonces))
    }

    #[test]
    fn transfers_of_different_senders_stay_in_the_order_in_which_they_came() {
        assert_eq!(order_of(&[(2, 0), (1, 5), (2, 1), (1, 6)]).ready, [0, 1, 2, 3]);
    }

    #[test]
    fn a_transfer_that_came_early_follows_the_one_for_which_it_waits() {
        let order = order_of(&[(1, 7), (2, 0), (1, 6), (1, 5), (2, 1)]);
        assert_eq!((order.ready, order.stray), (vec![1, 3, 2, 0, 4], vec![]));
    }

    #[test]
    fn a_repeated_nonce_and_a_missing_one_are_named() {
        let order = order_of(&[(1, 5), (1, 5), (1, 7), (2, 3), (1, 4)]);
        let expected = Order { ready: vec![0], repeated: vec![(1, 0)], stray: vec![(2, 6), (3, 0), (4, 6)] };
        assert_eq!(order, expected);
    }
}
