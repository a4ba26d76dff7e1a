//! Makes packages for trying the account EE: a genesis, and signed transfers between its accounts.
//!
//! The same options give the same keys, accounts and transfers on every machine. The keys are not secret.

use std::{env, error::Error, path::PathBuf, process::ExitCode};

use account::{Action, Address, Block, Endowment, Payload, PublicKey, Signature, SigningDomain, Transaction};
use outrider_sdk::{
    context::{EeIndex, ShardIndex},
    harness::{keys::BlsKey, write_packages},
};

const USAGE: &str = "\
cargo run --example packages -- [OPTION VALUE]...

  --accounts N          accounts in the genesis, of 32 ETH each [1000]
  --transfers M         signed transfers between them [200]
  --genesis FILE        where the genesis goes [genesis.json]
  --transfers-out FILE  where the transfers go [transfers.json]
  --ee-index I          the EE for which they are signed [0]
  --shard S             the shard for which they are signed [0]
  --to-shard S          the shard of the recipients, to which they go by receipts with a fee of 1 [none]

The first package of transfers is account 0's, which proposes the block and so gets the fees.";

struct Options {
    accounts: u64,
    transfers: u64,
    genesis: PathBuf,
    transfers_out: PathBuf,
    domain: SigningDomain,
    to_shard: Option<ShardIndex>,
}

fn main() -> ExitCode {
    match Options::parse(env::args().skip(1))
        .and_then(|options| options.map_or(Ok(()), |options| run(&options)))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error}\n\n{USAGE}"));
            ExitCode::from(2)
        }
    }
}

impl Options {
    /// Parses the arguments. Prints the usage and returns `None` if they ask for help.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, Box<dyn Error>> {
        let mut options = Options {
            accounts: 1000,
            transfers: 200,
            genesis: "genesis.json".into(),
            transfers_out: "transfers.json".into(),
            domain: SigningDomain { ee_index: EeIndex(0), shard: ShardIndex(0) },
            to_shard: None,
        };
        while let Some(option) = arguments.next() {
            if option == "--help" || option == "-h" {
                say(USAGE);
                return Ok(None);
            }
            let value = arguments.next().ok_or_else(|| format!("{option} needs a value"))?;
            let number = || value.parse::<u64>().map_err(|error| format!("{option} {value}: {error}"));
            match option.as_str() {
                "--accounts" => options.accounts = number()?,
                "--transfers" => options.transfers = number()?,
                "--genesis" => options.genesis = value.into(),
                "--transfers-out" => options.transfers_out = value.into(),
                "--ee-index" => options.domain.ee_index = EeIndex(number()?),
                "--shard" => options.domain.shard = ShardIndex(number()?),
                "--to-shard" => options.to_shard = Some(ShardIndex(number()?)),
                _ => return Err(format!("there is no option {option}").into()),
            }
        }
        if options.accounts == 0 {
            return Err("there has to be an account".into());
        }
        Ok(Some(options))
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let owners: Vec<Owner> = (0..options.accounts).map(Owner::new).collect();
    write_packages(&options.genesis, &[genesis(&owners).to_bytes()])?;
    let transfers: Vec<_> = transfers(&owners, options).iter().map(Payload::to_bytes).collect();
    write_packages(&options.transfers_out, &transfers)?;
    Ok(())
}

/// The owner of an account.
struct Owner {
    key: BlsKey,
    public_key: PublicKey,
}

impl Owner {
    fn new(index: u64) -> Owner {
        let mut seed = *b"outrider account example\0\0\0\0\0\0\0\0";
        seed[24..].copy_from_slice(&index.to_le_bytes());
        let key = BlsKey::of_seed(&seed);
        let public_key = PublicKey(key.public_key());
        Owner { key, public_key }
    }
}

fn genesis(owners: &[Owner]) -> Payload {
    let endowment = |owner: &Owner| Endowment { public_key: owner.public_key, balance: BALANCE_GWEI };
    Payload::Genesis(owners.iter().map(endowment).collect())
}

/// Makes transfers of random amounts between random accounts. Each has the nonce that its sender then has.
fn transfers(owners: &[Owner], options: &Options) -> Vec<Payload> {
    let mut random = Random(0x0123_4567_89ab_cdef);
    let mut nonces = vec![0; owners.len()];
    let proposer = owners.first().map(|owner| owner.public_key.address());
    let mut packages =
        vec![Payload::Block(Block { signature: Signature::EMPTY_SUM, proposer, transactions: vec![] })];
    for _ in 0..options.transfers {
        let (from, to) = (random.below(options.accounts), random.below(options.accounts));
        let transaction = Transaction {
            sender: owners[from].public_key.address(),
            nonce: nonces[from],
            amount: random.below(1_000_000) as u64,
            fee: 1 + random.below(100) as u64,
            action: action(owners[to].public_key.address(), options),
        };
        nonces[from] += 1;
        let message = options.domain.signing_root(&transaction);
        let signature = Signature(owners[from].key.sign(&message));
        packages.push(Payload::Block(Block { signature, proposer: None, transactions: vec![transaction] }));
    }
    packages
}

/// Returns the action that pays a recipient, on the shard of the sender or on another one.
fn action(recipient: Address, options: &Options) -> Action {
    match options.to_shard {
        None => Action::Transfer { recipient },
        Some(shard) => {
            let payload = recipient.0.to_vec();
            Action::Send { shard, ee: options.domain.ee_index, receipt_fee: 1, payload }
        }
    }
}

/// The SplitMix64 generator. The transfers have to vary, but need not be unpredictable.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit) as usize
    }
}

#[expect(clippy::print_stderr, reason = "this is a command")]
fn say(text: &str) {
    eprintln!("{text}");
}

/// The balance of each account. It suffices for millions of transfers.
const BALANCE_GWEI: u64 = 32_000_000_000;
