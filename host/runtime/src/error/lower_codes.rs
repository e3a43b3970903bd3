//! The codes of errors of the crates below.

use phasegate_broker::ConfigError;
use phasegate_journal::JournalError;
use phasegate_registry::{RegistryError, RegistryErrorKind};
use phasegate_repository::RepositoryError;
use phasegate_sandbox::{InspectError, LoadError};

use super::code::ErrorCode;

/// Returns the code of an error of the journal.
pub(super) fn journal_code(error: &JournalError) -> ErrorCode {
    match error {
        JournalError::Conflict { .. }
        | JournalError::Fenced { .. }
        | JournalError::InUse { .. }
        | JournalError::Locked { .. }
        | JournalError::Owned { .. } => ErrorCode::RunInUse,
        JournalError::CannotFork { .. } => ErrorCode::CannotFork,
        JournalError::CannotImport { .. } => ErrorCode::InvalidArchive,
        JournalError::RunExists { .. } => ErrorCode::RunAlreadyHere,
        JournalError::HasForks { .. } => ErrorCode::RunHasForks,
        JournalError::NoJournal { .. } | JournalError::NotAJournal { .. } => ErrorCode::JournalNotFound,
        JournalError::NoSuchRun { .. } => ErrorCode::RunNotFound,
        JournalError::Gap { .. }
        | JournalError::DamagedEvent { .. }
        | JournalError::TooLarge { .. }
        | JournalError::BrokenChain { .. }
        | JournalError::DamagedBlob { .. }
        | JournalError::Damaged { .. } => ErrorCode::JournalDamaged,
        JournalError::NewerEvent { .. } | JournalError::NewerFile { .. } => ErrorCode::NewerFormat,
        JournalError::NotSerializable { .. } => ErrorCode::HostFailed,
        JournalError::Untrusted { .. } | JournalError::ForeignSchema { .. } => ErrorCode::StateNotTrusted,
        JournalError::Full { .. }
        | JournalError::ReadOnly { .. }
        | JournalError::Busy { .. }
        | JournalError::Io { .. }
        | JournalError::NotSynced { .. }
        | JournalError::Closed { .. } => ErrorCode::JournalUnwritable,
    }
}

/// Returns the code of an error of a git repository.
pub(super) fn repository_code(error: &RepositoryError) -> ErrorCode {
    match error {
        RepositoryError::Foreign { .. } => ErrorCode::UntrustedFile,
        RepositoryError::BranchExists { .. }
        | RepositoryError::BranchConflict { .. }
        | RepositoryError::Change { .. }
        | RepositoryError::Encoding { .. }
        | RepositoryError::Io { action: "written", .. } => ErrorCode::BranchUnwritable,
        _ => ErrorCode::RepositoryUnusable,
    }
}

/// Returns the code of an error of a registry.
pub(super) fn registry_code(error: &RegistryError) -> ErrorCode {
    match error.kind() {
        RegistryErrorKind::Unavailable => ErrorCode::RegistryUnavailable,
        RegistryErrorKind::Login => ErrorCode::RegistryLogin,
        RegistryErrorKind::NotFound => ErrorCode::PackageNotFound,
        RegistryErrorKind::Conflict => ErrorCode::TagTaken,
        RegistryErrorKind::Invalid => ErrorCode::InvalidPackage,
        RegistryErrorKind::Storage => ErrorCode::UnwritableOutput,
    }
}

/// Returns the code of a wrong configuration of models.
pub(super) fn models_code(error: &ConfigError) -> ErrorCode {
    match error {
        ConfigError::NoModel { .. } | ConfigError::NoOllamaModel { .. } => ErrorCode::NoModel,
        ConfigError::UnknownProvider { .. }
        | ConfigError::KeyRefused { .. }
        | ConfigError::NotListed { .. }
        | ConfigError::Provider { .. }
        | ConfigError::Client(_) => ErrorCode::InvalidProvider,
        ConfigError::Script { .. } => ErrorCode::InvalidScript,
        ConfigError::UnpricedLimit { .. } => ErrorCode::UnpricedLimit,
        ConfigError::NotTrusted(_) => ErrorCode::NotTrusted,
    }
}

/// Returns the code of an error of loading a plugin.
pub(super) fn load_code(error: &LoadError) -> ErrorCode {
    match error {
        LoadError::Read { .. } => ErrorCode::UnreadablePlugin,
        LoadError::Digest { .. } => ErrorCode::ComponentChanged,
        LoadError::TooLarge { .. } | LoadError::TooComplex { .. } => ErrorCode::PluginTooLarge,
        LoadError::TooSlow { .. }
        | LoadError::CompilerDied { .. }
        | LoadError::NoCompiler { .. }
        | LoadError::Compile { .. } => ErrorCode::CompilationFailed,
        LoadError::Inspect { source: InspectError::NotAComponent(_) | InspectError::Manifest(_), .. }
        | LoadError::Misfit { .. } => ErrorCode::NotAPlugin,
        LoadError::NotGranted { .. } => ErrorCode::NotGranted,
    }
}
