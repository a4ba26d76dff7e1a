//! `outrider zk exit`: signs an exit.

use std::path::PathBuf;

use anyhow::Context as _;
use outrider_host::{EeIndex, ShardIndex};
use outrider_zk_rollup_core::AccountIndex;
use outrider_zk_rollup_ee::{EXIT_PAYLOAD_BYTES_MAX, Exit, Forced, Payload};

use super::keys::{account_index, read_secret_key};
use super::{source, write};
use crate::{Verdict, files};

/// Write an exit, by which ether leaves the rollup for an EE on some shard.
///
/// The file is for both ways out. The operator takes it into its next section: `outrider zk prove --exit FILE`. If the operator is silent,
/// `outrider witness build` makes a block of it, once the slots of the rollup's silence have passed. For that, a state made by `outrider zk
/// rebuild` from published blocks is enough.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Directory with the state, or a fixture with all blocks since the genesis, from which the state is made anew.
    #[arg(value_name = "STATE")]
    state: PathBuf,
    /// File with the owner's secret key.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Index of the account.
    #[arg(long, value_name = "INDEX", value_parser = account_index)]
    account: AccountIndex,
    /// Ether that leaves, in Gwei. The default is everything but the fee.
    #[arg(long, value_name = "GWEI")]
    amount: Option<u64>,
    /// Fee for the receipt's delivery on top, in Gwei.
    #[arg(long, value_name = "GWEI", default_value_t = 0)]
    receipt_fee: u64,
    /// Shard that the ether is for.
    #[arg(long, value_name = "INDEX")]
    shard: u64,
    /// EE that the ether is for.
    #[arg(long, value_name = "INDEX")]
    ee: u64,
    /// Data for that EE in hex: to the EE of accounts, the address or key of the recipient.
    #[arg(long, value_name = "HEX", default_value = "", value_parser = payload)]
    payload: Bytes,
    /// Number of transfers and exits that the owner has signed before. The default is that of the account in the state.
    #[arg(long, value_name = "N")]
    nonce: Option<u64>,
    /// File for the exit. By default, it is printed to standard output.
    #[arg(short, long, value_name = "PACKAGES")]
    output: Option<PathBuf>,
}

/// The data for the receiver.
#[derive(Clone)]
struct Bytes(Vec<u8>);

fn payload(text: &str) -> Result<Bytes, String> {
    let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|error| error.to_string())?;
    match bytes.len() {
        got if got > EXIT_PAYLOAD_BYTES_MAX => {
            Err(format!("an exit carries at most {EXIT_PAYLOAD_BYTES_MAX} bytes, got {got}"))
        }
        _ => Ok(Bytes(bytes)),
    }
}

pub(super) fn exit(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let Arguments { state, account: index, receipt_fee, .. } = arguments;
    let key = read_secret_key(&arguments.key)?;
    let mut view = source::open(state)?;
    let name = || files::name(state);
    let account = view.account(*index).with_context(name)?;
    let account = account
        .with_context(|| format!("{}: there is no account {} that could be left", name(), index.get()))?;
    anyhow::ensure!(
        account.key_y == key.public_key().y(),
        "{}: account {} has another key: name its own with --key",
        arguments.key.display(),
        index.get()
    );
    let amount = match arguments.amount {
        Some(amount) => amount,
        None => account.balance.saturating_sub(*receipt_fee),
    };
    anyhow::ensure!(
        amount.checked_add(*receipt_fee).is_some_and(|cost| cost <= account.balance),
        "account {} has {} Gwei, which do not cover {amount} and the fee of {receipt_fee}: name less with --amount",
        index.get(),
        account.balance
    );
    let exit = Exit {
        index: *index,
        amount,
        shard: ShardIndex(arguments.shard),
        ee: EeIndex(arguments.ee),
        receipt_fee: *receipt_fee,
        nonce: arguments.nonce.unwrap_or(account.nonce),
        payload: arguments.payload.0.clone(),
    };
    let exits = vec![exit.sign(&key, &view.node().domain)];
    let payload = Payload::Forced(Forced { n_deposits: 0, exits });
    write::packages(arguments.output.as_deref(), &[payload.to_bytes()])?;
    Ok(Verdict::Holds)
}
