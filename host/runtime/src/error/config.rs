//! What can be wrong with a configuration, a pipeline or an experiment, with its place in the file.

use phasegate_broker::ConfigError;
use phasegate_process::source::SourceError;

/// What is wrong with the configuration or the pipeline.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    /// A place in a file.
    #[error("{0}\nhint: {hint}", hint = .0.hint)]
    Source(#[from] SourceError),
    /// A file that cannot be read.
    #[error("{file} cannot be read: {reason}\nhint: {hint}")]
    Io {
        /// As the person named it.
        file: String,
        /// Why.
        reason: String,
        /// What to do.
        hint: &'static str,
    },
    /// Something on the command line.
    #[error("{flag}: {message}\nhint: {hint}")]
    Flag {
        /// The flag.
        flag: &'static str,
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// Something about models that no file says.
    #[error("{}", with_hint(.0))]
    Models(ConfigError),
}

/// A file that could not be read, in words.
pub fn unreadable_file(name: &str, why: &std::io::Error, hint: &'static str) -> ConfigFault {
    let reason = match why.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::InvalidData => "it is not text in UTF-8".to_owned(),
        _ => why.to_string(),
    };
    ConfigFault::Io { file: name.to_owned(), reason, hint }
}

/// Renders a fault of the models with its hint.
pub(super) fn with_hint(fault: &ConfigError) -> String {
    fault.hint().map_or_else(|| fault.to_string(), |hint| format!("{fault}\nhint: {hint}"))
}
