//! Makes the outlines of many files, on two threads, with the help of the cache.

use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::cache::OutlineCache;
use super::language::Grammar;
use super::parse::OutlineParser;
use super::types::Outline;

const THREADS: usize = 2;
/// Files that are read ahead of the threads that parse them.
const READ_AHEAD: usize = 16;

/// A file to be outlined.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// The id of its blob.
    pub(crate) blob: String,
    pub(crate) grammar: Grammar,
}

/// The outlines of the jobs, in their order.
#[derive(Debug, Default)]
pub(crate) struct Surveyed {
    /// `None` where the file could not be read, or was not parsed in time.
    pub(crate) outlines: Vec<Option<Arc<Outline>>>,
    /// The number of files that were not parsed in time.
    pub(crate) late: usize,
    /// The places of the jobs that could not be read.
    pub(crate) unread: Vec<usize>,
}

/// Makes the outlines. `read` returns the bytes of a job by its place, or nothing if it cannot be read. Files that are not
/// parsed after `time` have no outline.
pub(crate) fn survey(
    jobs: &[Job],
    read: &dyn Fn(usize) -> Option<Vec<u8>>,
    mut cache: Option<&mut OutlineCache>,
    time: Duration,
) -> Surveyed {
    let deadline = Instant::now() + time;
    let mut outlines: Vec<Option<Arc<Outline>>> =
        jobs.iter().map(|job| cache.as_mut().and_then(|cache| cache.find(&job.blob, job.grammar))).collect();
    let missing: Vec<(usize, Grammar)> = outlines
        .iter()
        .zip(jobs)
        .enumerate()
        .filter(|(_, (outline, _))| outline.is_none())
        .map(|(at, (_, job))| (at, job.grammar))
        .collect();
    let (mut late, mut unread) = (0, Vec::new());
    if missing.is_empty() {
        return Surveyed { outlines, late, unread };
    }
    let (work, queue) = sync_channel::<(usize, Grammar, Vec<u8>)>(READ_AHEAD);
    let (done, results) = channel();
    let queue = Mutex::new(queue);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            let (done, queue) = (done.clone(), &queue);
            scope.spawn(move || {
                let mut parser = OutlineParser::new(deadline);
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((at, grammar, bytes)) = next else { return };
                    if done.send((at, parser.outline(grammar, &bytes))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        for (at, grammar) in missing {
            if Instant::now() > deadline {
                late += 1;
                continue;
            }
            let Some(bytes) = read(at) else {
                unread.push(at);
                continue;
            };
            if work.send((at, grammar, bytes)).is_err() {
                break;
            }
        }
        drop(work);
    });
    for (at, outline) in results {
        let (Some(place), Some(job)) = (outlines.get_mut(at), jobs.get(at)) else { continue };
        match outline.map(Arc::new) {
            Some(outline) => {
                if let Some(cache) = cache.as_mut() {
                    cache.put(&job.blob, job.grammar, Arc::clone(&outline));
                }
                *place = Some(outline);
            }
            None => late += 1,
        }
    }
    Surveyed { outlines, late, unread }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_after_the_deadline_are_counted() {
        let job = |blob: &str| Job { blob: blob.to_owned(), grammar: Grammar::Python };
        let jobs = ["1a", "2b", "3c"].map(job);
        let read = |_| Some(b"def f(): pass".to_vec());
        let surveyed = survey(&jobs, &read, None, Duration::ZERO);
        assert_eq!((surveyed.late, surveyed.outlines), (3, vec![None, None, None]));
        let surveyed = survey(&jobs, &|job| read(job).filter(|_| job != 1), None, Duration::from_secs(600));
        let found: Vec<bool> = surveyed.outlines.iter().map(Option::is_some).collect();
        assert_eq!((surveyed.late, surveyed.unread, found), (0, vec![1], vec![true, false, true]));
    }
}
