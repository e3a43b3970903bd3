//! The codes of errors. `docs/errors.md` has a section for each; a test compares the two.
//!
//! A released code keeps its number and its meaning. New codes take the next free number of their group.

use std::fmt;

/// What an error is about. The command line derives the exit code from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The command line, a configuration file, a task or a decision has to change; nothing was started.
    Usage,
    /// A plugin cannot be used as it is; nothing was started.
    Plugin,
    /// A person has to decide before the run continues.
    Decision,
    /// A model, a budget, the disk or another process stood in the way.
    Infrastructure,
    /// Stored data is damaged or was written by another version.
    Data,
    /// A run did not repeat what its journal records.
    Replay,
}

macro_rules! codes {
    ($($number:literal $name:ident $kind:ident $resumable:ident $title:literal,)*) => {
        /// Identifies the cause of an error, as `PG-0205`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorCode {
            $(#[doc = $title] $name = $number,)*
        }

        impl ErrorCode {
            /// Every code, ascending.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The heading of its section in `docs/errors.md`.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// What errors of this code are about.
            pub fn kind(self) -> ErrorKind {
                match self { $(Self::$name => ErrorKind::$kind,)* }
            }

            /// Whether `phasegate resume` continues the run once the cause is gone.
            pub fn is_resumable(self) -> bool {
                match self { $(Self::$name => codes!(@$resumable),)* }
            }
        }
    };
    (@resumable) => { true };
    (@final) => { false };
}

codes! {
    101 InvalidCommandLine  Usage           final      "Invalid command line",
    102 InvalidFile         Usage           final      "Invalid configuration, pipeline, task or experiment",
    103 UnreadableFile      Usage           resumable  "Unreadable file",
    104 InvalidOverride     Usage           final      "Invalid override",
    105 InvalidName         Usage           final      "Invalid name",
    106 InvalidTask         Usage           final      "Invalid task",
    107 InvalidContextFile  Usage           final      "Invalid context file",
    108 UntrustedFile       Usage           resumable  "File that another user controls",
    109 InvalidAcceptanceTest Usage         final      "Invalid acceptance test",
    201 NoModel             Usage           resumable  "No model configured",
    202 InvalidProvider     Usage           resumable  "Invalid provider",
    203 InvalidScript       Usage           resumable  "Invalid script of answers",
    204 ModelUnreachable    Infrastructure  resumable  "Model unreachable",
    205 BudgetExceeded      Infrastructure  resumable  "Budget exceeded",
    206 UnansweredCall      Decision        resumable  "Unanswered model call",
    207 NotTrusted          Usage           resumable  "Not trusted",
    208 UnpricedLimit       Usage           final      "Limit in US dollars without a price",
    301 UnreadablePlugin    Usage           resumable  "Unreadable plugin",
    302 NotAPlugin          Plugin          resumable  "Not a plugin of this contract",
    303 WrongWorld          Plugin          resumable  "Plugin of another kind",
    304 NotGranted          Plugin          resumable  "Import not granted",
    305 PluginTooLarge      Plugin          resumable  "Plugin too large",
    306 CompilationFailed   Plugin          resumable  "Compilation failed",
    307 PluginChanged       Plugin          final      "Plugin differs from the lock file",
    308 PluginNotLocked     Plugin          final      "Plugin not in the lock file",
    309 InvalidSettings     Plugin          resumable  "Invalid plugin settings or limits",
    310 PluginCallFailed    Infrastructure  resumable  "Plugin call failed",
    311 ComponentMissing    Data            final      "Pinned component missing",
    312 SandboxUnavailable  Infrastructure  resumable  "Sandbox unavailable",
    313 ComponentChanged    Plugin          final      "Pinned component changed",
    314 CheckFailed         Plugin          final      "Plugin check failed",
    315 ToolMissing         Plugin          final      "Build tool missing",
    316 BuildFailed         Plugin          final      "Plugin build failed",
    317 NotPulled           Usage           resumable  "Plugin not pulled",
    318 RegistryUnavailable Infrastructure  final      "Registry unavailable",
    319 RegistryLogin       Usage           final      "Registry login required",
    320 PackageNotFound     Usage           final      "Package not found",
    321 InvalidPackage      Plugin          final      "Invalid package",
    322 NotVerified         Plugin          final      "Signature not verified",
    323 InvalidKey          Usage           final      "Invalid signing key",
    324 TagTaken            Usage           final      "Tag names another package",
    401 RunNotFound         Usage           final      "Run not found",
    402 RunInUse            Infrastructure  final      "Run in use",
    403 DecisionNotAllowed  Usage           final      "Decision not allowed",
    404 ProposalNotFound    Usage           final      "Proposal not found",
    405 CannotFork          Usage           final      "Run cannot be forked",
    406 RunHasForks         Infrastructure  final      "Run has forks",
    407 JournalNotFound     Infrastructure  final      "Journal not found",
    501 JournalDamaged      Data            final      "Journal damaged",
    502 NewerFormat         Data            final      "Format of a newer version",
    503 JournalUnwritable   Infrastructure  resumable  "Journal unwritable",
    504 StateNotTrusted     Usage           resumable  "State folder not trusted",
    601 NotDeterministic    Replay          final      "Plugin not deterministic",
    602 ReplayDiffers       Replay          final      "Replay differs",
    603 NoRecordedAnswer    Replay          resumable  "No recorded answer",
    604 ReplayStopped       Infrastructure  final      "Replay stopped",
    701 InvalidOutFolder    Infrastructure  resumable  "Out folder not usable",
    702 UnwritableOutput    Infrastructure  resumable  "Output unwritable",
    703 InvalidArchive      Data            final      "Invalid archive",
    704 RunAlreadyHere      Data            final      "Run already here",
    801 RepositoryUnusable  Usage           resumable  "Repository not usable",
    802 BranchUnwritable    Infrastructure  resumable  "Branch not written",
    901 HostFailed          Infrastructure  resumable  "Host failed",
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PG-{:04}", *self as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_section_in_the_documentation() {
        let pages = include_str!("../../../../docs/errors.md");
        let documented: Vec<&str> = pages.lines().filter_map(|line| line.strip_prefix("## PG-")).collect();
        let defined: Vec<String> = ErrorCode::ALL.iter().map(|code| format!("{code}: {}", code.title())).collect();
        let defined: Vec<&str> = defined.iter().filter_map(|heading| heading.strip_prefix("PG-")).collect();
        assert_eq!(documented, defined);
    }
}
