//! `outrider run --bless`: writes what came of a fixture into it, as what it expects.
//!
//! Only the values change, and entries of `deposit_receipts` come and go; everything else stays as somebody has written it. What is
//! written is read again before it takes the place of the file.

use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::Range;
use std::path::Path;

use anyhow::Context as _;
use outrider_host::{Deposit, StateRoot};

use super::execute::FixtureRun;
use crate::files;
use crate::fixture::{self, DepositPlace, Expectations};

/// Writes the state roots after the last block into the fixture's file, and the deposits if it lists any. Tells whether that changes
/// anything.
pub(super) fn bless(file: &Path, run: &FixtureRun) -> anyhow::Result<bool> {
    let context = || files::name(file);
    anyhow::ensure!(!files::is_stdin(file), "stdin: only a file can be blessed");
    let text = fixture::read_text(file, "fixture", |text| Ok(text.to_owned()))?;
    let expectations = fixture::read_text(file, "fixture", |_| fixture::expectations(&text))?;
    let pushed: Vec<_> = run.deposits().cloned().collect();
    let blessed = blessed(&text, &expectations, &run.post_state, &pushed).with_context(context)?;
    if blessed == text {
        return Ok(false);
    }
    write(file, &blessed).with_context(context)?;
    Ok(true)
}

/// The fixture with other expectations.
fn blessed(
    text: &str,
    expectations: &Expectations,
    roots: &[StateRoot],
    pushed: &[Deposit],
) -> anyhow::Result<String> {
    let mut edits = Edits { text, edits: Vec::new() };
    for ((place, old), new) in expectations.roots.iter().zip(roots) {
        if old != new {
            edits.hex(place, &new.to_string())?;
        }
    }
    if let Some(listed) = &expectations.deposits {
        edits.deposits(listed, pushed)?;
    }
    let blessed = edits.apply()?;
    let got = fixture::expectations(&blessed).ok().context(ODD)?;
    let roots_agree = got.roots.iter().map(|(_, root)| root).eq(roots);
    let deposits_agree =
        got.deposits.as_ref().map(|listed| sorted(listed.iter().map(|place| &place.deposit)))
            == expectations.deposits.as_ref().map(|_| sorted(pushed));
    anyhow::ensure!(roots_agree && deposits_agree && got.given == expectations.given, ODD);
    Ok(blessed)
}

/// Why a fixture can be read and not be changed: an alias, an anchor that is used elsewhere, a block scalar, or something else that is
/// not expected there.
const ODD: &str = "the expectations are written in a way that cannot be changed here: write them as plain lists of hex, without \
                   anchors and aliases";

fn sorted<'d>(deposits: impl IntoIterator<Item = &'d Deposit>) -> Vec<&'d Deposit> {
    let mut deposits: Vec<_> = deposits.into_iter().collect();
    deposits.sort();
    deposits
}

/// Changes to a text, at places of what it is before them.
struct Edits<'t> {
    text: &'t str,
    edits: Vec<(Range<usize>, String)>,
}

impl Edits<'_> {
    /// Writes other digits in place of some, in the same quotes.
    fn hex(&mut self, place: &Range<usize>, digits: &str) -> anyhow::Result<()> {
        let old = self.text.get(place.clone()).context(ODD)?;
        let quote = old.chars().next().filter(|c| matches!(c, '"' | '\'')).unwrap_or('"');
        let bare = old.trim_matches(quote);
        let prefix = if bare.starts_with("0x") { "0x" } else { "" };
        let is_hex =
            bare.strip_prefix(prefix).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
        anyhow::ensure!(is_hex, ODD);
        self.edits.push((place.clone(), format!("{quote}{prefix}{digits}{quote}")));
        Ok(())
    }

    /// Makes a list of deposits that of those that were pushed.
    ///
    /// 1. What was pushed and is listed stays.
    /// 2. Of what else is listed, each becomes one that was pushed and is not listed.
    /// 3. What is left of either comes in at the end, or goes.
    fn deposits(&mut self, listed: &[DepositPlace], pushed: &[Deposit]) -> anyhow::Result<()> {
        let mut missing: Vec<_> = pushed.iter().collect();
        let mut wrong = Vec::new();
        for place in listed {
            match missing.iter().position(|deposit| **deposit == place.deposit) {
                Some(index) => drop(missing.remove(index)),
                None => wrong.push(place),
            }
        }
        let n_changed = wrong.len().min(missing.len());
        let (changed, superfluous) = wrong.split_at(n_changed);
        for (place, deposit) in changed.iter().zip(missing.drain(..n_changed)) {
            self.deposit(place, deposit)?;
        }
        if superfluous.is_empty() && missing.is_empty() {
            return Ok(());
        }
        match listed.first().zip(listed.last()) {
            Some((first, last)) if self.is_in_lines(first) => {
                superfluous.iter().try_for_each(|place| self.remove(place))?;
                let indent = self.indent(first)?;
                let mut more: String = missing.iter().map(|deposit| entry(deposit, &indent)).collect();
                if superfluous.len() == listed.len() {
                    more = format!("\n{indent}[]");
                }
                let end = self.line_end(last.end);
                self.edits.push((end..end, more));
                Ok(())
            }
            _ => self.deposits_in_brackets(pushed),
        }
    }

    fn deposit(&mut self, place: &DepositPlace, deposit: &Deposit) -> anyhow::Result<()> {
        let [pubkey, withdrawal_credentials, amount, signature] = &place.fields;
        self.hex(pubkey, &hex::encode(deposit.pubkey))?;
        self.hex(withdrawal_credentials, &hex::encode(deposit.withdrawal_credentials))?;
        self.hex(signature, &hex::encode(deposit.signature))?;
        self.edits.push((amount.clone(), deposit.amount.to_string()));
        Ok(())
    }

    /// Tells whether an entry begins with a hyphen in a line of its own.
    fn is_in_lines(&self, place: &DepositPlace) -> bool {
        let before = self.text.get(self.line_start(place.start)..place.start).unwrap_or_default();
        before.trim() == "-"
    }

    /// What stands before the hyphen of an entry.
    fn indent(&self, place: &DepositPlace) -> anyhow::Result<String> {
        let before = self.text.get(self.line_start(place.start)..place.start).context(ODD)?;
        Ok(before.split('-').next().unwrap_or_default().to_owned())
    }

    /// Takes an entry away, with its lines.
    fn remove(&mut self, place: &DepositPlace) -> anyhow::Result<()> {
        let (start, end) = (self.line_start(place.start), self.line_end(place.end));
        // The line before ends where the entry's last one ended.
        let start = start.checked_sub(1).context(ODD)?;
        self.edits.push((start..end, String::new()));
        Ok(())
    }

    /// Writes a list in brackets anew; its deposits have no bracket in them.
    fn deposits_in_brackets(&mut self, pushed: &[Deposit]) -> anyhow::Result<()> {
        let key = self.text.find("deposit_receipts:").context(ODD)?;
        let start = self.text.get(key..).and_then(|rest| rest.find('[')).context(ODD)?.saturating_add(key);
        let end = self.text.get(start..).and_then(|rest| rest.find(']')).context(ODD)?.saturating_add(start);
        let entries: String = pushed.iter().map(|deposit| entry(deposit, "  ")).collect();
        let is_alone = self.text.get(self.line_start(key)..key) == Some("");
        anyhow::ensure!(is_alone && (!pushed.is_empty() || end > start), ODD);
        let list = if pushed.is_empty() { "[]".to_owned() } else { entries };
        self.edits.retain(|(place, _)| place.end <= start || place.start > end);
        self.edits.push((start..end.saturating_add(1), list));
        Ok(())
    }

    fn line_start(&self, at: usize) -> usize {
        self.text
            .get(..at)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |newline| newline.saturating_add(1))
    }

    fn line_end(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        at.saturating_add(rest.find('\n').unwrap_or(rest.len()))
    }

    /// The text with all changes; they must not touch one another.
    fn apply(mut self) -> anyhow::Result<String> {
        self.edits.sort_by_key(|(place, _)| (place.start, place.end));
        let (mut result, mut done) = (String::new(), 0);
        for (place, new) in &self.edits {
            result.push_str(self.text.get(done..place.start).context(ODD)?);
            result.push_str(new);
            done = place.end;
        }
        result.push_str(self.text.get(done..).context(ODD)?);
        Ok(result)
    }
}

/// An entry of `deposit_receipts`, with the line break before it.
fn entry(deposit: &Deposit, indent: &str) -> String {
    let Deposit { pubkey, withdrawal_credentials, amount, signature } = deposit;
    let (pubkey, credentials) = (hex::encode(pubkey), hex::encode(withdrawal_credentials));
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "\n{indent}- pubkey: \"{pubkey}\"\n{indent}  withdrawal_credentials: \"{credentials}\"\n\
         {indent}  amount: {amount}\n{indent}  signature: \"{}\"",
        hex::encode(signature)
    );
    text
}

/// Puts a text in place of a file, with its permissions; who reads it finds the old or the new.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    // A link stays one.
    let file = file.canonicalize()?;
    let mut scratch = tempfile::NamedTempFile::new_in(file.parent().unwrap_or(Path::new(".")))?;
    scratch.write_all(text.as_bytes())?;
    scratch.as_file().set_permissions(file.metadata()?.permissions())?;
    scratch.persist(&file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deposit(amount: u64) -> Deposit {
        let byte = u8::try_from(amount).unwrap();
        Deposit { pubkey: [byte; 48], withdrawal_credentials: [byte; 32], amount, signature: [byte; 96] }
    }

    fn root(byte: u8) -> StateRoot {
        StateRoot([byte; 32])
    }

    /// A fixture with two EEs, comments, and both ways of quoting.
    fn text(deposits: &str) -> String {
        format!(
            "# top\nbeacon_state: {{execution_scripts: []}}\nshard_pre_state:\n  exec_env_states: [\"{0}\", \"{0}\"]\n\
             shard_blocks: []\nshard_post_state:\n  exec_env_states:\n    - '0x{0}'   # one\n    # between\n    - \"{0}\"\n{deposits}",
            root(1)
        )
    }

    #[track_caller]
    fn bless(text: &str, roots: &[StateRoot], pushed: &[Deposit]) -> anyhow::Result<String> {
        let expectations = fixture::expectations(text).ok().expect("it can be read");
        blessed(text, &expectations, roots, pushed)
    }

    #[test]
    fn only_roots_that_are_others_change() {
        let before = text("");
        assert_eq!(bless(&before, &[root(1), root(1)], &[]).unwrap(), before);
        let after = bless(&before, &[root(1), root(2)], &[deposit(1)]).unwrap();
        assert_eq!(
            after,
            before.replace(&format!("    - \"{}\"", root(1)), &format!("    - \"{}\"", root(2)))
        );
        let after = bless(&before, &[root(3), root(1)], &[]).unwrap();
        assert_eq!(after, before.replace(&format!("'0x{}'", root(1)), &format!("'0x{}'", root(3))));
    }

    #[test]
    fn deposits_become_those_that_were_pushed() {
        let lines = |amounts: &[u64]| -> String {
            let entries = amounts
                .iter()
                .map(|amount| entry(&deposit(*amount), "  ").replacen("\"\n", "\" # kept\n", 1));
            format!("deposit_receipts:{}\n# end\n", entries.collect::<String>())
        };
        let new = |amount| entry(&deposit(amount), "  ");
        for (listed, pushed, expected) in [
            (lines(&[1, 2]), &[2, 1][..], lines(&[1, 2])),
            (lines(&[1, 2]), &[2, 3], lines(&[3, 2])),
            (lines(&[1, 2]), &[1], lines(&[1])),
            (lines(&[1, 2]), &[2], lines(&[2])),
            (lines(&[1, 2]), &[], "deposit_receipts:\n  []\n# end\n".to_owned()),
            (lines(&[1]), &[1, 2], lines(&[1]).replace("\n# end", &format!("{}\n# end", new(2)))),
            (
                "deposit_receipts: [] # none\n".to_owned(),
                &[7],
                format!("deposit_receipts: {} # none\n", new(7)),
            ),
            ("deposit_receipts: []\n".to_owned(), &[], "deposit_receipts: []\n".to_owned()),
        ] {
            let pushed: Vec<_> = pushed.iter().map(|amount| deposit(*amount)).collect();
            let after = bless(&text(&listed), &[root(1), root(1)], &pushed).unwrap();
            assert_eq!(after, text(&expected), "{pushed:?}");
        }
    }

    #[test]
    fn what_is_written_in_another_way_is_left_alone() {
        let anchored = text("").replace(&format!("- '0x{}'", root(1)), &format!("- &a '0x{}'", root(1)));
        let alias = anchored.replace(&format!("    - \"{}\"", root(1)), "    - *a");
        let error = bless(&alias, &[root(1), root(2)], &[]).unwrap_err();
        assert_eq!(error.to_string(), ODD);
        // What is expected stands first, and the pre-state is an alias of it.
        let states = |expected: &str, pre_state: &str| {
            format!(
                "shard_post_state: {{exec_env_states: [{expected}]}}\nbeacon_state: {{execution_scripts: []}}\n\
                 shard_pre_state: {{exec_env_states: [{pre_state}]}}\nshard_blocks: []\n"
            )
        };
        let one = format!("\"{}\"", root(1));
        let tied = states(&format!("&a {one}"), "*a");
        assert_eq!(bless(&tied, &[root(2)], &[]).unwrap_err().to_string(), ODD);
        assert_eq!(bless(&tied, &[root(1)], &[]).unwrap(), tied, "nothing changes");
        let free = states(&format!("&a {one}"), &one);
        let two = format!("\"{}\"", root(2));
        assert_eq!(bless(&free, &[root(2)], &[]).unwrap(), states(&format!("&a {two}"), &one));
    }
}
