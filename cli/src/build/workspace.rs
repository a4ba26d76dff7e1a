//! A workspace of EEs, as `cargo metadata` tells it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use cargo_platform::{Cfg, Platform};
use serde::Deserialize;

use super::manifest::sha256;
use super::toolchain::TARGET;

/// A cargo workspace, with what its packages depend on by path.
pub(super) struct Workspace {
    pub(super) root: PathBuf,
    target_directory: PathBuf,
    /// The members.
    packages: Vec<Package>,
}

/// A package, as far as building EEs is concerned.
#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

#[derive(Deserialize)]
struct Dependency {
    path: Option<PathBuf>,
    /// None for an ordinary dependency.
    kind: Option<String>,
    /// For which targets it is one, as a triple or `cfg(..)`; all if none.
    target: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

impl Workspace {
    /// Finds the workspace `ees` or, if there is none, that of the working directory.
    pub(super) fn find() -> anyhow::Result<Self> {
        let ees = Path::new("ees/Cargo.toml");
        let metadata = metadata(ees.exists().then_some(ees))?;
        Ok(Self {
            root: metadata.workspace_root,
            target_directory: metadata.target_directory,
            packages: metadata.packages,
        })
    }

    /// Returns the EEs of these names, or all.
    pub(super) fn ees(&self, names: &[String]) -> anyhow::Result<Vec<&Package>> {
        let all: Vec<_> = self.packages.iter().filter(|package| package.ee_target().is_some()).collect();
        let root = self.root.display();
        anyhow::ensure!(
            !all.is_empty(),
            "{root}: no package with the crate-type `cdylib`, which makes an EE"
        );
        if names.is_empty() {
            return Ok(all);
        }
        let ees = names.iter().map(|name| {
            let found = all.iter().find(|ee| ee.name == *name).copied();
            found.with_context(|| {
                let known: Vec<_> = all.iter().map(|ee| ee.name.as_str()).collect();
                format!("no EE `{name}` in {root}; there are {}", known.join(", "))
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

    pub(super) fn blob(&self, ee: &Package) -> PathBuf {
        self.blobs().join(&ee.name).with_added_extension("wasm")
    }

    /// Returns where cargo leaves an EE that it has built.
    pub(super) fn built(&self, ee: &Package) -> PathBuf {
        let name = ee.ee_target().map_or(ee.name.as_str(), |target| &target.name).replace('-', "_");
        self.target_directory.join("wasm32-unknown-unknown/release").join(name).with_added_extension("wasm")
    }

    /// Returns the directories outside of the workspace that an EE is built from, by package name.
    pub(super) fn outside_sources(&self, ee: &Package) -> anyhow::Result<BTreeMap<String, PathBuf>> {
        let mut sources = source_directories(ee)?;
        sources.retain(|_, directory| !directory.starts_with(&self.root));
        Ok(sources)
    }

    /// Hashes everything of ours that a blob is built from: the manifests, the lock file, and the `src` of the
    /// EE and of what it depends on by path.
    ///
    /// The hash is that of one line for each file, sorted: its SHA-256, two spaces, its name.
    pub(super) fn hash_sources(&self, ee: &Package) -> anyhow::Result<String> {
        let mut files = BTreeMap::new();
        for name in ["Cargo.toml", "Cargo.lock"] {
            files.insert(name.to_owned(), self.root.join(name));
        }
        for (package, directory) in source_directories(ee)? {
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

impl Package {
    fn ee_target(&self) -> Option<&Target> {
        self.targets.iter().find(|target| target.crate_types.iter().any(|kind| kind == "cdylib"))
    }

    fn directory(&self) -> PathBuf {
        self.manifest_path.parent().unwrap_or(Path::new("")).to_owned()
    }

    /// Returns the directories of what the package, built for wasm, depends on by path.
    fn path_dependencies(&self) -> impl Iterator<Item = &Path> {
        let dependencies =
            self.dependencies.iter().filter(|dependency| dependency.kind.as_deref() != Some("dev"));
        let dependencies = dependencies.filter(|dependency| dependency.is_for_wasm());
        dependencies.filter_map(|dependency| dependency.path.as_deref())
    }
}

impl Dependency {
    /// Tells whether the dependency is one of a build for [`TARGET`]; if that cannot be told, it is.
    fn is_for_wasm(&self) -> bool {
        let platform = self.target.as_deref().and_then(|target| target.parse::<Platform>().ok());
        platform.is_none_or(|platform| {
            let cfgs: Vec<Cfg> = TARGET_CFGS.iter().filter_map(|cfg| cfg.parse().ok()).collect();
            platform.matches(TARGET, &cfgs)
        })
    }
}

/// What `rustc --print cfg --target wasm32-unknown-unknown` says of the target.
const TARGET_CFGS: &[&str] = &[
    "target_arch=\"wasm32\"",
    "target_endian=\"little\"",
    "target_env=\"\"",
    "target_family=\"wasm\"",
    "target_os=\"unknown\"",
    "target_pointer_width=\"32\"",
    "target_vendor=\"unknown\"",
];

/// Returns the directories of a package and of all that it depends on by path, by package name.
fn source_directories(package: &Package) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::from([(package.name.clone(), package.directory())]);
    let mut unseen: Vec<_> = package.path_dependencies().map(Path::to_owned).collect();
    while let Some(directory) = unseen.pop() {
        let manifest = directory.join("Cargo.toml");
        let metadata = metadata(Some(&manifest))?;
        let dependency = metadata.packages.iter().find(|package| package.directory() == directory);
        let dependency = dependency.with_context(|| format!("{}: not a package", manifest.display()))?;
        if found.insert(dependency.name.clone(), directory).is_none() {
            unseen.extend(dependency.path_dependencies().map(Path::to_owned));
        }
    }
    Ok(found)
}

/// Lists the files of a package that a blob depends on.
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
    let mut command = Command::new("cargo");
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    if let Some(manifest) = manifest {
        command.arg("--manifest-path").arg(manifest);
    }
    let output = command.output().context("cannot run `cargo`; install Rust from https://rustup.rs")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    anyhow::ensure!(output.status.success(), "{}", said.trim_start_matches("error: "));
    serde_json::from_slice(&output.stdout)
        .context("`cargo metadata` answers in a form that is not understood")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_of_other_targets_is_none_of_a_blob() {
        for (target, expected) in [
            (None, true),
            (Some("cfg(target_family = \"wasm\")"), true),
            (Some("cfg(not(target_family = \"wasm\"))"), false),
            (Some("cfg(all(target_arch = \"wasm32\", not(target_os = \"wasi\")))"), true),
            (Some("cfg(unix)"), false),
            (Some("wasm32-unknown-unknown"), true),
            (Some("x86_64-unknown-linux-gnu"), false),
        ] {
            let dependency = Dependency { path: None, kind: None, target: target.map(str::to_owned) };
            assert_eq!(dependency.is_for_wasm(), expected, "{target:?}");
        }
    }

    #[test]
    fn an_ee_is_made_of_itself_and_its_sdk_and_not_of_what_the_harness_uses() {
        let ees = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ees");
        let packages = metadata(Some(&ees.join("Cargo.toml"))).unwrap().packages;
        let bazaar = packages.iter().find(|package| package.name == "bazaar").unwrap();
        let sources = source_directories(bazaar).unwrap();
        assert_eq!(
            sources.keys().collect::<Vec<_>>(),
            ["bazaar", "outrider-abi", "outrider-sdk", "outrider-witness"]
        );
    }
}
