//! `outrider zk transfer`: signs a transfer.

use std::path::PathBuf;

use anyhow::Context as _;
use outrider_zk_rollup::operator::Request;
use outrider_zk_rollup_core::{AccountIndex, Amount, Fee, Transfer};

use super::keys::{account_index, read_secret_key};
use super::{source, write};
use crate::{Verdict, files};

/// Write a signed transfer, for the operator's `outrider zk prove`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Directory with the state, or a fixture with all blocks since the genesis, from which the state is made anew.
    #[arg(value_name = "STATE")]
    state: PathBuf,
    /// File with the sender's secret key.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Index of the sender's account.
    #[arg(long, value_name = "INDEX", value_parser = account_index)]
    from: AccountIndex,
    /// Index of the receiver's account.
    #[arg(long, value_name = "INDEX", value_parser = account_index)]
    to: AccountIndex,
    /// Ether for the receiver, in Gwei: 27 bits, times a power of ten.
    #[arg(long, value_name = "GWEI")]
    amount: u64,
    /// Fee that the sender pays the operator, in Gwei: 11 bits, times a power of ten.
    #[arg(long, value_name = "GWEI", default_value_t = 0)]
    fee: u64,
    /// Number of transfers and exits that the sender has signed before. The default is that of the account in the state.
    #[arg(long, value_name = "N")]
    nonce: Option<u64>,
    /// File for the transfer. By default, it is printed to standard output.
    #[arg(short, long, value_name = "TRANSFERS")]
    output: Option<PathBuf>,
}

pub(super) fn transfer(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let Arguments { state, key: key_file, from, to, amount, fee, nonce, output } = arguments;
    let exact = |name: &str, floor: u64| {
        format!("--{name}: the number has too many digits for a transfer; the next smaller one is {floor}")
    };
    let amount = Amount::exact(*amount).with_context(|| exact("amount", Amount::floor(*amount).gwei()))?;
    let fee = Fee::exact(*fee).with_context(|| exact("fee", Fee::floor(*fee).gwei()))?;
    let key = read_secret_key(key_file)?;
    let mut view = source::open(state)?;
    // An account that a pending deposit makes has no nonce yet.
    let account = view.account(*from).with_context(|| files::name(state))?;
    if let Some(account) = account {
        anyhow::ensure!(
            account.key_y == key.public_key().y(),
            "{}: account {} has another key: name its own with --key",
            key_file.display(),
            from.get()
        );
    }
    let nonce = nonce.unwrap_or(account.map_or(0, |account| account.nonce));
    let transfer = Transfer { from: *from, to: *to, amount, fee };
    let request = Request::sign(transfer, nonce, &key, &view.node().domain);
    write::packages(output.as_deref(), &[request.to_bytes()])?;
    Ok(Verdict::Holds)
}
