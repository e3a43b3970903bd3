//! `phasegate test`: runs the tests of a folder as a test gate does, without a pipeline, an agent or a model.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use phasegate_process::gate::outcome_of_tests;
use phasegate_process::testing::TestRun;
use phasegate_runtime::{BUNDLED, Error, TestFiles, TestRunner};
use phasegate_sandbox::Engine;

use crate::context::Context;
use crate::context_files::reserved_paths;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::paths::current_dir;
use crate::terminal::format::{count, truncate};
use crate::terminal::progress::spinner;
use crate::view::test_run::{render_json, render_tests};

/// The most characters of a note.
const MAX_NOTE: usize = 1_000;

/// Arguments of `test`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder with code and tests: test files by name, and everything below a folder `tests` or `test`
    #[arg(value_name = "DIR", required_unless_present = "code", conflicts_with_all = ["code", "tests"])]
    project: Option<PathBuf>,
    /// Folder with the code
    #[arg(long, value_name = "DIR", requires = "tests")]
    code: Option<PathBuf>,
    /// Folder with the tests; inside of the code's folder, they keep their paths in it
    #[arg(long, value_name = "DIR", requires = "code")]
    tests: Option<PathBuf>,
    /// Language of code and tests
    #[arg(long, value_name = "NAME", default_value = "python")]
    language: String,
    /// Test runner: a plugin's name or a component [default: the configured pipeline's for the language]
    #[arg(long, value_name = "NAME|FILE.wasm")]
    runner: Option<String>,
    /// Configuration file [default: nearest phasegate.toml upwards]
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the tests. The exit code is that of a gate: 0 only if it would pass.
pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = open::config(context, args.config.as_deref(), None)?;
    let pipeline = config.load_pipeline(None, None, &current_dir(), &BUNDLED)?;
    let reserved = reserved_paths(&config, &context.state);
    let files = match (&args.project, &args.code, &args.tests) {
        (Some(project), _, _) => TestFiles::of_project(project, &reserved)?,
        (None, Some(code), Some(tests)) => TestFiles::of_folders(code, tests, &reserved)?,
        (None, _, _) => return Err(Failure::usage("no folder is named").with_hint("name DIR, or --code and --tests")),
    };
    note_left_out(&files, context);
    let engine = Engine::new(open::sandbox(context, &config)?).map_err(Error::from)?;
    let bar = spinner("tests");
    bar.set_message("loading the test runner");
    let given = args.runner.as_deref();
    let runner = TestRunner::load(&engine, &pipeline, &args.language, given, &current_dir()).await?;
    bar.set_message("collecting");
    let (ended, tests) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let on_file = |path: &str, run: &TestRun| {
        let files = ended.fetch_add(1, Ordering::Relaxed) + 1;
        let all = tests.fetch_add(run.tests.len(), Ordering::Relaxed) + run.tests.len();
        bar.set_message(format!(
            "{}, {} so far: {}",
            count(files as u64, "file"),
            count(all as u64, "test"),
            truncate(path, 60)
        ));
    };
    let done = runner.run(&files, &on_file).await;
    bar.finish_and_clear();
    let outcome = outcome_of_tests(runner.allow, &done.run.build_errors, &done.run.tests);
    let printer = &context.printer;
    if args.json {
        printer.print_json(&render_json(&done, &outcome));
    } else {
        printer.print(&render_tests(&done, &outcome, printer.paint()));
    }
    Ok(if outcome.is_ok() { Exit::Passed } else { Exit::Failed })
}

fn note_left_out(files: &TestFiles, context: &Context) {
    let note = |text: String| context.printer.note(&format!("{}\n", truncate(&text, MAX_NOTE)));
    for left_out in files.left_out.iter().filter(|left_out| !left_out.is_empty()) {
        note(format!("left out: {left_out}"));
    }
    if files.not_text > 0 {
        note(format!("left out: {} without UTF-8 text", count(files.not_text as u64, "file")));
    }
}
