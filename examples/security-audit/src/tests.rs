//! Tests of the rules, of the model's question and of the merged findings.

use phasegate_plugin::testing::{Activity, MockHost, request_text};
use phasegate_plugin::types::{Content, Failure, Findings, ModelError, Severity};
use serde_json::json;

use crate::SecurityAudit;

fn host(files: &[(&str, &str)], settings: &str) -> MockHost {
    let files: Vec<_> =
        files.iter().map(|(path, content)| json!({ "path": path, "content": content, "purpose": "code" })).collect();
    let code = json!({ "files": files, "language": "python", "dependencies": [], "notes": "" });
    let task = json!({ "task_id": "TASK-001", "description": "Add up a bill", "requirements": [] });
    MockHost::new()
        .input("generated_code", "generated_code", code.to_string())
        .input("task_requirements", "task_requirements", task.to_string())
        .assignment(|assignment| assignment.settings = settings.to_owned())
}

const RULES_ALONE: &str = r#"{"ask_model": false}"#;

fn audit(host: MockHost) -> (Result<Findings, Failure>, Activity) {
    let (submission, activity) = host.run::<SecurityAudit>();
    (submission.map(|submission| submission.findings.expect("a gate's agent has findings")), activity)
}

fn ids(source: &str) -> Vec<String> {
    let (findings, _) = audit(host(&[("bill.py", source)], RULES_ALONE));
    findings.expect("an audit").issues.into_iter().map(|issue| issue.id).collect()
}

#[test]
fn each_rule_finds_its_pattern() {
    let cases = [
        ("total = eval(text)", "dynamic-code-1"),
        ("os.system('ls ' + name)", "shell-1"),
        ("subprocess.run(command, shell=True)", "shell-1"),
        ("subprocess.run(['ls', name])", "process-1"),
        ("data = pickle.loads(blob)", "unsafe-load-1"),
        ("data = yaml.load(text)", "unsafe-load-1"),
        ("API_KEY = \"sk-live-0123456789\"", "secret-1"),
        ("token = 'größer-und-länger'  # für ü", "secret-1"),
        ("self.password: str = 'hunter2hunter2'", "secret-1"),
        ("KEY = '''-----BEGIN RSA PRIVATE KEY-----", "secret-1"),
        ("db.execute(f\"select * from t where id = {id}\")", "query-1"),
        ("db.execute(\"select * from t where id = \" + id)", "query-1"),
        ("requests.get(url, verify=False)", "tls-1"),
        ("hashlib.md5(data)", "weak-hash-1"),
        ("path = tempfile.mktemp()", "temp-name-1"),
    ];
    for (source, id) in cases {
        assert_eq!(ids(source), [id], "{source}");
    }
}

#[test]
fn accepts_safe_code() {
    let safe = "\"\"\"Never eval(text).\"\"\"\nimport ast\n\n\ndef total(text):\n    # exec(text) would be wrong\n    values = \
                  ast.literal_eval(text)\n    token = values[0]\n    password = os.environ['PASSWORD']\n    token = \
                  'your-token-here'\n    db.execute('select ?', (token,))\n    yaml.load(text, Loader=SafeLoader)\n    return \
                  model.eval() + retrieval(values)\n";
    assert_eq!(ids(safe), Vec::<String>::new());
}

#[test]
fn reports_every_matching_line_with_its_location() {
    let (findings, _) =
        audit(host(&[("a.py", "x = 1\neval(x)\n"), ("b.py", "eval(y)\n"), ("c.md", "eval(z)")], RULES_ALONE));
    let findings = findings.expect("an audit");
    let locations: Vec<_> = findings
        .issues
        .iter()
        .map(|issue| {
            (issue.id.as_str(), issue.location.as_ref().map(|location| (location.path.as_str(), location.line)))
        })
        .collect();
    assert_eq!(locations, [("dynamic-code-1", Some(("a.py", Some(2)))), ("dynamic-code-2", Some(("b.py", Some(1))))]);
    assert_eq!(findings.issues[0].severity, Severity::Critical);
    assert_eq!(findings.issues[0].evidence, "a.py:2: eval(x)");
    let failed: Vec<_> = findings.checks.iter().filter(|check| check.status != "pass").collect();
    assert_eq!((findings.checks.len(), failed.len(), failed[0].item.as_str()), (9, 1, "no text is executed as code"));
    assert_eq!(findings.reviewers, ["rules"]);
}

#[test]
fn does_not_repeat_secrets() {
    let (findings, _) = audit(host(&[("a.py", "API_KEY = 'sk-live-0123456789'")], RULES_ALONE));
    let findings = format!("{findings:?}");
    assert!(findings.contains("assigns a literal value to `API_KEY`") && !findings.contains("sk-live"), "{findings}");
}

const FOUND: &str = r#"{"issues": [{"id": "A1", "severity": "high", "category": "authorisation",
    "defect_type": "security_vulnerability", "phase_injected": "design", "description": "Anybody can read anybody's bill.",
    "evidence": "def bill(id): return bills[id]", "impact": "All bills are public.", "location": {"path": "bill.py", "line": 1}}],
    "suggestions": [{"issue_id": "A1", "priority": "high", "description": "Check the owner."}], "checks": []}"#;

#[test]
fn adds_the_models_findings() {
    let host = host(&[("bill.py", "eval(x)")], "{}").answer("security-audit", FOUND);
    let (findings, activity) = audit(host);
    let findings = findings.expect("an audit");
    let ids: Vec<_> = findings.issues.iter().map(|issue| issue.id.as_str()).collect();
    assert_eq!(ids, ["dynamic-code-1", "model/A1"]);
    assert_eq!(findings.suggestions[0].issue_id.as_deref(), Some("model/A1"));
    assert_eq!(findings.reviewers, ["rules", "model"]);
    assert_eq!((activity.requests.len(), activity.requests[0].tier.as_str()), (1, "default"));
    let question = request_text(&activity.requests[0]);
    assert!(
        question.contains("- dynamic-code-1: bill.py breaks the rule")
            && question.contains("```\nbill.py\n----\neval(x)\n```"),
        "{question}"
    );
}

#[test]
fn asks_for_repair_with_the_faults() {
    let wrong = FOUND.replace("bill.py", "other.py").replace("design", "test");
    let host =
        host(&[("bill.py", "x = 1")], "{}").answer("security-audit", &wrong).answer("security-audit/repair", FOUND);
    let (findings, activity) = audit(host);
    assert_eq!(findings.expect("an audit").issues.len(), 1);
    let Content::Text(question) = &activity.requests[1].messages[3].content[0] else { panic!("no text") };
    assert!(question.contains("- issue A1: `phase_injected` is neither `design` nor `code`\n"), "{question}");
    assert!(question.contains("- issue A1: `location.path` is not one of the given files\n"), "{question}");
}

#[test]
fn fails_if_the_model_fails() {
    let host =
        host(&[("bill.py", "x = 1")], "{}").model_error("security-audit", ModelError::Unavailable("no route".into()));
    let Err(Failure::Failed(why)) = audit(host).0 else { panic!("expected a failure") };
    assert_eq!(why, "`security-audit`: the model cannot be reached: no route");
}
