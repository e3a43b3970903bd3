//! The files of a new plugin: templates, the SDK of its language, and the contract.

use std::borrow::Cow;
use std::collections::BTreeSet;

use include_dir::{Dir, DirEntry, include_dir};
use phasegate_process::PluginName;

use super::kind::Kind;
use super::language::Language;
use crate::commands::schema::{FOLDER, FileKind, add_schema_line};

/// `common/`; for each language `LANGUAGE/`; and for each kind `KIND/common/`, `KIND/LANGUAGE/` and `KIND/world.wit`.
static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../plugins/templates");
static RUST_SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../plugins/sdk");
static PYTHON_SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../plugins/sdk-python/phasegate_plugin");
static JAVASCRIPT_SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../plugins/sdk-javascript/phasegate-plugin");
static CONTRACT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../wit");

/// Folders of the SDKs and of the contract that no plugin needs.
const LEFT_OUT: [&str; 3] = ["__pycache__", "tests", "released"];

/// A file of a new plugin.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// Relative to the plugin's folder.
    pub path: String,
    pub content: Vec<u8>,
}

/// Returns the files of a plugin, sorted by path.
pub fn files(name: &PluginName, language: Language, kind: Kind) -> Vec<File> {
    let template = Template { name, language, kind };
    let (kind, lang) = (kind.as_str(), language.as_str());
    let folders = ["common".to_owned(), lang.to_owned(), format!("{kind}/common"), format!("{kind}/{lang}")];
    let mut files: Vec<File> = folders.iter().flat_map(|folder| template.folder(folder)).collect();
    let schemas = add_schemas(&mut files);
    files.extend(schemas);
    let sdk = language.sdk_folder();
    match language {
        Language::Rust => copy(&RUST_SDK, sdk, &LEFT_OUT, &mut files),
        Language::Python => copy(&PYTHON_SDK, sdk, &LEFT_OUT, &mut files),
        Language::JavaScript | Language::TypeScript => copy(&JAVASCRIPT_SDK, sdk, &LEFT_OUT, &mut files),
    }
    // The SDK of Rust has the contract inside, and its compiler leaves out what is not used.
    if language != Language::Rust {
        copy(&CONTRACT, "wit/deps/phasegate", &LEFT_OUT, &mut files);
        files.extend(template.file(&format!("{kind}/world.wit"), "wit/world.wit"));
    }
    files.sort();
    files
}

/// Lets the files of a plugin name their schemas. Returns the files with these.
fn add_schemas(files: &mut [File]) -> Vec<File> {
    let mut kinds = BTreeSet::new();
    for file in files {
        let mut text = String::from_utf8_lossy(&file.content).into_owned();
        if let Some(kind) = add_schema_line(&file.path, &mut text) {
            kinds.insert(kind);
            file.content = text.into_bytes();
        }
    }
    let schema =
        |kind: FileKind| File { path: format!("{FOLDER}/{}", kind.file_name()), content: kind.render().into_bytes() };
    kinds.into_iter().map(schema).collect()
}

/// Adds everything below a folder of the program, as it is.
fn copy(from: &Dir<'_>, to: &str, left_out: &[&str], files: &mut Vec<File>) {
    for entry in from.entries() {
        let name = entry.path().file_name().unwrap_or_default().to_string_lossy();
        let path = format!("{to}/{name}");
        match entry {
            _ if left_out.contains(&name.as_ref()) => {}
            DirEntry::Dir(folder) => copy(folder, &path, left_out, files),
            DirEntry::File(file) => files.push(File { path, content: file.contents().to_vec() }),
        }
    }
}

/// Fills in templates.
struct Template<'a> {
    name: &'a PluginName,
    language: Language,
    kind: Kind,
}

impl Template<'_> {
    /// Returns the files of a folder of templates, at their places in the plugin.
    fn folder(&self, folder: &str) -> Vec<File> {
        let mut files = Vec::new();
        if let Some(folder) = TEMPLATES.get_dir(folder) {
            copy(folder, "", &[], &mut files);
        }
        let filled = files.into_iter().map(|file| File {
            path: place_of(file.path.trim_start_matches('/')),
            content: self.fill_in(&String::from_utf8_lossy(&file.content)).into_bytes(),
        });
        filled.collect()
    }

    fn file(&self, template: &str, place: &str) -> Option<File> {
        let text = TEMPLATES.get_file(template)?.contents_utf8()?;
        Some(File { path: place.to_owned(), content: self.fill_in(text).into_bytes() })
    }

    fn fill_in(&self, text: &str) -> String {
        let (name, language) = (self.name.as_str(), self.language);
        let words: [(&str, Cow<'_, str>); 9] = [
            ("name", name.into()),
            ("snake", name.replace('-', "_").into()),
            ("language", language.title().into()),
            ("source", self.source().into()),
            ("build", format!("language = \"{}\"", language.as_str()).into()),
            ("install", language.install_command().into()),
            ("test", language.test_command().into()),
            ("setup", language.setup_step().into()),
            ("more", self.more_rows().into()),
        ];
        words.iter().fold(text.to_owned(), |text, (word, value)| text.replace(&format!("{{{{{word}}}}}"), value))
    }

    /// The path of the file that an author changes first.
    fn source(&self) -> String {
        let kind = self.kind.as_str();
        match self.language {
            Language::Rust => "src/lib.rs".to_owned(),
            Language::Python => format!("{kind}.py"),
            Language::JavaScript => format!("{kind}.js"),
            Language::TypeScript => format!("{kind}.ts"),
        }
    }

    /// The rows of the README's table that depend on the language.
    fn more_rows(&self) -> String {
        let sdk = format!("| `{}/` | the SDK; its README.md describes it |", self.language.sdk_folder());
        let component = match self.language {
            Language::Rust => return sdk,
            Language::Python => "component.py",
            Language::JavaScript => "component.js",
            Language::TypeScript => "component.ts",
        };
        format!("| `{component}` | what the component exports |\n| `wit/` | what it may import |\n{sdk}")
    }
}

/// Returns the place of a template in a plugin. Files that tools would act on in this repository have other names here.
fn place_of(path: &str) -> String {
    match path {
        "gitignore" => ".gitignore".to_owned(),
        "plugin.yml" => ".github/workflows/plugin.yml".to_owned(),
        "Cargo.toml.template" => "Cargo.toml".to_owned(),
        other => other.to_owned(),
    }
}
