//! `phasegate export`: writes a run to one file, to be shown, replayed and forked on another machine.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;

use phasegate_files::{NewFile, check_output, describe};
use phasegate_journal::Journal;
use phasegate_process::RunId;
use phasegate_runtime::archive::{self, ExportedRun};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run;
use crate::open;
use crate::terminal::format::count;
use crate::view::versioned::Versioned;

/// The version of the JSON form.
const FORMAT: u32 = 1;

/// Arguments of `export`.
#[derive(clap::Args)]
pub struct Args {
    /// Run id or its beginning, or a task id for its newest run
    run: String,
    /// File to write, such as run.phasegate; `-` for stdout
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Include all components of the run; an import adds bundled ones without this flag
    #[arg(long)]
    components: bool,
    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// Writes the file; an existing file is replaced only when the new one is complete.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let to_stdout = args.file.as_os_str() == "-";
    if to_stdout {
        check_stdout(args)?;
    } else {
        check_file(args)?;
    }
    let journal = open::journal(context)?;
    let run = find_run(context, &journal, &args.run)?;
    if to_stdout {
        let exported = write_to_stdout(args, context, &journal, &run)?;
        printer.note(&exported.map(|exported| render(&run, "stdout", &exported)).unwrap_or_default());
        return Ok(Exit::Passed);
    }
    let unwritable = |why: io::Error| {
        let (file, why) = (args.file.display(), describe(&why));
        Failure::infrastructure(format!("{file} cannot be written: {why}; nothing was written"))
            .with_hint("name a file in a folder that exists and can be written, or `-` for stdout")
    };
    // Its file is removed if the export fails: an incomplete file could be mistaken for an export.
    let new = NewFile::create(&args.file, 0o666).map_err(unwritable)?;
    let exported = archive::export(&journal, &run, args.components, BufWriter::new(new.file()))?;
    new.place().map_err(unwritable)?;
    match args.json {
        true => printer.print_json(&Versioned::new(FORMAT, &exported)),
        false => printer.print(&render(&run, &args.file.display().to_string(), &exported)),
    }
    Ok(Exit::Passed)
}

fn check_stdout(args: &Args) -> Result<(), Failure> {
    if args.json {
        return Err(Failure::usage("--json and the file `-` would both write to stdout").with_hint("name a file"));
    }
    match io::stdout().is_terminal() {
        true => Err(Failure::usage("an export is no text; nothing was written to the terminal")
            .with_hint("name a file, or send stdout to a file or another program")),
        false => Ok(()),
    }
}

fn check_file(args: &Args) -> Result<(), Failure> {
    let file = args.file.display();
    match check_output(&args.file) {
        Err(why) => Err(Failure::usage(format!("{file} cannot be written: {why}; nothing was written"))
            .with_hint("name a regular file or a new one, or `-` for stdout")),
        Ok(true) if !args.force => Err(Failure::usage(format!("{file} already exists; nothing was written"))
            .with_hint("choose another name, or overwrite it with --force")),
        Ok(_) => Ok(()),
    }
}

/// Returns `None` if stdout failed or its reader went away.
fn write_to_stdout(
    args: &Args,
    context: &Context,
    journal: &dyn Journal,
    run: &RunId,
) -> Result<Option<ExportedRun>, Failure> {
    let mut exported = None;
    let written = context.printer.write(|out| {
        let mut sink = Sink { out: BufWriter::new(out), failure: None };
        let result = archive::export(journal, run, args.components, &mut sink);
        let failure = sink.failure.take();
        exported = Some(result);
        failure.map_or(Ok(()), Err)
    });
    match (written, exported) {
        (Ok(()), Some(exported)) => Ok(Some(exported?)),
        // `main` reports it.
        _ => Ok(None),
    }
}

/// Keeps the first failure of a stream.
struct Sink<W> {
    out: W,
    failure: Option<io::Error>,
}

impl<W: Write> Sink<W> {
    fn keep<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|why| {
            let same = io::Error::new(why.kind(), why.to_string());
            self.failure.get_or_insert(why);
            same
        })
    }
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.out.write(bytes);
        self.keep(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.out.flush();
        self.keep(done)
    }
}

fn render(run: &RunId, place: &str, exported: &ExportedRun) -> String {
    let (events, blobs) = (count(exported.events, "event"), count(exported.blobs as u64, "blob"));
    let mut text = format!("Wrote run {run} to {place}: {events}, {blobs}.\n");
    if !exported.left_out.is_empty() {
        text.push_str(&format!(
            "Left out {}: `import` restores bundled ones, others need --components.\n",
            count(exported.left_out.len() as u64, "component")
        ));
    }
    text
}
