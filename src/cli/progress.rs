//! Progress of a job: a bar on a terminal, a line now and then elsewhere, on standard error.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::job::Advance;

/// How often a line is written where there is no terminal: often enough to see that something happens, seldom enough for a log.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Where progress is shown.
pub(super) enum Progress {
    Bar {
        bar: ProgressBar,
        of: Option<(String, String)>,
    },
    Lines {
        last: Instant,
    },
    /// Nobody watches.
    Nowhere,
}

impl Progress {
    /// Shows it as standard error can; not at all where a machine reads what comes out.
    pub fn begin(is_for_machines: bool) -> Self {
        if is_for_machines {
            return Self::Nowhere;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines { last: Instant::now() };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        Self::Bar { bar, of: None }
    }

    /// Shows how far the job has come.
    pub fn show(&mut self, advance: &Advance) {
        let Advance { what, system, n_done, n_total, n_suspects } = advance;
        match self {
            Self::Bar { bar, of } => {
                let now = Some((what.clone(), system.clone()));
                if *of != now {
                    bar.reset();
                    let style = match n_total {
                        Some(_) => "{prefix} {wide_bar} {human_pos} of {human_len}, {eta} left  {msg}",
                        None => "{prefix} {spinner} {human_pos}  {msg}",
                    };
                    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
                    bar.set_prefix(format!("{what}, by keys of {system}"));
                    *of = now;
                }
                if let Some(n_total) = n_total {
                    bar.set_length((*n_total).max(*n_done));
                }
                bar.set_message(format!("{n_suspects} differ"));
                bar.set_position(*n_done);
            }
            Self::Lines { last } if last.elapsed() >= LINE_EVERY => {
                let of = n_total.map(|n_total| format!(" of {n_total}")).unwrap_or_default();
                eprintln!("freehold: {what}, by keys of {system}: {n_done}{of}, {n_suspects} differ");
                *last = Instant::now();
            }
            Self::Lines { .. } | Self::Nowhere => {}
        }
    }

    /// Takes the bar away.
    pub fn end(self) {
        if let Self::Bar { bar, .. } = self {
            bar.finish_and_clear();
        }
    }
}
