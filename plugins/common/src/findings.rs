//! What reviewers answer: judged before it is believed, merged without losing anything.
//!
//! Promises: merging never lowers a count and never softens a severity; ids are unique afterwards and links follow them.
//! Faults come back as sentences that a model can act on.

use std::collections::{BTreeMap, BTreeSet};

use phasegate_plugin::artifacts::{Findings, Issue, Suggestion};

/// The process's eight.
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

/// Every fault of one reviewer's findings; `phases` are those that may be blamed.
pub fn faults(findings: &Findings, phases: &[&str]) -> Vec<String> {
    let mut faults = issue_faults(&findings.issues, phases);
    let ids: BTreeSet<&str> = findings.issues.iter().map(|issue| issue.id.as_str()).collect();
    for (at, suggestion) in findings.suggestions.iter().enumerate() {
        if let Some(id) = suggestion.issue_id.as_deref().filter(|id| !ids.contains(id)) {
            faults.push(format!(
                "suggestions[{at}].issue_id: `{id}` is none of your issues; leave it out if there is none"
            ));
        }
        if suggestion.description.trim().is_empty() {
            faults.push(format!("suggestions[{at}].description is empty"));
        }
    }
    for (at, check) in findings.checks.iter().enumerate() {
        if !STATUSES.contains(&check.status.as_str()) {
            faults.push(format!("checks[{at}].status: `{}` is none of {}", check.status, STATUSES.join(", ")));
        }
        if check.item.trim().is_empty() {
            faults.push(format!("checks[{at}].item is empty"));
        }
    }
    faults
}

/// Every fault of a list of issues.
pub fn issue_faults(issues: &[Issue], phases: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (at, issue) in issues.iter().enumerate() {
        let mut fault = |field: &str, what: String| faults.push(format!("issues[{at}].{field}{what}"));
        if issue.id.trim().is_empty() {
            fault("id", " is empty".to_owned());
        } else if !seen.insert(issue.id.as_str()) {
            fault("id", format!(": `{}` is used twice; every issue has its own", issue.id));
        }
        if !DEFECT_TYPES.contains(&issue.defect_type.as_str()) {
            fault("defect_type", format!(": `{}` is none of {}", issue.defect_type, DEFECT_TYPES.join(", ")));
        }
        if !phases.contains(&issue.phase_injected.as_str()) {
            fault("phase_injected", format!(": `{}` is none of {}", issue.phase_injected, phases.join(", ")));
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

/// The items that are missing among the checks; compared without regard to case and spacing.
pub fn missing_checks(findings: &Findings, items: &[String]) -> Vec<String> {
    let answered: BTreeSet<String> = findings.checks.iter().map(|check| normalize(&check.item)).collect();
    items.iter().filter(|item| !answered.contains(&normalize(item))).cloned().collect()
}

/// Whether `item` is one of these, without regard to case and spacing.
pub fn contains_item(item: &str, items: &[String]) -> bool {
    items.iter().any(|known| normalize(known) == normalize(item))
}

/// All findings of all reviewers, in the order given. Ids become `REVIEWER/ID`, as do the links to them. Issues that say the
/// same are all kept; a suggestion links the later one to the first.
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
                description: format!("Says the same as {}; one change mends both.", entry.get().id),
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
    fn six_issues_without_a_location_stay_six() {
        let parts: Vec<(&str, Findings)> = ["a", "b", "c", "d", "e", "f"]
            .into_iter()
            .map(|reviewer| (reviewer, with(vec![issue("ISSUE-001", "The same words about nothing in particular.")])))
            .collect();
        let merged = merge(parts);
        assert_eq!(merged.issues.len(), 6);
        assert_eq!(merged.suggestions.len(), 5, "each repetition is linked to the first");
        assert_eq!(merged.suggestions[0].description, "Says the same as a/ISSUE-001; one change mends both.");
    }

    #[test]
    fn two_reviewers_with_the_same_ids_do_not_get_mixed_up() {
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
    fn an_id_used_twice_by_one_reviewer_becomes_two() {
        let merged = merge(vec![(
            "quality",
            with(vec![issue("1", "First fault of the two here."), issue("1", "Second fault of the two.")]),
        )]);
        assert_eq!(merged.issues[1].id, "quality/1-2");
    }

    #[test]
    fn every_fault_is_named_with_its_location() {
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
                "issues[0].defect_type: `bug` is none of planning_failure, prompt_misinterpretation, tool_use_error, hallucination, \
                 security_vulnerability, conventional_code_bug, task_execution_error, alignment_deviation",
                "issues[0].phase_injected: `testing` is none of planning, design",
                "issues[0].description has 9 characters; at least 20 are needed",
                "issues[0].location.line is 0; lines count from 1",
                "issues[1].id: `1` is used twice; every issue has its own",
                "suggestions[0].issue_id: `9` is none of your issues; leave it out if there is none",
                "checks[0].status: `ok` is none of pass, fail, warning, not_applicable",
            ]
        );
    }

    #[test]
    fn a_checklist_item_that_was_not_answered_is_missed() {
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
