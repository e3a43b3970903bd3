//! Attacks with nothing but files, each refused with a remedy: the table of issue 10, and variants.

mod archives;
mod computing_time;
mod context;
mod decisions;
mod imported;
mod inputs;
mod out_folders;
mod ownership;
mod providers;
mod state;
