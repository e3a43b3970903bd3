//! Rules of the standard kinds that a JSON Schema cannot express.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::kinds;
use super::paths::{PathRules, unsafe_path};
use crate::names::TaskId;

/// Returns every fault of an artifact that already satisfies its schema. `known_plan` is the run's current plan; a
/// design has to cover it.
pub fn faults(task: &TaskId, known_plan: Option<&Value>, paths: &PathRules, kind: &str, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(task_id) = text(value, "task_id")
        && task_id != task.as_str()
    {
        faults.push(format!("at /task_id: it is \"{task_id}\", but the task is \"{}\"", task));
    }
    match kind {
        kinds::PROJECT_PLAN => check_plan(value, &mut faults),
        kinds::DESIGN_SPECIFICATION => check_design(value, known_plan, &mut faults),
        kinds::GENERATED_CODE | kinds::TEST_SUITE => {
            let files = list(value, "files").iter().filter_map(|file| text(file, "path"));
            paths.check(files.clone(), &mut faults);
            check_deleted(files.collect(), &strings(value, "deleted"), &mut faults);
        }
        kinds::PIPS => check_proposals(value, &mut faults),
        _ => {}
    }
    faults
}

/// Computes the semantic complexity of a unit: `round((2·api + 5·data + 3·logic + 4·entities) × novelty)`.
pub fn complexity(api: f64, data: f64, logic: f64, entities: f64, novelty: f64) -> u64 {
    let weighted = (2.0 * api + 5.0 * data + 3.0 * logic + 4.0 * entities) * novelty;
    // Counts are at most 10 and novelty at most 2 by schema, so the product is small and not negative.
    weighted.round().max(0.0) as u64
}

fn check_plan(value: &Value, faults: &mut Vec<String>) {
    let units = list(value, "semantic_units");
    let mut graph = BTreeMap::new();
    let mut total: u64 = 0;
    for unit in units {
        let id = text(unit, "unit_id").unwrap_or_default();
        if graph.insert(id, strings(unit, "dependencies")).is_some() {
            faults.push(format!("semantic unit {id} is there twice"));
        }
        let number = |field: &str| unit.get(field).and_then(Value::as_f64).unwrap_or_default();
        let right = complexity(
            number("api_interactions"),
            number("data_transformations"),
            number("logical_branches"),
            number("code_entities_modified"),
            number("novelty"),
        );
        let stated = unit.get("est_complexity").and_then(Value::as_u64).unwrap_or_default();
        if stated != right {
            faults.push(format!("semantic unit {id}: est_complexity is {stated}, by its own counts it is {right}"));
        }
        // The stated number may be any; the fault about it is reported above.
        total = total.saturating_add(stated);
    }
    let stated = value.get("total_est_complexity").and_then(Value::as_u64).unwrap_or_default();
    if stated != total {
        faults.push(format!("total_est_complexity is {stated}, but the units' sum is {total}"));
    }
    check_acyclic("semantic unit", &graph, faults);
}

fn check_design(value: &Value, plan: Option<&Value>, faults: &mut Vec<String>) {
    let components = list(value, "components");
    let mut graph = BTreeMap::new();
    for component in components {
        let name = text(component, "name").unwrap_or_default();
        if graph.insert(name, strings(component, "dependencies")).is_some() {
            faults.push(format!("component {name} is there twice"));
        }
    }
    check_acyclic("component", &graph, faults);
    let checklist = list(value, "review_checklist");
    if !checklist.iter().any(|item| matches!(text(item, "severity"), Some("critical" | "high"))) {
        faults.push("review_checklist has no item of severity critical or high".to_owned());
    }
    let covered: BTreeSet<_> = components.iter().filter_map(|component| text(component, "semantic_unit_id")).collect();
    let units: BTreeSet<_> = plan
        .map(|plan| list(plan, "semantic_units"))
        .unwrap_or_default()
        .iter()
        .filter_map(|unit| text(unit, "unit_id"))
        .collect();
    for unit in units.difference(&covered) {
        faults.push(format!("no component is for semantic unit {unit}"));
    }
    if plan.is_some() {
        for unit in covered.difference(&units) {
            faults.push(format!("semantic unit {unit} is not in the plan"));
        }
    }
}

fn check_deleted(files: BTreeSet<&str>, deleted: &[&str], faults: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for path in deleted {
        let shown = path.escape_debug();
        match unsafe_path(path) {
            Some(why) => faults.push(format!("deleted path \"{shown}\" is not acceptable: {why}")),
            None if files.contains(path) => faults.push(format!("path \"{shown}\" is both in files and in deleted")),
            None if !seen.insert(*path) => faults.push(format!("deleted path \"{shown}\" is there twice")),
            None => {}
        }
    }
}

fn check_proposals(value: &Value, faults: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for proposal in list(value, "proposals") {
        let id = text(proposal, "id").unwrap_or_default();
        if !seen.insert(id) {
            faults.push(format!("proposal {id} is there twice"));
        }
        if text(proposal, "status") != Some("pending") || proposal.get("decided_by").is_some() {
            faults.push(format!("proposal {id} is decided already; only people decide, so its status is \"pending\""));
        }
    }
}

/// Reports dependencies on missing nodes, and cycles.
fn check_acyclic(what: &str, graph: &BTreeMap<&str, Vec<&str>>, faults: &mut Vec<String>) {
    for (name, targets) in graph {
        for target in targets.iter().filter(|target| !graph.contains_key(*target)) {
            faults.push(format!("{what} {name} depends on {target}, which is not there"));
        }
    }
    let stuck = in_circles(graph);
    if !stuck.is_empty() {
        faults.push(format!("the dependencies of these {what}s go round in a circle: {}", stuck.join(", ")));
    }
}

/// Returns the nodes that are in a cycle or lead into one. Takes time linear in the number of edges, which a plugin
/// chooses.
fn in_circles<'a>(graph: &BTreeMap<&'a str, Vec<&'a str>>) -> Vec<&'a str> {
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wanted_by: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
    for (name, targets) in graph {
        let known = || targets.iter().filter(|target| graph.contains_key(*target));
        missing.insert(name, known().count());
        known().for_each(|target| wanted_by.entry(target).or_default().push(name));
    }
    let mut ready: Vec<&str> = missing.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
    while let Some(done) = ready.pop() {
        for name in wanted_by.get(done).into_iter().flatten() {
            let Some(count) = missing.get_mut(name) else { continue };
            *count -= 1;
            if *count == 0 {
                ready.push(name);
            }
        }
    }
    graph.keys().copied().filter(|name| missing.get(name).is_some_and(|count| *count > 0)).collect()
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str)
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn strings<'a>(value: &'a Value, field: &str) -> Vec<&'a str> {
    list(value, field).iter().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests;
