//! Why the runtime could not continue.
//!
//! An error is data: a message ([`Display`](std::fmt::Display)), a code with its kind and resumability, and a hint. None of
//! these errors counts as an attempt of an agent, and none of them loses an event that was written.

pub(crate) mod acceptance;
pub(crate) mod archive;
mod code;
pub(crate) mod config;
pub(crate) mod context_files;
pub(crate) mod imported_authority;
mod lock;
mod lower_codes;
pub(crate) mod not_trusted;
pub(crate) mod output;
pub(crate) mod overrides;

use phasegate_broker::ConfigError;
use phasegate_journal::JournalError;
use phasegate_process::budget::BudgetExceeded;
use phasegate_process::hint::with_hint;
use phasegate_process::lock::{Change, Pin};
use phasegate_process::state::DecisionError;
use phasegate_process::state::FoldError;
use phasegate_process::{AttemptId, Digest, InvalidName, PluginName, RunId};
use phasegate_registry::{RegistryError, SignatureState};
use phasegate_repository::RepositoryError;
use phasegate_sandbox::{CallError, EngineError, LoadError};

pub use self::acceptance::AcceptanceError;
use self::archive::ArchiveError;
pub use self::code::{ErrorCode, ErrorKind};
use self::config::ConfigFault;
pub use self::context_files::ContextError;
use self::imported_authority::ImportedAuthority;
use self::lower_codes::{journal_code, load_code, models_code, registry_code, repository_code};
use self::not_trusted::NotTrusted;
use self::output::OutputError;
use self::overrides::OverrideError;

/// Why the runtime could not continue.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal could not be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal holds events that do not follow each other.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// A configuration, pipeline, task or experiment file is invalid.
    #[error(transparent)]
    Config(#[from] ConfigFault),
    /// An override does not fit the pipeline.
    #[error(transparent)]
    Override(#[from] OverrideError),
    /// The configured models cannot be used.
    #[error(transparent)]
    Models(#[from] ConfigError),
    /// A project or a run uses what the user has not agreed to.
    #[error(transparent)]
    NotTrusted(Box<NotTrusted>),
    /// An imported run continues only after somebody here has agreed.
    #[error(transparent)]
    ImportedRun(Box<ImportedAuthority>),
    /// A component cannot be used as a plugin.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The sandbox could not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A call of a plugin failed that belongs to no attempt.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A name has an invalid form.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The context files of a task cannot be read.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The acceptance tests of a task cannot be used.
    #[error(transparent)]
    Acceptance(#[from] AcceptanceError),
    /// The out folder cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A registry, or the folder of pulled packages, cannot be used.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A git repository, or the branch in it, cannot be used.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// An exported run cannot be read or written.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A model did not answer; the run stopped.
    #[error("{at} ({label}): {reason}")]
    NoAnswer {
        /// The run.
        run: RunId,
        /// The attempt that makes the call.
        at: AttemptId,
        /// The label of the request.
        label: String,
        /// The provider's error.
        reason: Box<str>,
        /// What to do about it, if the provider's error says.
        hint: Option<Box<str>>,
        /// The provider, if it could not be reached or refused the key.
        unreached: Option<Box<str>>,
    },
    /// The budget of a run has too little left for a model call; the run stopped.
    #[error("{at} ({label}): {exceeded}")]
    RunBudget {
        /// The run.
        run: RunId,
        /// The attempt that makes the call.
        at: AttemptId,
        /// The label of the request.
        label: String,
        /// How much is needed and left.
        exceeded: BudgetExceeded,
    },
    /// A budget that several runs share has too little left for a model call; the run stopped.
    #[error("{at} ({label}): {owner}: {exceeded}")]
    SharedBudget {
        /// The attempt that makes the call.
        at: AttemptId,
        /// The label of the request.
        label: String,
        /// The owner of the budget, as ``experiment `x` ``.
        owner: String,
        /// How much is needed and left.
        exceeded: Box<BudgetExceeded>,
        /// How to raise the budget.
        hint: String,
    },
    /// The state of a run does not allow a person's decision.
    #[error(transparent)]
    Decision(#[from] DecisionError),
    /// A blob that an event names is missing.
    #[error("blob {digest} is missing in {place}")]
    MissingBlob {
        /// Names the blob.
        digest: Digest,
        /// The journal that was read.
        place: String,
    },
    /// A component that a run pinned is missing.
    #[error("plugin {plugin}: its component {digest} is missing in {place}")]
    MissingComponent {
        /// The name of the plugin in the pipeline.
        plugin: PluginName,
        /// Names the component.
        digest: Digest,
        /// The journal that was read.
        place: String,
    },
    /// The bytes of a blob do not parse.
    #[error("blob {digest} in {place} cannot be read: {why}")]
    BadBlob {
        /// Names the blob.
        digest: Digest,
        /// The journal that was read.
        place: String,
        /// The parser's error.
        why: String,
    },
    /// The state folder has no run of this name.
    #[error("there is no run `{0}` in this state folder")]
    NoRun(String),
    /// The file of a plugin cannot be read.
    #[error("plugin {plugin}: {path} cannot be read: {why}")]
    PluginFile {
        /// The name of the plugin in the pipeline.
        plugin: PluginName,
        /// As the configuration or pipeline names it.
        path: String,
        /// The system's error.
        why: String,
    },
    /// The world of a plugin does not fit its use.
    #[error("plugin {plugin} is of world {world}, but the pipeline uses it as {wanted}")]
    WrongWorld {
        /// The name of the plugin in the pipeline.
        plugin: PluginName,
        /// The world that the component exports.
        world: String,
        /// With an article, as `an agent`.
        wanted: &'static str,
    },
    /// Plugins differ from what the lock file pins.
    #[error("{}", lock::render_changes(.0))]
    NotAgreed(Vec<Change>),
    /// Plugins that the lock file does not pin, in a locked run.
    #[error("{}", lock::render_new(.0))]
    NotLocked(Vec<(PluginName, Pin)>),
    /// Plugins without the signature of a publisher, where one is required.
    #[error("{}", lock::render_unverified(.0))]
    NotVerified(Vec<(PluginName, SignatureState)>),
    /// A call that may have been billed; the configuration says not to repeat it.
    #[error("run {run}: call {call} of {at} ({label}) was asked and never answered; it may have been billed")]
    Unanswered {
        /// The run.
        run: RunId,
        /// The attempt, as `code#2`.
        at: String,
        /// The number of the call in the attempt, from 1.
        call: u32,
        /// The label of the request.
        label: String,
    },
    /// A resumed agent sent another request than before.
    #[error("run {run}: {at} asked something else at call {call} than it did before: {diff}")]
    Diverged {
        /// The run.
        run: RunId,
        /// The attempt, as `code#2`.
        at: String,
        /// The number of the call in the attempt, from 1.
        call: u32,
        /// Both digests and the difference.
        diff: String,
    },
    /// A replay came to another event than the journal records.
    #[error("run {run} does not replay: at {place}, {what}\n{diff}")]
    Differs {
        /// The run.
        run: RunId,
        /// The attempt and the number of the event.
        place: String,
        /// The kind of difference.
        what: String,
        /// Lines of the record begin with `-`, lines of the replay with `+`.
        diff: String,
    },
    /// An offline run sent a request that no recorded answer serves.
    #[error(
        "run {run}: call {call} of {at} ({label}) has no recorded answer, and no model is asked offline\n{request}"
    )]
    NoRecord {
        /// The run.
        run: RunId,
        /// The attempt, as `code#2`.
        at: String,
        /// The number of the call in the attempt, from 1.
        call: u32,
        /// The label of the request.
        label: String,
        /// The request, compared with the recorded one in its place if there is one.
        request: String,
    },
    /// A request that the runtime rejects, with its code, message and hint.
    #[error("{message}")]
    Rejected {
        /// The cause.
        code: ErrorCode,
        /// What is wrong.
        message: String,
        /// What to do; empty where nothing helps.
        hint: String,
    },
}

/// The hint where stored data is lost or damaged.
const RESTORE: &str = "nothing was changed; restore the state folder from a copy, or start the task as a new run";

impl Error {
    /// A rejection with its code, message and hint.
    pub fn rejected(code: ErrorCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Rejected { code, message: message.into(), hint: hint.into() }
    }

    /// A failure of the host itself, such as a task of its own that ended unexpectedly.
    pub fn host_failed(message: impl Into<String>) -> Self {
        Self::rejected(ErrorCode::HostFailed, message, "report it; everything written so far is safe")
    }

    /// The code of the cause.
    pub fn code(&self) -> ErrorCode {
        use ErrorCode as Code;
        match self {
            Self::Journal(error) | Self::Output(OutputError::Journal(error)) => journal_code(error),
            Self::Fold(_) | Self::MissingBlob { .. } | Self::BadBlob { .. } => Code::JournalDamaged,
            Self::Config(fault) => fault.code(),
            Self::Override(_) => Code::InvalidOverride,
            Self::Models(error) => models_code(error),
            Self::NotTrusted(_) | Self::ImportedRun(_) => Code::NotTrusted,
            Self::Load(error) => load_code(error),
            Self::Engine(_) => Code::SandboxUnavailable,
            Self::Call(_) => Code::PluginCallFailed,
            Self::Name(_) => Code::InvalidName,
            Self::Context(_) => Code::InvalidContextFile,
            Self::Acceptance(_) => Code::InvalidAcceptanceTest,
            Self::Output(error) => error.code(),
            Self::Archive(error) => error.code(),
            Self::Repository(error) => repository_code(error),
            Self::NoAnswer { .. } => Code::ModelUnreachable,
            Self::RunBudget { .. } | Self::SharedBudget { .. } => Code::BudgetExceeded,
            Self::Decision(_) => Code::DecisionNotAllowed,
            Self::MissingComponent { .. } => Code::ComponentMissing,
            Self::NoRun(_) => Code::RunNotFound,
            Self::PluginFile { .. } => Code::UnreadablePlugin,
            Self::WrongWorld { .. } => Code::WrongWorld,
            Self::NotAgreed(_) => Code::PluginChanged,
            Self::NotLocked(_) => Code::PluginNotLocked,
            Self::NotVerified(_) => Code::NotVerified,
            Self::Registry(error) => registry_code(error),
            Self::Unanswered { .. } => Code::UnansweredCall,
            Self::Diverged { .. } => Code::NotDeterministic,
            Self::Differs { .. } => Code::ReplayDiffers,
            Self::NoRecord { .. } => Code::NoRecordedAnswer,
            Self::Rejected { code, .. } => *code,
        }
    }

    /// What the error is about.
    pub fn kind(&self) -> ErrorKind {
        self.code().kind()
    }

    /// Whether `phasegate resume` continues the run once the cause is gone.
    pub fn is_resumable(&self) -> bool {
        self.code().is_resumable()
    }

    /// The line of a file that causes the error, with carets below the place.
    pub fn excerpt(&self) -> Option<&str> {
        match self {
            Self::Config(ConfigFault::Source(error)) => error.excerpt.as_deref(),
            Self::Load(error) => error.excerpt(),
            _ => None,
        }
    }

    /// What to do about it, in the imperative; one or more lines.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Journal(error) => error.hint(),
            Self::Fold(error) => error.hint().to_owned(),
            Self::Config(fault) => return fault.hint(),
            Self::Override(error) => error.hint.clone(),
            Self::Models(error) => return error.hint(),
            Self::NotTrusted(missing) => missing.hint(),
            Self::ImportedRun(authority) => authority.hint(),
            Self::Load(error) => return error.hint(),
            Self::Engine(error) => return error.hint(),
            Self::Call(error) => return error.hint(),
            Self::Name(error) => error.hint().to_owned(),
            Self::Context(error) => error.hint(),
            Self::Acceptance(error) => error.hint(),
            Self::Output(error) => return error.hint(),
            Self::Archive(error) => error.hint().to_owned(),
            Self::Repository(error) => return error.hint(),
            Self::NoAnswer { run, hint, .. } => {
                let hint = hint.iter().map(|hint| format!("{hint}\n")).collect::<String>();
                format!("{hint}nothing is lost; continue with `phasegate resume {run}`")
            }
            Self::RunBudget { run, exceeded, .. } => {
                let (limit, bound) = (exceeded.sufficient_limit(), exceeded.bound.setting());
                format!("nothing is lost; continue with `phasegate resume {run} --{bound} {limit}`")
            }
            Self::SharedBudget { hint, .. } => hint.clone(),
            Self::Decision(error) => error.hint(),
            Self::MissingBlob { .. } | Self::BadBlob { .. } => RESTORE.to_owned(),
            Self::MissingComponent { .. } => "restore the state folder and `phasegate/components` of your data folder from \
                 a copy, or use the version of phasegate that made the run; a run that was imported without components is \
                 exported again with --components"
                .to_owned(),
            Self::NoRun(_) => "`phasegate runs` lists them".to_owned(),
            Self::PluginFile { plugin, .. } => format!("check `path` in [plugins.{plugin}]"),
            Self::WrongWorld { .. } => "`phasegate plugin inspect FILE` shows what a component is".to_owned(),
            Self::NotAgreed(changes) => lock::hint_for_changes(changes),
            Self::NotLocked(new) => lock::hint_for_new(new),
            Self::NotVerified(_) => lock::HINT_FOR_UNVERIFIED.to_owned(),
            Self::Registry(error) => error.hint(),
            Self::Unanswered { run, .. } => {
                format!("see what the provider billed, then continue with `phasegate resume {run} --ask-again`")
            }
            Self::Diverged { .. } => "the plugin is not deterministic, or it was changed; start a new run".to_owned(),
            Self::Differs { .. } => {
                "a plugin is not deterministic, or the journal is from another phasegate; - is the \
                 record, + the replay"
                    .to_owned()
            }
            Self::NoRecord { .. } => {
                "- is the recorded request in its place, + the request now; resume the run to ask a \
                 model"
                    .to_owned()
            }
            Self::Rejected { hint, .. } => hint.clone(),
        };
        (!hint.is_empty()).then_some(hint)
    }

    /// Message and hint in one text, for places that keep a single text.
    pub fn describe(&self) -> String {
        with_hint(self, self.hint())
    }
}
