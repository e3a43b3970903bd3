//! `docs/schemas/files`: the schemas of the files that people write, as `phasegate schema` prints them. Every such file of this
//! repository, of its documentation, and that the program writes, follows its schema.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use phasegate_process::source::to_json;
use phasegate_test::{Workspace, repository};
use serde_json::Value;

use super::{collect_undescribed, faults};
use crate::PATHS;

const NAMES: [&str; 7] = ["configuration", "pipeline", "task", "answers", "plugin", "case", "experiment"];

/// Folders of this repository with files that people write.
const FOLDERS: [&str; 4] = ["examples", "host/process/pipelines", "plugins", "tests/scenarios"];

fn print_schema(name: &str) -> Value {
    let output = Workspace::new(PATHS).call(&["schema", name]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    serde_json::from_str(&output.stdout).unwrap()
}

/// The faults of the text of a file, held against a schema.
pub fn faults_of(schema: &Value, text: &str) -> Vec<String> {
    let table: toml::Table = toml::from_str(text).unwrap_or_else(|why| panic!("{why}\n{text}"));
    faults(&jsonschema::validator_for(schema).unwrap(), &to_json(toml::Value::Table(table)))
}

/// All schemas, as the program prints them.
pub fn schemas() -> BTreeMap<&'static str, Value> {
    NAMES.into_iter().map(|name| (name, print_schema(name))).collect()
}

/// The name of the schema of a file, by its path.
fn schema_of(path: &Path) -> Option<&'static str> {
    let folder = path.parent()?.file_name()?.to_str()?;
    match (folder, path.file_name()?.to_str()?) {
        ("pipelines", _) | (_, "pipeline.toml") | ("scenarios", "base.toml") => Some("pipeline"),
        ("tasks", _) | (_, "task.toml") => Some("task"),
        ("cases", _) => Some("case"),
        (_, "phasegate.toml") => Some("configuration"),
        (_, "answers.toml") => Some("answers"),
        (_, "plugin.toml") => Some("plugin"),
        (_, "experiment.toml") => Some("experiment"),
        _ => None,
    }
}

/// All TOML files below a folder, without those that builds write and those of templates, which are filled in first.
fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            if !["target", "build", "templates", "node_modules", ".venv"].contains(&name.as_str()) {
                found.extend(toml_files(&path));
            }
        } else if name.ends_with(".toml") {
            found.push(path);
        }
    }
    found
}

#[test]
fn schemas_of_files_are_up_to_date() {
    let folder = repository().join("docs/schemas/files");
    for name in NAMES {
        let printed = Workspace::new(PATHS).call(&["schema", name]).stdout;
        let file = folder.join(format!("{name}.json"));
        if std::env::var_os("PHASEGATE_BLESS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, &printed).unwrap();
        }
        let written = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(written, printed, "write it anew: PHASEGATE_BLESS=1 cargo test --release --test it schemas");
    }
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let expected = NAMES.map(|name| format!("{name}.json"));
    assert_eq!(files.collect::<BTreeSet<_>>(), expected.into());
}

#[test]
fn schemas_are_listed_printed_and_written() {
    let workspace = Workspace::new(PATHS);
    assert_snapshot!(workspace.render(&["schema"]), @r"
    configuration  phasegate.toml
    pipeline       A pipeline
    task           A task
    answers        Scripted answers of a model
    plugin         plugin.toml
    case           A case of `plugin test`
    experiment     An experiment
    exit 0
    ");
    assert_snapshot!(workspace.render(&["schema", "--out", "schemas"]), @r"
    Wrote 7 schemas to schemas.
    exit 0
    ");
    for name in NAMES {
        assert_eq!(workspace.read(&format!("schemas/{name}.json")), workspace.call(&["schema", name]).stdout);
    }
    assert_eq!(workspace.call(&["schema", "--out", "schemas"]).code, 0);
    workspace.write("file", "");
    assert_snapshot!(workspace.reject(&["schema", "--out", "file"]), @r"
    exit 2
    error[PG-0101]: file cannot be written: File exists (os error 17)
    hint: name a writable folder
    ");
}

/// For editors: no reference is followed, every key has a description, and no key is free where the parser is strict.
#[test]
fn schemas_of_files_say_what_editors_show() {
    for (name, schema) in schemas() {
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#", "{name}");
        assert!(schema["title"].is_string() && schema["description"].is_string(), "{name}");
        let text = schema.to_string();
        for word in ["\"$ref\"", "\"null\"", "\"format\"", "[`", "::"] {
            assert!(!text.contains(word), "{name}: {word}");
        }
        let mut undescribed = Vec::new();
        collect_undescribed(&schema, &schema, &mut undescribed);
        assert!(undescribed.is_empty(), "{name}: {undescribed:?}");
        assert_eq!(schema["additionalProperties"], false, "{name}");
    }
}

#[test]
fn files_of_the_repository_follow_their_schemas() {
    let schemas = schemas();
    let mut checked: BTreeMap<&str, usize> = BTreeMap::new();
    for path in FOLDERS.iter().flat_map(|folder| toml_files(&repository().join(folder))) {
        let Some(name) = schema_of(&path) else { continue };
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(faults_of(&schemas[name], &text), [""; 0], "{}", path.display());
        *checked.entry(name).or_default() += 1;
    }
    assert!(NAMES.iter().all(|name| checked.contains_key(name)) && checked["pipeline"] >= 40, "{checked:?}");
}

#[test]
fn files_in_the_documentation_follow_their_schemas() {
    let schemas = schemas();
    let mut checked = 0;
    for block in crate::docs::whole_files() {
        assert_eq!(faults_of(&schemas[block.kind.as_str()], &block.text), [""; 0], "{}", block.place);
        checked += 1;
    }
    assert!(checked >= 8, "{checked}");
}

/// Checks every file of a project that names its schema, as an editor does. Returns the names of the schemas.
fn check_project(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in toml_files(folder) {
        let text = fs::read_to_string(&path).unwrap();
        let Some(line) = text.lines().next().and_then(|line| line.strip_prefix("#:schema ")) else {
            assert_eq!(schema_of(&path), None, "{}", path.display());
            continue;
        };
        let file = path.parent().unwrap().join(line).canonicalize().unwrap();
        let schema = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(faults_of(&schema, &text), [""; 0], "{}", path.display());
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        assert_eq!(Some(name.as_str()), schema_of(&path), "{}", path.display());
        names.insert(name);
    }
    let written = fs::read_dir(folder.join(".phasegate-schemas")).unwrap().count();
    assert_eq!(written, names.len(), "{}", folder.display());
    names
}

#[test]
fn files_that_init_writes_name_their_schemas() {
    let workspace = Workspace::new(PATHS);
    for (args, expected) in [
        (&["init", "plain"][..], &["configuration", "task"][..]),
        (&["init", "--demo", "demo"], &["answers", "configuration", "task"]),
    ] {
        assert_eq!(workspace.call(args).code, 0);
        let names = check_project(&workspace.path(args.last().unwrap()));
        assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn files_of_new_plugins_name_their_schemas() {
    let workspace = Workspace::new(PATHS);
    let mut all = BTreeSet::new();
    for language in ["rust", "python", "javascript", "typescript"] {
        for kind in ["agent", "gate", "strategy", "runner"] {
            let name = format!("{language}-{kind}");
            assert_eq!(workspace.call(&["plugin", "new", &name, "--lang", language, "--kind", kind]).code, 0);
            all.extend(check_project(&workspace.path(&name)));
        }
    }
    assert_eq!(all.len(), 6, "{all:?}");
}
