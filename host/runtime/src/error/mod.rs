//! What can keep the runtime from going on. None of it is an attempt of any agent, and none of it loses anything.

pub(crate) mod archive;
pub(crate) mod config;
pub(crate) mod context_files;
pub(crate) mod output;
pub(crate) mod overrides;

use phasegate_journal::JournalError;
use phasegate_process::budget::BudgetExceeded;
use phasegate_process::lock::{Change, LOCK_FILE, Pin};
use phasegate_process::state::FoldError;
use phasegate_process::{AttemptId, Digest, InvalidName, PluginName, RunId};
use phasegate_sandbox::{CallError, EngineError, LoadError};

use self::archive::ArchiveError;
use self::config::ConfigFault;
use self::context_files::ContextError;
use self::output::OutputError;
use self::overrides::OverrideError;

/// Why the runtime could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal failed.
    #[error("{0}\nhint: {hint}", hint = .0.hint())]
    Journal(#[from] JournalError),
    /// The journal holds events that do not follow each other.
    #[error("{0}\nhint: {hint}", hint = .0.hint())]
    Fold(#[from] FoldError),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigFault),
    /// Something cannot be swapped.
    #[error(transparent)]
    Override(#[from] OverrideError),
    /// The models cannot be reached or used at all.
    #[error("{}", self::config::with_hint(.0))]
    Models(#[from] phasegate_broker::ConfigError),
    /// A model could not be reached, or the budget is used up: the run stopped and can be resumed.
    #[error("{0}")]
    NoAnswer(String),
    /// The budget of a run has too little left for a call: the run stopped and can be resumed.
    #[error(
        "{at} ({label}): {exceeded}
\
         hint: nothing is lost; go on with `phasegate resume {run} --calls N` (or --tokens N, --usd N)"
    )]
    RunBudget {
        /// The run.
        run: RunId,
        /// The attempt that makes the call.
        at: AttemptId,
        /// What the call is for.
        label: String,
        /// How much is needed and left.
        exceeded: BudgetExceeded,
    },
    /// A budget that several runs share has too little left for a call: the run stopped and can be resumed.
    #[error(
        "{at} ({label}): the budget of {owner} has too little left: {exceeded}
hint: {hint}"
    )]
    SharedBudget {
        /// The attempt that makes the call.
        at: AttemptId,
        /// What the call is for.
        label: String,
        /// Whose budget it is.
        owner: String,
        /// How much is needed and left.
        exceeded: BudgetExceeded,
        /// What to do.
        hint: String,
    },
    /// A component cannot be used.
    #[error("{}", .0.describe())]
    Load(#[from] LoadError),
    /// The sandbox could not start.
    #[error("{}", .0.describe())]
    Engine(#[from] EngineError),
    /// A trusted call of a plugin failed where no attempt can take the blame.
    #[error("{}", .0.recorded_text())]
    Call(#[from] CallError),
    /// A name is not acceptable.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// Context files cannot be taken.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The out folder cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// An exported run cannot be taken.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A blob that an event names is gone.
    #[error("blob {digest} is missing in {place}\nhint: {RESTORE}")]
    MissingBlob {
        /// The blob.
        digest: Digest,
        /// Where it should be.
        place: String,
    },
    /// A component that a run pinned is gone.
    #[error(
        "plugin {plugin}: its component {digest} is missing in {place}\n\
         hint: restore the state folder from a copy; a run that was imported without is exported again with --components"
    )]
    MissingComponent {
        /// The plugin.
        plugin: PluginName,
        /// The component.
        digest: Digest,
        /// Where it should be.
        place: String,
    },
    /// A blob is not what its event says.
    #[error("blob {digest} in {place} cannot be read: {why}\nhint: {RESTORE}")]
    BadBlob {
        /// The blob.
        digest: Digest,
        /// Where it is.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is no such run.
    #[error("there is no run `{0}` in this state folder\nhint: `phasegate runs` lists them")]
    NoRun(String),
    /// A plugin's file cannot be read.
    #[error("plugin {plugin}: {path} cannot be read: {why}\nhint: check `path` in [plugins.{plugin}]")]
    PluginFile {
        /// The plugin.
        plugin: PluginName,
        /// Its file.
        path: String,
        /// Why.
        why: String,
    },
    /// A plugin is not of the world that its place needs.
    #[error("plugin {plugin} is of world {world}, but the pipeline uses it as {wanted}\nhint: {hint}")]
    WrongWorld {
        /// The plugin.
        plugin: PluginName,
        /// Its world.
        world: String,
        /// What it should be.
        wanted: &'static str,
        /// What to do.
        hint: String,
    },
    /// A plugin does not take the settings that a swap gives it.
    #[error("{message}\nhint: {hint}")]
    Settings {
        /// Which settings, and what is wrong with them.
        message: String,
        /// What to do.
        hint: String,
    },
    /// Plugins are not what somebody agreed to.
    #[error("{}", render_changes(.0))]
    NotAgreed(Vec<Change>),
    /// Plugins that nobody agreed to, where only those run that somebody did.
    #[error("{}", render_unknown(.0))]
    NotKnown(Vec<(PluginName, Pin)>),
    /// What a person wants cannot be done now.
    #[error("{0}")]
    NotNow(String),
    /// A call that may have been billed, and the configuration says not to ask again.
    #[error(
        "run {run}: call {call} of {at} ({label}) was asked and never answered; it may have been billed\n\
         hint: see what the provider billed, then go on with `phasegate resume {run} --ask-again`"
    )]
    Unknown {
        /// The run.
        run: RunId,
        /// Which attempt.
        at: String,
        /// The call's number.
        call: u32,
        /// What it was for.
        label: String,
    },
    /// A resumed guest asked something else than before.
    #[error(
        "run {run}: {at} asked something else at call {call} than it did before: {diff}\n\
         hint: the plugin is not deterministic, or it was changed; start a new run"
    )]
    Diverged {
        /// The run.
        run: RunId,
        /// Which attempt.
        at: String,
        /// The call's number.
        call: u32,
        /// Both digests, and what is different.
        diff: String,
    },
    /// A replay came to something else than the run did.
    #[error(
        "run {run} does not replay: at {place}, {what}\n{diff}\n\
         hint: a plugin is not deterministic, or the journal is from another phasegate; - is the record, + the replay"
    )]
    Differs {
        /// The run.
        run: RunId,
        /// The attempt and event.
        place: String,
        /// What differs.
        what: String,
        /// How.
        diff: String,
    },
    /// A question that no record answers, where nobody is to be asked.
    #[error(
        "run {run}: call {call} of {at} ({label}) has no recorded answer, and no model is asked offline\n{request}\n\
         hint: - is what was asked in its place, + what is asked now; a model is asked when the run is resumed"
    )]
    NoRecord {
        /// The run.
        run: RunId,
        /// Which attempt.
        at: String,
        /// The call's number.
        call: u32,
        /// What it is for.
        label: String,
        /// What is asked, against what was asked in its place if anything was.
        request: String,
    },
}

/// The remedy where something is lost, in the journal's own words.
const RESTORE: &str = "nothing was changed; restore the state folder from a copy, or start the task as a new run";

/// All changes, a paragraph each.
fn render_changes(changes: &[Change]) -> String {
    let words: Vec<String> = changes.iter().map(Change::to_string).collect();
    let accept = render_accept_commands(changes.iter().map(|change| &change.plugin));
    format!("{}\nhint: look at what changed; {accept}, with --config and --pipeline as here", words.join("\n"))
}

/// All that nobody ever agreed to, a paragraph each.
fn render_unknown(new: &[(PluginName, Pin)]) -> String {
    let render = |(plugin, pin): &(PluginName, Pin)| {
        let version = pin.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        let digest = &pin.digest;
        format!(
            "plugin `{plugin}`{version}, {digest}, is not in {LOCK_FILE}, and nothing else is taken here (`locked`)"
        )
    };
    let words: Vec<String> = new.iter().map(render).collect();
    let accept = render_accept_commands(new.iter().map(|(plugin, _)| plugin));
    let hint = "look at it with `phasegate plugin inspect FILE`";
    format!("{}\nhint: {hint}; {accept}, with --config, --pipeline and --feedback as here", words.join("\n"))
}

fn render_accept_commands<'a>(plugins: impl Iterator<Item = &'a PluginName>) -> String {
    let accept: Vec<String> = plugins.map(|name| format!("`phasegate plugin accept {name}`")).collect();
    format!("{} agrees to it", accept.join(", "))
}
