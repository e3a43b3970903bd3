//! The signals that ask this process to end: SIGINT (Ctrl-C), SIGTERM and SIGHUP.
//!
//! The handlers are installed before a command starts, because process 1 of a container ignores signals that it does not
//! handle. A signal ends the process at once, unless the command has taken the first one: then that one only asks the command
//! to stop, and the next one ends the process. A closing terminal may hang up twice, so SIGHUP never counts as the second.
//! `nohup` stays in force: SIGHUP is not handled where the parent process chose to ignore it.

use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};

use phasegate_process::sync::lock;
use phasegate_runtime::StopCause;
use tokio::signal::unix::{self, SignalKind};
use tokio::sync::watch;

use crate::exit::Exit;
use crate::terminal::printer::Printer;

/// A signal that asks this process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, as Ctrl-C sends it.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal closed.
    HangUp,
}

impl Signal {
    /// How the process ends after this signal.
    pub fn exit(self) -> Exit {
        Exit::after_stop(&self.cause())
    }

    /// Why runs stop.
    pub fn cause(self) -> StopCause {
        match self {
            Self::Interrupt => StopCause::Interrupted,
            Self::Terminate => StopCause::Terminated,
            Self::HangUp => StopCause::HungUp,
        }
    }

    /// What a person reads when the command begins to stop.
    pub fn announcement(self) -> &'static str {
        match self {
            Self::Interrupt => "stopping; press Ctrl-C again to end at once\n",
            Self::Terminate => "stopping because of SIGTERM; another signal ends at once\n",
            Self::HangUp => "stopping because the terminal closed\n",
        }
    }
}

/// The signals of this process. Clones share them.
#[derive(Debug, Clone)]
pub struct Signals(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// The first signal, if the command has taken it.
    first: watch::Sender<Option<Signal>>,
    /// What is printed before the process ends at once; `None` while the first signal does that.
    last_words: Mutex<Option<String>>,
}

/// The first signal, which a command has taken.
#[derive(Debug, Clone)]
pub struct FirstSignal(watch::Receiver<Option<Signal>>);

impl FirstSignal {
    /// Waits for the signal.
    pub async fn wait(&mut self) -> Signal {
        match self.0.wait_for(Option::is_some).await.ok().and_then(|signal| *signal) {
            Some(signal) => signal,
            // The handlers are gone, and no signal comes.
            None => pending().await,
        }
    }
}

impl Signals {
    /// Installs the handlers. Must be called in a runtime.
    pub fn install(printer: Printer) -> io::Result<Self> {
        let streams = Streams::open()?;
        let shared = Arc::new(Shared { first: watch::Sender::new(None), last_words: Mutex::default() });
        tokio::spawn(listen(streams, Arc::clone(&shared), printer));
        Ok(Self(shared))
    }

    /// Takes the first signal, for a command that needs time to stop. A second signal prints `last_words` and ends the
    /// process.
    pub fn take_first(&self, last_words: String) -> FirstSignal {
        *lock(&self.0.last_words) = Some(last_words);
        self.first()
    }

    /// Returns the first signal that a command took or will take.
    pub fn first(&self) -> FirstSignal {
        FirstSignal(self.0.first.subscribe())
    }

    /// Returns the first signal, if the command has taken it and it came.
    pub fn received(&self) -> Option<Signal> {
        *self.0.first.borrow()
    }
}

async fn listen(mut streams: Streams, shared: Arc<Shared>, printer: Printer) {
    loop {
        let signal = streams.next().await;
        let last_words = lock(&shared.last_words).clone();
        let is_first = shared.first.borrow().is_none();
        match last_words {
            Some(_) if is_first => {
                shared.first.send_replace(Some(signal));
            }
            Some(_) if signal == Signal::HangUp => {}
            last_words => {
                printer.note(&last_words.unwrap_or_default());
                std::process::exit(i32::from(signal.exit().code()));
            }
        }
    }
}

struct Streams {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    /// `None` where SIGHUP is ignored.
    hang_up: Option<unix::Signal>,
}

impl Streams {
    fn open() -> io::Result<Self> {
        let ignored = std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_hang_up(&status));
        Ok(Self {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
            hang_up: if ignored { None } else { Some(unix::signal(SignalKind::hangup())?) },
        })
    }

    async fn next(&mut self) -> Signal {
        let hang_up = async {
            match &mut self.hang_up {
                Some(stream) => stream.recv().await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
            _ = hang_up => Signal::HangUp,
        }
    }
}

/// Whether `/proc/self/status` lists SIGHUP, signal 1, among the ignored signals.
fn ignores_hang_up(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_mask_of_ignored_signals() {
        assert!(ignores_hang_up("Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000000\n"));
        assert!(!ignores_hang_up("Name:\tx\nSigIgn:\t0000000000001000\nSigCgt:\t0000000000000001\n"));
        assert!(!ignores_hang_up(""));
    }
}
