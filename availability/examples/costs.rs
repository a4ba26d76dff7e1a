//! Measures what each mode costs for a body of 1 MiB, in multiples of hashing it once. Where Linux gives it, processor time
//! is measured, so that other processes do not count.
//!
//! `cargo run --release -p outrider-availability --example costs [SECONDS]`

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::{
    collections::BTreeMap,
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

use outrider_availability::{Committee, Kzg, Nmt, Pattern, Scheme, sampling};
use sha2::{Digest as _, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(1.0), |seconds| seconds.parse())?;
    let time = Duration::try_from_secs_f64(seconds)?;
    let body: Vec<u8> = (0..1_usize << 20).map(|i| (i * i % 251) as u8).collect();
    let hashing = mean(time, || _ = black_box(Sha256::digest(black_box(&body))));
    println!(
        "SHA-256 of 1 MiB: {:.2} ms; times are in multiples of it, each the mean of {seconds} s\n",
        ms(hashing)
    );
    println!(
        "| mode | commit | header | sample | verify 16 samples | restore from the least that is enough |"
    );
    println!("|---|---|---|---|---|---|");
    measure::<Committee>("committee", &body, time, hashing)?;
    measure::<Nmt>("nmt", &body, time, hashing)?;
    measure::<Kzg>("kzg", &body, time, hashing)
}

fn measure<S: Scheme>(
    mode: &str,
    body: &[u8],
    at_least: Duration,
    hashing: Duration,
) -> Result<(), Box<dyn Error>> {
    // The setup of KZG is loaded once in a process.
    let published = S::commit(body)?;
    let header = published.header();
    let commit = mean(at_least, || _ = black_box(S::commit(black_box(body)).is_ok()));
    let shape = S::shape(header);
    let asked = sampling::positions(1, 1, shape.positions(), 16);
    let samples: Vec<_> = asked.iter().filter_map(|at| Some((*at, published.sample(*at)?))).collect();
    let verify = mean(at_least, || {
        assert!(samples.iter().all(|(at, sample)| S::verify(header, *at, sample).is_ok()), "all verify");
    });
    // All but the least that is fatal, and one of these.
    let mut withheld = shape.withheld(Pattern::Least);
    withheld[0] = false;
    let held = (0..shape.positions()).filter(|at| !withheld[*at]);
    let held: BTreeMap<_, _> = held.filter_map(|at| Some((at, published.sample(at)?))).collect();
    let restore = mean(at_least, || assert!(S::reconstruct(header, &held).is_ok(), "it is enough"));
    let sample_bytes = samples.first().map_or(0, |(_, sample)| S::encode_sample(sample).len());
    let times =
        |time: Duration| format!("{:.1} ({:.1} ms)", time.as_secs_f64() / hashing.as_secs_f64(), ms(time));
    println!(
        "| {mode} | {} | {} B | {sample_bytes} B | {} | {} |",
        times(commit),
        S::encode_header(header).len(),
        times(verify),
        times(restore)
    );
    Ok(())
}

/// Returns the mean time of as many runs as take the time, at least one.
fn mean(at_least: Duration, mut run: impl FnMut()) -> Duration {
    let (start, cpu_start) = (Instant::now(), cpu_time());
    for n in 1.. {
        run();
        let elapsed = cpu_start.zip(cpu_time()).map_or_else(|| start.elapsed(), |(start, end)| end - start);
        if elapsed >= at_least {
            return elapsed / n;
        }
    }
    unreachable!("the loop ends when the time is up")
}

/// Returns the time that this thread has run.
fn cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?))
}

fn ms(time: Duration) -> f64 {
    1_000.0 * time.as_secs_f64()
}
