//! What can be wrong with a configuration, a pipeline, a task or an experiment.

use phasegate_broker::ConfigError;
use phasegate_files::Untrusted;
use phasegate_process::PluginName;
use phasegate_process::source::SourceError;

use super::code::ErrorCode;
use super::lower_codes::models_code;

/// What is wrong with a file, or with an argument that stands in for one.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    /// A line of a file is invalid.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file cannot be read.
    #[error("{file} cannot be read: {reason}")]
    Io {
        /// As the person named it.
        file: String,
        /// The system's error.
        reason: String,
        /// What to do.
        hint: &'static str,
    },
    /// Another account controls a file.
    #[error("{fault}")]
    Untrusted {
        /// The file, and the reason.
        fault: Untrusted,
        /// What to do, one hint per line.
        hints: String,
    },
    /// The package of a plugin is not on this machine.
    #[error("plugin `{plugin}` {reason}")]
    NotPulled {
        /// The plugin.
        plugin: PluginName,
        /// What is missing.
        reason: String,
    },
    /// An argument is invalid.
    #[error("{flag}: {message}")]
    Flag {
        /// With its dashes, as `--pipeline`.
        flag: &'static str,
        /// What is wrong with its value.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The models cannot be used because of an argument.
    #[error("{flag}: {message}")]
    ModelsOfFlag {
        /// With its dashes, as `--model`.
        flag: &'static str,
        /// What is wrong with its value.
        message: String,
        /// The cause.
        cause: Box<ConfigError>,
    },
    /// The models cannot be used, and no line of a file causes it.
    #[error(transparent)]
    Models(ConfigError),
}

impl ConfigFault {
    /// The code of the cause.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Source(_) => ErrorCode::InvalidFile,
            Self::Io { .. } => ErrorCode::UnreadableFile,
            Self::Untrusted { .. } => ErrorCode::UntrustedFile,
            Self::NotPulled { .. } => ErrorCode::NotPulled,
            Self::Flag { .. } => ErrorCode::InvalidCommandLine,
            Self::Models(error) => models_code(error),
            Self::ModelsOfFlag { cause, .. } => models_code(cause),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source(error) => Some(error.hint.clone()),
            Self::Io { hint, .. } => Some((*hint).to_owned()),
            Self::Untrusted { hints, .. } => Some(hints.clone()),
            Self::NotPulled { .. } => Some("run `phasegate plugin pull`; a run fetches nothing".to_owned()),
            Self::Flag { hint, .. } => Some(hint.clone()),
            Self::Models(error) => error.hint(),
            Self::ModelsOfFlag { cause, .. } => cause.hint(),
        }
    }
}

/// The hint for a text file in another encoding.
pub const SAVE_AS_UTF8: &str = "save it as UTF-8";

/// The fault of a file that cannot be read.
pub fn unreadable_file(name: &str, why: &std::io::Error, hint: &'static str) -> ConfigFault {
    let reason = match why.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => phasegate_files::describe(why),
    };
    let hint = if why.kind() == std::io::ErrorKind::InvalidData { SAVE_AS_UTF8 } else { hint };
    ConfigFault::Io { file: name.to_owned(), reason, hint }
}
