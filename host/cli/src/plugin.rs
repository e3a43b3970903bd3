//! `phasegate plugin inspect`: what a component is and wants, read from its bytes before anything of it runs.
//! `phasegate plugin check` goes on from there, see [`crate::check`].

use std::path::{Path, PathBuf};

use phasegate_process::PluginName;
use phasegate_runtime::read_component;
use phasegate_sandbox::{Call, Engine, EngineSettings, Inspection, Limits, Want, World, inspect};

use crate::check;
use crate::fail::{Exit, Failure};
use crate::place;
use crate::words::{Paint, clean, one_line, say, size, table, unreadable};

/// What to do with plugins.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Say what a component is, and what the operator would have to grant
    Inspect {
        /// The component, plain or packed as .zst
        #[arg(value_name = "FILE.wasm")]
        file: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
        /// Of a test runner: what it offers to code, as JSON
        #[arg(long, conflicts_with = "json")]
        environment: bool,
    },
    /// Load a component and call it once with samples, to see whether this host takes it
    Check(check::Args),
}

/// Does it. A component that this host would not take ends with the exit code for configuration.
pub async fn go(command: Command, state: &Path) -> Result<Exit, Failure> {
    let (file, json, environment) = match command {
        Command::Check(args) => return check::go(args, state).await,
        Command::Inspect { file, json, environment } => (file, json, environment),
    };
    let name = file.display().to_string();
    let bytes = read(&file)?;
    let inspection = inspect(&bytes).map_err(|why| Failure::usage(format!("{name}: {why}")))?;
    if environment {
        let offers = offers(&name, bytes, &inspection, state).await?;
        say(&format!("{}\n", serde_json::to_string_pretty(&offers).unwrap_or_default()));
        return Ok(Exit::Passed);
    }
    if json {
        say(&format!("{}\n", serde_json::to_string_pretty(&inspection).unwrap_or_default()));
    } else {
        say(&told(&name, &inspection, Paint::stdout()));
    }
    Ok(if inspection.misfit.is_none() { Exit::Passed } else { Exit::Usage })
}

/// The bytes of a component's file.
pub fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    read_component(file).map_err(|why| {
        let (name, why) = (file.display(), unreadable(&why));
        Failure::usage(format!("{name} cannot be read: {why}\nhint: name a component, as in target/NAME.wasm"))
    })
}

/// What a component is, for people.
pub fn told(name: &str, inspection: &Inspection, paint: Paint) -> String {
    let unknown = || "none of ours".to_owned();
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![
        row("file", name.to_owned()),
        row("world", inspection.world.map_or_else(unknown, |world| world.as_str().to_owned())),
        row("contract", inspection.contract.clone().unwrap_or_else(unknown)),
        row("size", size(inspection.size)),
        row("digest", inspection.digest.to_string()),
    ];
    for (title, list) in [("exports", &inspection.exports), ("imports", &inspection.imports)] {
        let mut titles = std::iter::once(title).chain(std::iter::repeat(""));
        match list.is_empty() {
            true => rows.push(row(title, "nothing".to_owned())),
            false => rows.extend(list.iter().map(|one| row(titles.next().unwrap_or_default(), one_line(one)))),
        }
    }
    rows.push(row("wants", wants(&inspection.wants)));
    let mut text = table(&rows);
    match &inspection.misfit {
        None => text.push_str(&format!("\n{}\n", paint.green("this host takes it"))),
        Some(misfit) => {
            let words = clean(&misfit.to_string());
            text.push_str(&format!("\n{} {words}\n", paint.red("this host would not take it:")));
        }
    }
    text
}

fn wants(wants: &[Want]) -> String {
    let grants: Vec<&str> = wants
        .iter()
        .map(|want| match want {
            Want::Models => "models = [\"default\"]",
            Want::TestBench => "test-bench = [\"python\"]",
        })
        .collect();
    match grants.is_empty() {
        true => "nothing that has to be granted".to_owned(),
        false => format!("[plugins.NAME] grants = {{ {} }}", grants.join(", ")),
    }
}

async fn offers(
    name: &str,
    bytes: Vec<u8>,
    inspection: &Inspection,
    state: &Path,
) -> Result<serde_json::Value, Failure> {
    if inspection.world != Some(World::Runner) {
        return Err(Failure::usage(format!(
            "{name} is no test runner, it offers nothing to code\nhint: leave --environment away"
        )));
    }
    let plugin: PluginName = "runner".parse().map_err(|bad| Failure::usage(format!("{bad}")))?;
    let digest = inspection.digest.clone();
    let settings = EngineSettings { cache_dir: Some(place::cache_dir(state)), ..EngineSettings::default() };
    let loaded = tokio::task::spawn_blocking(move || {
        let engine = Engine::new(settings).map_err(phasegate_runtime::Error::from)?;
        Ok(engine.load(&plugin, &digest, || Ok(bytes))?)
    });
    let loaded: Result<_, phasegate_runtime::Error> =
        loaded.await.map_err(|gone| Failure::infrastructure(format!("compiling {name} broke off: {gone}")))?;
    let call = Call { doing: "saying what code can rely on".to_owned(), seed: 0, limits: Limits::runner(), log: None };
    Ok(loaded?.environment(&call).await.map_err(phasegate_runtime::Error::from)?)
}
