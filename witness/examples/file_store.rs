//! A custom store: nodes in a plain file, rewritten with each batch.
//!
//! [`changes`] does the counting. A store only has to find entries, and to write all changes of a batch or none. Here
//! the entries are lines of text, in a file that each batch replaces: simple, and good for as much data as fits into
//! memory.
//!
//! ```sh
//! cargo run -p outrider-witness --example file_store
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::{
    collections::BTreeMap,
    error::Error,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use outrider_witness::{
    Hash, Keccak256, NodeError, NodeSource,
    mpt::{EMPTY_ROOT, Trie},
    node::NodeSink as _,
    store::{
        Batch, BatchSummary, Contents, Entry, Links, StateKind, Store, StoreError, Table, changes,
        check_entries,
    },
};

struct FileStore {
    file: PathBuf,
    tables: Mutex<Tables>,
}

/// All entries of the store. In the file, each entry is a line of words: `node` hash count bytes children..., `pin`
/// root number, or `note` name text.
#[derive(Clone, Default)]
struct Tables {
    nodes: BTreeMap<Hash, (Links, Vec<u8>)>,
    pins: BTreeMap<Hash, u64>,
    notes: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl FileStore {
    fn open(file: &Path) -> Result<Self, StoreError> {
        let tables = match fs::read_to_string(file) {
            Ok(text) => {
                let tables = text.lines().try_fold(Tables::default(), Tables::read);
                tables.ok_or_else(|| backend(io::ErrorKind::InvalidData.into()))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Tables::default(),
            Err(error) => return Err(backend(error)),
        };
        Ok(Self { file: file.to_owned(), tables: Mutex::new(tables) })
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the tables. A reader of the file finds either the old tables or the new ones.
    fn write(&self, tables: &Tables) -> io::Result<()> {
        let scratch = self.file.with_extension("new");
        fs::write(&scratch, tables.text())?;
        fs::File::open(&scratch)?.sync_all()?;
        fs::rename(scratch, &self.file)
    }
}

impl NodeSource for FileStore {
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        let tables = self.tables();
        tables.nodes.get(hash).map(|(_, bytes)| bytes.clone()).ok_or(NodeError::NotCovered { hash: *hash })
    }

    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        self.node(hash)
    }
}

impl Store for FileStore {
    fn kind(&self) -> StateKind {
        StateKind::KECCAK256
    }

    fn apply(&self, batch: &Batch) -> Result<BatchSummary, StoreError> {
        let mut tables = self.tables();
        let changes = changes(&*tables, batch)?;
        let mut next = tables.clone();
        for (hash, links, bytes) in &changes.added {
            next.nodes.insert(*hash, (links.clone(), bytes.to_vec()));
        }
        for (hash, children) in &changes.children {
            next.nodes.entry(*hash).and_modify(|(links, _)| links.children.clone_from(children));
        }
        for (hash, count) in &changes.counts {
            next.nodes.entry(*hash).and_modify(|(links, _)| links.count = *count);
        }
        changes.deleted.iter().for_each(|hash| drop(next.nodes.remove(hash)));
        next.pins.extend(changes.pins.iter().copied());
        next.pins.retain(|_, pins| *pins > 0);
        next.notes.extend(changes.notes.iter().map(|(name, text)| (name.to_vec(), text.to_vec())));
        self.write(&next).map_err(backend)?;
        *tables = next;
        Ok(BatchSummary { n_added: changes.added.len(), n_deleted: changes.deleted.len() })
    }

    fn roots(&self) -> Result<BTreeMap<Hash, u64>, StoreError> {
        Ok(self.tables().pins.clone())
    }

    fn is_pinned(&self, root: &Hash) -> Result<bool, StoreError> {
        Ok(self.tables().pins.contains_key(root))
    }

    fn contains(&self, hash: &Hash) -> Result<bool, StoreError> {
        Ok(self.tables().nodes.contains_key(hash))
    }

    fn note(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tables().notes.get(name).cloned())
    }

    fn check(&self) -> Result<Contents, StoreError> {
        let tables = self.tables();
        let entries = tables.nodes.iter().map(|(hash, (links, bytes))| {
            let Links { count, children } = links.clone();
            Ok(Entry { hash: *hash, count, children, bytes: bytes.clone() })
        });
        check_entries(self.kind(), entries, &tables.pins)
    }
}

impl Table for Tables {
    fn links(&self, hash: &Hash) -> Result<Option<Links>, StoreError> {
        Ok(self.nodes.get(hash).map(|(links, _)| links.clone()))
    }

    fn pins(&self, root: &Hash) -> Result<u64, StoreError> {
        Ok(self.pins.get(root).copied().unwrap_or(0))
    }
}

impl Tables {
    fn text(&self) -> String {
        let mut text = String::new();
        for (hash, (Links { count, children }, bytes)) in &self.nodes {
            let children: String = children.iter().map(|child| format!(" {child}")).collect();
            // Writing to a string does not fail.
            let _ = writeln!(text, "node {hash} {count} .{}{children}", to_hex(bytes));
        }
        for (root, pins) in &self.pins {
            let _ = writeln!(text, "pin {root} {pins}");
        }
        for (name, note) in &self.notes {
            let _ = writeln!(text, "note .{} .{}", to_hex(name), to_hex(note));
        }
        text
    }

    /// Adds an entry. Returns `None` if the line is not one.
    fn read(mut self, line: &str) -> Option<Self> {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["node", hash, count, bytes, ref children @ ..] => {
                let children = children.iter().copied().map(hash_of_hex).collect::<Option<_>>()?;
                let links = Links { count: count.parse().ok()?, children };
                self.nodes.insert(hash_of_hex(hash)?, (links, of_hex(bytes.strip_prefix('.')?)?));
            }
            ["pin", root, pins] => drop(self.pins.insert(hash_of_hex(root)?, pins.parse().ok()?)),
            ["note", name, note] => {
                self.notes.insert(of_hex(name.strip_prefix('.')?)?, of_hex(note.strip_prefix('.')?)?);
            }
            _ => return None,
        }
        Some(self)
    }
}

fn backend(error: io::Error) -> StoreError {
    StoreError::Backend(Box::new(error))
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn of_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}

fn hash_of_hex(text: &str) -> Option<Hash> {
    of_hex(text)?.try_into().ok().map(Hash)
}

/// Stores three states, one after the other, and reads the last one back from the file.
fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("nodes.txt");
    let store = FileStore::open(&file)?;
    let mut batch = Batch::new();
    batch.put(&EMPTY_ROOT, &[0x80], &[]);
    batch.pin(&EMPTY_ROOT);
    store.apply(&batch)?;
    let mut root = EMPTY_ROOT;
    for number in 0_u8..3 {
        let mut trie = Trie::<Keccak256, _>::open(&root, &store);
        for key in 0..10 {
            trie.insert(&[number, key], &[number ^ key; 40])?;
        }
        let mut batch = Batch::new();
        let next = trie.commit(&mut batch);
        batch.pin(&next);
        batch.unpin(&root);
        batch.note(b"current", &next.0);
        let BatchSummary { n_added, n_deleted } = store.apply(&batch)?;
        println!("root {next}: {n_added} nodes added, {n_deleted} deleted");
        root = next;
    }

    let store = FileStore::open(&file)?;
    let Contents { n_nodes, node_bytes, n_roots } = store.check()?;
    println!("opened again: {n_nodes} nodes, {node_bytes} bytes, {n_roots} root");
    assert_eq!(store.note(b"current")?, Some(root.0.to_vec()));
    let mut trie = Trie::<Keccak256, _>::open(&root, &store);
    assert_eq!(trie.get(&[1, 7])?, Some(&[6; 40][..]));
    Ok(())
}
