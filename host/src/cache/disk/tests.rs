//! Tests of the cache on disk, its files and its directory.

use std::fs;
use std::io::{Seek as _, SeekFrom};
use std::process::Command;

use outrider_abi::CodeHash;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::cache::Compilation;
use crate::cache::entry::FOOTER_BYTES;

const PAYLOAD: &[u8] = b"machine code";

/// A cache in a directory of its own.
struct Scratch {
    cache: DiskCache,
    directory: TempDir,
}

impl Scratch {
    fn new() -> Self {
        let directory = private_directory();
        let cache = DiskCache::open(directory.path()).expect("a temporary directory is safe");
        Self { cache, directory }
    }

    /// Returns a cache with the entry of `key(0)`, and the path of that entry.
    fn with_entry() -> (Self, PathBuf) {
        let scratch = Self::new();
        scratch.cache.put(&key(0), PAYLOAD);
        let path = scratch.cache.entry_path(&key(0));
        assert!(path.is_file());
        (scratch, path)
    }

    fn bounded(n_files: usize, bytes: u64) -> Self {
        let mut scratch = Self::new();
        scratch.cache.bounds = CacheUsage { n_files, bytes };
        scratch
    }

    /// Returns the names in the directory, sorted.
    fn names(&self) -> Vec<String> {
        let entries = self.directory.path().read_dir().expect("the directory can be read");
        let names = entries.map(|entry| entry.expect("it can be read").file_name().into_string());
        let mut names: Vec<_> = names.map(|name| name.expect("it is text")).collect();
        names.sort();
        names
    }
}

/// Makes a temporary directory to which only this user can write, whatever the umask.
fn private_directory() -> TempDir {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir().expect("a temporary directory can be made")
}

fn key(n: u8) -> CacheKey {
    CacheKey::new(&Compilation { code_hash: CodeHash([n; 32]), engine: "engine", settings: "" })
}

/// Reads the payload of a key.
fn get(cache: &DiskCache, n: u8) -> Option<Vec<u8>> {
    cache.get(&key(n)).map(|entry| entry.payload().read().expect("it can be read"))
}

/// Checks that an entry is missing, and is found again after it has been put.
#[track_caller]
fn check_recovers(cache: &DiskCache) {
    assert_eq!(get(cache, 0), None);
    cache.put(&key(0), PAYLOAD);
    assert_eq!(get(cache, 0).as_deref(), Some(PAYLOAD));
}

#[test]
fn what_is_put_is_got() {
    let Scratch { cache, .. } = &Scratch::new();
    assert_eq!(get(cache, 0), None);
    let large: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let payloads = [b"".as_slice(), PAYLOAD, &large];
    for (n, payload) in (0..).zip(payloads) {
        cache.put(&key(n), payload);
    }
    for (n, payload) in (0..).zip(payloads) {
        assert!(get(cache, n).as_deref() == Some(payload), "payload {n}");
    }
    cache.put(&key(1), b"another");
    assert_eq!(get(cache, 1).as_deref(), Some(b"another".as_slice()));
}

#[test]
fn an_entry_has_the_layout_that_is_documented() {
    let (_scratch, path) = Scratch::with_entry();
    let mut expected = PAYLOAD.to_vec();
    expected.extend(b"outrider\x02\0\0\0");
    expected.extend(hex::decode(key(0).to_string()).expect("it is hexadecimal"));
    expected.extend([12, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend(blake3::hash(PAYLOAD).as_bytes());
    assert_eq!(fs::read(path).expect("it can be read"), expected);
}

#[test]
fn a_truncated_entry_is_rewritten() {
    let (scratch, path) = Scratch::with_entry();
    let whole = fs::read(&path).expect("it can be read");
    for bytes in 0..whole.len() {
        fs::write(&path, &whole[..bytes]).expect("it can be written");
        check_recovers(&scratch.cache);
    }
    fs::write(&path, [whole.as_slice(), b"!"].concat()).expect("it can be written");
    check_recovers(&scratch.cache);
}

#[test]
fn an_entry_with_any_flipped_bit_is_rewritten() {
    let (scratch, path) = Scratch::with_entry();
    let whole = fs::read(&path).expect("it can be read");
    for bit in 0..whole.len() * 8 {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, damaged).expect("it can be written");
        assert_eq!(get(&scratch.cache, 0), None, "bit {bit}");
    }
    check_recovers(&scratch.cache);
}

#[test]
fn the_entry_of_another_key_is_not_used() {
    let scratch = Scratch::new();
    scratch.cache.put(&key(1), b"of another");
    fs::rename(scratch.cache.entry_path(&key(1)), scratch.cache.entry_path(&key(0))).expect("it is there");
    check_recovers(&scratch.cache);
}

#[test]
fn a_wrong_length_allocates_nothing() {
    let (scratch, path) = Scratch::with_entry();
    let mut damaged = fs::read(&path).expect("it can be read");
    damaged[LENGTH].copy_from_slice(&u64::MAX.to_le_bytes());
    fs::write(&path, damaged).expect("it can be written");
    check_recovers(&scratch.cache);
}

#[test]
fn a_huge_file_allocates_nothing() {
    let (scratch, path) = Scratch::with_entry();
    let bytes: u64 = 1 << 40;
    let mut footer = fs::read(&path).expect("it can be read");
    footer[LENGTH].copy_from_slice(&bytes.to_le_bytes());
    let mut file = fs::File::options().write(true).open(&path).expect("it can be opened");
    // A sparse file; not every file system supports them.
    if file.set_len(bytes).is_ok() {
        file.seek(SeekFrom::End(0))
            .and_then(|_| file.write_all(&footer[PAYLOAD.len()..]))
            .expect("it can be written");
        check_recovers(&scratch.cache);
    }
}

/// The length field of [`PAYLOAD`]'s entry.
const LENGTH: std::ops::Range<usize> = PAYLOAD.len() + 44..PAYLOAD.len() + 52;

#[test]
fn foreign_things_in_the_place_of_an_entry_are_replaced() {
    let (scratch, path) = Scratch::with_entry();
    let replace_by = |make: &dyn Fn(&Path)| {
        fs::remove_file(&path).expect("it is there");
        make(&path);
        check_recovers(&scratch.cache);
    };
    replace_by(&|path| fs::write(path, "").expect("it can be written"));
    replace_by(&|path| fs::write(path, "#!/bin/sh\n").expect("it can be written"));
    replace_by(&|path| fs::write(path, [0; 1000]).expect("it can be written"));
    replace_by(&|path| fs::create_dir(path).expect("it can be made"));
}

#[test]
fn a_non_empty_directory_stays_and_does_no_harm() {
    let scratch = Scratch::new();
    let path = scratch.cache.entry_path(&key(0));
    fs::create_dir_all(path.join("of somebody")).expect("it can be made");
    scratch.cache.put(&key(0), PAYLOAD);
    assert_eq!(get(&scratch.cache, 0), None);
    assert_eq!(scratch.names(), [format!("{}.bin", key(0))], "no temporary file is left");
    assert!(path.join("of somebody").is_dir());
    assert_eq!(scratch.cache.clear().expect("it can be cleared"), CacheUsage::default());
}

#[test]
fn a_missing_directory_is_not_an_error() {
    let Scratch { cache, directory } = Scratch::new();
    directory.close().expect("it can be removed");
    cache.put(&key(0), PAYLOAD);
    assert_eq!(get(&cache, 0), None);
    assert!(matches!(cache.usage(), Err(CacheError::Io { action: "list", .. })));
}

#[test]
fn clearing_leaves_foreign_files_alone() {
    let (scratch, _) = Scratch::with_entry();
    let hex = key(0).to_string();
    let own = [format!("{hex}.a1B2.tmp"), format!("{hex}..tmp")];
    let foreign = [
        "README".to_owned(),
        "x.bin".to_owned(),
        hex.clone(),
        format!("{hex}.bin.old"),
        format!("{hex}.tmp"),
        format!("{hex}.a-b.tmp"),
        format!("{hex}0.bin"),
        format!("{}.bin", hex.to_uppercase()),
        format!("{}é.bin", &hex[1..]),
        format!("g{}.bin", &hex[1..]),
    ];
    for name in own.iter().chain(&foreign) {
        fs::write(scratch.directory.path().join(name), "12345").expect("it can be written");
    }
    let bytes = (FOOTER_BYTES + PAYLOAD.len() + 10) as u64;
    let expected = CacheUsage { n_files: 3, bytes };
    assert_eq!(scratch.cache.usage().expect("it can be read"), expected);
    assert_eq!(scratch.cache.clear().expect("it can be cleared"), expected);
    assert_eq!(scratch.cache.usage().expect("it can be read"), CacheUsage::default());
    let mut left = foreign.to_vec();
    left.sort();
    assert_eq!(scratch.names(), left);
}

#[test]
fn the_oldest_files_make_room() {
    let entry_bytes = (FOOTER_BYTES + PAYLOAD.len()) as u64;
    for (n_files, bytes) in [(3, u64::MAX), (usize::MAX, 3 * entry_bytes + 1)] {
        let Scratch { cache, .. } = &Scratch::bounded(n_files, bytes);
        for n in 0..5 {
            cache.put(&key(n), PAYLOAD);
            // A file system's clock may not advance between two files.
            let age = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(n.into());
            let file = fs::File::options().write(true).open(cache.entry_path(&key(n)));
            file.and_then(|file| file.set_modified(age)).expect("its time can be set");
        }
        let is_there: Vec<_> = (0..5).map(|n| get(cache, n).is_some()).collect();
        assert_eq!(is_there, [false, false, true, true, true]);
    }
}

#[test]
fn the_entry_just_written_stays_even_alone_above_the_bounds() {
    let Scratch { cache, .. } = &Scratch::bounded(10, 10);
    cache.put(&key(0), PAYLOAD);
    cache.put(&key(1), PAYLOAD);
    assert_eq!(get(cache, 0), None);
    assert_eq!(get(cache, 1).as_deref(), Some(PAYLOAD));
}

#[test]
fn files_that_a_crash_left_behind_make_room_too() {
    let scratch = Scratch::bounded(1, u64::MAX);
    fs::write(scratch.directory.path().join(format!("{}.abc.tmp", key(9))), "half")
        .expect("it can be written");
    scratch.cache.put(&key(0), PAYLOAD);
    assert_eq!(scratch.names(), [format!("{}.bin", key(0))]);
}

#[test]
fn threads_share_it_while_others_evict_and_clear() {
    let Scratch { cache, .. } = &Scratch::bounded(6, u64::MAX);
    std::thread::scope(|scope| {
        for thread in 0..8_u8 {
            scope.spawn(move || {
                for i in 0..50_u8 {
                    use_cache(cache, i.wrapping_mul(thread));
                    if thread == 7 && i % 10 == 0 {
                        cache.clear().expect("it can be cleared");
                    }
                }
            });
        }
    });
    assert!(cache.usage().expect("it can be read").n_files <= 6 + 8);
}

#[test]
fn processes_share_it() {
    let Scratch { cache, directory } = &Scratch::new();
    let children: Vec<_> = (0..4).map(|_| child(directory.path()).spawn().expect("it starts")).collect();
    for i in 0..200 {
        use_cache(cache, i);
    }
    for mut child in children {
        assert!(child.wait().expect("it ends").success());
    }
    let payloads: Vec<_> = (0..8).filter_map(|n| get(cache, n)).collect();
    assert_eq!(payloads.len(), 8, "nobody evicts or clears");
    assert_eq!(cache.usage().expect("it can be read").n_files, 8, "no temporary file is left");
}

/// The other processes of [`processes_share_it`]; does nothing unless it is one of them.
#[test]
fn child_process() {
    if let Some(directory) = std::env::var_os(CHILD_DIRECTORY) {
        let cache = DiskCache::open(Path::new(&directory)).expect("the parent has opened it, too");
        for i in 0..200 {
            use_cache(&cache, i);
        }
    }
}

const CHILD_DIRECTORY: &str = "OUTRIDER_TEST_CHILD_DIRECTORY";

/// Prepares to run this test program's [`child_process`].
fn child(directory: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.args(["--exact", "cache::disk::tests::child_process"]).env(CHILD_DIRECTORY, directory);
    command.stdout(std::process::Stdio::null());
    command
}

/// Gets and puts one of eight entries of 100 kB; what is there has to be whole.
#[track_caller]
fn use_cache(cache: &DiskCache, i: u8) {
    let n = i % 8;
    let payload = vec![n; 100_000];
    assert!(get(cache, n).is_none_or(|got| got == payload));
    cache.put(&key(n), &payload);
}

#[test]
fn the_directory_is_found_in_the_environment() {
    #[track_caller]
    fn check(own: &str, xdg: &str, home: Option<&str>, expected: Option<&str>) {
        let variable = |name: &str| match name {
            "OUTRIDER_CACHE_DIR" => Some(own.into()),
            "XDG_CACHE_HOME" => Some(xdg.into()),
            _ => None,
        };
        assert_eq!(directory_from(variable, home.map(PathBuf::from)), expected.map(PathBuf::from));
    }
    check("here", "/xdg", Some("/home/me"), Some("here"));
    check("", "/xdg", Some("/home/me"), Some("/xdg/outrider"));
    check("", "not/absolute", Some("/home/me"), Some("/home/me/.cache/outrider"));
    check("", "", Some("/home/me"), Some("/home/me/.cache/outrider"));
    check("", "", Some(""), None);
    check("", "", None, None);
    assert_eq!(directory_from(|_| None, Some("/home/me".into())), Some("/home/me/.cache/outrider".into()));
}

#[test]
fn a_directory_is_created_with_its_parents() {
    let scratch = private_directory();
    let directory = scratch.path().join("a/b");
    assert!(DiskCache::open_existing(&directory).expect("nothing is wrong").is_none());
    assert!(!directory.exists());
    let cache = DiskCache::open(&directory).expect("it can be made");
    cache.put(&key(0), PAYLOAD);
    let cache = DiskCache::open_existing(&directory).expect("it is safe").expect("it is there");
    assert_eq!(get(&cache, 0).as_deref(), Some(PAYLOAD));
}

#[test]
fn a_file_is_no_directory() {
    let scratch = private_directory();
    let file = scratch.path().canonicalize().expect("it is there").join("file");
    fs::write(&file, "").expect("it can be written");
    for directory in [file.clone(), file.join("below")] {
        match DiskCache::open(&directory) {
            Err(CacheError::NotADirectory { path }) => assert_eq!(path, file),
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_contents_of_a_file_panic_or_pass(contents: Vec<u8>, has_footer: bool) {
        let (scratch, path) = Scratch::with_entry();
        let entry = fs::read(&path).expect("it can be read");
        let footer = if has_footer { &entry[PAYLOAD.len()..] } else { &[] };
        fs::write(&path, [&contents, footer].concat()).expect("it can be written");
        prop_assert_eq!(get(&scratch.cache, 0), None);
    }

    #[test]
    fn damage_is_noticed_or_has_not_changed_anything(
        payload: Vec<u8>,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut_off in prop::option::of(any::<prop::sample::Index>()),
        file_bytes in prop::option::of(any::<u64>()),
    ) {
        let whole = [payload.as_slice(), &entry::footer(&key(0), &payload)].concat();
        let mut file = whole.clone();
        for (index, byte) in damage {
            let index = index.index(file.len());
            file[index] = byte;
        }
        if let Some(length) = cut_off {
            file.truncate(length.index(file.len()));
        }
        let file_bytes = file_bytes.unwrap_or(file.len() as u64);
        let mut opened = tempfile::tempfile().expect("a file can be made");
        opened.write_all(&file).expect("it can be written");
        match entry::open(opened, file_bytes, &key(0)) {
            Ok(entry) => {
                prop_assert_eq!(entry.payload().read().expect("it can be read"), payload);
                prop_assert_eq!(file, whole);
            }
            Err(error) => prop_assert!(file != whole || file_bytes != whole.len() as u64, "{}", error),
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    }

    /// Makes a directory with these permissions, whatever the umask.
    fn directory(path: &Path, mode: u32) -> &Path {
        fs::create_dir(path).expect("it can be made");
        set_mode(path, mode);
        path
    }

    #[track_caller]
    fn check_writable_by_others(directory: &Path, expected: &Path) {
        match DiskCache::open(directory) {
            Err(CacheError::WritableByOthers { path, .. }) => assert_eq!(path, expected),
            other => panic!("{other:?}"),
        }
    }

    fn scratch() -> (TempDir, PathBuf) {
        let scratch = private_directory();
        let path = scratch.path().canonicalize().expect("it is there");
        (scratch, path)
    }

    #[test]
    fn created_directories_are_private() {
        let (_scratch, path) = scratch();
        let path = path.join("a/b");
        let cache = DiskCache::open(&path).expect("it can be made");
        cache.put(&key(0), PAYLOAD);
        let mode = |path: &Path| path.metadata().expect("it is there").mode() & 0o7777;
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(path.parent().expect("it has one")), 0o700);
        assert_eq!(mode(&cache.entry_path(&key(0))), 0o600);
    }

    #[test]
    fn a_directory_that_others_can_write_to_is_refused() {
        let (_scratch, path) = scratch();
        for (name, mode) in [("group", 0o770), ("world", 0o777), ("sticky", 0o1777), ("write only", 0o702)] {
            let directory = directory(&path.join(name), mode).to_owned();
            check_writable_by_others(&directory, &directory);
            assert!(DiskCache::open_existing(&directory).is_err());
        }
    }

    #[test]
    fn a_directory_below_one_that_others_can_write_to_is_refused() {
        let (_scratch, path) = scratch();
        let shared = directory(&path.join("shared"), 0o777).to_owned();
        check_writable_by_others(&shared.join("new/cache"), &shared);
        assert!(!shared.join("new").exists(), "nothing is left behind");
        directory(&shared.join("mine"), 0o700);
        check_writable_by_others(&shared.join("mine"), &shared);
        set_mode(&shared, 0o1777);
        assert!(DiskCache::open(&shared.join("mine")).is_ok(), "nobody can move it away");
    }

    #[test]
    fn the_target_of_a_link_is_checked() {
        let (_scratch, path) = scratch();
        let safe = directory(&path.join("safe"), 0o700).to_owned();
        let shared = directory(&path.join("shared"), 0o777).to_owned();
        symlink(&safe, path.join("to safe")).expect("it can be made");
        symlink(&shared, path.join("to shared")).expect("it can be made");
        symlink("nowhere", path.join("to nothing")).expect("it can be made");
        let cache = DiskCache::open(&path.join("to safe")).expect("it is safe");
        assert_eq!(cache.directory(), safe);
        check_writable_by_others(&path.join("to shared"), &shared);
        check_writable_by_others(&path.join("to shared/new"), &shared);
        assert!(matches!(DiskCache::open(&path.join("to nothing")), Err(CacheError::NotADirectory { .. })));
        assert!(DiskCache::open_existing(&path.join("to nothing")).is_err());
    }

    #[test]
    fn a_directory_of_another_user_is_refused() {
        let (_scratch, path) = scratch();
        let foreign = directory(&path.join("foreign"), 0o755).to_owned();
        directory(&foreign.join("below"), 0o700);
        // Only root can give a directory away; the rule itself is tested for every user.
        if std::os::unix::fs::chown(&foreign, Some(12345), None).is_err() {
            return;
        }
        for directory in [foreign.clone(), foreign.join("below"), foreign.join("new")] {
            match DiskCache::open(&directory) {
                Err(CacheError::OwnedByOther { path, owner: 12345, .. }) => assert_eq!(path, foreign),
                other => panic!("{other:?}"),
            }
        }
        assert!(!foreign.join("new").exists(), "nothing is left behind");
    }

    #[test]
    fn an_entry_that_others_could_have_written_is_not_used() {
        let (scratch, path) = Scratch::with_entry();
        for mode in [0o660, 0o606, 0o666] {
            set_mode(&path, mode);
            check_recovers(&scratch.cache);
        }
        if std::os::unix::fs::chown(&path, Some(12345), None).is_ok() {
            check_recovers(&scratch.cache);
        }
    }

    #[test]
    fn links_pipes_and_devices_in_the_place_of_an_entry_are_not_followed() {
        let (scratch, path) = Scratch::with_entry();
        let elsewhere = scratch.directory.path().join("elsewhere");
        fs::rename(&path, &elsewhere).expect("it is there");
        symlink(&elsewhere, &path).expect("it can be made");
        assert_eq!(scratch.cache.usage().expect("it can be read").n_files, 0);
        check_recovers(&scratch.cache);
        assert!(elsewhere.is_file());

        fs::remove_file(&path).expect("it is there");
        symlink("/dev/zero", &path).expect("it can be made");
        check_recovers(&scratch.cache);

        fs::remove_file(&path).expect("it is there");
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo is part of every Unix").success());
        check_recovers(&scratch.cache);
    }
}
