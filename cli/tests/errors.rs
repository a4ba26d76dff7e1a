//! Checks that all errors report their sources in one way: the `Display` of an error does not repeat its source, which
//! `source()` returns, and code that shows an error shows the chain, once.
//!
//! The test reads the sources of all crates, including the EEs.

use std::path::{Path, PathBuf};

use quote::ToTokens as _;
use syn::{Attribute, Field, Fields, Ident, Item, ItemImpl, LitStr, Member, Type};

/// Crates, and directories of crates, from the root of the project.
const CRATES: [&str; 12] = [
    "abi",
    "beacon",
    "calibrate",
    "cli",
    "crypto",
    "disk",
    "ees",
    "fixture",
    "host",
    "native",
    "shard",
    "witness",
];

#[test]
fn no_error_repeats_its_source() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut problems, mut n_with_source) = (Vec::new(), 0);
    for name in CRATES {
        let files = sources(&root.join(name));
        assert!(!files.is_empty(), "{name}: no sources");
        for file in &files {
            let text =
                std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let checked = check(&parsed.items);
            n_with_source += checked.n_with_source;
            problems.extend(checked.problems.iter().map(|problem| format!("{}: {problem}", file.display())));
        }
    }
    assert!(n_with_source > 50, "only {n_with_source} errors with a source: not all are found");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn each_way_of_repeating_a_source_is_found() {
    for (text, expected) in [
        (r#"enum E { #[error("a: {0}")] A(#[from] B) }"#, "E::A repeats its source `0`"),
        (r#"enum E { #[error("a: {source}")] A { source: B } }"#, "E::A repeats its source `source`"),
        (r#"enum E { #[error("a: {source:?}")] A { source: B } }"#, "E::A repeats its source `source`"),
        (
            r#"enum E { #[error("{}: {}", .x, chain(.cause))] A { x: u8, #[source] cause: B } }"#,
            "E::A repeats its source `cause`",
        ),
        (r#"#[error("{{{0}}}")] struct S(#[source] B);"#, "S repeats its source `0`"),
        (r#"enum E { #[error("a: {0}")] A(ReadError) }"#, "E::A shows `0`, an error that is not its source"),
        (
            r#"#[derive(thiserror::Error)] struct S { #[source] x: B }
               impl fmt::Display for S { fn fmt(&self) { write!(f, "{}", self.x) } }"#,
            "S repeats its source `x`",
        ),
        (r#"mod m { enum E { #[error("{0}")] A(#[source] B) } }"#, "E::A repeats its source `0`"),
    ] {
        let items = syn::parse_file(text).expect("the text is Rust").items;
        assert_eq!(check(&items).problems, [expected], "{text}");
    }
    for text in [
        r#"enum E { #[error("a")] A(#[from] B), #[error(transparent)] C(#[from] D), #[error("{0}")] F(u8) }"#,
        r#"enum E { #[error("{index} {{source}}")] A { index: usize, source: B } }"#,
        r#"enum E { #[error("{} of {what}", .index.0)] A { index: Index, what: u8, source: B } }"#,
        r#"enum E { #[error("{smt}, {mpt}")] A { smt: DecodeError, mpt: DecodeError } }"#,
        r#"#[derive(thiserror::Error)] struct S { #[source] x: B, y: u8 }
           impl fmt::Display for S { fn fmt(&self) { write!(f, "{}", self.y) } }"#,
    ] {
        let items = syn::parse_file(text).expect("the text is Rust").items;
        assert_eq!(check(&items).problems, [""; 0], "{text}");
    }
}

/// Returns all Rust files in directories named `src`.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(directory).sort_by_file_name().into_iter();
    let entries = entries.filter_entry(|entry| entry.file_name() != "target");
    let files = entries.map(|entry| entry.expect("the sources can be read").into_path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| path.components().any(|part| part.as_os_str() == "src"))
        .collect()
}

/// The problems in some items.
#[derive(Default)]
struct Checked {
    problems: Vec<String>,
    /// The number of structs and variants that have a source.
    n_with_source: usize,
}

fn check(items: &[Item]) -> Checked {
    let mut checked = Checked::default();
    checked.items(items);
    checked
}

impl Checked {
    fn items(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Mod(module) => {
                    self.items(module.content.as_ref().map_or(&[], |(_, items)| items.as_slice()));
                }
                Item::Enum(item) => {
                    for variant in &item.variants {
                        let name = format!("{}::{}", item.ident, variant.ident);
                        self.fields(&name, &variant.attrs, &variant.fields);
                    }
                }
                Item::Struct(item) => {
                    let name = item.ident.to_string();
                    if let (Some(source), Some(display)) =
                        (source(&item.fields), display_of(items, &item.ident))
                    {
                        self.n_with_source += 1;
                        self.expect_unrepeated(&name, &source, takes(&display, &source));
                    }
                    self.fields(&name, &item.attrs, &item.fields);
                }
                _ => {}
            }
        }
    }

    /// Checks the `#[error(..)]` of a struct or a variant.
    fn fields(&mut self, name: &str, attributes: &[Attribute], fields: &Fields) {
        let Some(message) = attributes.iter().find_map(Message::of) else { return };
        let source = source(fields);
        self.n_with_source += usize::from(source.is_some());
        if let Some(source) = &source {
            self.expect_unrepeated(name, source, message.contains(source));
            return;
        }
        let errors: Vec<_> = members(fields).filter(|(_, field)| is_error(&field.ty)).collect();
        // Of two errors, neither is the source.
        if let [(member, _)] = &errors[..]
            && message.contains(member)
        {
            let member = text(member);
            self.problems.push(format!("{name} shows `{member}`, an error that is not its source"));
        }
    }

    fn expect_unrepeated(&mut self, name: &str, source: &Member, is_repeated: bool) {
        if is_repeated {
            self.problems.push(format!("{name} repeats its source `{}`", text(source)));
        }
    }
}

/// The content of `#[error(..)]`, unless it is `transparent`.
struct Message {
    format: String,
    arguments: String,
}

impl Message {
    fn of(attribute: &Attribute) -> Option<Self> {
        let list = attribute.meta.require_list().ok().filter(|list| list.path.is_ident("error"))?;
        let mut tokens = list.tokens.clone().into_iter();
        let format: LitStr = syn::parse2(tokens.by_ref().take(1).collect()).ok()?;
        Some(Self { format: format.value(), arguments: tokens.map(|token| token.to_string()).collect() })
    }

    /// Returns whether the message contains a field: by name in the format, or in one of the arguments.
    fn contains(&self, member: &Member) -> bool {
        let format = self.format.replace("{{", "").replace("}}", "");
        let named = format.split('{').skip(1).filter_map(|rest| rest.split(['}', ':']).next());
        named.map(str::trim).any(|name| name == text(member)) || takes(&self.arguments, member)
    }
}

/// Returns whether code reads this field.
fn takes(code: &str, member: &Member) -> bool {
    let code: String = code.split_whitespace().collect();
    let field = format!(".{}", text(member));
    code.match_indices(&field).any(|(at, _)| {
        let after = code[at + field.len()..].chars().next();
        after.is_none_or(|next| !next.is_alphanumeric() && next != '_')
    })
}

/// Returns the code of a type's `Display`, if it is written by hand beside the type.
fn display_of(items: &[Item], of: &Ident) -> Option<String> {
    let is_display = |item: &&ItemImpl| {
        let of_trait = item.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
        of_trait.is_some_and(|segment| segment.ident == "Display")
            && is_named(&item.self_ty, |name| *name == *of)
    };
    let impls = items.iter().filter_map(|item| if let Item::Impl(item) = item { Some(item) } else { None });
    impls.into_iter().find(is_display).map(|item| item.to_token_stream().to_string())
}

/// Returns the field that thiserror takes as the source.
fn source(fields: &Fields) -> Option<Member> {
    let is_marked = |field: &Field| {
        field
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("source") || attribute.path().is_ident("from"))
    };
    let is_source = |(member, field): &(Member, &Field)| is_marked(field) || text(member) == "source";
    members(fields).find(is_source).map(|(member, _)| member)
}

fn members(fields: &Fields) -> impl Iterator<Item = (Member, &Field)> {
    fields.members().zip(fields)
}

fn text(member: &Member) -> String {
    match member {
        Member::Named(name) => name.to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}

/// Returns whether the name of a type says that it is an error.
fn is_error(ty: &Type) -> bool {
    is_named(ty, |name| name.to_string().ends_with("Error"))
}

fn is_named(ty: &Type, is: impl Fn(&Ident) -> bool) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|segment| is(&segment.ident)))
}
