//! What the configuration of today says otherwise than a run that continues.

use phasegate_process::{GivenLimits, RunId};
use phasegate_runtime::{Config, Host, load_run};

use crate::context::Context;
use crate::exit::Failure;
use crate::paths::display_path;
use crate::terminal::format::{one_line, truncate};

/// The most values that are shown.
const MAX_SHOWN: usize = 5;
/// The most characters of a value.
const MAX_VALUE: usize = 60;

/// Says in a note what differs, and that the run keeps its own values. Says nothing if nothing differs.
pub fn note_differences(context: &Context, host: &Host, config: &Config, run: &RunId) -> Result<(), Failure> {
    let (state, _) = load_run(host.journal().as_ref(), run)?;
    if state.ended().is_some() {
        return Ok(());
    }
    let mut differences = config.differences_from(&host.pinned_settings(run)?, &state.pipeline);
    // A limit that a person gave the run since is not one that it was created with.
    let GivenLimits { calls, tokens, usd } = host.given_limits(run)?;
    let given = [("budget.calls", calls.is_some()), ("budget.tokens", tokens.is_some()), ("budget.usd", usd.is_some())];
    differences.retain(|difference| !given.contains(&(difference.key.as_str(), true)));
    let Some(file) = config.file.as_deref().filter(|_| !differences.is_empty()) else { return Ok(()) };
    let file = display_path(file);
    let mut text = format!("run {run} keeps the values that it was created with; {file} differs:\n");
    for difference in differences.iter().take(MAX_SHOWN) {
        let value = |text: &str| truncate(&one_line(text), MAX_VALUE).to_string();
        let (run, configured) = (value(&difference.run), value(&difference.configured));
        text.push_str(&format!("  {}: the run uses {run}, the file has {configured}\n", one_line(&difference.key)));
    }
    match differences.len().saturating_sub(MAX_SHOWN) {
        0 => {}
        more => text.push_str(&format!("  and {more} more\n")),
    }
    text.push_str(&format!("hint: `phasegate fork {run} --at PHASE --set KEY=VALUE` goes on with another value\n"));
    context.printer.note(&text);
    Ok(())
}
