//! Checks a design as a whole: coverage of the plan, names, dependencies, checklist. Faults are worded so that a model can
//! correct them. Pure.

use std::collections::{BTreeMap, BTreeSet};

use phasegate_plugin::artifacts::{DesignSpecification, ProjectPlan, Severity};

/// Returns every fault of the design.
pub fn faults(design: &DesignSpecification, plan: &ProjectPlan) -> Vec<String> {
    let mut faults = coverage_faults(design, plan);
    faults.extend(name_faults(design));
    faults.extend(cycle_fault(design));
    if !design.review_checklist.iter().any(|item| item.severity >= Severity::High) {
        faults.push("review_checklist: no item is critical or high; at least one must be".to_owned());
    }
    faults
}

fn coverage_faults(design: &DesignSpecification, plan: &ProjectPlan) -> Vec<String> {
    let planned: BTreeSet<&str> = plan.semantic_units.iter().map(|unit| unit.unit_id.as_str()).collect();
    let designed: BTreeSet<&str> = design.components.iter().map(|part| part.semantic_unit_id.as_str()).collect();
    let missing = planned
        .difference(&designed)
        .map(|id| format!("components: no component implements the semantic unit {id} of the plan"));
    let unknown = designed.difference(&planned).map(|id| format!("components: the plan has no semantic unit {id}"));
    missing.chain(unknown).collect()
}

fn name_faults(design: &DesignSpecification) -> Vec<String> {
    let mut known = BTreeSet::new();
    let twice = design.components.iter().filter(|part| !known.insert(part.name.as_str()));
    let mut faults: Vec<String> =
        twice.map(|part| format!("components: the name `{}` is used twice", part.name)).collect();
    for part in &design.components {
        for needed in part.dependencies.iter().filter(|needed| !known.contains(needed.as_str())) {
            faults.push(format!(
                "components: `{}` depends on `{needed}`, which is not a component of this design",
                part.name
            ));
        }
    }
    faults
}

fn cycle_fault(design: &DesignSpecification) -> Option<String> {
    let mut unresolved: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for part in &design.components {
        unresolved.entry(&part.name).or_default().extend(part.dependencies.iter().map(String::as_str));
    }
    // Remove components without remaining dependencies until nothing changes. The rest is part of a cycle or depends on one.
    loop {
        let left: BTreeSet<&str> = unresolved.keys().copied().collect();
        let before = unresolved.len();
        unresolved.retain(|_, needs| needs.iter().any(|needed| left.contains(needed)));
        if unresolved.len() == before {
            break;
        }
    }
    let names: Vec<&str> = unresolved.keys().copied().collect();
    (!names.is_empty()).then(|| format!("components: the dependencies of {} are cyclic", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use phasegate_plugin::artifacts::{ChecklistItem, Component, SemanticUnit};

    use super::*;

    fn plan(ids: &[&str]) -> ProjectPlan {
        let unit = |id: &&str| SemanticUnit { unit_id: (*id).to_owned(), ..Default::default() };
        ProjectPlan { semantic_units: ids.iter().map(unit).collect(), ..Default::default() }
    }

    fn design(parts: &[(&str, &str, &[&str])]) -> DesignSpecification {
        let part = |(name, unit, needs): &(&str, &str, &[&str])| Component {
            name: (*name).to_owned(),
            semantic_unit_id: (*unit).to_owned(),
            dependencies: needs.iter().map(|needed| (*needed).to_owned()).collect(),
            ..Default::default()
        };
        DesignSpecification {
            components: parts.iter().map(part).collect(),
            review_checklist: vec![ChecklistItem { item: "Whole text".into(), severity: Severity::High }],
            ..Default::default()
        }
    }

    #[test]
    fn accepts_a_complete_acyclic_design() {
        let sound = design(&[("parser", "SU-001", &["units"]), ("units", "SU-002", &[])]);
        assert_eq!(faults(&sound, &plan(&["SU-001", "SU-002"])), Vec::<String>::new());
    }

    #[test]
    fn names_uncovered_and_unknown_units() {
        let found = faults(&design(&[("parser", "SU-003", &[])]), &plan(&["SU-001"]));
        assert_eq!(
            found,
            [
                "components: no component implements the semantic unit SU-001 of the plan",
                "components: the plan has no semantic unit SU-003"
            ]
        );
    }

    #[test]
    fn names_components_with_cyclic_dependencies() {
        let round =
            design(&[("a", "SU-001", &["b"]), ("b", "SU-001", &["c"]), ("c", "SU-001", &["a"]), ("d", "SU-001", &[])]);
        assert_eq!(faults(&round, &plan(&["SU-001"])), ["components: the dependencies of a, b, c are cyclic"]);
    }

    #[test]
    fn rejects_unknown_dependencies_and_duplicate_names() {
        let odd = design(&[("a", "SU-001", &["json"]), ("a", "SU-001", &[])]);
        assert_eq!(
            faults(&odd, &plan(&["SU-001"])),
            [
                "components: the name `a` is used twice",
                "components: `a` depends on `json`, which is not a component of this design"
            ]
        );
    }

    #[test]
    fn requires_a_high_checklist_item() {
        let mut light = design(&[("a", "SU-001", &[])]);
        light.review_checklist = vec![ChecklistItem { item: "Names".into(), severity: Severity::Low }];
        assert_eq!(
            faults(&light, &plan(&["SU-001"])),
            ["review_checklist: no item is critical or high; at least one must be"]
        );
    }
}
