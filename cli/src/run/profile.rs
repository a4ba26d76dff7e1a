//! The output of `outrider run --profile`: the fuel that each function of a block spent.
//!
//! The format is either folded stacks, with a line for each call stack that spent fuel, outermost function first:
//!
//! ```text
//! examples/bazaar.yaml block 2, env 1;main;eth2.blockDataCopy 1092
//! ```
//!
//! or the [processed profile format] of the Firefox profiler, with a process for each fixture and a thread for each of its
//! blocks. There, a unit of fuel is a sample and a microsecond. The timeline shows each call stack once, with all the fuel
//! that it spent; it does not show the order of the calls.
//!
//! [processed profile format]: https://github.com/firefox-devtools/profiler/blob/main/docs-developer/processed-profile-format.md

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use fxprof_processed_profile::{
    CategoryColor, CategoryHandle, CpuDelta, Frame, FrameFlags, FrameInfo, Profile, ReferenceTimestamp,
    SamplingInterval, StackHandle, ThreadHandle, Timestamp,
};
use outrider_host::{CallNode, CallTree, Callee};

use crate::output::Plain;
use crate::output_file;
use outrider_fixture::{Fixture, runner::FixtureRun};

/// A profile in progress. Its file keeps its old contents until the profile is complete and no fixture has turned out to read the file.
pub(super) struct ProfileFile {
    path: PathBuf,
    file: File,
    format: Format,
}

enum Format {
    Folded(Vec<u8>),
    Firefox(Box<FirefoxProfile>),
}

struct FirefoxProfile {
    profile: Profile,
    guest: CategoryHandle,
    host: CategoryHandle,
    n_processes: u32,
    n_threads: u32,
}

impl ProfileFile {
    /// Creates the file. Its extension determines the format.
    ///
    /// # Errors
    ///
    /// If the file is one of the fixtures, or cannot be created.
    pub(super) fn create(path: &Path, fixtures: &[PathBuf]) -> anyhow::Result<Self> {
        output_file::check_not_read(path, fixtures)?;
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.with_context(|| format!("cannot create `{}`", path.display()))?;
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        let format = if is_json {
            Format::Firefox(Box::new(FirefoxProfile::new()))
        } else {
            Format::Folded(Vec::new())
        };
        Ok(Self { path: path.to_owned(), file, format })
    }

    /// Checks that a fixture does not read the profile's file.
    pub(super) fn check(&self, fixture: &Fixture) -> anyhow::Result<()> {
        output_file::check_not_read(&self.path, &fixture.files)
    }

    /// Adds the blocks of a fixture.
    pub(super) fn add(&mut self, file: &Path, run: &FixtureRun) -> anyhow::Result<()> {
        let file = file.display().to_string();
        let blocks = run.blocks.iter().enumerate();
        let blocks = blocks.filter_map(|(index, block)| {
            let tree = block.call_tree.as_ref()?;
            Some((format!("block {index}, env {}", block.env), tree))
        });
        match &mut self.format {
            Format::Folded(lines) => {
                for (block, tree) in blocks {
                    write_folded(lines, &format!("{file} {block}"), tree)
                        .with_context(|| format!("cannot write `{}`", self.path.display()))?;
                }
            }
            Format::Firefox(profile) => profile.add(&file, blocks),
        }
        Ok(())
    }

    /// Writes the profile to its file.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        let context = || format!("cannot write `{}`", self.path.display());
        let bytes = match self.format {
            Format::Folded(lines) => lines,
            Format::Firefox(profile) => serde_json::to_vec(&profile.profile).with_context(context)?,
        };
        // A pipe cannot be truncated.
        let is_regular = self.file.metadata().with_context(context)?.is_file();
        let cut = if is_regular { self.file.set_len(0) } else { Ok(()) };
        cut.and_then(|()| self.file.write_all(&bytes)).with_context(context)
    }
}

/// Writes a line for each stack that spent fuel.
fn write_folded(out: &mut impl Write, root: &str, tree: &CallTree) -> std::io::Result<()> {
    for (index, node) in tree.nodes().iter().enumerate() {
        if node.self_fuel == 0 && node.unlisted_fuel == 0 {
            continue;
        }
        let mut stack: Vec<_> = tree.stack(index).map(|node| folded_name(&node.callee.to_string())).collect();
        stack.push(folded_name(root));
        stack.reverse();
        let stack = stack.join(";");
        if node.self_fuel > 0 {
            writeln!(out, "{stack} {}", node.self_fuel)?;
        }
        if node.unlisted_fuel > 0 {
            writeln!(out, "{stack};{UNLISTED} {}", node.unlisted_fuel)?;
        }
    }
    Ok(())
}

/// Replaces semicolons, as in `[u8; 32]`, because they separate functions in folded stacks, and escapes invisible characters.
fn folded_name(name: &str) -> String {
    Plain(name).to_string().replace(';', ",")
}

impl FirefoxProfile {
    fn new() -> Self {
        // The date is fixed, so that the same fixtures give the same file.
        let start = ReferenceTimestamp::from_millis_since_unix_epoch(0.0);
        let mut profile = Profile::new("outrider", start, SamplingInterval::from_nanos(NANOS_PER_FUEL));
        // There are no addresses to look up.
        profile.set_symbolicated(true);
        let guest = profile.add_category("EE", CategoryColor::Blue);
        let host = profile.add_category("host", CategoryColor::Orange);
        Self { profile, guest, host, n_processes: 0, n_threads: 0 }
    }

    fn add<'a>(&mut self, file: &str, blocks: impl Iterator<Item = (String, &'a CallTree)>) {
        let start = Timestamp::from_nanos_since_reference(0);
        let process = self.profile.add_process(&Plain(file).to_string(), self.n_processes, start);
        self.n_processes = self.n_processes.saturating_add(1);
        for (name, tree) in blocks {
            let thread = self.profile.add_thread(process, self.n_threads, start, false);
            self.profile.set_thread_name(thread, &name);
            self.profile.add_initial_visible_thread(thread);
            if self.n_threads == 0 {
                self.profile.add_initial_selected_thread(thread);
            }
            self.n_threads = self.n_threads.saturating_add(1);
            self.add_samples(thread, tree);
        }
    }

    /// Adds samples for one node after another. A node follows its caller, so that the timeline looks like calls.
    fn add_samples(&mut self, thread: ThreadHandle, tree: &CallTree) {
        let mut stacks: Vec<StackHandle> = Vec::with_capacity(tree.nodes().len());
        let mut spent = 0;
        for node in tree.nodes() {
            let caller = node.caller.and_then(|caller| stacks.get(caller).copied());
            let stack = self.stack(thread, caller, &node.callee.to_string(), self.category(node));
            stacks.push(stack);
            self.add_fuel(thread, stack, node.self_fuel, &mut spent);
            if node.unlisted_fuel > 0 {
                let unlisted = self.stack(thread, Some(stack), UNLISTED, CategoryHandle::OTHER);
                self.add_fuel(thread, unlisted, node.unlisted_fuel, &mut spent);
            }
        }
        // Each sample lasts until the next one.
        self.profile.add_sample(thread, timestamp(spent), None, CpuDelta::ZERO, 0);
        self.profile.set_thread_end_time(thread, timestamp(spent));
    }

    fn stack(
        &mut self,
        thread: ThreadHandle,
        caller: Option<StackHandle>,
        name: &str,
        category: CategoryHandle,
    ) -> StackHandle {
        let frame = Frame::Label(self.profile.intern_string(&Plain(name).to_string()));
        let frame = FrameInfo { frame, category_pair: category.into(), flags: FrameFlags::empty() };
        let frame = self.profile.intern_frame(thread, frame);
        self.profile.intern_stack(thread, caller, frame)
    }

    fn category(&self, node: &CallNode) -> CategoryHandle {
        match node.callee {
            Callee::Guest(_) => self.guest,
            Callee::Import(_) | Callee::Instances => self.host,
        }
    }

    /// Adds as many samples as necessary, because the weight of a sample has only 31 bits.
    fn add_fuel(&mut self, thread: ThreadHandle, stack: StackHandle, fuel: u64, spent: &mut u64) {
        let mut left = fuel;
        while left > 0 {
            let weight = i32::try_from(left).unwrap_or(i32::MAX);
            let sampled = u64::from(weight.unsigned_abs());
            let delta = CpuDelta::from_micros(sampled);
            self.profile.add_sample(thread, timestamp(*spent), Some(stack), delta, weight);
            *spent = spent.saturating_add(sampled);
            left = left.saturating_sub(sampled);
        }
    }
}

fn timestamp(fuel: u64) -> Timestamp {
    Timestamp::from_nanos_since_reference(fuel.saturating_mul(NANOS_PER_FUEL))
}

/// The length of a unit of fuel on the timeline.
const NANOS_PER_FUEL: u64 = 1000;

/// The name of the calls that the tree does not list.
const UNLISTED: &str = "(other)";
