//! Files of packages.

use alloc::string::String;
use core::fmt::Write as _;
use std::{fs, io, path::Path};

/// Returns packages, each in the EE's own encoding, in the form for `outrider state init` and `outrider witness build`:
/// JSON, `{"packages": ["<hex>", ...]}`.
///
/// ```
/// use outrider_sdk::harness::packages_json;
///
/// assert_eq!(packages_json(&[&[0xca, 0xfe][..], &[]]), "{\"packages\": [\n\"cafe\",\n\"\"\n]}\n");
/// ```
pub fn packages_json(packages: &[impl AsRef<[u8]>]) -> String {
    let mut json = String::from("{\"packages\": [");
    for (index, package) in packages.iter().enumerate() {
        json.push_str(if index == 0 { "\n\"" } else { ",\n\"" });
        for byte in package.as_ref() {
            // Writing to a string cannot fail.
            let _ = write!(json, "{byte:02x}");
        }
        json.push('"');
    }
    json.push_str("\n]}\n");
    json
}

/// Writes packages to a file, in the form of [`packages_json`].
///
/// # Errors
///
/// Fails if the file cannot be written; the error names it.
pub fn write_packages(file: impl AsRef<Path>, packages: &[impl AsRef<[u8]>]) -> io::Result<()> {
    let file = file.as_ref();
    fs::write(file, packages_json(packages)).map_err(|error| {
        io::Error::new(error.kind(), std::format!("cannot write {}: {error}", file.display()))
    })
}
