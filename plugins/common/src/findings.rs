//! Validates and merges the findings of reviewers.
//!
//! Merging keeps every issue and its severity, makes ids unique and updates the links to them. Faults are worded so that a
//! model can correct them.

use std::collections::{BTreeMap, BTreeSet};

use phasegate_plugin::artifacts::{Findings, Issue, Suggestion};

/// The eight defect types of the process.
pub const DEFECT_TYPES: [&str; 8] = [
    "planning_failure",
    "prompt_misinterpretation",
    "tool_use_error",
    "hallucination",
    "security_vulnerability",
    "conventional_code_bug",
    "task_execution_error",
    "alignment_deviation",
];
const STATUSES: [&str; 4] = ["pass", "fail", "warning", "not_applicable"];
const MIN_DESCRIPTION: usize = 20;
const MIN_EVIDENCE: usize = 10;

/// Returns every fault of one reviewer's findings. An issue may be attributed to one of `phases`.
pub fn faults(findings: &Findings, phases: &[&str]) -> Vec<String> {
    let mut faults = issue_faults(&findings.issues, phases);
    let ids: BTreeSet<&str> = findings.issues.iter().map(|issue| issue.id.as_str()).collect();
    for (at, suggestion) in findings.suggestions.iter().enumerate() {
        if let Some(id) = suggestion.issue_id.as_deref().filter(|id| !ids.contains(id)) {
            faults.push(format!(
                "suggestions[{at}].issue_id: there is no issue `{id}`; leave the field out if no issue applies"
            ));
        }
        if suggestion.description.trim().is_empty() {
            faults.push(format!("suggestions[{at}].description is empty"));
        }
    }
    for (at, check) in findings.checks.iter().enumerate() {
        if !STATUSES.contains(&check.status.as_str()) {
            faults.push(format!("checks[{at}].status: `{}` is not one of {}", check.status, STATUSES.join(", ")));
        }
        if check.item.trim().is_empty() {
            faults.push(format!("checks[{at}].item is empty"));
        }
    }
    faults
}

/// Returns every fault of a list of issues. An issue may be attributed to one of `phases`.
pub fn issue_faults(issues: &[Issue], phases: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (at, issue) in issues.iter().enumerate() {
        let mut fault = |field: &str, what: String| faults.push(format!("issues[{at}].{field}{what}"));
        if issue.id.trim().is_empty() {
            fault("id", " is empty".to_owned());
        } else if !seen.insert(issue.id.as_str()) {
            fault("id", format!(": `{}` is not unique", issue.id));
        }
        if !DEFECT_TYPES.contains(&issue.defect_type.as_str()) {
            fault("defect_type", format!(": `{}` is not one of {}", issue.defect_type, DEFECT_TYPES.join(", ")));
        }
        if !phases.contains(&issue.phase_injected.as_str()) {
            fault("phase_injected", format!(": `{}` is not one of {}", issue.phase_injected, phases.join(", ")));
        }
        for (field, text, least) in
            [("description", &issue.description, MIN_DESCRIPTION), ("evidence", &issue.evidence, MIN_EVIDENCE)]
        {
            let length = text.chars().count();
            if length < least {
                fault(field, format!(" has {length} characters; at least {least} are needed"));
            }
        }
        if let Some(location) = &issue.location {
            if location.path.is_empty() {
                fault("location.path", " is empty; leave `location` out if no file is concerned".to_owned());
            }
            if location.line == Some(0) {
                fault("location.line", " is 0; lines count from 1".to_owned());
            }
        }
    }
    faults
}

/// Returns the items that no check answers. Ignores case and spacing.
pub fn missing_checks(findings: &Findings, items: &[String]) -> Vec<String> {
    let answered: BTreeSet<String> = findings.checks.iter().map(|check| normalize(&check.item)).collect();
    items.iter().filter(|item| !answered.contains(&normalize(item))).cloned().collect()
}

/// Returns whether `items` contains `item`. Ignores case and spacing.
pub fn contains_item(item: &str, items: &[String]) -> bool {
    items.iter().any(|known| normalize(known) == normalize(item))
}

/// Merges the findings of all reviewers in the given order. Ids and the links to them become `REVIEWER/ID`. Issues with equal
/// descriptions are all kept; a suggestion links each later one to the first.
pub fn merge(parts: Vec<(&str, Findings)>) -> Findings {
    let mut merged = Findings::default();
    for (reviewer, findings) in parts {
        let mut renamed = BTreeMap::new();
        for mut issue in findings.issues {
            let id = unique_id(&format!("{reviewer}/{}", issue.id), &merged.issues);
            renamed.entry(std::mem::replace(&mut issue.id, id.clone())).or_insert(id);
            merged.issues.push(issue);
        }
        merged.suggestions.extend(findings.suggestions.into_iter().map(|suggestion| Suggestion {
            issue_id: suggestion.issue_id.and_then(|id| renamed.get(&id).cloned()),
            ..suggestion
        }));
        merged.checks.extend(findings.checks);
        merged.reviewers.push(reviewer.to_owned());
    }
    let links = link_duplicates(&merged.issues);
    merged.suggestions.extend(links);
    merged
}

fn unique_id(wanted: &str, taken: &[Issue]) -> String {
    let free = |id: &String| taken.iter().all(|issue| issue.id != *id);
    let numbered = (2..).map(|n| format!("{wanted}-{n}"));
    std::iter::once(wanted.to_owned()).chain(numbered).find(free).unwrap_or_default()
}

fn link_duplicates(issues: &[Issue]) -> Vec<Suggestion> {
    let mut first_of: BTreeMap<(String, Option<String>), &Issue> = BTreeMap::new();
    let mut links = Vec::new();
    for issue in issues {
        let location = issue.location.as_ref().map(|location| format!("{}:{:?}", location.path, location.line));
        match first_of.entry((normalize(&issue.description), location)) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(issue);
            }
            std::collections::btree_map::Entry::Occupied(entry) => links.push(Suggestion {
                issue_id: Some(issue.id.clone()),
                priority: "low".to_owned(),
                description: format!("Same description as {}; one change may fix both.", entry.get().id),
            }),
        }
    }
    links
}

fn normalize(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use phasegate_plugin::artifacts::{Check, Location, Severity};

    use super::*;

    fn issue(id: &str, description: &str) -> Issue {
        Issue {
            id: id.into(),
            severity: Severity::High,
            category: "edge".into(),
            defect_type: "conventional_code_bug".into(),
            phase_injected: "design".into(),
            description: description.into(),
            evidence: "component Parser, notes".into(),
            impact: "wrong result".into(),
            recommendation: None,
            location: None,
        }
    }

    fn with(issues: Vec<Issue>) -> Findings {
        Findings { issues, ..Default::default() }
    }

    #[test]
    fn keeps_equal_issues_and_links_them() {
        let parts: Vec<(&str, Findings)> = ["a", "b", "c", "d", "e", "f"]
            .into_iter()
            .map(|reviewer| (reviewer, with(vec![issue("ISSUE-001", "The same words about nothing in particular.")])))
            .collect();
        let merged = merge(parts);
        assert_eq!(merged.issues.len(), 6);
        assert_eq!(merged.suggestions.len(), 5, "each repetition is linked to the first");
        assert_eq!(merged.suggestions[0].description, "Same description as a/ISSUE-001; one change may fix both.");
    }

    #[test]
    fn separates_equal_ids_of_two_reviewers() {
        let one = Findings {
            issues: vec![issue("001", "Empty text is not specified at all.")],
            suggestions: vec![Suggestion {
                issue_id: Some("001".into()),
                priority: "high".into(),
                description: "Say it.".into(),
            }],
            ..Default::default()
        };
        let other = Findings { issues: vec![issue("001", "Units may be repeated in one text.")], ..one.clone() };
        let merged = merge(vec![("security", one), ("api-design", other)]);
        let ids: Vec<&str> = merged.issues.iter().map(|issue| issue.id.as_str()).collect();
        assert_eq!(ids, ["security/001", "api-design/001"]);
        let links: Vec<Option<&str>> = merged.suggestions.iter().map(|s| s.issue_id.as_deref()).collect();
        assert_eq!(links, [Some("security/001"), Some("api-design/001")]);
        assert_eq!(merged.reviewers, ["security", "api-design"]);
    }

    #[test]
    fn renames_ids_used_twice_by_one_reviewer() {
        let merged = merge(vec![(
            "quality",
            with(vec![issue("1", "First fault of the two here."), issue("1", "Second fault of the two.")]),
        )]);
        assert_eq!(merged.issues[1].id, "quality/1-2");
    }

    #[test]
    fn names_the_field_of_every_fault() {
        let mut bad = issue("1", "too short");
        bad.defect_type = "bug".into();
        bad.phase_injected = "testing".into();
        bad.location = Some(Location { path: "a.py".into(), line: Some(0) });
        let mut findings = with(vec![bad, issue("1", "Long enough to be understood.")]);
        findings.suggestions.push(Suggestion {
            issue_id: Some("9".into()),
            priority: "low".into(),
            description: "x".into(),
        });
        findings.checks.push(Check { item: "names".into(), status: "ok".into(), notes: String::new() });
        let faults = faults(&findings, &["planning", "design"]);
        assert_eq!(
            faults,
            [
                "issues[0].defect_type: `bug` is not one of planning_failure, prompt_misinterpretation, tool_use_error, hallucination, \
                 security_vulnerability, conventional_code_bug, task_execution_error, alignment_deviation",
                "issues[0].phase_injected: `testing` is not one of planning, design",
                "issues[0].description has 9 characters; at least 20 are needed",
                "issues[0].location.line is 0; lines count from 1",
                "issues[1].id: `1` is not unique",
                "suggestions[0].issue_id: there is no issue `9`; leave the field out if no issue applies",
                "checks[0].status: `ok` is not one of pass, fail, warning, not_applicable",
            ]
        );
    }

    #[test]
    fn finds_unanswered_checklist_items() {
        let mut findings = Findings::default();
        findings.checks.push(Check {
            item: "all  AMOUNTS are integers".into(),
            status: "pass".into(),
            notes: String::new(),
        });
        let items = ["All amounts are integers".to_owned(), "Empty text is an error".to_owned()];
        assert_eq!(missing_checks(&findings, &items), ["Empty text is an error"]);
    }
}
