use super::*;

/// A sender, a destination, a gas limit and an input.
fn bytes() -> Vec<u8> {
    [&[0x11; 32][..], &[0; 12], &[0x22; 20], &[0, 0, 0, 0, 0, 1, 0, 2], &[7, 8]].concat()
}

#[test]
fn a_message_has_the_layout_of_its_table() {
    let message = Message {
        sender: B256::repeat_byte(0x11),
        destination: Address::repeat_byte(0x22),
        gas_limit: 65_538,
        data: Bytes::from_static(&[7, 8]),
    };
    assert_eq!(message.to_bytes(), bytes());
    assert_eq!(Message::from_bytes(&bytes()), Ok(message));
}

#[test]
fn a_payload_of_two_words_is_a_credit() {
    let credit = Message::from_bytes(&bytes()[..64]).unwrap();
    assert_eq!((credit.gas_limit, credit.data.len()), (0, 0));
    assert_eq!(Message::from_bytes(&[&bytes()[..64], &[0; 8]].concat()), Ok(credit));
}

#[test]
fn what_is_no_message_is_refused() {
    for length in [0, 1, 31, 32, 63, 65, 71] {
        assert_eq!(Message::from_bytes(&bytes()[..length]), Err(MessageError::Length), "{length}");
    }
    let mut other = bytes();
    other[43] = 1;
    assert_eq!(Message::from_bytes(&other), Err(MessageError::Destination));
    let without_gas = [&bytes()[..64], &[0; 8], &[1]].concat();
    assert_eq!(Message::from_bytes(&without_gas), Err(MessageError::NoGas));
}

#[test]
fn a_spending_has_destination_value_and_input() {
    let spending = Spending {
        destination: Address::repeat_byte(0x22),
        value: U256::from(0x0105),
        data: Bytes::from_static(&[7, 8]),
    };
    let bytes = [&[0; 12][..], &[0x22; 20], &[0; 30], &[1, 5], &[7, 8]].concat();
    assert_eq!(spending.to_bytes(), bytes);
    assert_eq!(Spending::from_bytes(&bytes), Some(spending));
    assert_eq!(Spending::from_bytes(&bytes[..63]), None);
    assert_eq!(Spending::from_bytes(&[&[1], &bytes[1..]].concat()), None, "no address");
}

#[test]
fn what_returns_has_tag_sender_and_destination() {
    let payload = [&[0xaa; 32][..], &[1; 12], &[2; 20], &[3; 32]].concat();
    let expected =
        Returned { tag: [1; 12], sender: Address::repeat_byte(2), destination: B256::repeat_byte(3) };
    assert_eq!(Returned::from_bytes(&payload), Some(expected));
    assert_eq!(Returned::from_bytes(&payload[..64]), Some(Returned { destination: B256::ZERO, ..expected }));
    assert_eq!(Returned::from_bytes(&payload[..63]), None);
}

#[test]
fn a_withdrawal_names_an_address() {
    let address = Address::repeat_byte(5);
    assert_eq!(withdrawal_address(&[5; 20]), Some(address));
    assert_eq!(withdrawal_address(address.into_word().as_slice()), Some(address));
    for other in [&[][..], &[5; 19], &[5; 21], &[5; 32]] {
        assert_eq!(withdrawal_address(other), None);
    }
}
