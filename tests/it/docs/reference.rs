//! `docs/cli.md`, which is generated.

use std::fs;
use std::process::Command;

use phasegate_test::repository;

#[test]
fn command_line_reference_is_up_to_date() {
    let output = Command::new(crate::PATHS.binary).arg("markdown-help").output().unwrap();
    assert!(output.status.success());
    let generated = String::from_utf8(output.stdout).unwrap();
    let file = repository().join("docs/cli.md");
    if std::env::var_os("PHASEGATE_BLESS").is_some() {
        fs::write(&file, &generated).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap();
    assert_eq!(written, generated, "write it anew: PHASEGATE_BLESS=1 cargo test --release --test it docs");
}
