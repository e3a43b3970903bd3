//! `phasegate trust`: lists, adds and removes agreements about what projects may use of the user's authority.

use std::path::{Path, PathBuf};

use phasegate_experiment::Experiment;
use phasegate_runtime::{Agreements, Config, ImportedAuthority, NotTrusted, Origin, imported_authority, load_run};

use crate::approver;
use crate::commands::experiment::{missing_total, missing_trust};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run;
use crate::open::{self, RunOptions};
use crate::paths::current_dir;
use crate::terminal::prompt::{Agreement, ask_agreement, is_interactive};
use crate::terminal::text::sanitize;
use crate::trust;
use crate::view::versioned::Versioned;

/// The version of the JSON form.
const FORMAT: u32 = 1;

/// Subcommands of `trust`.
#[derive(clap::Subcommand)]
pub enum Command {
    /// List the agreements
    List {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Agree to the addresses, keys and limits of a project
    Allow(AllowArgs),
    /// Remove the agreements about a project, a folder or a run
    Revoke(RevokeArgs),
}

/// Arguments of `trust allow`.
#[derive(clap::Args)]
pub struct AllowArgs {
    /// Folder of the project's phasegate.toml [default: current folder]
    #[arg(value_name = "PROJECT", conflicts_with_all = ["config", "experiment", "run", "folder"])]
    project: Option<PathBuf>,
    /// Configuration with another name than phasegate.toml
    #[arg(long, value_name = "FILE", conflicts_with_all = ["run", "folder"])]
    config: Option<PathBuf>,
    /// Experiment whose variants use more than the configuration
    #[arg(long, value_name = "FILE", conflicts_with_all = ["run", "folder"])]
    experiment: Option<PathBuf>,
    /// Existing run that uses more, or was imported
    #[arg(long, value_name = "RUN", conflicts_with = "folder")]
    run: Option<String>,
    /// Folder of another user whose files are used as if they were yours
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Agree without a question if the digest is this one
    #[arg(long, value_name = "DIGEST", conflicts_with = "folder")]
    digest: Option<String>,
    /// Name of the person who agrees [default: current user]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// Arguments of `trust revoke`.
#[derive(clap::Args)]
pub struct RevokeArgs {
    /// Folder of the project, or folder of another user
    #[arg(value_name = "FOLDER", required_unless_present = "run", conflicts_with = "run")]
    folder: Option<PathBuf>,
    /// Id of a run
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

/// Runs a subcommand of `trust`.
pub fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::List { json } => list(json, context),
        Command::Allow(args) => allow(args, context),
        Command::Revoke(args) => revoke(&args, context),
    }
}

fn list(json: bool, context: &Context) -> Result<Exit, Failure> {
    let agreements = context.trust.agreements();
    match json {
        true => context.printer.print_json_pretty(&Versioned::new(FORMAT, agreements)),
        false => context.printer.print(&sanitize(&render_agreements(&agreements))),
    }
    Ok(Exit::Passed)
}

fn render_agreements(agreements: &Agreements) -> String {
    let Agreements { projects, folders, runs, .. } = agreements;
    let mut text = String::new();
    for project in projects {
        text.push_str(&format!("{}  by {}, {}\n", project.folder.display(), project.by, project.at));
        project.providers.iter().for_each(|access| text.push_str(&format!("  {access}\n")));
        project.limits.iter().for_each(|(key, limit)| text.push_str(&format!("  {key} = {limit}\n")));
    }
    for folder in folders {
        let (path, by, at) = (folder.folder.display(), &folder.by, &folder.at);
        text.push_str(&format!("{path}  by {by}, {at}\n  files of another user below it\n"));
    }
    for run in runs {
        text.push_str(&format!(
            "run {}  by {}, {}\n  continues with its own components ({})\n",
            run.run, run.by, run.at, run.digest
        ));
    }
    if text.is_empty() { "No agreements.\n".to_owned() } else { text }
}

fn allow(args: AllowArgs, context: &Context) -> Result<Exit, Failure> {
    let trust = &context.trust;
    let by = approver::name(args.by.clone())?;
    if let Some(folder) = &args.folder {
        let folder = current_dir().join(folder);
        if !folder.is_dir() {
            return Err(Failure::usage(format!("there is no folder {}", folder.display())).with_hint("check the path"));
        }
        trust.allow_folder(&folder, by.as_str())?;
        let text = format!("{by} trusts the files of another user in {}\n", folder.display());
        context.printer.print(&sanitize(&text));
        return Ok(Exit::Passed);
    }
    let wanted = match &args.run {
        Some(run) => of_run(context, run)?,
        None => of_project(context, &args)?,
    };
    if wanted.is_empty() {
        context.printer.print("Nothing to agree to.\n");
    }
    for wanted in wanted {
        confirm(&wanted, args.digest.as_deref(), context)?;
        wanted.record(context, by.as_str())?;
        context.printer.print(&sanitize(&format!("{by} agreed to:\n  {}\n", wanted.lines().join("\n  "))));
    }
    Ok(Exit::Passed)
}

/// What a person is asked to agree to.
enum Wanted {
    Project(Box<NotTrusted>),
    Run(ImportedAuthority),
}

impl Wanted {
    fn lines(&self) -> Vec<String> {
        match self {
            Self::Project(missing) => missing.lines(),
            Self::Run(authority) => authority.lines(),
        }
    }

    fn digest(&self) -> String {
        match self {
            Self::Project(missing) => missing.digest(),
            Self::Run(authority) => authority.digest(),
        }
    }

    fn allow_command(&self) -> String {
        match self {
            Self::Project(missing) => missing.allow_command(),
            Self::Run(authority) => authority.allow_command(),
        }
    }

    fn record(&self, context: &Context, by: &str) -> Result<(), Failure> {
        match self {
            Self::Project(missing) => trust::record(context, missing, by),
            Self::Run(authority) => Ok(context.trust.allow_run(authority.run.as_str(), &authority.digest(), by)?),
        }
    }
}

/// Fails unless the digest is the right one, or the person at this terminal agrees.
fn confirm(wanted: &Wanted, digest: Option<&str>, context: &Context) -> Result<(), Failure> {
    let (lines, command) = (wanted.lines(), wanted.allow_command());
    if lines.len() > trust::MAX_LINES {
        let (number, most) = (lines.len(), trust::MAX_LINES);
        return Err(Failure::usage(format!("{number} entries are too many to agree to at once, the limit is {most}"))
            .with_hint("remove the providers that no model uses from the configuration"));
    }
    match digest {
        Some(digest) if digest == wanted.digest() => Ok(()),
        Some(digest) => {
            Err(Failure::usage(format!("digest {digest} belongs to something else; now it is: {}", lines.join("; ")))
                .with_hint(format!("if you agree to that, run `{command}`")))
        }
        None if is_interactive() => match ask_agreement(&context.printer, "you would agree to:", &lines) {
            Agreement::Always => Ok(()),
            Agreement::Once | Agreement::Never => Err(Failure::usage("nothing was recorded")),
        },
        None => Err(Failure::usage(format!("nobody is at a terminal to agree to: {}", lines.join("; ")))
            .with_hint(format!("run `{command}`"))),
    }
}

fn of_project(context: &Context, args: &AllowArgs) -> Result<Vec<Wanted>, Failure> {
    if let Some(file) = &args.experiment {
        let experiment = Experiment::read(file)?;
        let config = open::config(context, args.config.as_deref(), Some(&experiment.dir))?;
        let plan = experiment.plan(&config)?;
        let missing = missing_trust(context, file, &plan, &config)?;
        let missing = missing.or_else(|| missing_total(context, file, &experiment, &plan, &config));
        return Ok(missing.map(|missing| Wanted::Project(Box::new(missing))).into_iter().collect());
    }
    let file =
        args.config.clone().unwrap_or_else(|| args.project.as_deref().unwrap_or(Path::new(".")).join("phasegate.toml"));
    let config: Config = open::config(context, Some(&file), None)?;
    let missing = context.trust.missing(&config.wants()).map_err(|fault| config.explain(fault))?;
    let origin = if args.config.is_some() { config.origin() } else { Origin::Project };
    Ok(missing.map(|missing| Wanted::Project(Box::new(missing.named_by(origin)))).into_iter().collect())
}

/// Returns the first agreement that the run lacks.
fn of_run(context: &Context, name: &str) -> Result<Vec<Wanted>, Failure> {
    let journal = open::journal(context)?;
    let run = find_run(context, &journal, name)?;
    let (state, events) = load_run(&journal, &run)?;
    if let Some(authority) = imported_authority(&journal, &run, &state, &events)?
        && !context.trust.trusts_run(run.as_str(), &authority.digest())
    {
        return Ok(vec![Wanted::Run(authority)]);
    }
    drop(journal);
    let host = open::host(context, open::config_if_readable(context, None)?, RunOptions::default())?;
    match host.check_trust(&run) {
        Ok(()) => Ok(Vec::new()),
        Err(phasegate_runtime::Error::NotTrusted(missing)) => Ok(vec![Wanted::Project(missing)]),
        Err(error) => Err(error.into()),
    }
}

fn revoke(args: &RevokeArgs, context: &Context) -> Result<Exit, Failure> {
    let trust = &context.trust;
    let (name, removed) = match (&args.run, &args.folder) {
        (Some(run), _) => (format!("run {run}"), trust.revoke_run(run)?),
        (None, folder) => {
            let folder = current_dir().join(folder.as_deref().unwrap_or(Path::new(".")));
            (folder.display().to_string(), trust.revoke_folder(&folder)? > 0)
        }
    };
    match removed {
        true => context.printer.print(&sanitize(&format!("Removed the agreement about {name}.\n"))),
        false => {
            return Err(Failure::usage(format!("there is no agreement about {name}"))
                .with_hint("list all with `phasegate trust list`"));
        }
    }
    Ok(Exit::Passed)
}
