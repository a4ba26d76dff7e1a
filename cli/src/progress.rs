//! The progress bar of long commands.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Returns a progress bar of `n_steps` steps. It appears on stderr after [`PATIENCE`], if that is a terminal.
pub(crate) fn bar(n_steps: usize) -> ProgressBar {
    let n_steps = u64::try_from(n_steps).unwrap_or(u64::MAX);
    let bar = ProgressBar::with_draw_target(Some(n_steps), ProgressDrawTarget::hidden());
    let style = ProgressStyle::with_template("{spinner} {bar:30} {pos}/{len} {elapsed} {wide_msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    if std::io::stderr().is_terminal() {
        let bar = bar.clone();
        // The thread ends with the process, if not before.
        std::thread::spawn(move || {
            std::thread::sleep(PATIENCE);
            if !bar.is_finished() {
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(TICK);
            }
        });
    }
    bar
}

/// The time after which the bar appears.
const PATIENCE: Duration = Duration::from_millis(500);
/// The interval at which the bar is redrawn, even without progress.
const TICK: Duration = Duration::from_millis(200);
