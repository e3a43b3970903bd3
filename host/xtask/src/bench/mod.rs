//! `cargo xtask bench`: measures this program and its peers and writes BENCHMARKS.md.
//!
//! Guarantees: every measurement is a process of its own, and the sides of a row take turns; raw figures of all rounds are
//! kept beside the tables. A peer that cannot be installed or fails is named and left out. Fails if a program of this
//! repository does not build or ends with an error.

mod build;
mod counts;
mod growth;
mod machine;
mod peers;
mod plan;
mod plot;
mod report;
mod results;
mod rows;
pub mod statistics;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use self::build::Programs;
use self::results::Results;

/// How to call this subcommand.
pub const USAGE: &str = "usage: cargo xtask bench [NAME…] [--rounds N] [--quick] [--no-peers] [--programs DIR] [--before]
       cargo xtask bench growth [NAME…] [--rounds N] [--quick] [--programs DIR]
       cargo xtask bench report
       cargo xtask bench counts [--accept]

Measure whole runs, this program and its peers in turn, and write BENCHMARKS.md and benches/results.

  growth        measure how time and memory grow, and draw the plots
  report        write the tables and plots again from benches/results
  counts        count the instructions of hot paths with valgrind and compare with benches/results/instructions.json
  NAME…         only measurements whose name contains NAME
  --rounds N    how often each is repeated (5; growth: 3)
  --quick       fewer runs, one round; writes nothing
  --no-peers    only this program
  --programs    a folder with the built programs `measure` and `phasegate`; without it, builds them with the profile `dist`
  --before      write the figures as those of an older version
  --accept      take today's counts as the expected ones";

/// What the command line says.
#[derive(Debug, Default)]
struct Options {
    names: Vec<String>,
    rounds: Option<usize>,
    quick: bool,
    no_peers: bool,
    programs: Option<PathBuf>,
    before: bool,
    accept: bool,
}

impl Options {
    /// Returns `None` for arguments that the usage does not have.
    fn parse(args: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self::default();
        let mut args = args;
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--rounds" => options.rounds = Some(args.next()?.parse().ok()?),
                "--quick" => options.quick = true,
                "--no-peers" => options.no_peers = true,
                "--programs" => options.programs = Some(PathBuf::from(args.next()?)),
                "--before" => options.before = true,
                "--accept" => options.accept = true,
                flag if flag.starts_with('-') => return None,
                name => options.names.push(name.to_owned()),
            }
        }
        Some(options)
    }

    fn selects(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|part| name.contains(part.as_str()))
    }

    fn rounds(&self, usual: usize) -> usize {
        self.rounds.unwrap_or(if self.quick { 1 } else { usual })
    }
}

/// Runs the subcommand; `None` for arguments that the usage does not have.
pub fn run(root: &Path, args: impl Iterator<Item = String>) -> Option<Result<()>> {
    let mut args = args.peekable();
    let part = args.next_if(|arg| matches!(arg.as_str(), "growth" | "report" | "counts"));
    let options = Options::parse(args)?;
    Some(match part.as_deref() {
        Some("growth") => growth::measure(root, &options),
        Some("report") => report::write(root),
        Some("counts") => counts::check(root, options.accept),
        _ => measure(root, &options),
    })
}

fn measure(root: &Path, options: &Options) -> Result<()> {
    let selected: Vec<_> = plan::MEASUREMENTS.iter().filter(|it| options.selects(it.name)).collect();
    if selected.is_empty() {
        bail!("no measurement has such a name\nhint: use one of {}", plan::names().join(", "));
    }
    let programs = Programs::find(root, options.programs.as_deref())?;
    let peers = if options.no_peers { peers::Peers::default() } else { peers::install(root, &selected) };
    let selected = selected.into_iter().filter(|it| it.side == plan::Side::Phasegate || peers.has(it.side));
    let selected: Vec<_> = selected.collect();
    let mut measured = Results::new(machine::describe(root), peers.versions());
    for round in 1..=options.rounds(5) {
        for it in &selected {
            eprint!("round {round}  {:<12} {:<16} ", it.side.name(), it.name);
            let args = if options.quick { it.quick } else { it.args };
            match build::figures(&mut it.command(root, &programs, &peers, args)) {
                Ok(figures) => {
                    eprintln!("{}", results::brief(&figures));
                    measured.add(it.name, it.side.name(), &figures);
                }
                Err(error) if it.side == plan::Side::Phasegate => return Err(error),
                Err(error) => eprintln!("failed: {error:#}"),
            }
        }
    }
    if options.quick {
        return Ok(());
    }
    let file = if options.before { results::BEFORE } else { results::NOW };
    measured.merge_into(&root.join(file))?;
    report::write(root)
}
