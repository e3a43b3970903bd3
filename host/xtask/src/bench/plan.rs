//! What is measured, for each side, in the order of a round.

use std::path::Path;
use std::process::Command;

use super::build::Programs;
use super::peers::Peers;
use super::side::Side;

/// One process that prints figures.
#[derive(Debug)]
pub struct Measurement {
    /// What is measured; sides with the same name are compared.
    pub name: &'static str,
    /// The program that is measured.
    pub side: Side,
    /// Arguments. `BINARY` stands for the path of `phasegate`.
    pub args: &'static str,
    /// Arguments that take a few seconds.
    pub quick: &'static str,
}

const fn measurement(name: &'static str, side: Side, args: &'static str, quick: &'static str) -> Measurement {
    Measurement { name, side, args, quick }
}

/// All measurements; sides that are compared follow each other.
pub const MEASUREMENTS: [Measurement; 22] = {
    use Side::{LangGraph, Phasegate, PydanticAi, Restate};
    [
        measurement("single-memory", Phasegate, "single mem 500", "single mem 50"),
        measurement("single-memory", LangGraph, "single memory 300", "single memory 30"),
        measurement("single-memory", PydanticAi, "single 100", "single 10"),
        measurement("bare", Phasegate, "bare 3000 5", "bare 300 3"),
        measurement("sync", Phasegate, "sync 1000", "sync 100"),
        measurement("single-durable", Phasegate, "single disk 300", "single disk 30"),
        measurement("single-durable", LangGraph, "single sqlite 100", "single sqlite 10"),
        measurement("single-durable", Restate, "single 100", "single 10"),
        measurement("load-50ms", Phasegate, "load disk 1000 50", "load disk 100 50"),
        measurement("load-50ms", LangGraph, "load sqlite 1000 50", "load sqlite 20 50"),
        measurement("load-50ms", Restate, "load 1000 50", "load 100 50"),
        measurement("load-instant", Phasegate, "load disk 1000 0", "load disk 100 0"),
        measurement("load-instant", LangGraph, "load sqlite 1000 0", "load sqlite 20 0"),
        measurement("load-instant", Restate, "load 1000 0", "load 100 0"),
        measurement("waiting", Phasegate, "waiting 1000", "waiting 100"),
        measurement("waiting", LangGraph, "waiting 1000", "waiting 20"),
        measurement("waiting", Restate, "waiting 1000", "waiting 100"),
        measurement("load-10000", Phasegate, "load disk 10000 50", "load disk 1000 50"),
        measurement("start", Phasegate, "start BINARY 6", "start BINARY 2"),
        measurement("idle", Phasegate, "idle BINARY 10", "idle BINARY 2"),
        measurement("python", Phasegate, "python 1000", "python 100"),
        measurement("resume", Phasegate, "resume 10000", "resume 1000"),
    ]
};

/// Returns the names of all measurements.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = MEASUREMENTS.iter().map(|it| it.name).collect();
    names.dedup();
    names
}

impl Measurement {
    /// Returns the command that takes the measurement.
    pub fn command(&self, root: &Path, programs: &Programs, peers: &Peers, args: &str) -> Command {
        let binary = programs.path("phasegate");
        let mut command = match self.side {
            Side::Phasegate => Command::new(programs.path("measure")),
            side => peers.command(root, side),
        };
        for arg in args.split(' ') {
            if arg == "BINARY" {
                command.arg(&binary)
            } else {
                command.arg(arg)
            };
        }
        command
    }
}
