//! How far a long command has come.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on stderr of so many steps, shown once a command has taken a while and if there is somebody to see it.
pub(crate) fn bar(n_steps: usize) -> ProgressBar {
    let n_steps = u64::try_from(n_steps).unwrap_or(u64::MAX);
    let bar = ProgressBar::with_draw_target(Some(n_steps), ProgressDrawTarget::hidden());
    let style = ProgressStyle::with_template("{spinner} {bar:30} {pos}/{len} {elapsed} {wide_msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    if std::io::stderr().is_terminal() {
        let bar = bar.clone();
        // It ends with the process, at the latest.
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

/// How long a command has to take for the bar to appear.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often the bar moves, if only to say that something is going on.
const TICK: Duration = Duration::from_millis(200);
