//! `phasegate artifact`: the list of a run's artifacts, one of them, and one of its files.

use phasegate_test::Scenario;

use crate::recorded_run;

fn code(scenario: &Scenario, run: &str, more: &[&str]) -> String {
    let output = scenario.call(&[&["artifact", run, "generated_code"], more].concat());
    assert_eq!(output.code, 0, "{}", output.stderr);
    output.stdout
}

#[test]
fn artifacts_are_listed_with_their_attempts() {
    let (scenario, run) = recorded_run("code-is-mended");
    let list = scenario.call(&["artifact", &run]).stdout;
    let names: Vec<Vec<&str>> = list.lines().map(|line| line.split_whitespace().take(3).collect()).collect();
    assert_eq!(names[0], ["artifact", "kind", "stored"]);
    assert!(names.contains(&vec!["task_requirements", "task_requirements", "the"]), "{list}");
    assert!(names.contains(&vec!["plan", "note", "planning#1"]), "{list}");
    assert!(names.contains(&vec!["design_review_report", "findings_report", "design-review#1"]), "{list}");
    assert!(names.contains(&vec!["generated_code", "generated_code", "code#2"]), "{list}");
    let json = scenario.call(&["artifact", &run, "--json"]).json();
    let json = json.as_array().unwrap();
    assert_eq!(json.len(), names.len() - 1);
    assert!(json.iter().any(|it| it["name"] == "generated_code" && it["stored_by"] == "code#1"));
}

#[test]
fn files_stand_below_their_paths() {
    let (scenario, run) = recorded_run("code-is-mended");
    let (first, last) = (code(&scenario, &run, &["--attempt", "1"]), code(&scenario, &run, &[]));
    assert!(last.starts_with("==> app.lines <==\nanswer = 42\n\n{\n"), "{last}");
    assert!(first.starts_with("==> app.lines <==\n") && first != last, "{first}");
    assert_eq!(code(&scenario, &run, &["--file", "app.lines"]), "answer = 42\n");
    let document: serde_json::Value = serde_json::from_str(&code(&scenario, &run, &["--json"])).unwrap();
    assert_eq!(document["files"][0]["path"], "app.lines");
    let plan = scenario.call(&["artifact", &run, "plan"]).json();
    assert!(plan.is_object(), "{plan}");
}

#[test]
fn unknown_names_have_suggestions() {
    let (scenario, run) = recorded_run("code-is-mended");
    let refuse = |arguments: &[&str]| {
        let output = scenario.call(&[&["artifact", &run], arguments].concat());
        output.render_errors(&[(&run, "RUN")])
    };
    insta::assert_snapshot!(refuse(&["generated-code"]), @"
    exit 2
    error[PG-0101]: run RUN has no artifact `generated-code`
    hint: did you mean `generated_code`?
    hint: list all with `phasegate artifact RUN`
    ");
    insta::assert_snapshot!(refuse(&["zzz"]), @"
    exit 2
    error[PG-0101]: run RUN has no artifact `zzz`
    hint: choose from design_notes, design_review_report, generated_code, plan, process_notes, task_requirements, test_report, test_suite
    hint: list all with `phasegate artifact RUN`
    ");
    insta::assert_snapshot!(refuse(&["generated_code", "--attempt", "3"]), @"
    exit 2
    error[PG-0101]: attempt 3 stored no artifact `generated_code`
    hint: it is from code#1, code#2
    ");
    insta::assert_snapshot!(refuse(&["generated_code", "--file", "app.line"]), @"
    exit 2
    error[PG-0101]: artifact `generated_code` has no file `app.line`
    hint: did you mean `app.lines`?
    ");
    insta::assert_snapshot!(refuse(&["plan", "--file", "app.lines"]), @"
    exit 2
    error[PG-0101]: artifact `plan` has no file `app.lines`
    hint: leave out --file: the artifact does not consist of files
    ");
}
