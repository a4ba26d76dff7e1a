//! `outrider zk account`: makes keys of accounts, and shows accounts.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use outrider_zk_rollup_core::{AccountIndex, SecretKey, field};
use serde_json::json;

use super::keys::{account_index, random, read_secret_key, seed};
use super::{source, write};
use crate::output::{self, Summary};
use crate::{Verdict, files};

/// Make the key of an account or an operator, or show an account of a state.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Write a secret key into a new file that only its owner can read, and print the public key.
    New {
        /// New file for the secret key.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Text from which the key is made, for examples and tests: whoever knows it has the key. By default, the key is random.
        #[arg(long, value_name = "TEXT")]
        seed: Option<String>,
    },
    /// Print the public key of a secret key.
    Key {
        /// File with the secret key.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Show an account of a state: its key, balance and nonce, and the path that proves it.
    Show {
        /// Directory with the state, or a fixture with all blocks since the genesis, from which the state is made anew.
        #[arg(value_name = "STATE")]
        state: PathBuf,
        /// Index of the account.
        #[arg(value_name = "INDEX", value_parser = account_index)]
        index: AccountIndex,
        /// Print JSON instead of text.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn account(arguments: &Arguments) -> anyhow::Result<Verdict> {
    match &arguments.action {
        Action::New { file, seed: text } => {
            let seed = match text {
                Some(text) => seed("outrider zk account", text),
                None => random()?,
            };
            let key = SecretKey::from_seed(&seed);
            write::secret(file, &format!("{}\n", hex::encode(key.to_bytes())))?;
            print_public(&key)
        }
        Action::Key { file } => print_public(&read_secret_key(file)?),
        Action::Show { state, index, json } => show(state, *index, *json),
    }
}

fn print_public(key: &SecretKey) -> anyhow::Result<Verdict> {
    writeln!(output::stdout(), "{}", hex::encode(key.public_key().to_bytes()))?;
    Ok(Verdict::Holds)
}

fn show(state: &Path, index: AccountIndex, json: bool) -> anyhow::Result<Verdict> {
    let mut view = source::open(state)?;
    let opening = view.open_account(index).with_context(|| files::name(state))?;
    let next = view.node().next_index;
    let opening = opening.with_context(|| {
        format!("{}: there is no account {}; the next new one is {next}", files::name(state), index.get())
    })?;
    let mut key = field::to_bytes(&opening.account.key_y);
    key.reverse();
    let key = hex::encode(key);
    let root = hex::encode(field::to_bytes(&view.accounts()));
    let siblings: Vec<Vec<String>> = opening
        .siblings
        .iter()
        .map(|level| level.iter().map(|hash| hex::encode(field::to_bytes(hash))).collect())
        .collect();
    if json {
        let document = json!({
            "index": index.get(),
            "public_key": key,
            "balance": opening.account.balance,
            "nonce": opening.account.nonce,
            "accounts_root": root,
            "siblings": siblings,
        });
        output::json(document, &Summary::one(Verdict::Holds))?;
        return Ok(Verdict::Holds);
    }
    let mut out = output::stdout();
    writeln!(out, "account     {}", index.get())?;
    writeln!(out, "public key  {key}")?;
    writeln!(out, "balance     {} Gwei", opening.account.balance)?;
    writeln!(out, "nonce       {}", opening.account.nonce)?;
    writeln!(out, "root        {root}, of all accounts")?;
    for (height, level) in siblings.iter().enumerate() {
        writeln!(out, "siblings    {} at height {height}", level.join(" "))?;
    }
    Ok(Verdict::Holds)
}
