//! How a long check shows that it lives: a bar on a terminal, plain lines when piped.

use std::io::IsTerminal;
use std::time::Duration;

use campaign::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows progress on the error stream, so that the report alone is on the output.
pub struct ProgressDisplay {
    bar: Option<ProgressBar>,
    step: usize,
}

impl ProgressDisplay {
    /// For a check of `runs` runs.
    pub fn new(runs: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar =
                ProgressBar::with_draw_target(Some(runs as u64), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template(
                "{bar:40} {pos}/{len} operations  {elapsed} so far, {eta} to go  {msg}",
            );
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        // Ten lines are enough for a log.
        Self {
            bar,
            step: runs.div_ceil(10).max(1),
        }
    }

    /// A run has ended.
    pub fn show(&self, progress: Progress) {
        let Progress {
            done,
            violating,
            runs,
        } = progress;
        match &self.bar {
            Some(bar) => {
                bar.set_position(done as u64);
                if violating > 0 {
                    bar.set_message(format!("{violating} with a violation"));
                }
            }
            None if done.is_multiple_of(self.step) || done == runs => {
                eprintln!("{done}/{runs} operations, {violating} with a violation");
            }
            None => {}
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
