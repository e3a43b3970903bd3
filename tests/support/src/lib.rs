//! Helpers of the end-to-end tests. They panic where something is not as a test needs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod browser;
mod crafted_archive;
mod files;
mod filters;
mod git_repository;
mod hang_up;
mod http_server;
mod model_server;
mod oci_registry;
mod old_tables;
mod other_user;
mod output;
mod picture;
mod provider_formats;
mod python;
mod recordings;
mod running;
mod scenario;
mod serve;
mod story;
mod strict_json;
mod syscalls;
mod terminal;
mod workspace;

pub use browser::{has_browser, measure_page};
pub use crafted_archive::CraftedArchive;
pub use files::{copy_folder, examples, fixture, repository, scenarios};
pub use filters::filter;
pub use git_repository::{Checkout, GitRepository};
pub use http_server::HttpServer;
pub use model_server::{ModelServer, Request, Respond};
pub use oci_registry::{LOGIN, OciRegistry};
pub use old_tables::open_with_old_tables;
pub use other_user::{OtherUser, give, set_mode};
pub use output::Output;
pub use picture::{draw_screen, read_picture};
pub use provider_formats::{ProviderKind, respond_json};
pub use python::python_with_pytest;
pub use recordings::Recordings;
pub use running::RunningProcess;
pub use scenario::{Scenario, is_third_design_call, scenario_file};
pub use strict_json::parse_strictly;
pub use syscalls::{has_strace, syncs};
pub use terminal::Terminal;
pub use workspace::{Paths, Workspace};
