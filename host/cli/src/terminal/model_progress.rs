//! The progress of a model call in a few words.

use phasegate_broker::Progress;

/// Renders what happens to a call at the moment.
pub fn render_model_progress(progress: &Progress) -> String {
    match progress {
        Progress::Waiting => "waiting for a permit".to_owned(),
        Progress::WaitingForCache => "waiting for the answer to an earlier call to begin".to_owned(),
        Progress::Requesting { attempt: 1 } => "requesting".to_owned(),
        Progress::Requesting { attempt } => format!("requesting, attempt {attempt}"),
        Progress::Receiving { characters } => format!("{characters} characters"),
        Progress::Retrying { after, reason, .. } => format!("retrying in {:.1} s: {reason}", after.as_secs_f32()),
    }
}
