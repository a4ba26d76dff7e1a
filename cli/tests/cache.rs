//! `outrider cache`.

mod support;

use serde_json::{Value, json};
use support::{Scratch, ran, summary};

/// Returns a name such as the cache gives to its files.
fn entry(digit: char) -> String {
    format!("cache/{}.bin", digit.to_string().repeat(64))
}

/// Returns the cache's directory as the command prints it.
fn directory(scratch: &Scratch) -> String {
    let directory = scratch.path().canonicalize().expect("it is there").join("cache");
    directory.into_os_string().into_string().expect("it is text")
}

#[test]
fn a_missing_cache_is_empty_and_is_not_created() {
    let scratch = Scratch::new();
    let ran = scratch.outrider(&["cache", "show"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.contains("\nfiles      0\nsize       0 bytes of at most 1073741824\n"), "{}", ran.out);
    let ran = scratch.outrider(&["cache", "clear"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.starts_with("removed 0 files, 0 bytes, from "), "{}", ran.out);
    assert!(!scratch.path().join("cache").exists());
}

#[test]
fn clearing_removes_what_is_shown() {
    let scratch = Scratch::new();
    scratch.write(&entry('a'), "12345").write(&entry('0'), "123").write("cache/notes.txt", "mine");
    make_private(&scratch);
    let ran = scratch.outrider(&["cache", "show"]);
    let expected = format!(
        "directory  {}\nfiles      2\nsize       8 bytes of at most 1073741824\n",
        directory(&scratch)
    );
    assert_eq!((ran.code, ran.out, ran.err.as_str()), (Some(0), expected, ""));

    let ran = scratch.outrider(&["cache", "clear"]);
    let expected = format!("removed 2 files, 8 bytes, from {}\n", directory(&scratch));
    assert_eq!((ran.code, ran.out, ran.err.as_str()), (Some(0), expected, ""));
    assert_eq!(scratch.read("cache/notes.txt"), "mine");
    assert!(!scratch.path().join(entry('a')).exists());
}

#[test]
fn json_has_the_same() {
    let scratch = Scratch::new();
    scratch.write(&entry('f'), "12345");
    make_private(&scratch);
    let ran = scratch.outrider(&["cache", "show", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let got: Value = serde_json::from_str(&ran.out).expect("the output is JSON");
    let expected = json!({
        "directory": directory(&scratch),
        "n_files": 1,
        "bytes": 5,
        "bytes_max": 1_073_741_824,
        "summary": summary("holds", 1, 0),
    });
    assert_eq!(got, expected);
}

#[test]
fn a_file_in_the_place_of_the_directory_is_an_error() {
    let scratch = Scratch::new();
    scratch.write("cache", "");
    for action in ["show", "clear"] {
        let ran = scratch.outrider(&["cache", action]);
        let expected = format!(
            "error: {}: not a directory; move it away, or set OUTRIDER_CACHE_DIR to a directory of your own\n",
            directory(&scratch)
        );
        assert_eq!((ran.code, ran.out.as_str(), ran.err), (Some(2), "", expected));
    }
}

#[test]
fn without_a_variable_the_cache_is_in_the_users_cache_directory() {
    let scratch = Scratch::new();
    let mut command = scratch.command(&["cache", "show"]);
    let ran = ran(command.env_remove("OUTRIDER_CACHE_DIR").env("XDG_CACHE_HOME", scratch.path()).output());
    let expected = format!("directory  {}\n", scratch.path().join("outrider").display());
    assert!(ran.out.starts_with(&expected), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn a_directory_that_others_can_write_to_is_refused_with_a_remedy() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = Scratch::new();
    scratch.write(&entry('a'), "12345");
    let permissions = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(scratch.path().join("cache"), permissions).expect("it is ours");
    for action in ["show", "clear"] {
        let ran = scratch.outrider(&["cache", action]);
        let expected = format!(
            "error: {}: others can write here (mode 777) and could plant code in the cache; \
             `chmod go-w` it, or set OUTRIDER_CACHE_DIR to a directory of your own\n",
            directory(&scratch)
        );
        assert_eq!((ran.code, ran.out.as_str(), ran.err), (Some(2), "", expected));
    }
    assert_eq!(scratch.read(&entry('a')), "12345");
}

/// Removes the permissions of others that the umask may have left.
fn make_private(scratch: &Scratch) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let permissions = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(scratch.path().join("cache"), permissions).expect("it is ours");
    }
}
