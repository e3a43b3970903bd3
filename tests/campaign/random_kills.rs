//! Kills at random moments: three tasks in one process, overlapping calls, and a model server that counts requests. The
//! moments come from a seed, which is printed; `PHASEGATE_SEED` sets another one.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::record::Record;
use crate::server::Server;
use crate::side_by_side;
use phasegate_test::{Output, Scenario};

/// The number of kills that must hit a living process.
const KILLS: usize = 200;

const TASKS: [&str; 3] = ["ANSWER-101", "ANSWER-102", "ANSWER-103"];

/// Pseudo-random numbers, equal for equal seeds.
pub struct Random(u64);

impl Random {
    /// Mixes the seed, so that neighbouring seeds give unrelated numbers.
    pub fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random.below(1);
        random
    }

    pub fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A constant, unless `PHASEGATE_SEED` is set.
pub fn seed() -> u64 {
    std::env::var("PHASEGATE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_260_301)
}

/// Three tasks in a folder of their own, and their record so far.
struct Case<'a> {
    scenario: Scenario,
    server: &'a Server,
    random: Random,
    /// A cache of this case, where a kill may hit the compiler. None is the shared cache.
    cache: Option<PathBuf>,
    /// By call: how often a kill came between its latest request and the answer.
    between: HashMap<String, usize>,
    /// By call: the number of requests in the journal.
    asked: HashMap<String, usize>,
    /// By call: the number of requests that the server had received when the answer was in the journal.
    settled: HashMap<String, usize>,
}

/// Where kills hit, over all cases.
#[derive(Default)]
struct Hits {
    all: AtomicUsize,
    /// Before a run existed.
    early: AtomicUsize,
    /// Between a request and its answer.
    between: AtomicUsize,
    /// When answers were already recorded.
    late: AtomicUsize,
}

impl<'a> Case<'a> {
    fn new(server: &'a Server, seed: u64) -> Self {
        let scenario = crate::scenario("eventful");
        fs::write(scenario.path("models.toml"), server.config("")).unwrap();
        for task in TASKS {
            let text = format!("task_id = \"{task}\"\ndescription = \"Write a program that knows the answer.\"\n");
            fs::write(scenario.path(&format!("{task}.toml")), text + "requirements = [\"The answer is 42.\"]\n")
                .unwrap();
        }
        let cache = seed.is_multiple_of(8).then(|| scenario.path("cache"));
        let (between, asked, settled) = Default::default();
        Self { scenario, server, random: Random::new(seed), cache, between, asked, settled }
    }

    fn run(&self, more: &[&str]) -> Command {
        let file = |name: &str| self.scenario.path(name).display().to_string();
        let pipeline = self.scenario.file("pipeline.toml");
        let (config, out) = (file("models.toml"), file("out"));
        let tasks = TASKS.map(|task| file(&format!("{task}.toml")));
        let mut args = vec!["run", "--json", "--async", "--pipeline", &pipeline, "--config", &config, "--out", &out];
        args.extend(tasks.iter().flat_map(|task| ["--task", task.as_str()]));
        self.command(&[&args, more].concat())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.scenario.command(args);
        command.envs(self.cache.iter().map(|cache| ("XDG_CACHE_HOME", cache)));
        command
    }

    /// Kills the process after this time and returns whether it was still alive.
    fn kill_after(&self, mut command: Command, after: Duration) -> bool {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(after);
        let alive = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        alive
    }

    /// Reads from the journal which calls the kill interrupted, and which are answered and must not be repeated.
    fn read_records(&mut self, hits: &Hits) -> Vec<Record> {
        let records = Record::all_in_a_copy(&self.scenario.path("state"));
        let requests = self.server.counts();
        let mut cut_off = 0;
        for record in &records {
            for (call, asked) in record.calls() {
                let key = record.key(&call, &asked);
                let before = self.asked.insert(key.clone(), asked.times).unwrap_or(0);
                if asked.answered {
                    let requests = requests.get(&key).copied().unwrap_or(0);
                    let settled = *self.settled.entry(key).or_insert(requests);
                    assert_eq!(requests, settled, "an answered call of {} was asked again", record.run);
                } else if asked.times > before {
                    *self.between.entry(key).or_default() += 1;
                    cut_off += 1;
                }
            }
        }
        let settled = !self.settled.is_empty();
        for (count, hit) in [(&hits.early, records.is_empty()), (&hits.between, cut_off > 0), (&hits.late, settled)] {
            count.fetch_add(usize::from(hit), Ordering::Relaxed);
        }
        records
    }

    /// Kills the process several times, resumes each time, and compares the result with an undisturbed run.
    fn kill_and_resume(mut self, undisturbed: &BTreeMap<String, Record>, takes: Duration, hits: &Hits) {
        let mut kills = 1 + self.random.below(4);
        let (mut records, missed) = (Vec::new(), Hits::default());
        while kills > 0 {
            let open: Vec<_> = records.iter().filter(|record: &&Record| !record.is_over()).collect();
            // Either resumes all tasks, as the person who started them would, or one run by its name.
            let command = match open.get(self.random.below(6) as usize) {
                Some(record) => self.command(&["resume", record.run.as_str(), "--json", "--async"]),
                None => self.run(&["--resume"]),
            };
            let after = takes.mul_f64(self.random.below(1_000) as f64 / 1_000.0);
            let hit = self.kill_after(command, after);
            kills -= u64::from(hit);
            hits.all.fetch_add(usize::from(hit), Ordering::Relaxed);
            records = self.read_records(if hit { hits } else { &missed });
            if records.len() == TASKS.len() && records.iter().all(Record::is_over) {
                break;
            }
        }
        let output = Output::from_command(self.run(&["--resume"]));
        assert_eq!(output.code, 0, "{}", output.stderr);
        self.compare_with(undisturbed);
    }

    fn compare_with(&mut self, undisturbed: &BTreeMap<String, Record>) {
        let records = self.read_records(&Hits::default());
        let tasks: Vec<_> = records.iter().map(Record::task).collect();
        assert_eq!(records.len(), TASKS.len(), "one run a task: {tasks:?}");
        for record in &records {
            record.assert_same(&undisturbed[&record.task()], record.run.as_str());
            assert!(self.scenario.path(&format!("out/{}/report.md", record.task())).exists());
            for (call, asked) in record.calls() {
                let key = record.key(&call, &asked);
                let (between, requests) = (self.between.get(&key).copied().unwrap_or(0), self.settled[&key]);
                assert_eq!(asked.times, 1 + between, "{} {call:?}", record.run);
                assert!(
                    (1..=1 + between).contains(&requests),
                    "{} {call:?}: {requests} questions, {between} kills",
                    record.run
                );
            }
        }
    }
}

#[test]
fn runs_survive_200_random_kills_without_paying_twice() {
    let seed = seed();
    let server = Server::answering();
    let case = Case::new(&server, seed);
    assert_eq!(Output::from_command(case.run(&[])).code, 0);
    let undisturbed = Record::all_in_a_copy(&case.scenario.path("state"));
    let undisturbed: BTreeMap<_, _> = undisturbed.into_iter().map(|record| (record.task(), record)).collect();
    let case = Case::new(&server, seed);
    let began = Instant::now();
    assert_eq!(Output::from_command(case.run(&[])).code, 0);
    let takes = began.elapsed();
    println!("seed {seed} (PHASEGATE_SEED); an undisturbed run takes {} ms", takes.as_millis());

    let hits = Hits::default();
    let cases = (1..).take_while(|_| hits.all.load(Ordering::Relaxed) < KILLS);
    side_by_side(cases, |case| Case::new(&server, seed.wrapping_add(case)).kill_and_resume(&undisturbed, takes, &hits));
    let Hits { all, early, between, late } = &hits;
    let [all, early, between, late] = [all, early, between, late].map(|count| count.load(Ordering::Relaxed));
    println!("{all} kills: {early} before any run, {between} between request and answer, {late} after an answer");
    assert!(all >= KILLS && between > 10 && late > 10);
}
