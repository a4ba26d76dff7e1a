//! Powers of tau: those of snarkjs, and damaged ones.

use super::{circuit::Cube, number_at, read_powers, section, sections, text, vector};
use outrider_zk_rollup::ceremony::{
    Broken, CeremonyError, Circuit, Fault, FirstKey, Layout, write_insecure_powers,
};

fn insecure(power: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_insecure_powers(power, b"seed", &mut bytes).expect("a vector takes all bytes");
    bytes
}

fn words(hash: &[u8; 64]) -> String {
    hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn powers_of_snarkjs_are_accepted_with_the_hashes_that_it_printed() {
    for name in ["plain.ptau", "prepared.ptau"] {
        let powers = read_powers(&vector(name), 4).unwrap_or_else(|error| panic!("{name}: {}", text(&error)));
        let report = powers.report();
        assert_eq!((report.power, report.ceremony_power), (4, 4));
        assert_eq!(report.prepared, name == "prepared.ptau");
        assert!(report.hashes_checked && !report.is_insecure());
        let found: Vec<_> = report
            .contributions
            .iter()
            .map(|c| (c.name.as_str(), c.is_beacon, words(&c.response_hash), words(&c.next_challenge)))
            .collect();
        // The first two words of what `snarkjs powersoftau verify` printed.
        let expected = [
            ("first", false, "d679a159a403ec0c", "4f5314ddbb6e5a55"),
            ("second", false, "a3cc52ff6ba6edf1", "4d9023c330b2e580"),
            ("beacon", true, "3903d1a6f71ae85d", "41caee9bc86b6fd2"),
        ];
        let expected = expected.map(|(name, beacon, a, b)| (name, beacon, a.to_string(), b.to_string()));
        assert_eq!(found, expected);
    }
}

#[test]
fn a_truncated_file_is_accepted_without_its_hashes() {
    let powers = read_powers(&vector("truncated.ptau"), 3).expect("snarkjs truncated it");
    assert_eq!((powers.report().power, powers.report().ceremony_power), (3, 4));
    assert!(!powers.report().hashes_checked && powers.report().prepared);
}

#[test]
fn points_prepared_by_snarkjs_and_here_make_the_same_key() {
    let key = |name: &str, layout| {
        let mut powers = read_powers(&vector(name), 3).expect("the file is right");
        let circuit = Circuit::new(Cube::default()).expect("the circuit is right");
        FirstKey::new(&mut powers, circuit, layout).expect("the domain is the circuit's").circuit_hash()
    };
    for layout in [Layout::Arkworks, Layout::Snarkjs] {
        assert_eq!(key("plain.ptau", layout), key("prepared.ptau", layout));
        assert_eq!(key("plain.ptau", layout), key("truncated.ptau", layout));
    }
}

#[test]
fn powers_from_a_seed_are_accepted_and_marked() {
    for power in [1, 2, 5] {
        let powers = read_powers(&insecure(power), power).unwrap_or_else(|error| panic!("{}", text(&error)));
        assert!(powers.report().is_insecure() && powers.report().hashes_checked);
    }
    assert_eq!(insecure(2), insecure(2));
    assert!(write_insecure_powers(0, b"seed", Vec::new()).is_err());
    assert!(write_insecure_powers(29, b"seed", Vec::new()).is_err());
}

#[test]
fn powers_without_a_contribution_are_refused() {
    let error = read_powers(&vector("new.ptau"), 1).expect_err("all secrets are one");
    assert!(matches!(error, CeremonyError::PowersWithoutContribution), "{error}");
}

#[test]
fn a_larger_domain_than_the_powers_have_is_refused() {
    let error = read_powers(&insecure(2), 3).expect_err("the file has a power of 2");
    assert!(matches!(error, CeremonyError::TooFewPowers { needed: 3, available: 2 }), "{error}");
}

#[test]
fn a_file_of_another_curve_or_kind_is_refused_with_its_reason() {
    let error = read_powers(&vector("bn128.ptau"), 1).expect_err("it is of BN254");
    assert_eq!(
        text(&error),
        "section 1 (header), byte 24 of the file: the file is of another curve than BLS12-381: of BN254 (bn128); \
         make the ceremony with `snarkjs powersoftau new bls12381`"
    );
    let error = read_powers(&vector("final.zkey"), 1).expect_err("it is a key");
    assert!(error.to_string().contains("the file does not begin with \"ptau\""), "{error}");
    assert!(read_powers(b"", 1).is_err());
}

/// The bytes of a file that no check covers, as no other byte depends on them: names, the rest of the hashed block in
/// partial hashes, and all of partial hashes but the last.
fn is_covered(bytes: &[u8], at: usize) -> bool {
    let contributions = section(bytes, 7);
    if !contributions.contains(&at) {
        // Of the Lagrange points, those of the domain of 8 rows.
        let lagrange = [(12, 96), (13, 192), (14, 96), (15, 96)];
        let found = sections(bytes).into_iter().find(|(_, range)| range.contains(&at));
        return found.is_none_or(|(number, range)| {
            lagrange
                .iter()
                .find(|(lagrange, _)| *lagrange == number)
                .is_none_or(|(_, size)| (7 * size..15 * size).contains(&(at - range.start)))
        });
    }
    let mut start = contributions.start + 4;
    loop {
        let partial = start + 3 * 96 + 2 * 192 + 6 * 96 + 3 * 192;
        let parameters = partial + 216 + 64;
        let length = number_at(bytes, parameters + 4, 4);
        let end = parameters + 8 + length;
        if at >= end {
            start = end;
            continue;
        }
        let last = end == contributions.end;
        let filled = number_at(bytes, partial + 208, 8);
        let unused = (partial + filled..partial + 128).contains(&at);
        let of_earlier = !last && (partial..partial + 216).contains(&at);
        let name = parameters + 8 < at && at < parameters + 10 + usize::from(bytes[parameters + 9]);
        return !(unused || of_earlier || name && at >= parameters + 10);
    }
}

#[track_caller]
fn check_flips(bytes: &[u8], power: u32, step: usize) {
    assert!(read_powers(bytes, power).is_ok());
    let mut flipped = 0;
    for at in (0..bytes.len()).step_by(step).filter(|at| is_covered(bytes, *at)) {
        let mut damaged = bytes.to_vec();
        damaged[at] ^= 1 << (at % 8);
        assert!(read_powers(&damaged, power).is_err(), "byte {at} can be changed");
        flipped += 1;
    }
    assert!(flipped > bytes.len() / step / 2, "{flipped} bytes of {}", bytes.len());
}

#[test]
fn each_flipped_bit_is_refused() {
    check_flips(&insecure(2), 2, 29);
    check_flips(&vector("plain.ptau"), 3, 151);
}

#[test]
fn each_flipped_bit_of_prepared_points_is_refused() {
    let bytes = vector("prepared.ptau");
    for (number, size) in [(12, 96), (13, 192), (14, 96), (15, 96)] {
        for (point, bit) in (7..15).zip(0..) {
            let mut damaged = bytes.clone();
            damaged[section(&bytes, number).start + point * size + 11 * bit] ^= 1 << bit;
            assert!(read_powers(&damaged, 3).is_err(), "section {number}, point {point}");
        }
    }
}

#[test]
fn a_valid_point_in_a_wrong_place_is_refused() {
    let bytes = vector("prepared.ptau");
    for (number, size) in [(2, 96), (3, 192), (4, 96), (5, 96), (12, 96), (13, 192), (14, 96), (15, 96)] {
        let start = section(&bytes, number).start;
        let mut damaged = bytes.clone();
        // Two points of the domain of 8 rows exchanged.
        let (a, b) = (start + 8 * size, start + 9 * size);
        damaged[a..a + size].copy_from_slice(&bytes[b..b + size]);
        damaged[b..b + size].copy_from_slice(&bytes[a..a + size]);
        let error = read_powers(&damaged, 3).expect_err("two points are exchanged");
        let expected = if number < 12 { Broken::Ratio } else { Broken::Lagrange };
        assert!(
            matches!(error, CeremonyError::Powers { broken, .. } if broken == expected),
            "section {number}: {error}"
        );
    }
}

#[test]
fn a_point_at_infinity_is_refused_in_each_section() {
    let bytes = vector("plain.ptau");
    for (number, size) in [(2, 96), (3, 192), (4, 96), (5, 96), (6, 192)] {
        let range = section(&bytes, number);
        for at in [range.start, range.end - size] {
            let mut damaged = bytes.clone();
            damaged[at..at + size].fill(0);
            let error = read_powers(&damaged, 3).expect_err("a point is infinity");
            let CeremonyError::File { position, fault: Fault::Infinity, .. } = error else {
                panic!("{error}")
            };
            assert_eq!(position, at as u64);
        }
    }
}

#[test]
fn a_file_cut_in_or_between_sections_is_refused() {
    for name in ["plain.ptau", "prepared.ptau"] {
        let bytes = vector(name);
        for (number, range) in sections(&bytes) {
            for end in [range.start - 12, range.start - 5, range.start, range.end - 1] {
                assert!(read_powers(&bytes[..end], 3).is_err(), "{name}: section {number} cut at {end}");
            }
        }
        assert!(read_powers(&[&bytes[..], &[0]].concat(), 3).is_err(), "{name}: a byte more");
    }
}

#[test]
fn a_section_that_claims_more_than_the_file_is_refused_before_it_is_read() {
    let bytes = vector("plain.ptau");
    for (number, range) in sections(&bytes) {
        for size in [u64::MAX, 1 << 62, bytes.len() as u64] {
            let mut damaged = bytes.clone();
            damaged[range.start - 8..range.start].copy_from_slice(&size.to_le_bytes());
            let error = read_powers(&damaged, 3).expect_err("the section is longer than the file");
            assert!(
                matches!(error, CeremonyError::File { fault: Fault::Truncated, .. }),
                "{number}: {error}"
            );
        }
    }
    let mut damaged = bytes.clone();
    let header = section(&bytes, 1);
    damaged[header.end - 8..header.end].copy_from_slice(&[28, 0, 0, 0, 28, 0, 0, 0]);
    let error = read_powers(&damaged, 3).expect_err("the points are those of power 4");
    assert!(matches!(error, CeremonyError::File { fault: Fault::Size { .. }, .. }), "{error}");
}

#[test]
fn more_contributions_than_a_check_may_take_are_refused_before_they_are_read() {
    let mut bytes = vector("plain.ptau");
    let start = section(&bytes, 7).start;
    bytes[start..start + 4].copy_from_slice(&1025_u32.to_le_bytes());
    let error = read_powers(&bytes, 3).expect_err("there are too many contributions");
    assert!(matches!(error, CeremonyError::File { fault: Fault::Contributions(1025), .. }), "{error}");
}

#[test]
fn sections_missing_twice_or_unknown_are_refused() {
    let bytes = vector("prepared.ptau");
    for (number, range) in sections(&bytes) {
        let without = [&bytes[..range.start - 12], &bytes[range.end..]].concat();
        let mut without = without;
        without[8] -= 1;
        assert!(read_powers(&without, 3).is_err(), "without section {number}");
        let mut twice = [&bytes[..], &bytes[range.start - 12..range.end]].concat();
        twice[8] += 1;
        let error = read_powers(&twice, 3).expect_err("a section stands twice");
        assert!(matches!(error, CeremonyError::File { fault: Fault::Duplicate, .. }), "{number}: {error}");
    }
    let mut unknown = [&bytes[..], &[9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
    unknown[8] += 1;
    let error = read_powers(&unknown, 3).expect_err("there is no section 9");
    assert!(matches!(error, CeremonyError::File { fault: Fault::Unknown, .. }), "{error}");
}

#[test]
fn a_contribution_left_out_or_out_of_order_is_refused() {
    let bytes = vector("plain.ptau");
    let range = section(&bytes, 7);
    // Each has 2,104 bytes, its parameters' length, and them.
    let mut contributions = Vec::new();
    let mut start = range.start + 4;
    while start < range.end {
        let length = number_at(&bytes, start + 2108, 4);
        contributions.push(&bytes[start..start + 2112 + length]);
        start += 2112 + length;
    }
    assert_eq!(contributions.len(), 3);
    for order in [&[0, 1][..], &[1, 2], &[0, 2], &[1, 0, 2], &[0, 1, 1, 2], &[0, 0, 1, 2]] {
        let content: Vec<u8> = [(order.len() as u32).to_le_bytes().to_vec()]
            .into_iter()
            .chain(order.iter().map(|index| contributions[*index].to_vec()))
            .flatten()
            .collect();
        let mut changed = bytes[..range.start - 8].to_vec();
        changed.extend((content.len() as u64).to_le_bytes());
        changed.extend(content);
        assert!(read_powers(&changed, 3).is_err(), "{order:?}");
    }
}
