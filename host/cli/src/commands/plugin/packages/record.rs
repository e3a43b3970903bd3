//! Records pulled plugins in `phasegate.lock`.

use phasegate_process::lock::{Change, LockStatus};
use phasegate_runtime::{Config, Error, accept, load_lock};

use super::fetch::Fetched;
use crate::approver;
use crate::context::Context;
use crate::exit::Failure;
use crate::terminal::prompt::{confirm_changes, is_interactive};

/// What became of a plugin in the lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    New,
    Unchanged,
    Changed,
}

impl Recorded {
    /// The word in JSON and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
        }
    }
}

/// Records the plugins, all or none. A change needs `accepted` or a person at the terminal. If `updates`, a change to a newer
/// version needs neither, unless it asks for more or has another signer.
pub fn record(
    context: &Context,
    config: &Config,
    fetched: &[Fetched],
    updates: bool,
    accepted: bool,
) -> Result<Vec<Recorded>, Failure> {
    let lock = load_lock(config)?;
    let (mut recorded, mut open, mut pins) = (Vec::new(), Vec::new(), Vec::new());
    for one in fetched {
        recorded.push(match lock.check(&one.plugin, &one.pin) {
            LockStatus::New => Recorded::New,
            LockStatus::Accepted if lock.pin(&one.plugin) == Some(&one.pin) => Recorded::Unchanged,
            LockStatus::Accepted => Recorded::Changed,
            LockStatus::Changed(change) => {
                let is_accepted = accepted || (updates && change.is_only_another_version());
                if !is_accepted {
                    open.push(*change);
                }
                Recorded::Changed
            }
        });
        if recorded.last() != Some(&Recorded::Unchanged) {
            pins.push((one.plugin.clone(), one.pin.clone()));
        }
    }
    if pins.is_empty() {
        return Ok(recorded);
    }
    let by = approver::name(None)?;
    let is_accepted = open.is_empty() || (is_interactive() && confirm_changes(&context.printer, &open, &by));
    if !is_accepted {
        return Err(not_accepted(open));
    }
    accept(config, pins, by.as_str())?;
    Ok(recorded)
}

fn not_accepted(changes: Vec<Change>) -> Failure {
    let lacks_key = changes.iter().any(|change| change.lost_its_signer() && change.now.signer.is_none());
    let failure = Failure::from(Error::NotAgreed(changes))
        .with_only_hint("review the changes; the same command with --accept agrees to them");
    match lacks_key {
        true => failure.with_hint(
            "if you lack the publisher's public key, add it to [trust.publishers] in your configuration instead",
        ),
        false => failure,
    }
}
