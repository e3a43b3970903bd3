//! The rules that a resolved pipeline has to follow before a run is created with it. Every error names the phase and
//! has a hint.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Gate, Phase, Pipeline, Read};
use crate::artifact::{self, kinds};
use crate::names::Kind;
use crate::repository::FILE_PREFIX;
use crate::source::{Source, SourceError, did_you_mean, nearest};

/// The deepest nesting of settings. They are pinned as JSON and parsed again, here and by plugins, and JSON parsers
/// have a depth limit.
const MAX_NESTING: usize = 32;

/// Validates a pipeline and returns the first error. `bundled` are the plugins that need no path.
pub fn check(source: Source<'_>, pipeline: &Pipeline, bundled: &[&str]) -> Result<(), SourceError> {
    let fault = |word: &str, message: String, hint: String| source.error(source.find_word(word), message, hint);
    let mut names = BTreeSet::new();
    let mut available: BTreeSet<&str> = kinds::HOST_INPUTS.into_iter().collect();
    let all_outputs: BTreeSet<&str> = pipeline.phases.iter().flat_map(outputs).chain(kinds::HOST_INPUTS).collect();
    let optional: BTreeSet<&str> = all_outputs.iter().copied().chain(kinds::OPTIONAL_HOST_INPUTS).collect();
    for phase in &pipeline.phases {
        let word = phase.name.as_str();
        if !names.insert(word) {
            return Err(fault(word, format!("phase `{word}` is defined twice"), "rename one of the two".into()));
        }
        for read in phase.reads.iter().filter(|read| !read.name.ends_with("/*")) {
            let known = if read.optional { &optional } else { &available };
            if !read.optional && kinds::OPTIONAL_HOST_INPUTS.contains(&read.name.as_str()) {
                let message = format!("phase `{word}` reads `{}`, which some runs do not have", read.name);
                return Err(fault(&read.name, message, format!("write `{}?`", read.name)));
            }
            if !known.contains(read.name.as_str()) {
                let message = format!("phase `{word}` reads `{}`, which no earlier phase produces", read.name);
                return Err(fault(
                    &read.name,
                    message,
                    did_you_mean(&read.name, &known.iter().copied().collect::<Vec<_>>()),
                ));
            }
        }
        let is_part = |read: &&Read| read.name.starts_with(FILE_PREFIX) && !read.is_repository();
        if let Some(read) = phase.reads.iter().find(is_part) {
            let message = format!("phase `{word}` reads `{}`, a part of the repository", read.name);
            let hint = "write `repository/*`: a phase reads the whole repository, or none";
            return Err(fault(&read.name, message, hint.into()));
        }
        for name in outputs(phase) {
            if name.starts_with(FILE_PREFIX) {
                let message = format!("phase `{word}` produces `{name}`, which names a file of the repository");
                return Err(fault(name, message, "choose a name without `repository/`".into()));
            }
            if !available.insert(name) {
                let message = format!("phase `{word}` produces `{name}`, which an earlier phase produces already");
                return Err(fault(name, message, "choose another name".into()));
            }
        }
        for produced in &phase.produces {
            if artifact::schema(&pipeline.kinds, &produced.kind).is_none() {
                let message = format!("`{}` is of kind `{}`, which has no schema", produced.name, produced.kind);
                let known: Vec<&str> = kinds::standard_names().chain(pipeline.kinds.keys().map(Kind::as_str)).collect();
                let hint = match nearest(produced.kind.as_str(), known) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => "add `[[kind]]` here or in its plugin's manifest, or use a standard kind".to_owned(),
                };
                return Err(fault(produced.kind.as_str(), message, hint));
            }
        }
        check_nesting(&phase.settings, &format!("phase `{word}`"))
            .map_err(|(message, hint)| fault(word, message, hint))?;
        match &phase.gate {
            Some(gate) => {
                check_gate(pipeline, phase, gate).map_err(|(word, message, hint)| fault(&word, message, hint))?
            }
            None if phase.produces.is_empty() => {
                let message = format!("phase `{word}` produces nothing and is not a gate");
                return Err(fault(word, message, "add `produces`, or `[phase.gate]`".into()));
            }
            None => {}
        }
    }
    let gates = pipeline.phases.iter().filter(|phase| phase.gate.is_some()).count();
    if (pipeline.max_total_attempts.get() as usize) < gates {
        let message =
            format!("max_total_attempts is {}, but {gates} gates have to be judged", pipeline.max_total_attempts);
        return Err(fault("max_total_attempts", message, format!("allow at least {gates}")));
    }
    let strategy = pipeline.feedback.plugin.as_str();
    check_nesting(&pipeline.feedback.settings, &format!("strategy `{strategy}`"))
        .map_err(|(message, hint)| fault(strategy, message, hint))?;
    for kind in pipeline.kinds.keys() {
        artifact::compile_schema(&pipeline.kinds, kind).map_err(|why| {
            fault(
                kind.as_str(),
                format!("the schema of kind `{kind}` cannot be used: {why}"),
                "correct the schema".into(),
            )
        })?;
    }
    for plugin in pipeline.plugin_names() {
        let has_path = pipeline.plugins.get(plugin).is_some_and(|plugin| plugin.path.is_some());
        if !has_path && !bundled.contains(&plugin.as_str()) {
            let message = format!("plugin `{plugin}` is not a standard plugin and has no path");
            let hint = format!(
                "add `[plugins.{plugin}]` with `path = \"FILE.wasm\"`; {}",
                did_you_mean(plugin.as_str(), bundled)
            );
            return Err(fault(plugin.as_str(), message, hint));
        }
    }
    Ok(())
}

fn outputs(phase: &Phase) -> impl Iterator<Item = &str> {
    let produced = phase.produces.iter().map(|produced| produced.name.as_str());
    produced.chain(phase.gate.iter().map(|gate| gate.report.as_str()))
}

fn check_nesting(settings: &Value, owner: &str) -> Result<(), (String, String)> {
    match is_nested_deeper(settings, MAX_NESTING) {
        false => Ok(()),
        true => Err((
            format!("the settings of {owner} are nested more than {MAX_NESTING} deep"),
            "use fewer nested lists and tables".to_owned(),
        )),
    }
}

/// Whether a value has more than `levels` levels.
fn is_nested_deeper(value: &Value, levels: usize) -> bool {
    match (value, levels.checked_sub(1)) {
        (Value::Array(list), Some(below)) => list.iter().any(|value| is_nested_deeper(value, below)),
        (Value::Object(table), Some(below)) => table.values().any(|value| is_nested_deeper(value, below)),
        (Value::Array(_) | Value::Object(_), None) => true,
        _ => false,
    }
}

type Fault = (String, String, String);

fn check_gate(pipeline: &Pipeline, phase: &Phase, gate: &Gate) -> Result<(), Fault> {
    let name = &phase.name;
    let index = pipeline.position(name).unwrap_or(0);
    for target in &gate.may_revise {
        let known: Vec<_> = pipeline.phases.iter().take(index + 1).map(|phase| phase.name.as_str()).collect();
        let allowed = known.contains(&target.as_str()) && (target != name || gate.tests.is_some());
        if !allowed {
            let message = format!("gate `{name}` may not send work back to `{target}`: it is not an earlier phase");
            return Err((target.to_string(), message, did_you_mean(target.as_str(), &known)));
        }
    }
    if gate.tests.is_none() && gate.fails_at.is_empty() {
        let hint = "add `fails_at = { critical = 1, high = 1 }`, or `tests = { code = …, suite = … }`".into();
        return Err((name.to_string(), format!("gate `{name}` has no threshold"), hint));
    }
    if let Some(tests) = &gate.tests {
        let kind_of = |wanted: &crate::names::ArtifactName| {
            let all = pipeline.phases.iter().flat_map(|phase| &phase.produces);
            all.filter(|produced| produced.name == *wanted).map(|produced| produced.kind.as_str()).next()
        };
        if kind_of(&tests.code) != Some(kinds::GENERATED_CODE)
            || !phase.reads.iter().any(|read| read.matches(tests.code.as_str()))
        {
            let message = format!("gate `{name}` tests `{}`, which it does not read as generated code", tests.code);
            return Err((
                tests.code.to_string(),
                message,
                "name an artifact of kind `generated_code` that it reads".into(),
            ));
        }
        let own = phase
            .produces
            .iter()
            .any(|produced| produced.name == tests.suite && produced.kind.as_str() == kinds::TEST_SUITE);
        if !own {
            let message = format!("gate `{name}` runs `{}`, which its agent does not produce", tests.suite);
            return Err((tests.suite.to_string(), message, "let the gate produce it, of kind `test_suite`".into()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
