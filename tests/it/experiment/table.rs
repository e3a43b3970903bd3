//! Tables of results at a terminal.

use std::fs;

use super::{ONCE, Project};

#[test]
fn table_of_many_variants_fits_eighty_columns() {
    let project = Project::with(&[ONCE, ("experiment.toml", "usd = 5.0", "calls = 0")]);
    let file = fs::read_to_string(project.path("experiment.toml")).unwrap();
    let more: String =
        ('a'..='f').map(|c| format!("[[variant]]\nname = \"variant-{c}-of-many-with-a-name\"\n")).collect();
    fs::write(project.path("experiment.toml"), file + &more).unwrap();
    let output = project.run(&[]);
    assert_eq!(output.code, 4, "{}", output.stderr);
    assert!(output.stdout.lines().all(|line| line.chars().count() <= 80), "{}", output.stdout);
    for name in ["phase-aware", "nearest", "variant-a-of-many", "variant-f-of-many"] {
        assert_eq!(output.stdout.matches(&format!("  {name}")).count(), 1, "{}", output.stdout);
    }
}
