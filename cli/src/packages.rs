//! Packages: YAML or JSON files with what a state provider makes a block of.
//!
//! ```yaml
//! packages: ["00ff...", "12..."]    # each in the EE's own encoding
//! ```
//!
//! Hex is written as in fixtures.

use std::path::Path;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::fixture::{At, FixtureError, hex_bytes, parse_yaml, read_text};

/// Reads a file of packages, or the standard input.
pub(crate) fn read(file: &Path) -> Result<Vec<Vec<u8>>, FixtureError> {
    read_text(file, "packages", parse)
}

fn parse(text: &str) -> Result<Vec<Vec<u8>>, At> {
    let yaml: YamlPackages = parse_yaml(text)?;
    yaml.packages.iter().map(|package| hex_bytes(package, "the package")).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YamlPackages {
    packages: Vec<Spanned<String>>,
}
