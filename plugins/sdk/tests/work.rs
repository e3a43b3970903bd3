//! Access to an assignment's inputs, settings and environment.
#![allow(clippy::unwrap_used, clippy::panic)]

use phasegate_plugin::artifacts::ProjectPlan;
use phasegate_plugin::testing::MockHost;
use phasegate_plugin::types::Failure;
use serde::Deserialize;

const TASK: &str = r#"{"task_id": "TASK-001", "description": "Add a feature", "requirements": ["It adds"]}"#;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Settings {
    depth: u32,
}

#[test]
fn names_missing_and_malformed_inputs() {
    let host = MockHost::new().input("task_requirements", "task_requirements", TASK).input(
        "project_plan",
        "project_plan",
        "{}",
    );
    host.run_with(async |work| {
        assert_eq!(work.task().unwrap().requirements, ["It adds"]);
        assert!(work.read_optional::<ProjectPlan>("test_report").unwrap().is_none());
        let Err(Failure::BadInput((name, why))) = work.read_json::<ProjectPlan>("project_plan") else { panic!() };
        assert_eq!((name.as_str(), why.as_str()), ("project_plan", "missing field `task_id` at line 1 column 2"));
        let Err(Failure::BadInput((name, why))) = work.read_text("secret") else { panic!() };
        assert_eq!(name, "secret");
        assert_eq!(why, "it is not an input of this phase; add it to `reads` in the pipeline");
    });
}

#[test]
fn finds_context_files_and_previous_artifacts() {
    let host =
        MockHost::new().input("context/src/a.py", "text", "a = 1\n").previous("project_plan", "project_plan", "old");
    host.run_with(async |work| {
        assert_eq!(work.context_files().unwrap(), [("src/a.py".to_owned(), "a = 1\n".to_owned())]);
        assert_eq!(work.previous_text("project_plan").unwrap().as_deref(), Some("old"));
        assert_eq!(work.previous_text("test_suite").unwrap(), None);
        assert_eq!(work.process_notes().unwrap(), Default::default());
    });
}

#[test]
fn defaults_settings_and_environment() {
    MockHost::new().run_with(async |work| {
        assert_eq!(work.settings::<Settings>().unwrap(), Settings::default());
        assert!(work.environment_text().starts_with("Unknown: rely only"));
    });
    let host = MockHost::new().assignment(|assignment| {
        assignment.settings = "{\"depth\": \"far\"}".into();
        assignment.environment = "{\"python\":{\"version\":\"3.14\"}}".into();
    });
    host.run_with(async |work| {
        let Err(Failure::Failed(why)) = work.settings::<Settings>() else { panic!() };
        assert!(why.starts_with("the plugin's settings in the pipeline are invalid: invalid type"), "{why}");
        assert!(work.environment_text().contains("\"version\": \"3.14\""));
    });
}
