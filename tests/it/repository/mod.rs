//! Runs that start from a git repository. The repositories are made with the real `git` program.

mod acceptance;
mod bad_input;
mod branch;
mod files;
mod gate;
mod ledger;
mod records;
mod small;
