//! The encodings of transfers and accounts, and the public input.

use outrider_zk_rollup_core::account::Account;
use outrider_zk_rollup_core::batch::{BatchSizeError, SIZES, public_input, size_for};
use outrider_zk_rollup_core::field::{Fr, power_of_two};
use outrider_zk_rollup_core::poseidon::compress;
use outrider_zk_rollup_core::transfer::{AccountIndex, Amount, Decimal, Fee, Transfer, TransferError};
use outrider_zk_rollup_core::tree::child_position;
use proptest::prelude::{any, proptest};

fn transfer(from: u32, to: u32, amount: u64, fee: u64) -> Transfer {
    Transfer {
        from: AccountIndex::new(from).expect("an index"),
        to: AccountIndex::new(to).expect("an index"),
        amount: Amount::exact(amount).expect("an amount"),
        fee: Fee::exact(fee).expect("a fee"),
    }
}

#[test]
fn a_transfer_has_twelve_bytes_in_the_order_of_its_fields() {
    let bytes = [0, 0, 1, 0xff, 0xff, 0xff, 0, 0, 0, 7 << 5, 0, 3 << 5];
    assert_eq!(transfer(1, 0xff_ffff, 7, 3).to_bytes(), bytes);
    let bytes = [0, 1, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xe0 | 11, 0xff, 0xe0 | 15];
    let largest = transfer(256, 2, ((1 << 27) - 1) * 10_u64.pow(11), 2047 * 10_u64.pow(15));
    assert_eq!(largest.to_bytes(), bytes);
    assert_eq!(largest.amount.gwei(), 13_421_772_700_000_000_000);
    assert_eq!(Transfer::from_bytes(&bytes), Ok(largest));
}

#[test]
fn indices_of_zero_are_refused_so_that_zeros_are_no_transfer() {
    assert_eq!(Transfer::from_bytes(&[0; 12]), Err(TransferError::Index { index: 0 }));
    assert_eq!(AccountIndex::new(1 << 24), Err(TransferError::Index { index: 1 << 24 }));
    assert_eq!(AccountIndex::new((1 << 24) - 1), Ok(AccountIndex::MAX));
    let mut to_nobody = transfer(1, 1, 1, 1).to_bytes();
    to_nobody[5] = 0;
    assert_eq!(Transfer::from_bytes(&to_nobody), Err(TransferError::Index { index: 0 }));
}

#[test]
fn floats_beyond_64_bits_and_second_encodings_are_refused() {
    let check = |mantissa: u32, exponent: u32, expected| {
        assert_eq!(Amount::from_bits(mantissa << 5 | exponent).err(), expected);
    };
    check(1, 0, None);
    check(134_217_727, 11, None);
    check(134_217_727, 12, Some(TransferError::TooLarge { mantissa: 134_217_727, exponent: 12 }));
    check(1, 31, Some(TransferError::TooLarge { mantissa: 1, exponent: 31 }));
    check(0, 1, Some(TransferError::NotCanonical { mantissa: 0, exponent: 1 }));
    check(0, 31, Some(TransferError::NotCanonical { mantissa: 0, exponent: 31 }));
    check(13_421_772, 1, Some(TransferError::NotCanonical { mantissa: 13_421_772, exponent: 1 }));
    check(13_421_773, 1, None);
    assert_eq!(
        Fee::from_bits(u32::MAX).err(),
        Some(TransferError::TooLarge { mantissa: u32::MAX >> 5, exponent: 31 })
    );
}

#[test]
fn numbers_with_too_many_digits_have_no_float_and_round_down() {
    assert_eq!(Fee::exact(2048), None);
    assert_eq!(Fee::floor(2048).gwei(), 2047);
    assert_eq!(Fee::floor(2050).gwei(), 2050);
    assert_eq!(Amount::floor(u64::MAX).gwei(), 18_446_744_000_000_000_000);
    assert_eq!(Amount::exact(0), Some(Amount::default()));
}

proptest! {
    #[test]
    fn the_floor_is_the_largest_float_below(gwei in any::<u64>(), shift in 0_u32..64) {
        fn check<const BITS: u32>(gwei: u64) {
            let floor = Decimal::<BITS>::floor(gwei);
            assert!(floor.gwei() <= gwei);
            assert_eq!(Decimal::from_bits(floor.bits()), Ok(floor));
            // The next float is larger by one in the last place of the mantissa, or has the next exponent.
            let (mantissa, exponent) = (floor.bits() >> 5, floor.bits() & 31);
            let next = 10_u128.pow(exponent) * u128::from(mantissa + 1);
            assert!(next > u128::from(gwei));
        }
        check::<27>(gwei >> shift);
        check::<11>(gwei >> shift);
    }

    #[test]
    fn what_reads_as_a_transfer_writes_the_same_bytes(bytes in any::<[u8; 12]>(), exponents in any::<[u8; 2]>()) {
        let mut small = bytes;
        small[9] = small[9] & 0xe0 | (exponents[0] % 12);
        small[11] = small[11] & 0xe0 | (exponents[1] % 16);
        for bytes in [bytes, small] {
            if let Ok(transfer) = Transfer::from_bytes(&bytes) {
                assert_eq!(transfer.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn an_account_has_48_bytes(key in any::<u64>(), balance in any::<u64>(), nonce in any::<u64>()) {
        let account = Account { key_y: -Fr::from(key), balance, nonce };
        let bytes = account.to_bytes();
        assert_eq!(Account::from_bytes(&bytes), Ok(account));
        let packed = Fr::from(balance) + Fr::from(nonce) * power_of_two(64);
        assert_eq!(account.leaf(), compress([account.key_y, packed, Fr::from(0), Fr::from(1)]));
    }
}

#[test]
fn the_public_input_is_the_documented_chain() {
    let transfers: Vec<_> = (1..=7).map(|index| transfer(index, index + 1, 10, 1)).collect();
    let packed: Vec<_> = transfers.iter().map(|transfer| Fr::from(transfer.packed())).collect();
    let [domain, old, new] = [5, 6, 7].map(Fr::from);
    let shift = power_of_two(96);
    let first = compress([old, new, domain, packed[0] + packed[1] * shift + Fr::from(8) * power_of_two(192)]);
    let second = compress([first, packed[2] + packed[3] * shift, packed[4] + packed[5] * shift, packed[6]]);
    assert_eq!(public_input(&domain, &old, &new, &transfers, 8), Ok(second));
}

#[test]
fn the_public_input_changes_with_each_part() {
    let (a, b) = (transfer(1, 2, 10, 1), transfer(2, 1, 10, 1));
    let [x, y, z, other] = [1, 2, 3, 4].map(Fr::from);
    let inputs = [
        public_input(&x, &y, &z, &[a, b], 8),
        public_input(&other, &y, &z, &[a, b], 8),
        public_input(&x, &other, &z, &[a, b], 8),
        public_input(&x, &y, &other, &[a, b], 8),
        public_input(&x, &y, &z, &[b, a], 8),
        public_input(&x, &y, &z, &[a], 8),
        public_input(&x, &y, &z, &[a, b], 30),
        public_input(&x, &y, &z, &[a, b], 7),
    ];
    for (index, input) in inputs.iter().enumerate() {
        assert!(input.is_ok() && !inputs[..index].contains(input));
    }
}

#[test]
fn the_smallest_batch_with_room_is_chosen() {
    assert_eq!(
        [0, 8, 9, 30, 31, 120, 121].map(size_for),
        [8, 8, 30, 30, 60, 120, 0].map(|size| (size > 0).then_some(size))
    );
    let transfers = [transfer(1, 2, 3, 4); 9];
    let zero = Fr::from(0);
    let error = BatchSizeError { n_transfers: 9, size: SIZES[0] };
    assert_eq!(public_input(&zero, &zero, &zero, &transfers, SIZES[0]), Err(error));
}

#[test]
fn the_lowest_two_bits_of_an_index_select_the_lowest_child() {
    assert_eq!([0, 1, 2].map(|height| child_position(0b10_0111, height)), [3, 1, 2]);
}
