//! Text about runs for people: progress while they run, events, headers, summaries, gates and forks. Also the version of
//! results in JSON.

pub mod answer;
pub mod artifact;
pub mod event;
pub mod event_detail;
pub mod failed_requests;
pub mod fork_tree;
pub mod gate;
pub mod header;
pub mod live;
pub mod next_steps;
pub mod outline;
pub mod owner;
pub mod standing;
pub mod steps;
pub mod summary;
pub mod test_run;
pub mod unreadable;
pub mod versioned;
pub mod wait_notes;
