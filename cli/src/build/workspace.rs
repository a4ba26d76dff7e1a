//! A workspace of EEs, as `cargo metadata` describes it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cargo_metadata::{
    CrateType, Dependency, DependencyKind, Error, Metadata, MetadataCommand, Package, Target,
};
use cargo_platform::Cfg;

use super::manifest::sha256;
use super::target::TARGET;

/// A cargo workspace with EEs.
pub(super) struct Workspace {
    pub(super) root: PathBuf,
    target_directory: PathBuf,
    /// The members.
    packages: Vec<Package>,
}

/// An EE: a package with a library for wasm.
#[derive(Clone, Copy)]
pub(super) struct Ee<'w> {
    package: &'w Package,
    target: &'w Target,
}

impl Workspace {
    /// Finds the workspace in the directory `ees` or, if there is none, the workspace of the working directory.
    pub(super) fn find() -> anyhow::Result<Self> {
        let ees = Path::new("ees/Cargo.toml");
        let metadata = metadata(ees.exists().then_some(ees))?;
        Ok(Self {
            root: metadata.workspace_root.into(),
            target_directory: metadata.target_directory.into(),
            packages: metadata.packages,
        })
    }

    /// Returns the EEs with these names, or all EEs if there are no names.
    pub(super) fn ees(&self, names: &[String]) -> anyhow::Result<Vec<Ee<'_>>> {
        let all: Vec<_> = self.packages.iter().filter_map(Ee::of).collect();
        let root = self.root.display();
        anyhow::ensure!(!all.is_empty(), "{root}: no package is an EE, which has the crate-type `cdylib`");
        if names.is_empty() {
            return Ok(all);
        }
        let ees = names.iter().map(|name| {
            let found = all.iter().find(|ee| ee.name() == name).copied();
            found.with_context(|| {
                let known: Vec<_> = all.iter().map(Ee::name).collect();
                format!("there is no EE `{name}` in {root}; its EEs are {}", known.join(", "))
            })
        });
        ees.collect()
    }

    pub(super) fn target_directory(&self) -> &Path {
        &self.target_directory
    }

    pub(super) fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    pub(super) fn blob(&self, ee: Ee<'_>) -> PathBuf {
        self.blobs().join(ee.name()).with_added_extension("wasm")
    }

    /// Returns the path of the module that cargo builds for an EE.
    pub(super) fn built(&self, ee: Ee<'_>) -> PathBuf {
        let name = ee.target.name.replace('-', "_");
        self.target_directory.join("wasm32-unknown-unknown/release").join(name).with_added_extension("wasm")
    }

    /// Returns the directories of the packages outside of the workspace that an EE is built from, by package name.
    pub(super) fn outside_sources(&self, ee: Ee<'_>) -> anyhow::Result<BTreeMap<String, PathBuf>> {
        let mut sources = source_directories(ee.package)?;
        sources.retain(|_, directory| !directory.starts_with(&self.root));
        Ok(sources)
    }

    /// Hashes the sources of a blob: the manifests, the lock file, and the `src` of the EE and of its path dependencies.
    ///
    /// The hash is the SHA-256 of a list with a line for each file, sorted by name: its SHA-256, two spaces, its name.
    pub(super) fn hash_sources(&self, ee: Ee<'_>) -> anyhow::Result<String> {
        let mut files = BTreeMap::new();
        for name in ["Cargo.toml", "Cargo.lock"] {
            files.insert(name.to_owned(), self.root.join(name));
        }
        for (package, directory) in source_directories(ee.package)? {
            for file in source_files(&directory)? {
                let name =
                    file.strip_prefix(&directory).unwrap_or(&file).to_string_lossy().replace('\\', "/");
                files.insert(format!("{package}/{name}"), file);
            }
        }
        let mut listing = String::new();
        for (name, file) in files {
            let bytes = crate::files::read(&file, crate::files::FILE_BYTES_MAX)
                .with_context(|| format!("cannot read {}", file.display()))?;
            listing.push_str(&format!("{}  {name}\n", sha256(&bytes)));
        }
        Ok(sha256(listing.as_bytes()))
    }
}

impl<'w> Ee<'w> {
    fn of(package: &'w Package) -> Option<Self> {
        let target = package.targets.iter().find(|target| target.crate_types.contains(&CrateType::CDyLib))?;
        Some(Self { package, target })
    }

    pub(super) fn name(&self) -> &'w str {
        &self.package.name
    }
}

/// Returns the directory of a package.
fn directory(package: &Package) -> PathBuf {
    package.manifest_path.parent().map_or_else(PathBuf::new, Into::into)
}

/// Returns the directories of a package's path dependencies in a build for wasm.
fn path_dependencies(package: &Package) -> impl Iterator<Item = PathBuf> {
    let dependencies =
        package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
    let dependencies = dependencies.filter(|dependency| is_for_wasm(dependency));
    dependencies.filter_map(|dependency| dependency.path.clone()).map(Into::into)
}

/// Returns whether a dependency is part of a build for [`TARGET`].
fn is_for_wasm(dependency: &Dependency) -> bool {
    let cfgs: Vec<Cfg> = TARGET_CFGS.iter().filter_map(|cfg| cfg.parse().ok()).collect();
    dependency.target.as_ref().is_none_or(|platform| platform.matches(TARGET, &cfgs))
}

/// The target's configuration, as `rustc --print cfg --target wasm32-unknown-unknown` prints it.
const TARGET_CFGS: &[&str] = &[
    "target_arch=\"wasm32\"",
    "target_endian=\"little\"",
    "target_env=\"\"",
    "target_family=\"wasm\"",
    "target_os=\"unknown\"",
    "target_pointer_width=\"32\"",
    "target_vendor=\"unknown\"",
];

/// Returns the directories of a package and of its direct and indirect path dependencies, by package name.
fn source_directories(package: &Package) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::from([(package.name.to_string(), directory(package))]);
    let mut unseen: Vec<_> = path_dependencies(package).collect();
    while let Some(found_at) = unseen.pop() {
        let manifest = found_at.join("Cargo.toml");
        let metadata = metadata(Some(&manifest))?;
        let dependency = metadata.packages.iter().find(|package| directory(package) == found_at);
        let dependency = dependency.with_context(|| format!("{}: not a package", manifest.display()))?;
        if found.insert(dependency.name.to_string(), found_at).is_none() {
            unseen.extend(path_dependencies(dependency));
        }
    }
    Ok(found)
}

/// Returns the files of a package that a blob depends on.
fn source_files(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = vec![directory.join("Cargo.toml")];
    files.extend(Some(directory.join("build.rs")).filter(|script| script.exists()));
    for entry in walkdir::WalkDir::new(directory.join("src")) {
        let entry = entry?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

fn metadata(manifest: Option<&Path>) -> anyhow::Result<Metadata> {
    let mut command = MetadataCommand::new();
    command.cargo_path("cargo").no_deps();
    if let Some(manifest) = manifest {
        command.manifest_path(manifest);
    }
    command.exec().map_err(|error| match error {
        Error::CargoMetadata { stderr } => {
            let message = stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            anyhow::anyhow!("{}", message.trim_start_matches("error: "))
        }
        Error::Io(error) => {
            anyhow::Error::new(error).context("cannot run `cargo`; install Rust from https://rustup.rs")
        }
        // The text of this error includes its cause.
        error => anyhow::anyhow!("cannot read the output of `cargo metadata`: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_does_not_depend_on_dependencies_for_other_targets() {
        for (target, expected) in [
            (None, true),
            (Some("cfg(target_family = \"wasm\")"), true),
            (Some("cfg(not(target_family = \"wasm\"))"), false),
            (Some("cfg(all(target_arch = \"wasm32\", not(target_os = \"wasi\")))"), true),
            (Some("cfg(unix)"), false),
            (Some("wasm32-unknown-unknown"), true),
            (Some("x86_64-unknown-linux-gnu"), false),
        ] {
            let dependency = serde_json::json!({
                "name": "other", "req": "*", "kind": null, "optional": false, "uses_default_features": true, "features": [],
                "target": target,
            });
            let dependency: Dependency = serde_json::from_value(dependency).unwrap();
            assert_eq!(is_for_wasm(&dependency), expected, "{target:?}");
        }
    }

    #[test]
    fn an_ee_is_built_from_itself_and_the_sdk_but_not_from_dev_dependencies() {
        let ees = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ees");
        let packages = metadata(Some(&ees.join("Cargo.toml"))).unwrap().packages;
        let bazaar = packages.iter().find(|package| package.name == "bazaar").unwrap();
        let sources = source_directories(bazaar).unwrap();
        assert_eq!(
            sources.keys().collect::<Vec<_>>(),
            ["bazaar", "outrider-abi", "outrider-beacon-proof", "outrider-sdk", "outrider-witness"]
        );
    }
}
