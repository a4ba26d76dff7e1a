//! A case: one program to measure.

use std::fmt::Write as _;
use std::sync::Arc;

use outrider_host::StateRoot;

/// The kind of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Honest programs, whose mean time per fuel is the typical one.
    Honest,
    /// One instruction, repeated.
    Instruction,
    /// Branches, calls, and the overhead of functions.
    Control,
    /// Loads and stores by patterns of addresses.
    Memory,
    /// Code outside of the caches.
    Code,
    /// The overhead of an execution beside its own code.
    Instantiation,
    /// Calls of an import.
    Import,
    /// Programs found by a search.
    Search,
}

impl Group {
    /// Returns the group's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::Instruction => "instruction",
            Self::Control => "control",
            Self::Memory => "memory",
            Self::Code => "code",
            Self::Instantiation => "instantiation",
            Self::Import => "import",
            Self::Search => "search",
        }
    }
}

/// Whether the caches hold the memory and code of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warmth {
    /// They do: one line of the first-level cache serves each access, after the first turns of the loop.
    Warm,
    /// They do not: the program uses more memory or code, accesses across lines or pages, or touches pages for the
    /// first time.
    Cold,
}

impl Warmth {
    /// Returns the name of the warmth.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Cold => "cold",
        }
    }

    /// Returns the promised maximum of the factor over typical code.
    pub const fn factor_max(self) -> f64 {
        match self {
            Self::Warm => 10.0,
            Self::Cold => 100.0,
        }
    }
}

/// The expected end of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The program loops until its fuel runs out.
    OutOfFuel,
    /// The program returns, with or without a saved root.
    Returns,
    /// The program traps.
    Traps,
}

/// A program to measure.
#[derive(Clone, Debug)]
pub struct Case {
    /// The kind of the case.
    pub group: Group,
    /// The subject: an instruction, an import, or a few words.
    pub name: String,
    /// The variant: operands, form of the loop, sizes.
    pub variant: String,
    /// Whether caches hold the program's memory and code.
    pub warmth: Warmth,
    /// The program.
    pub code: Code,
    /// The expected end of an execution.
    pub ending: Ending,
    /// A program whose time and fuel are subtracted, such as the same without its loop. It returns, or traps if the
    /// case does.
    pub base: Option<Code>,
    /// The block data.
    pub block_data: Arc<[u8]>,
    /// The pre-state root.
    pub pre_state_root: StateRoot,
    /// The maximum number of turns, if the program reads the number of turns from `eth2.contextSlot` and then
    /// returns.
    pub turns_max: Option<u32>,
    /// The size of the state provider's nodes, in bytes; `None` for an execution without a provider.
    pub node_bytes: Option<u32>,
    /// The pages of memory that the host has to allow.
    pub pages: u32,
    /// The instructions that the case covers.
    pub covers: Vec<&'static str>,
}

/// A module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// As text.
    Text(String),
    /// As bytes.
    Wasm(Arc<[u8]>),
}

impl Code {
    /// Returns the binary module.
    ///
    /// # Errors
    ///
    /// Fails if the text is not well-formed, which tests rule out for the modules of this crate.
    pub fn wasm(&self) -> Result<Arc<[u8]>, wat::Error> {
        match self {
            Self::Text(text) => Ok(wat::parse_str(text)?.into()),
            Self::Wasm(wasm) => Ok(Arc::clone(wasm)),
        }
    }
}

impl Case {
    /// Makes a warm case that loops forever.
    pub(crate) fn new(
        group: Group,
        name: impl Into<String>,
        variant: impl Into<String>,
        module: &Module,
    ) -> Self {
        Self {
            group,
            name: name.into(),
            variant: variant.into(),
            warmth: Warmth::Warm,
            code: Code::Text(module.text()),
            ending: Ending::OutOfFuel,
            base: None,
            turns_max: None,
            block_data: Arc::new([]),
            pre_state_root: StateRoot::default(),
            node_bytes: None,
            pages: module.pages,
            covers: Vec::new(),
        }
    }

    pub(crate) fn cold(self) -> Self {
        Self { warmth: Warmth::Cold, ..self }
    }

    pub(crate) fn ending(self, ending: Ending) -> Self {
        Self { ending, ..self }
    }

    pub(crate) fn over(self, base: &Module) -> Self {
        Self { base: Some(Code::Text(base.text())), ..self }
    }

    pub(crate) fn covering(self, covers: &[&'static str]) -> Self {
        Self { covers: covers.to_vec(), ..self }
    }

    /// Returns name and variant.
    pub fn title(&self) -> String {
        if self.variant.is_empty() { self.name.clone() } else { format!("{}: {}", self.name, self.variant) }
    }
}

/// A module under construction, in text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Module {
    /// Imports, types, tables, globals, segments and functions.
    pub(crate) items: String,
    /// The locals of `main`.
    pub(crate) locals: String,
    /// The body of `main`.
    pub(crate) body: String,
    /// The initial pages of memory.
    pub(crate) pages: u32,
}

impl Module {
    /// Makes a module with a page of memory.
    pub(crate) fn new() -> Self {
        Self { pages: 1, ..Self::default() }
    }

    /// Makes a module whose `main` repeats `body` until its fuel runs out.
    ///
    /// The local `$go` is not zero. The code in `after` keeps values of the loop alive.
    pub(crate) fn looping(locals: &str, before: &str, body: &str, after: &str) -> Self {
        let body = format!(
            "{before} (local.set $go (i32.load8_u offset={GO_ADDRESS} (i32.const 0)))\n\
             (loop $again {body}\n(br_if $again (local.get $go)))\n{after}"
        );
        let items = format!("(data (i32.const {GO_ADDRESS}) \"\\01\")\n");
        Self { items, locals: format!("(local $go i32) {locals}"), body, pages: 1 }
    }

    pub(crate) fn with(mut self, items: &str) -> Self {
        self.items.push_str(items);
        self.items.push('\n');
        self
    }

    pub(crate) fn pages(self, pages: u32) -> Self {
        Self { pages, ..self }
    }

    pub(crate) fn data(self, address: u32, bytes: &[u8]) -> Self {
        let text = format!("(data (i32.const {address}) \"{}\")", escaped(bytes));
        self.with(&text)
    }

    pub(crate) fn text(&self) -> String {
        // Imports come first in `items`.
        format!(
            "(module\n{}\n(memory (export \"memory\") {})\n(func (export \"main\") {}\n{}))",
            self.items, self.pages, self.locals, self.body
        )
    }
}

/// The address of a byte that is not zero: the last one of the first page.
pub(crate) const GO_ADDRESS: u32 = 65_535;

/// Escapes bytes for the text format.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(3)), |mut text, byte| {
        let _ = write!(text, "\\{byte:02x}");
        text
    })
}

/// Repeats a piece of text for each number below `n`.
pub(crate) fn repeat(n: u32, piece: impl FnMut(u32) -> String) -> String {
    (0..n).map(piece).collect::<Vec<_>>().join("\n")
}

/// A pseudorandom sequence with a fixed seed.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Returns a number below `n`, or 0 if `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n).unwrap_or(u64::MAX);
        usize::try_from((self.next() >> 16).checked_rem(n).unwrap_or(0)).unwrap_or(0)
    }

    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let index = self.below(list.len());
        list.get(index)
    }

    pub(crate) fn bytes(&mut self, n: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.next().to_le_bytes()[7]).take(n).collect()
    }

    pub(crate) fn shuffled(&mut self, n: usize) -> Vec<usize> {
        let mut list: Vec<_> = (0..n).collect();
        for end in (1..n).rev() {
            let other = self.below(end.saturating_add(1));
            list.swap(end, other);
        }
        list
    }
}
