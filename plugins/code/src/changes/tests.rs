//! The code agent in a repository, on a mock host with scripted answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use phasegate_plugin::artifacts::GeneratedCode;
use phasegate_plugin::testing::{Activity, MockHost, request_text};
use phasegate_plugin::types::Failure;
use serde_json::{Value, json};

use crate::Code;

const TASK: &str = r#"{"task_id": "TASK-001", "description": "Round totals.", "requirements": ["cents"]}"#;
const PLAN: &str = r#"{"task_id": "TASK-001", "semantic_units": [], "total_est_complexity": 0}"#;
const DESIGN: &str = r#"{"task_id": "TASK-001", "architecture_overview": "One function.", "components": [], "api_contracts": [],
    "data_schemas": [], "technology_stack": {}, "assumptions": [], "review_checklist": []}"#;
const PRICES: &str =
    "def total(items):\r\n    return sum(items)\r\n\r\n\r\ndef mean(items):\r\n    return total(items) / 2\r\n";

fn host() -> MockHost {
    MockHost::new()
        .input("task_requirements", "task_requirements", TASK)
        .input("project_plan", "project_plan", PLAN)
        .input("design_specification", "design_specification", DESIGN)
        .file("src/prices.py", PRICES)
        .file("src/old.py", "import prices\n")
        .file("page.vue.tmpl", "<p>\n</p>\n")
        .file("logo.png", vec![0, 1])
}

fn answer(files: Value, deleted: Value, restored: Value) -> String {
    json!({"files": files, "deleted": deleted, "restored": restored, "language": "python", "dependencies": [], "notes": ""})
        .to_string()
}

fn files(files: Value) -> String {
    answer(files, json!([]), json!([]))
}

fn edit(path: &str, find: &str, replace: &str) -> Value {
    json!({"path": path, "purpose": "p", "edits": [{"find": find, "replace": replace}]})
}

fn code(host: MockHost) -> GeneratedCode {
    let (result, _) = host.run::<Code>();
    serde_json::from_slice(&result.unwrap().artifacts[0].content).unwrap()
}

fn contents(code: &GeneratedCode) -> Vec<(&str, &str)> {
    code.files.iter().map(|file| (file.path.as_str(), file.content.as_str())).collect()
}

/// Runs an answer with a fault and the same answer as its repair, and returns the faults and the repair question.
fn faults(host: MockHost, answer: &str) -> (String, Activity) {
    let (result, activity) = host.answer("code", answer).answer("code/repair", answer).run::<Code>();
    let Err(Failure::Failed(why)) = result else { panic!("{result:?}") };
    (why.split("after one repair: ").nth(1).unwrap().to_owned(), activity)
}

#[test]
fn submits_whole_files_from_edits_and_diffs() {
    let diff = "--- a/src/old.py\n+++ b/src/old.py\n@@ -1 +1,2 @@\n import prices\n+import re\n";
    let given = files(json!([
        edit("src/prices.py", "return sum(items)", "return round(sum(items), 2)"),
        {"path": "src/old.py", "purpose": "p", "diff": diff, "content": "", "edits": []},
        {"path": "src/new.py", "purpose": "p", "content": "x = 1\n"},
        {"path": "page.vue.tmpl", "purpose": "p", "content": "<b>\n</b>\n"},
    ]));
    let code = code(host().answer("code", &given));
    assert_eq!(
        contents(&code),
        [
            ("src/prices.py", PRICES.replace("sum(items)\r", "round(sum(items), 2)\r").as_str()),
            ("src/old.py", "import prices\nimport re\n"),
            ("src/new.py", "x = 1\n"),
            ("page.vue.tmpl", "<b>\n</b>\n"),
        ]
    );
    assert_eq!(code.deleted, Vec::<String>::new());
}

#[test]
fn asks_once_more_with_the_nearest_lines() {
    let wrong = files(json!([edit("src/prices.py", "  return sum(item)\n", "x")]));
    let right = files(json!([edit("src/prices.py", "  return sum(items)", "  return 0")]));
    let (result, activity) = host().answer("code", &wrong).answer("code/repair", &right).run::<Code>();
    assert!(result.is_ok());
    let repair = request_text(&activity.requests[1]);
    let shown = "- files: `src/prices.py`: edit 1: the file has no such text; the nearest lines are:\n2 |     return sum(items)\n";
    assert!(repair.contains(shown), "{repair}");
}

#[test]
fn names_every_fault_of_an_answer() {
    let given = answer(
        json!([
            edit("src/none.py", "a", "b"),
            edit("src/prices.py", "items", "b"),
            edit("logo.png", "a", "b"),
            {"path": "a.py", "purpose": "p"},
            {"path": "b.py", "purpose": "p", "content": "x", "edits": [{"find": "a", "replace": "b"}]},
        ]),
        json!(["src/gone.py", "a.py"]),
        json!(["src/old.py"]),
    );
    let (why, _) = faults(host(), &given);
    assert_eq!(
        why,
        "files: `src/none.py`: there is no text file `src/none.py` to change; give the whole `content` of a new file; \
         files: `src/prices.py`: edit 1: the text occurs 4 times, in lines 1, 2, 5, 6; give more of the lines around it; \
         files: `logo.png`: there is no text file `logo.png` to change; give the whole `content` of a new file; \
         files: `a.py` has no `content`, `edits` or `diff`; \
         files: `b.py` has several of `content`, `edits` and `diff`; give one; \
         deleted: there is no file `src/gone.py`; \
         deleted: `a.py` is also the path of a file in `files`; \
         deleted: there is no file `a.py`; \
         restored: the previous attempt did not change `src/old.py`"
    );
}

#[test]
fn renames_delete_one_path_and_add_another() {
    let moved = json!({"path": "src/money.py", "purpose": "p", "renamed_from": "src/prices.py",
        "edits": [{"find": "def mean", "replace": "def average"}]});
    let copied = json!({"path": "src/kept.py", "purpose": "p", "renamed_from": "src/old.py"});
    let code = code(host().answer("code", &answer(json!([moved, copied]), json!(["logo.png"]), json!([]))));
    let moved = PRICES.replace("mean", "average");
    assert_eq!(contents(&code), [("src/money.py", moved.as_str()), ("src/kept.py", "import prices\n")]);
    assert_eq!(code.deleted, ["logo.png", "src/old.py", "src/prices.py"]);
}

#[test]
fn revisions_change_only_what_they_name() {
    let previous = json!({"files": [
            {"path": "src/prices.py", "content": "def total(items):\n    return 1\n", "purpose": "p"},
            {"path": "src/new.py", "content": "x = 1\n", "purpose": "p"},
            {"path": "src/spare.py", "content": "", "purpose": "p"},
            {"path": "src/extra.py", "content": "", "purpose": "p"},
        ], "deleted": ["src/old.py", "logo.png"], "language": "python", "dependencies": [], "notes": ""});
    let given = answer(
        json!([edit("src/prices.py", "return 1", "return 2")]),
        json!(["src/spare.py"]),
        json!(["src/extra.py", "src/old.py"]),
    );
    let host = host().previous("generated_code", "generated_code", previous.to_string()).answer("code", &given);
    let (result, activity) = host.run::<Code>();
    let code: GeneratedCode = serde_json::from_slice(&result.unwrap().artifacts[0].content).unwrap();
    assert_eq!(contents(&code), [("src/new.py", "x = 1\n"), ("src/prices.py", "def total(items):\n    return 2\n")]);
    assert_eq!(code.deleted, ["logo.png"], "a file of the previous attempt alone needs no deletion");
    assert!(request_text(&activity.requests[0]).contains("Deleted files: src/old.py, logo.png"));
}

#[test]
fn edits_apply_to_files_of_the_project() {
    let host =
        host().input("context/lib/base.py", "base_file", "y = 1\n").input("context/notes.md", "context_file", "y");
    let code = code(host.answer("code", &files(json!([edit("lib/base.py", "y = 1", "y = 2")]))));
    assert_eq!(contents(&code), [("lib/base.py", "y = 2\n")]);
}

#[test]
fn large_repositories_are_read_with_tools() {
    let host = host()
        .assignment(|a| a.settings = r#"{"repository_tokens": 1}"#.to_owned())
        .calls("code", &[("read_file", r#"{"path": "src/prices.py"}"#)])
        .answer("code/tools", &files(json!([edit("src/prices.py", "2 |     return sum(items)", "2 |     return 0")])));
    let (result, activity) = host.run::<Code>();
    assert!(String::from_utf8_lossy(&result.unwrap().artifacts[0].content).contains("    return 0\\r\\n"));
    let first = request_text(&activity.requests[0]);
    assert!(first.contains("src/prices.py (") && !first.contains("return sum(items)"), "{first}");
    assert!(format!("{:?}", activity.requests[1].messages).contains("2 |     return sum(items)"));
}

#[test]
fn small_repositories_need_no_tools() {
    let given = files(json!([{"path": "a.py", "purpose": "p", "content": "x = 1\n"}]));
    let (_, activity) = host().answer("code", &given).run::<Code>();
    let request = &activity.requests[0];
    assert!(request_text(request).contains("return total(items) / 2"));
    assert_eq!((request.tools.len(), request.tool_choice.as_str()), (0, "none"));
    assert!(request.answer_schema.as_ref().is_some_and(|schema| schema.contains("\"edits\"")));
}

#[test]
fn finds_leaked_fences_in_written_files_only() {
    let leaked = files(json!([{"path": "a.py", "purpose": "p", "content": "```python\nx = 1\n```\n"}]));
    assert!(faults(host(), &leaked).0.contains("`a.py` begins or ends with"));
}
