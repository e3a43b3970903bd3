//! `pipeline`: listing, showing and checking pipelines.

use insta::assert_snapshot;

use crate::workspace;

#[test]
fn lists_and_shows_standard_pipelines() {
    let workspace = workspace();
    assert_snapshot!(workspace.render(&["pipeline", "list"]), @r"
    tsp              planning, design, design review, code, code review, test, postmortem
    lean             planning, code, test, postmortem
    planning-design  planning, design, design review
    exit 0
    ");
    assert_snapshot!(workspace.render(&["pipeline", "show", "planning-design"]), @r"
    planning-design: planning, design, design review
    feedback strategy phase-aware; at most 15 gate attempts in total

    phase          agent          produces              max retries  gate
    planning       planning       project_plan          3
    design         design         design_specification  3
    design-review  design-review  design_review_report  3            fails at 1 critical or 1 high; may revise planning, design; asks a person when no attempt is left

    plugin         source   models   test bench
    design         bundled  default  -
    design-review  bundled  default  -
    phase-aware    bundled  -        -
    planning       bundled  default  -
    exit 0
    ");
    let shown = workspace.render(&["pipeline", "show", "tsp", "--toml"]);
    assert!(shown.contains("\nname = \"tsp\"\n") && shown.ends_with("exit 0\n"), "{shown}");
}

#[test]
fn checks_a_pipeline_file_with_line_and_hint() {
    let good = "extends = \"tsp\"\n[[phase]]\nname = \"code-review\"\nmax_retries = 5\n";
    let bad = "extends = \"tsp\"\n[[phase]]\nname = \"audit\"\nagent = \"audit\"\nafter = \"tset\"\n";
    let workspace = workspace().with_files(&[("good.toml", good), ("bad.toml", bad)]);
    assert_snapshot!(workspace.render(&["pipeline", "check", "good.toml"]), @r"
    good.toml is valid: 7 phases, 3 gates
    exit 0
    ");
    assert_snapshot!(workspace.reject(&["pipeline", "check", "bad.toml"]), @r#"
    exit 2
    error[PG-0102]: bad.toml:5: there is no phase `tset`
      5 | after = "tset"
        |         ^^^^^^
    hint: did you mean `test`?
    "#);
    assert_snapshot!(workspace.reject(&["pipeline", "show", "nothing"]), @"
    exit 2
    error[PG-0101]: there is no standard pipeline `nothing`
    hint: choose from tsp, lean, planning-design
    ");
}
