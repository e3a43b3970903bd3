//! `measure NAME ARGS…`: takes one measurement and prints its figures as one line of JSON.

use anyhow::{Context, Result, bail};
use phasegate_bench::measure::{
    attempts, bare, hot, idle, journal, load, python, resume, single, start, sync, waiting,
};

/// The allocator of the binary `phasegate`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "usage: measure NAME ARGS…
  single mem|disk RUNS          runs one after another
  load mem|disk RUNS DELAY_MS   runs at once
  waiting RUNS                  memory of runs that wait for a model
  attempts COUNT BYTES          one run whose gate fails so often, with artifacts of this size
  bare CALLS ROUNDS             an agent call in this host, and in wasmtime alone
  resume EVENTS                 a run with so many events until its next request
  python TESTS                  one more test in a Python test file
  journal RUNS BINARY           `create`, `runs` and `show` beside so many other runs
  start BINARY STARTS           the program until its first request: warm, fresh state folder, cold cache
  idle BINARY SECONDS           CPU time and wake-ups of a run that waits for a model
  sync TIMES                    an append of 4 KB to a file until it is durable
  hot NAME TIMES [FOLDER]       one hot path, for the count of instructions";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let figures = match args.as_slice() {
        ["single", durability, runs] => single::measure(durability.parse()?, number(runs)?)?,
        ["load", durability, runs, delay] => load::measure(durability.parse()?, number(runs)?, number(delay)? as u64)?,
        ["waiting", runs] => waiting::measure(number(runs)?)?,
        ["attempts", count, bytes] => attempts::measure(number(count)? as u32, number(bytes)?)?,
        ["bare", calls, rounds] => bare::measure(number(calls)? as u32, number(rounds)? as u32)?,
        ["resume", events] => resume::measure(number(events)? as u64)?,
        ["python", tests] => python::measure(number(tests)?)?,
        ["journal", runs, binary] => journal::measure(number(runs)?, binary.as_ref())?,
        ["start", binary, starts] => start::measure(binary.as_ref(), number(starts)?)?,
        ["idle", binary, seconds] => idle::measure(binary.as_ref(), number(seconds)? as u64)?,
        ["sync", times] => sync::measure(number(times)?)?,
        ["hot", name, times, folder @ ..] => {
            return hot::execute(name, number(times)?, folder.first().map(AsRef::as_ref));
        }
        _ => bail!(USAGE),
    };
    println!("{figures}");
    Ok(())
}

fn number(text: &str) -> Result<usize> {
    text.parse().with_context(|| format!("`{text}` is not a number"))
}
