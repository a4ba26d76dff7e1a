//! Fixtures: YAML files with beacon state, pre-state, blocks and expected post-state, in scout's format.
//!
//! ```yaml
//! beacon_state:
//!   execution_scripts: [bazaar.wasm]      # EE 0, EE 1, ...
//!   libraries:                            # optional
//!     - name: bignum2
//!       file: bignum2.wasm
//! shard_pre_state:
//!   exec_env_states: ["22ea..."]          # state root of EE 0, EE 1, ...
//! shard_blocks:
//!   - env: 0                              # index of the EE
//!     data: "5c00..."                     # block data
//!     context:                            # optional, not scout's: where and when the block is executed
//!       shard: 2                          # optional, as the other two
//!       slot: 1234
//!       beacon_root: "8a5e..."
//! shard_post_state:
//!   exec_env_states: ["2950..."]
//! deposit_receipts: []                    # optional: without it, deposits are not checked
//! ```
//!
//! What a block does not say of its context is what the options `--shard`, `--slot` and `--beacon-root` say, and else zero; the EE's own
//! index, which an EE can read as well, is the block's `env`.
//!
//! Hex may be in either case, with or without `0x`. Files are looked up beside the fixture, then from the
//! working directory.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use outrider_host::{BeaconRoot, Deposit, ShardIndex, Slot, StateRoot};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Error, Location, MessageFormatter as _, Spanned};

use crate::context::PartialContext;
use crate::files;

/// A fixture, read and consistent; all its files are in memory.
#[derive(Debug)]
pub(crate) struct Fixture {
    /// The code of each EE, by its index.
    pub(crate) execution_scripts: Vec<Script>,
    /// The libraries that every EE may import from.
    pub(crate) libraries: Vec<Library>,
    /// The state root of each EE before the first block.
    pub(crate) pre_state: Vec<StateRoot>,
    /// The blocks, in order.
    pub(crate) blocks: Vec<Block>,
    /// The state root expected of each EE after the last block; as many as in `pre_state`.
    pub(crate) post_state: Vec<StateRoot>,
    /// Deposits that the blocks must have pushed, among others maybe.
    pub(crate) deposits: Option<Vec<Deposit>>,
    /// The files that it names, where they were found.
    pub(crate) files: Vec<PathBuf>,
}

/// The code of an EE.
#[derive(Debug)]
pub(crate) struct Script {
    /// The path as the fixture gives it.
    pub(crate) path: String,
    pub(crate) code: Vec<u8>,
    /// Where the fixture names it.
    pub(crate) place: Option<Place>,
}

/// A library and the name it is imported by.
#[derive(Debug)]
pub(crate) struct Library {
    pub(crate) name: String,
    pub(crate) code: Vec<u8>,
}

/// What one shard block carries for one EE.
#[derive(Debug)]
pub(crate) struct Block {
    /// Index of the EE; in range of `execution_scripts` and `pre_state`.
    pub(crate) env: usize,
    pub(crate) data: Arc<[u8]>,
    pub(crate) context: PartialContext,
    /// Where the fixture has it.
    pub(crate) place: Option<Place>,
}

/// A line and column of a fixture, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: u64,
    pub(crate) column: u64,
}

/// Why a fixture cannot be used, and where in the file that is: its `Display` is the place, and its source the problem.
#[derive(Debug, thiserror::Error)]
pub(crate) struct FixtureError {
    pub(crate) file: PathBuf,
    /// Unknown if the file could not be read, or says nothing where it should say something.
    pub(crate) place: Option<Place>,
    #[source]
    pub(crate) problem: Problem,
}

/// What is wrong with a fixture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("cannot read the {what}")]
    Unreadable { what: &'static str, source: std::io::Error },
    #[error("not UTF-8 text from byte {0} on")]
    NotText(usize),
    #[error("{0}")]
    Yaml(String),
    #[error("{what} is not hex: {digit:?} is no hex digit (character {position} of the value)")]
    NotHex { what: &'static str, digit: char, position: usize },
    #[error("{what} has an odd number of hex digits ({got}): two make a byte")]
    OddHex { what: &'static str, got: usize },
    #[error("{what} has {got} bytes, expected {expected}")]
    HexLength { what: &'static str, got: usize, expected: usize },
    #[error(
        "env {env} does not exist: execution_scripts has {n_scripts}, exec_env_states of shard_pre_state {n_states}, counted from 0"
    )]
    UnknownEnv { env: u64, n_scripts: usize, n_states: usize },
    #[error(
        "exec_env_states of shard_post_state has {got} roots, shard_pre_state has {expected}: there must be one for each"
    )]
    PostStateLength { got: usize, expected: usize },
    #[error(
        "aliases repeat so much that there are more than {ALIASED_BYTES_MAX} bytes beyond those of the text: write fewer"
    )]
    Aliased,
    #[error(
        "with `{path}`, the files that it names have more than {bytes_max} bytes in all, and not more are read"
    )]
    TooMuchNamed { path: String, bytes_max: u64 },
    #[error("cannot find `{path}`")]
    NoSuchFile { path: String },
    #[error(
        "cannot find `{path}`, neither beside the fixture ({}) nor from the working directory", beside.display()
    )]
    NoSuchFileEither { path: String, beside: PathBuf },
    #[error("cannot read `{path}`")]
    UnreadableFile { path: String, source: std::io::Error },
    #[error("`{path}` cannot be loaded")]
    Load { path: String, source: outrider_host::LoadError },
    #[error("block {block} cannot be executed here")]
    Execution { block: usize, source: outrider_host::ExecutionError },
}

impl Fixture {
    /// Reads a fixture and every file that it names.
    pub(crate) fn read(file: &Path) -> Result<Self, FixtureError> {
        let directory = file.parent().unwrap_or(Path::new(""));
        read_text(file, "fixture", |text| Self::parse(text, directory))
    }

    /// Checks a fixture's text, and reads the files that it names.
    fn parse(text: &str, directory: &Path) -> Result<Self, At> {
        let yaml: YamlFixture = parse_yaml(text)?;
        let mut named = NamedFiles { directory, found: Vec::new(), bytes_left: files::FILE_BYTES_MAX };
        let scripts = yaml.beacon_state.execution_scripts.into_iter();
        let execution_scripts: Vec<_> =
            scripts.map(|path| Script::read(path, &mut named)).collect::<Result<_, _>>()?;
        let libraries = yaml.beacon_state.libraries.unwrap_or_default().into_iter();
        let libraries =
            libraries.map(|library| Library::read(library, &mut named)).collect::<Result<_, _>>()?;

        let pre_state = state_roots(&yaml.shard_pre_state)?;
        let post_state = state_roots(&yaml.shard_post_state)?;
        if post_state.len() != pre_state.len() {
            let problem = Problem::PostStateLength { got: post_state.len(), expected: pre_state.len() };
            return Err(At::new(&yaml.shard_post_state.exec_env_states, problem));
        }
        let (n_scripts, n_states) = (execution_scripts.len(), pre_state.len());
        let blocks = yaml.shard_blocks.iter().map(|block| Block::parse(block, n_scripts, n_states));
        let blocks = blocks.collect::<Result<_, _>>()?;
        let deposits = yaml
            .deposit_receipts
            .map(|deposits| deposits.iter().map(|listed| deposit(&listed.value)).collect())
            .transpose()?;
        let files = named.found;
        Ok(Self { execution_scripts, libraries, pre_state, blocks, post_state, deposits, files })
    }
}

/// What a fixture expects, and where in its text it says so, in bytes.
#[derive(Debug)]
pub(crate) struct Expectations {
    /// The state root of each EE.
    pub(crate) roots: Vec<(Range<usize>, StateRoot)>,
    /// The deposits that are listed, if any are or might be.
    pub(crate) deposits: Option<Vec<DepositPlace>>,
    /// All else that the fixture says, which what it expects must not change.
    pub(crate) given: Given,
}

/// What a fixture says, apart from what it expects.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Given {
    scripts: Vec<String>,
    /// Names and files.
    libraries: Vec<(String, String)>,
    pre_state: Vec<StateRoot>,
    blocks: Vec<(usize, Arc<[u8]>, PartialContext)>,
}

/// A deposit that is listed.
#[derive(Debug)]
pub(crate) struct DepositPlace {
    pub(crate) deposit: Deposit,
    /// Where its first field begins.
    pub(crate) start: usize,
    /// Where its last value ends.
    pub(crate) end: usize,
    /// Where its public key, its withdrawal credentials, its amount and its signature are.
    pub(crate) fields: [Range<usize>; 4],
}

/// Finds out what the text of a fixture expects.
pub(crate) fn expectations(text: &str) -> Result<Expectations, At> {
    let yaml: YamlFixture = parse_yaml(text)?;
    let roots = yaml.shard_post_state.exec_env_states.value.iter();
    let roots =
        roots.map(|root| Ok((range(root.referenced), hex_array(root, "the state root").map(StateRoot)?)));
    let place = |listed: &Spanned<YamlDeposit>| {
        let YamlDeposit { pubkey, withdrawal_credentials, amount, signature } = &listed.value;
        let places =
            [pubkey.referenced, withdrawal_credentials.referenced, amount.referenced, signature.referenced];
        let fields = places.map(range);
        let end = fields.iter().map(|field| field.end).max().unwrap_or(0);
        Ok(DepositPlace {
            deposit: deposit(&listed.value)?,
            start: range(listed.referenced).start,
            end,
            fields,
        })
    };
    let deposits = yaml.deposit_receipts.as_ref().map(|deposits| deposits.iter().map(place).collect());
    let (roots, deposits) = (roots.collect::<Result<_, _>>()?, deposits.transpose()?);
    Ok(Expectations { roots, deposits, given: Given::parse(yaml)? })
}

impl Given {
    fn parse(yaml: YamlFixture) -> Result<Self, At> {
        let YamlBeaconState { execution_scripts, libraries } = yaml.beacon_state;
        let pre_state = state_roots(&yaml.shard_pre_state)?;
        let (n_scripts, n_states) = (execution_scripts.len(), pre_state.len());
        let block = |block| {
            let Block { env, data, context, .. } = Block::parse(block, n_scripts, n_states)?;
            Ok((env, data, context))
        };
        Ok(Self {
            scripts: execution_scripts.into_iter().map(|path| path.value).collect(),
            libraries: libraries
                .unwrap_or_default()
                .into_iter()
                .map(|library| (library.name, library.file.value))
                .collect(),
            pre_state,
            blocks: yaml.shard_blocks.iter().map(block).collect::<Result<_, _>>()?,
        })
    }
}

/// Where something is in a text; nowhere if that is not known.
fn range(location: Location) -> Range<usize> {
    let span = location.span();
    let start = span.byte_offset().and_then(|start| usize::try_from(start).ok());
    let length = span.byte_len().and_then(|length| usize::try_from(length).ok());
    start.zip(length).map_or(0..0, |(start, length)| start..start.saturating_add(length))
}

/// Reads a text file and makes `what` of it.
pub(crate) fn read_text<T>(
    file: &Path,
    what: &'static str,
    parse: impl FnOnce(&str) -> Result<T, At>,
) -> Result<T, FixtureError> {
    let error = |place, problem| FixtureError { file: file.to_owned(), place, problem };
    let bytes = files::read(file, files::FILE_BYTES_MAX);
    let bytes = bytes.map_err(|source| error(None, Problem::Unreadable { what, source }))?;
    let text =
        str::from_utf8(&bytes).map_err(|source| error(None, Problem::NotText(source.valid_up_to())))?;
    parse(text).map_err(|At(place, problem)| error(place, problem))
}

impl Script {
    fn read(path: Spanned<String>, named: &mut NamedFiles<'_>) -> Result<Self, At> {
        let code = named.read(&path)?;
        Ok(Self { place: Place::at(path.referenced), path: path.value, code })
    }
}

impl Library {
    fn read(yaml: YamlLibrary, named: &mut NamedFiles<'_>) -> Result<Self, At> {
        Ok(Self { code: named.read(&yaml.file)?, name: yaml.name })
    }
}

impl Block {
    fn parse(yaml: &YamlShardBlock, n_scripts: usize, n_states: usize) -> Result<Self, At> {
        let env = usize::try_from(yaml.env.value).ok().filter(|env| *env < n_scripts.min(n_states));
        let unknown = || Problem::UnknownEnv { env: yaml.env.value, n_scripts, n_states };
        let env = env.ok_or_else(|| At::new(&yaml.env, unknown()))?;
        Ok(Self {
            env,
            data: hex_bytes(&yaml.data, "data")?.into(),
            context: yaml.context.as_ref().map(partial_context).transpose()?.unwrap_or_default(),
            place: Place::at(yaml.env.referenced),
        })
    }
}

fn partial_context(yaml: &YamlContext) -> Result<PartialContext, At> {
    let beacon_root = yaml.beacon_root.as_ref().map(|root| hex_array(root, "the beacon root")).transpose()?;
    Ok(PartialContext {
        shard: yaml.shard.map(ShardIndex),
        slot: yaml.slot.map(Slot),
        beacon_root: beacon_root.map(BeaconRoot),
    })
}

fn state_roots(yaml: &YamlShardState) -> Result<Vec<StateRoot>, At> {
    let roots = yaml.exec_env_states.value.iter();
    roots.map(|root| hex_array(root, "the state root").map(StateRoot)).collect()
}

fn deposit(yaml: &YamlDeposit) -> Result<Deposit, At> {
    Ok(Deposit {
        pubkey: hex_array(&yaml.pubkey, "pubkey")?,
        withdrawal_credentials: hex_array(&yaml.withdrawal_credentials, "withdrawal_credentials")?,
        amount: yaml.amount.value,
        signature: hex_array(&yaml.signature, "signature")?,
    })
}

fn hex_array<const N: usize>(hex: &Spanned<String>, what: &'static str) -> Result<[u8; N], At> {
    let bytes = hex_bytes(hex, what)?;
    let got = bytes.len();
    bytes.try_into().map_err(|_| At::new(hex, Problem::HexLength { what, got, expected: N }))
}

pub(crate) fn hex_bytes(hex: &Spanned<String>, what: &'static str) -> Result<Vec<u8>, At> {
    let digits = hex.value.strip_prefix("0x").unwrap_or(&hex.value);
    let prefix = hex.value.len().saturating_sub(digits.len());
    let problem = match hex::decode(digits) {
        Ok(bytes) => return Ok(bytes),
        Err(_) => match digits.chars().position(|digit| !digit.is_ascii_hexdigit()) {
            Some(position) => Problem::NotHex {
                what,
                digit: digits.chars().nth(position).unwrap_or_default(),
                position: position.saturating_add(prefix).saturating_add(1),
            },
            None => Problem::OddHex { what, got: digits.len() },
        },
    };
    Err(At::new(hex, problem))
}

/// The files that a fixture names.
struct NamedFiles<'d> {
    /// Where the fixture is.
    directory: &'d Path,
    found: Vec<PathBuf>,
    /// What may still be read, in bytes.
    bytes_left: u64,
}

impl NamedFiles<'_> {
    /// Reads a file that is named relative to the fixture's directory or, failing that, to the working directory.
    fn read(&mut self, path: &Spanned<String>) -> Result<Vec<u8>, At> {
        let beside = self.directory.join(&path.value);
        let from_here = PathBuf::from(&path.value);
        let found = [&beside, &from_here].into_iter().find(|candidate| candidate.exists());
        let path_text = path.value.clone();
        let Some(found) = found else {
            return Err(At::new(
                path,
                if from_here.is_absolute() || beside == from_here {
                    Problem::NoSuchFile { path: path_text }
                } else {
                    Problem::NoSuchFileEither { path: path_text, beside }
                },
            ));
        };
        let code = files::read_named(found, files::MODULE_BYTES_MAX)
            .map_err(|source| At::new(path, Problem::UnreadableFile { path: path_text.clone(), source }))?;
        let left = u64::try_from(code.len()).ok().and_then(|bytes| self.bytes_left.checked_sub(bytes));
        self.bytes_left = left.ok_or_else(|| {
            At::new(path, Problem::TooMuchNamed { path: path_text, bytes_max: files::FILE_BYTES_MAX })
        })?;
        self.found.push(found.clone());
        Ok(code)
    }
}

/// Reads YAML, and so JSON, which is YAML.
pub(crate) fn parse_yaml<T: DeserializeOwned>(text: &str) -> Result<T, At> {
    // The text is in memory already, so that scalars of its size are no further risk; what aliases repeat is.
    let scalar_bytes_max = text.len().saturating_add(ALIASED_BYTES_MAX);
    let budget = serde_saphyr::budget! { max_total_scalar_bytes: scalar_bytes_max };
    let options = serde_saphyr::options! { budget: budget, with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let (place, cause) = match &error {
            Error::AliasError { error, locations, .. } => (Some(locations.reference_location), &**error),
            error => (error.location(), error),
        };
        let problem = match cause {
            Error::Budget { breach: BudgetBreach::ScalarBytes { .. }, .. } => Problem::Aliased,
            _ => Problem::Yaml(serde_saphyr::UserMessageFormatter.format_message(&error).into_owned()),
        };
        At(place.and_then(Place::at), problem)
    })
}

/// How many bytes aliases may add to those of a text: four times what the largest module that is read has.
const ALIASED_BYTES_MAX: usize = 1 << 28;

/// A problem, and where it is.
pub(crate) struct At(Option<Place>, Problem);

impl At {
    fn new<T>(value: &Spanned<T>, problem: Problem) -> Self {
        Self(Place::at(value.referenced), problem)
    }
}

impl Place {
    fn at(location: Location) -> Option<Self> {
        let place = Self { line: location.line(), column: location.column() };
        (place.line > 0).then_some(place)
    }
}

// The format as YAML has it; what is read is converted by hand into the types above.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YamlFixture {
    beacon_state: YamlBeaconState,
    shard_pre_state: YamlShardState,
    shard_blocks: Vec<YamlShardBlock>,
    shard_post_state: YamlShardState,
    deposit_receipts: Option<Vec<Spanned<YamlDeposit>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YamlBeaconState {
    execution_scripts: Vec<Spanned<String>>,
    libraries: Option<Vec<YamlLibrary>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YamlLibrary {
    name: String,
    file: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YamlShardState {
    exec_env_states: Spanned<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YamlShardBlock {
    env: Spanned<u64>,
    data: Spanned<String>,
    context: Option<YamlContext>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YamlContext {
    shard: Option<u64>,
    slot: Option<u64>,
    beacon_root: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YamlDeposit {
    pubkey: Spanned<String>,
    withdrawal_credentials: Spanned<String>,
    amount: Spanned<u64>,
    signature: Spanned<String>,
}

impl fmt::Display for FixtureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&files::name(&self.file))?;
        match self.place {
            Some(Place { line, column }) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outrider_host::chain;
    use proptest::prelude::*;

    const ROOT: &str = "00000000000000000000000000000000000000000000000000000000000000aa";

    /// A fixture without scripts; `extra` stands at its end, `roots` in both states.
    fn fixture(roots: &str, blocks: &str, extra: &str) -> String {
        format!(
            "beacon_state:\n  execution_scripts: []\nshard_pre_state:\n  exec_env_states: [{roots}]\n\
             shard_blocks: [{blocks}]\nshard_post_state:\n  exec_env_states: [{roots}]\n{extra}"
        )
    }

    fn parse(text: &str) -> Result<Fixture, String> {
        Fixture::parse(text, Path::new("nowhere"))
            .map_err(|At(place, problem)| chain(&FixtureError { file: "f.yaml".into(), place, problem }))
    }

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        assert_eq!(parse(text).map(|_| ()), Err(expected.to_owned()), "in\n{text}");
    }

    #[test]
    fn hex_is_read_in_either_case_with_or_without_0x() {
        for root in [ROOT.to_owned(), ROOT.to_uppercase(), format!("0x{ROOT}")] {
            let quoted = parse(&fixture(&format!("\"{root}\""), "", "")).unwrap();
            let plain = parse(&fixture(&root, "", "")).unwrap();
            for fixture in [quoted, plain] {
                assert_eq!(fixture.pre_state[0].0[31], 0xaa);
                assert_eq!(fixture.deposits, None);
            }
        }
    }

    #[test]
    fn errors_name_place_and_remedy() {
        let deposit =
            "deposit_receipts: [{pubkey: \"\", withdrawal_credentials: \"\", amount: 1, signature: \"\"}]";
        for (text, expected) in [
            (
                fixture("aab", "", ""),
                "f.yaml:4:21: the state root has an odd number of hex digits (3): two make a byte",
            ),
            (fixture("aa", "", ""), "f.yaml:4:21: the state root has 1 bytes, expected 32"),
            (
                fixture("0xag", "", ""),
                "f.yaml:4:21: the state root is not hex: 'g' is no hex digit (character 4 of the value)",
            ),
            (
                fixture(ROOT, "{env: 0, data: \"\"}", ""),
                "f.yaml:5:22: env 0 does not exist: execution_scripts has 0, exec_env_states of shard_pre_state 1, \
                 counted from 0",
            ),
            (
                fixture("", "", "typo: 1"),
                "f.yaml:8:1: unknown field `typo`, expected one of beacon_state, shard_pre_state, shard_blocks, shard_post_state, deposit_receipts",
            ),
            (fixture("", "", deposit), "f.yaml:8:29: pubkey has 0 bytes, expected 48"),
            (
                fixture("", "{env: 0, data: \"\", context: {epoch: 1}}", ""),
                "f.yaml:5:45: unknown field `epoch`, expected one of shard, slot, beacon_root",
            ),
            (fixture("", "{env: 0, data: \"\", context: {slot: -1}}", ""), "f.yaml:5:51: invalid u64"),
            (fixture("", "{env: 0}", ""), "f.yaml:5:17: missing field `data`"),
            (fixture("", "{env: -1, data: \"\"}", ""), "f.yaml:5:22: invalid u64"),
            (
                fixture("", "", "shard_blocks: []"),
                "f.yaml:8:1: duplicate mapping key: shard_blocks not allowed here",
            ),
            ("shard_blocks: [".to_owned(), "f.yaml:1:15: unclosed bracket '['"),
            (
                fixture("", "", "").replacen("[]", &format!("[\"{}\"]", "no.wasm"), 1),
                "f.yaml:2:23: cannot find `no.wasm`, neither beside the fixture (nowhere/no.wasm) nor from the \
                 working directory",
            ),
            (
                fixture("", "", "").replacen("[]", "[/nowhere/no.wasm]", 1),
                "f.yaml:2:23: cannot find `/nowhere/no.wasm`",
            ),
        ] {
            check_error(&text, expected);
        }
    }

    #[test]
    fn the_files_of_a_fixture_have_a_bound_in_all() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ee.wasm"), [7; 10]).unwrap();
        let path: Vec<Spanned<String>> = parse_yaml("[ee.wasm]").ok().unwrap();
        let mut named = NamedFiles { directory: directory.path(), found: Vec::new(), bytes_left: 20 };
        for left in [10, 0] {
            assert_eq!((named.read(&path[0]).ok(), named.bytes_left), (Some(vec![7; 10]), left));
        }
        let Err(At(place, problem)) = named.read(&path[0]) else { panic!("there is no room") };
        assert_eq!(place, Some(Place { line: 1, column: 2 }));
        let expected = "with `ee.wasm`, the files that it names have more than 1073741824 bytes in all, and not more are read";
        assert_eq!((problem.to_string().as_str(), named.found.len()), (expected, 2));
    }

    #[test]
    fn each_state_needs_an_expectation() {
        let text = fixture(ROOT, "", "");
        let text = text.replace(
            &format!("post_state:\n  exec_env_states: [{ROOT}]"),
            "post_state:\n  exec_env_states: []",
        );
        check_error(
            &text,
            "f.yaml:7:20: exec_env_states of shard_post_state has 0 roots, shard_pre_state has 1: there must be \
             one for each",
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = parse(&text);
        }

        #[test]
        fn no_value_panics(root in "[\"\\[{&*!|>a-f0-9xé:#\\n -]{0,20}", extra in "[\"\\[{&*!|>a-z0-9:#\\n -]{0,40}") {
            let _ = parse(&fixture(&root, &format!("{{env: {root}, data: {root}}}"), &extra));
        }
    }
}
