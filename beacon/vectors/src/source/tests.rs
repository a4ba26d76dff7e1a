//! Tests of archives of all kinds, good and damaged.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use tar::{Builder, Header};

use super::*;

const SMALL: Limits = Limits { file_bytes: 3000, unpacked_bytes: 20_000, kept_bytes: 10_000 };
const PREFIX: &str = "tests/minimal/phase0/sanity/slots/pyspec_tests";

fn header(size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    header
}

/// Returns an uncompressed archive.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, content) in files {
        builder.append_data(&mut header(content.len() as u64), name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Returns the names of the cases in an archive, each with the names of its files.
fn read_bytes(archive: &[u8], limits: Limits) -> Result<Vec<(String, Vec<String>)>, ReadError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs_write(file.path(), archive);
    read_within(file.path(), limits).map(|cases| {
        cases.into_iter().map(|(case, files)| (case.case, files.0.into_keys().collect())).collect()
    })
}

fn fs_write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

fn file_of(case: &str, file: &str) -> String {
    format!("{PREFIX}/{case}/{file}")
}

fn one_case(case: &str) -> Vec<u8> {
    tar(&[(&file_of(case, "pre.ssz"), b"state")])
}

#[track_caller]
fn check_cases(archive: &[u8], expected: &[&str]) {
    let cases: Vec<_> = read_bytes(archive, SMALL).unwrap().into_iter().map(|(case, _)| case).collect();
    assert_eq!(cases, expected);
}

#[track_caller]
fn check_too_long(archive: &[u8], limits: Limits, expected: &str) {
    match read_bytes(archive, limits) {
        Err(ReadError::TooLong { what, .. }) => assert_eq!(what, expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_member_of_a_gzip_is_read() {
    let (one, two) = (one_case("one"), one_case("two"));
    check_cases(&gzip(&one), &["one"]);
    // An archive in each member, one after the other, and one archive in two members.
    check_cases(&[gzip(&one), gzip(&two)].concat(), &["one", "two"]);
    check_cases(&gzip(&[&one[..], &two].concat()), &["one", "two"]);
    let both = tar(&[(&file_of("one", "pre.ssz"), b"1"), (&file_of("two", "pre.ssz"), b"2")]);
    let (start, end) = both.split_at(700);
    check_cases(&[gzip(start), gzip(end)].concat(), &["one", "two"]);
}

#[test]
fn damage_after_the_last_file_is_an_error() {
    let good = gzip(&one_case("one"));
    for cut in 1..good.len() {
        let outcome = read_bytes(&good[..cut], SMALL);
        assert!(matches!(outcome, Err(ReadError::Io { .. })), "cut after {cut}: {outcome:?}");
    }
    // The checksum, and bytes after the end that are not gzip.
    let mut damaged = good.clone();
    let place = damaged.len() - 8;
    damaged[place] ^= 1;
    assert!(matches!(read_bytes(&damaged, SMALL), Err(ReadError::Io { .. })));
    assert!(matches!(read_bytes(&[&good[..], b"more"].concat(), SMALL), Err(ReadError::Io { .. })));
}

#[test]
fn limits_hold_for_files_archives_and_all_together() {
    let fits = vec![0; 3000];
    let archive = |content: &[u8]| gzip(&tar(&[(&file_of("one", "pre.ssz"), content)]));
    check_cases(&archive(&fits), &["one"]);
    check_too_long(&archive(&[&fits[..], &[0]].concat()), SMALL, "a file");
    // Skipped files and zeros after the end count as unpacked.
    let passed_over = gzip(&tar(&[("other", &[0; 20_000])]));
    check_too_long(&passed_over, SMALL, "the unpacked archive");
    check_too_long(&gzip(&[&one_case("one")[..], &[0; 20_000]].concat()), SMALL, "the unpacked archive");
    // Empty files count, too.
    let names: Vec<_> = (0..20).map(|number| file_of(&number.to_string(), "pre.ssz")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    check_too_long(&gzip(&tar(&many)), Limits { unpacked_bytes: 50_000, ..SMALL }, "all files of the cases");
}

#[test]
fn limits_hold_for_folders() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_of("one", "pre.ssz"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs_write(&path, &[0; 3000]);
    assert_eq!(read_within(folder.path(), SMALL).unwrap().len(), 1);
    fs_write(&path, &[0; 3001]);
    assert!(matches!(read_within(folder.path(), SMALL), Err(ReadError::TooLong { what: "a file", .. })));
}

#[test]
fn long_paths_are_read_in_both_formats_and_are_bounded() {
    let long = "long".repeat(60);
    // The builder writes GNU's format.
    check_cases(&gzip(&one_case(&long)), &[&long]);
    // A record is `{length} path={path}\
    // `, and the length includes its own digits.
    let record = format!(" path={}\n", file_of(&long, "pre.ssz"));
    let record = format!("{}{record}", record.len() + 3);
    let posix = |record: &[u8]| {
        let mut builder = Builder::new(Vec::new());
        let mut extended = header(record.len() as u64);
        extended.set_entry_type(EntryType::XHeader);
        builder.append_data(&mut extended, "extended", record).unwrap();
        builder.append_data(&mut header(5), "short", &b"state"[..]).unwrap();
        gzip(&builder.into_inner().unwrap())
    };
    check_cases(&posix(record.as_bytes()), &[&long]);
    let roomy = Limits { unpacked_bytes: 50_000, ..SMALL };
    check_too_long(&posix(&[b'a'; 20_000]), roomy, "the path of a file");
}

#[test]
fn yaml_that_no_test_reads_is_skipped() {
    let archive = tar(&[
        (&file_of("one", "pre.ssz"), b"state"),
        (&file_of("one", "pre.yaml"), &[b' '; 4000]),
        (&file_of("one", "meta.yaml"), b"{}"),
        (&file_of("two", "other.yaml"), &[b' '; 4000]),
    ]);
    let expected = [
        ("one".to_owned(), vec!["meta.yaml".to_owned(), "pre.ssz".to_owned()]),
        ("two".to_owned(), Vec::new()),
    ];
    assert_eq!(read_bytes(&gzip(&archive), SMALL).unwrap(), expected);
}
