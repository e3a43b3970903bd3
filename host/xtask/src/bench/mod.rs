//! `cargo xtask bench`: measures this program and its peers and writes BENCHMARKS.md.
//!
//! Guarantees: every measurement is a process of its own, and the sides of a row take turns; raw figures of all rounds are
//! kept beside the tables. A peer that cannot be installed or fails is named and left out. Fails if a program of this
//! repository does not build or ends with an error.

mod build;
mod counts;
mod growth;
mod machine;
mod options;
mod peers;
mod plan;
mod plot;
mod profile;
mod report;
mod results;
mod rows;
mod side;
pub mod statistics;

use std::path::Path;

use anyhow::{Result, bail};

use self::build::Programs;
use self::options::Options;
use self::results::Results;
use self::side::Side;

/// How to call this subcommand.
pub const USAGE: &str = "usage: cargo xtask bench [NAME…] [--rounds N] [--quick] [--no-peers] [--programs DIR] [--before]
       cargo xtask bench growth [NAME…] [--rounds N] [--quick] [--programs DIR]
       cargo xtask bench profile [--quick] [--programs DIR]
       cargo xtask bench report
       cargo xtask bench counts [--accept]

Measure whole runs, this program and its peers in turn, and write BENCHMARKS.md and benches/results.

  growth        measure how time and memory grow, and draw the plots
  profile       show with `perf` where the CPU time of runs goes
  report        write the tables and plots again from benches/results
  counts        count the instructions of hot paths with valgrind and compare with benches/results/instructions.json
  NAME…         only measurements whose name contains NAME
  --rounds N    how often each is repeated (5; growth: 3)
  --quick       fewer runs, one round; writes nothing
  --no-peers    only this program
  --programs    a folder with the built programs `measure` and `phasegate`; without it, builds them with the profile `dist`
  --before      write the figures as those of an older version
  --accept      take today's counts as the expected ones";

/// Runs the subcommand; `None` for arguments that the usage does not have.
pub fn run(root: &Path, args: impl Iterator<Item = String>) -> Option<Result<()>> {
    let mut args = args.peekable();
    let part = args.next_if(|arg| matches!(arg.as_str(), "growth" | "profile" | "report" | "counts"));
    let options = Options::parse(args)?;
    let measured = match part.as_deref() {
        Some("growth") => growth::measure(root, &options),
        Some("profile") => Programs::find(root, options.programs.as_deref())
            .and_then(|programs| profile::measure(root, &programs, options.quick)),
        Some("report") => Ok(()),
        Some("counts") => return Some(counts::check(root, options.accept)),
        _ => measure(root, &options),
    };
    Some(if options.quick { measured } else { measured.and_then(|()| report::write(root)) })
}

fn measure(root: &Path, options: &Options) -> Result<()> {
    let selected: Vec<_> = plan::MEASUREMENTS.iter().filter(|it| options.selects(it.name)).collect();
    if selected.is_empty() {
        bail!("no measurement has such a name\nhint: use one of {}", plan::names().join(", "));
    }
    let programs = Programs::find(root, options.programs.as_deref())?;
    let peers = if options.no_peers {
        peers::Peers::default()
    } else {
        peers::install(root, |side| selected.iter().any(|it| it.side == side))
    };
    let selected = selected.into_iter().filter(|it| it.side == Side::Phasegate || peers.has(it.side));
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
                Err(error) if it.side == Side::Phasegate => return Err(error),
                Err(error) => eprintln!("failed: {error:#}"),
            }
        }
    }
    if options.quick {
        return Ok(());
    }
    let file = if options.before { results::BEFORE } else { results::NOW };
    measured.merge_into(&root.join(file))
}
