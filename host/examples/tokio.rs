//! Embeds the host in an asynchronous program: many EEs at once, each execution on a blocking thread, with a deadline,
//! and aborted when nobody waits for it any more.
//!
//! `cargo run --release -p outrider-host --example tokio`

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use outrider_host::{
    AbortHandle, Allowance, Context, Ee, ExecutionInput, ExecutionOutput, Host, HostConfig, ShardIndex,
    StateRoot,
};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

/// The number of executions at a time; further ones wait in the program, where that takes no thread.
const AT_A_TIME: u32 = 4;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    run(&mut std::io::stdout())
}

pub(crate) fn run(out: &mut impl Write) -> Result<(), Box<dyn Error + Send + Sync>> {
    tokio::runtime::Builder::new_multi_thread().enable_time().build()?.block_on(demonstrate(out))
}

async fn demonstrate(out: &mut impl Write) -> Result<(), Box<dyn Error + Send + Sync>> {
    // An interruptible host stops guests in their own loops, too, and not only at host calls.
    let config =
        HostConfig { interruptible: true, concurrent_executions_max: AT_A_TIME, ..HostConfig::default() };
    let host = Host::new(config)?;
    let bazaar = host.load(include_bytes!("../../ees/blobs/bazaar.wasm"))?;
    let helloworld = host.load(include_bytes!("../../ees/blobs/helloworld.wasm"))?;
    let executor = Executor::new();

    // Blocks of many shards, for two EEs: more than there are places. None of them changes its state.
    let mut blocks = JoinSet::new();
    for shard in 0..100 {
        let (ee, input) = match shard % 2 {
            0 => (helloworld.clone(), ExecutionInput::new(StateRoot([7; 32]), vec![])),
            _ => (bazaar.clone(), ExecutionInput::new(NO_MESSAGES.parse()?, NOTHING_NEW)),
        };
        let context = Context { shard: ShardIndex(shard), ..Context::default() };
        let (executor, input) = (executor.clone(), ExecutionInput { context, ..input });
        blocks.spawn(async move {
            let root = input.pre_state_root;
            let output = executor.execute(&ee, input, Duration::from_secs(60)).await?;
            Ok::<_, Box<dyn Error + Send + Sync>>(output.post_state_root == root)
        });
    }
    let mut n_kept = 0;
    while let Some(is_kept) = blocks.join_next().await {
        n_kept += usize::from(is_kept??);
    }
    writeln!(out, "{n_kept} blocks keep their roots")?;

    // A block that its EE refuses: an error and a verdict.
    let input = ExecutionInput::new(StateRoot::default(), vec![]);
    let error = executor.execute(&bazaar, input.clone(), Duration::from_secs(60)).await;
    let error = error.err().ok_or("bazaar accepts any block")?;
    writeln!(out, "bazaar: {error}")?;

    // An endless EE: its deadline stops it, which says nothing about the block.
    let endless = host.load(&wat::parse_str(ENDLESS)?)?;
    let stopped = executor.execute(&endless, input.clone(), Duration::from_millis(100)).await;
    writeln!(out, "endless: {}", stopped.err().ok_or("it has ended")?)?;

    // A dropped future aborts its execution. All places are free again soon, or this would not end.
    drop(
        tokio::time::timeout(
            Duration::from_millis(100),
            executor.execute(&endless, input, Duration::from_secs(3600)),
        )
        .await,
    );
    let _all = executor.places.acquire_many(AT_A_TIME).await?;
    writeln!(out, "endless: nobody waited, so it was aborted")?;
    Ok(())
}

/// Executes blocks on blocking threads, a bounded number at a time.
#[derive(Clone)]
struct Executor {
    places: Arc<Semaphore>,
}

impl Executor {
    fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_A_TIME as usize)) }
    }

    /// Executes a block within some time from now, which includes waiting for a place.
    ///
    /// Callers with many blocks wait here, which is the back-pressure. Dropping the future stops everything.
    async fn execute(
        &self,
        ee: &Ee,
        input: ExecutionInput,
        within: Duration,
    ) -> Result<ExecutionOutput, Box<dyn Error + Send + Sync>> {
        let deadline = Instant::now() + within;
        let place = timeout_at(deadline.into(), Arc::clone(&self.places).acquire_owned()).await??;
        let abort = AbortOnDrop(AbortHandle::new());
        let allowance =
            Allowance { deadline: Some(deadline), abort: Some(abort.0.clone()), ..Allowance::default() };
        let ee = ee.clone();
        let output = tokio::task::spawn_blocking(move || {
            let _place = place;
            ee.execute_within(&input, allowance)
        });
        Ok(output.await??)
    }
}

/// Aborts an execution when its waiter is dropped.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The root of bazaar's empty list of messages.
const NO_MESSAGES: &str = "22ea9b045f8792170b45ec629c98e1b92bc6a19cd8d0e9f37baaadf2564142f4";
/// Block data for that state with no new messages: both lists are empty.
const NOTHING_NEW: [u8; 16] = [12, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0];

/// An EE that computes for ever.
const ENDLESS: &str = r#"(module (memory (export "memory") 1 1) (func (export "main") (loop (br 0))))"#;
