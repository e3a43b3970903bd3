//! Configurations and state folders that another account owns or can change.

use std::os::unix::fs::MetadataExt;

use phasegate_test::OtherUser;

use crate::PATHS;

#[test]
fn second_account_runs_the_binary() {
    let Some(other) = OtherUser::new(PATHS) else { return };
    let made = other.call(&["init", "project"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert_eq!(std::fs::metadata(other.path("project/phasegate.toml")).unwrap().uid(), OtherUser::UID);
    let refused = other.call(&["init", "/nobody-may-write-here"]);
    assert_ne!(refused.code, 0, "{}", refused.stdout);
}
