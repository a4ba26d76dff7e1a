//! Finds a Rust toolchain that can build for `wasm32-unknown-unknown`, and runs it.
//!
//! There are two kinds of such toolchains. One has the target's standard library, which `rustup target add
//! wasm32-unknown-unknown` installs. The other has the sources of the standard library, which are built together with the
//! EEs; Debian's package `rust-web-src` has them for the compiler in `rustc-web`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::rustc;
use super::target::{FEATURES, TARGET};
use super::workspace::{Ee, Workspace};

/// A toolchain that can build EEs.
pub(super) struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
    version: String,
    sysroot: PathBuf,
    kind: Kind,
}

enum Kind {
    /// The target's standard library is installed.
    Target,
    /// The standard library is built from its sources, and this linker links EEs.
    BuildStd { linker: PathBuf },
}

impl Toolchain {
    /// Finds a toolchain: the one on the path, or else the one in `/usr/bin`.
    pub(super) fn find() -> anyhow::Result<Self> {
        let candidates = [("cargo", "rustc"), ("/usr/bin/cargo", "/usr/bin/rustc")];
        let found = candidates.iter().find_map(|(cargo, rustc)| Self::at(cargo.as_ref(), rustc.as_ref()));
        found.context(
            "no Rust toolchain here can build for wasm32-unknown-unknown: install one with `rustup target add \
             wasm32-unknown-unknown`, or on Debian with `apt-get install rustc-web cargo-web rust-web-src lld`",
        )
    }

    fn at(cargo: &Path, rustc: &Path) -> Option<Self> {
        let version = output(rustc, &["--version"])?;
        let sysroot = PathBuf::from(output(rustc, &["--print", "sysroot"])?);
        let libraries = PathBuf::from(output(rustc, &["--print", "target-libdir", "--target", TARGET])?);
        let kind = if has_core(&libraries) {
            Kind::Target
        } else if library_sources(&sysroot).join("core/Cargo.toml").exists() {
            Kind::BuildStd { linker: find_linker(&sysroot)? }
        } else {
            return None;
        };
        Some(Self { cargo: cargo.to_owned(), rustc: rustc.to_owned(), version, sysroot, kind })
    }

    /// Returns the output of `rustc --version`.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Builds EEs in release mode.
    pub(super) fn build(&self, workspace: &Workspace, ees: &[Ee<'_>]) -> anyhow::Result<()> {
        // The flags name the directories of fetched sources, so these have to exist before.
        let mut fetch = self.cargo(workspace);
        fetch.args(["fetch", "--quiet"]);
        run(fetch)?;

        let mut build = self.cargo(workspace);
        build
            .args(["build", "--release", "--target", TARGET, "--target-dir"])
            .arg(workspace.target_directory())
            .env("CARGO_ENCODED_RUSTFLAGS", self.rustflags(workspace, ees)?);
        for &ee in ees {
            build.args(["--package", ee.name()]);
        }
        if let Kind::BuildStd { linker } = &self.kind {
            build
                .arg("-Zbuild-std=core,alloc")
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
        rustc::wrap(&mut build).context("cannot find the file of this program")?;
        run(build)
    }

    /// Returns a command that runs cargo in a workspace, without the environment variables of an outer build.
    fn cargo(&self, workspace: &Workspace) -> Command {
        let mut command = Command::new(&self.cargo);
        command.current_dir(&workspace.root).env("RUSTC", &self.rustc);
        for variable in ["RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "LD_LIBRARY_PATH", "CARGO"]
        {
            command.env_remove(variable);
        }
        command
    }

    /// Returns the flags of the compiler. They enable [`FEATURES`], set the size of the stack, and remove the paths of this machine from
    /// the blobs, so that the same sources make the same blob anywhere.
    fn rustflags(&self, workspace: &Workspace, ees: &[Ee<'_>]) -> anyhow::Result<String> {
        let mut renamed = vec![(self.sysroot.join("lib/rustlib/src/rust"), "rust".to_owned())];
        for &ee in ees {
            let sources = workspace.outside_sources(ee)?;
            renamed.extend(sources.into_iter().map(|(name, directory)| (directory, name)));
        }
        let registries = cargo_home().map(|home| home.join("registry/src"));
        for registry in
            registries.and_then(|path| std::fs::read_dir(path).ok()).into_iter().flatten().flatten()
        {
            renamed.push((registry.path(), "crates.io".to_owned()));
        }
        renamed.extend(cargo_home().map(|home| (home.join("git/checkouts"), "git".to_owned())));
        let renamed =
            renamed.iter().map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display()));
        let flags = renamed.chain([
            format!("-Ctarget-feature={FEATURES}"),
            format!("-Clink-arg=-zstack-size={STACK_BYTES}"),
        ]);
        Ok(flags.collect::<Vec<_>>().join("\x1f"))
    }
}

/// The size of an EE's stack in memory, which holds the variables that are not on the wasm stack. It lies below everything else, so an EE
/// that needs a deeper stack traps, at the same instruction on every machine. The target's default is 1 MiB; less is better, because
/// after each execution the host searches the memory for pages that were written.
const STACK_BYTES: u32 = 256 << 10;

fn has_core(libraries: &Path) -> bool {
    let mut entries = std::fs::read_dir(libraries).into_iter().flatten().flatten();
    entries.any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
}

fn library_sources(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib/src/rust/library")
}

/// Finds a linker for wasm: the compiler's own, that of the toolchain on the path, or LLVM's on the path.
fn find_linker(sysroot: &Path) -> Option<PathBuf> {
    let other = output(Path::new("rustc"), &["--print", "sysroot"]).map(PathBuf::from);
    let sysroots = [Some(sysroot.to_owned()), other];
    let own = sysroots.into_iter().flatten().filter_map(|sysroot| {
        let targets = std::fs::read_dir(sysroot.join("lib/rustlib")).ok()?;
        let linkers = targets.flatten().map(|target| target.path().join("bin/rust-lld"));
        linkers.into_iter().find(|linker| linker.exists())
    });
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = ["rust-lld", "wasm-ld"]
        .into_iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |directory| directory.join(name)))
        .find(|linker| linker.exists());
    own.chain(on_path).next()
}

fn cargo_home() -> Option<PathBuf> {
    let home = std::env::home_dir().map(|home| home.join(".cargo"));
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or(home)
}

fn run(mut command: Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot run {program}"))?;
    anyhow::ensure!(status.success(), "{program} failed, with {status}");
    Ok(())
}

/// Runs a program and returns its output; none if it cannot be run or fails.
fn output(program: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).env_remove("LD_LIBRARY_PATH").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
