//! `plugin.toml` beside the sources of a plugin: the manifest, and in `[build]` how `phasegate plugin build` makes the component.
//! `[build]` is not part of the manifest in the component.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use toml::Spanned;

use crate::file_schema::file_schema;
use crate::manifest::{InvalidManifest, MAX_MANIFEST_BYTES, manifest_schema};
use crate::source::{self, Reference, Source, SourceError, did_you_mean};

const LANGUAGES: [&str; 4] = ["rust", "python", "javascript", "typescript"];

/// How a component is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipe {
    /// `cargo build` of the package in the folder, for a target of WebAssembly.
    Rust {
        /// The target, such as `wasm32-unknown-unknown`.
        target: String,
    },
    /// componentize-py.
    Python {
        /// The module that exports the interfaces of the contract.
        module: String,
        /// The world in `wit/`; `None` if there is only one.
        world: Option<String>,
    },
    /// componentize-qjs.
    JavaScript {
        /// The file that exports the interfaces of the contract.
        entry: String,
        /// The world in `wit/`; `None` if there is only one.
        world: Option<String>,
        /// Whether types are removed from `*.ts` first.
        is_typed: bool,
    },
    /// Any other program.
    Command {
        /// The program and its arguments.
        words: Vec<String>,
        /// The component or core module that it writes, relative to the folder.
        makes: String,
    },
}

/// How `phasegate plugin build` makes the component: `language`, or `command` with `makes`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Raw {
    /// The language, whose tools make the component.
    #[schemars(with = "Option<String>", extend("enum" = LANGUAGES))]
    language: Option<Spanned<String>>,
    /// The module or the file with the exports. Default: `component`, with the ending of the language.
    #[schemars(with = "Option<String>")]
    entry: Option<Spanned<String>>,
    /// The world in `wit/`; needed if there are several.
    #[schemars(with = "Option<String>")]
    world: Option<Spanned<String>>,
    /// The target of Rust. Default: `wasm32-unknown-unknown`.
    #[schemars(with = "Option<String>")]
    target: Option<Spanned<String>>,
    /// Any other program and its arguments.
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    command: Option<Spanned<Vec<String>>>,
    /// The component or core module that `command` writes, relative to this file.
    #[schemars(with = "Option<String>")]
    makes: Option<Spanned<String>>,
}

/// The file: everything but `[build]` is checked elsewhere.
#[derive(Deserialize)]
struct File {
    name: Option<IgnoredAny>,
    build: Option<Spanned<Raw>>,
}

/// `plugin.toml` as its author keeps it, beside the sources.
#[derive(Debug, PartialEq, Eq)]
pub struct PluginFile {
    /// The text of the manifest without `[build]`; `None` if the file has no name, because the component gets its manifest from
    /// the compiler, as with the macro `manifest!` of the Rust SDK.
    pub manifest: Option<String>,
    /// How the component is made, if the file says so.
    pub recipe: Option<Recipe>,
}

/// Returns the JSON Schema of `plugin.toml`. Name and version are not required, because the compiler of Rust may add them.
pub fn plugin_file_schema() -> Value {
    let mut schema = manifest_schema();
    let mut build = file_schema::<Raw>();
    if let Some(build) = build.as_object_mut() {
        build.remove("$schema");
        build.remove("title");
    }
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("build".to_owned(), build);
    }
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("dependencies".to_owned(), json!({ "name": ["version"] }));
    }
    schema
}

impl PluginFile {
    /// Parses the file, without checking the manifest.
    pub fn parse(file: &str, text: &str) -> Result<Self, SourceError> {
        let source = Source { file, text };
        if text.len() > MAX_MANIFEST_BYTES {
            let message = format!("it has {} bytes, at most {MAX_MANIFEST_BYTES} are allowed", text.len());
            return Err(source.error_at_top(message, "shorten it"));
        }
        let File { name, build } = source::parse(source, &Reference::MANIFEST)?;
        let recipe = build.map(|build| parse_recipe(source, build)).transpose()?;
        let manifest = name.map(|_| without_build(text)).transpose();
        let manifest = manifest.map_err(|bad| source.error_at_top(bad.message, bad.hint))?;
        Ok(Self { manifest, recipe })
    }
}

/// Returns the text of a manifest as components hold it: without `[build]`.
pub fn without_build(text: &str) -> Result<String, InvalidManifest> {
    let invalid = |why: &dyn std::fmt::Display| InvalidManifest::new(why.to_string(), "write TOML");
    let mut table: toml::Table = text.parse().map_err(|why: toml::de::Error| invalid(&why.message()))?;
    match table.remove("build") {
        None => Ok(text.to_owned()),
        Some(_) => toml::to_string(&table).map_err(|why| invalid(&why)),
    }
}

fn parse_recipe(source: Source<'_>, raw: Spanned<Raw>) -> Result<Recipe, SourceError> {
    let span = raw.span();
    let Raw { language, entry, world, target, command, makes } = raw.into_inner();
    let key = |name: &'static str, value: &Option<Spanned<String>>| value.as_ref().map(|value| (name, value.span()));
    let command_span = command.as_ref().map(|command| ("command", command.span()));
    let given =
        [key("entry", &entry), key("world", &world), key("target", &target), command_span, key("makes", &makes)];
    let only = |allowed: &[&str], of: &str| match given.iter().flatten().find(|(name, _)| !allowed.contains(name)) {
        None => Ok(()),
        Some((name, span)) => Err(source.error(
            span.clone(),
            format!("`{name}` has no meaning for {of}"),
            format!("keep only {}", allowed.join(", ")),
        )),
    };
    let text = |value: Option<Spanned<String>>| value.map(Spanned::into_inner);
    let Some(language) = language else {
        return match (command, makes) {
            (Some(command), Some(makes)) => {
                only(&["command", "makes"], "a build by `command`")?;
                parse_command(source, command, makes)
            }
            _ => Err(source.error(
                span,
                "[build] needs `language`, or `command` with `makes`",
                format!("write language = \"rust\"; choose from {}", LANGUAGES.join(", ")),
            )),
        };
    };
    match language.get_ref().as_str() {
        "rust" => {
            only(&["target"], "rust")?;
            let target = text(target).unwrap_or_else(|| "wasm32-unknown-unknown".to_owned());
            Ok(Recipe::Rust { target })
        }
        "python" => {
            only(&["entry", "world"], "python")?;
            let module = text(entry).unwrap_or_else(|| "component".to_owned());
            Ok(Recipe::Python { module: module.trim_end_matches(".py").to_owned(), world: text(world) })
        }
        script @ ("javascript" | "typescript") => {
            only(&["entry", "world"], script)?;
            let is_typed = script == "typescript";
            let entry = text(entry).unwrap_or_else(|| format!("component.{}", if is_typed { "ts" } else { "js" }));
            Ok(Recipe::JavaScript { entry, world: text(world), is_typed })
        }
        other => {
            let hint = format!("{}\nany other language has `command` and `makes`", did_you_mean(other, &LANGUAGES));
            Err(source.error(language.span(), format!("unknown language `{other}`"), hint))
        }
    }
}

fn parse_command(
    source: Source<'_>,
    command: Spanned<Vec<String>>,
    makes: Spanned<String>,
) -> Result<Recipe, SourceError> {
    if command.get_ref().is_empty() {
        let hint = "write a program and its arguments, as in [\"make\", \"component.wasm\"]";
        return Err(source.error(command.span(), "`command` is empty", hint));
    }
    Ok(Recipe::Command { words: command.into_inner(), makes: makes.into_inner() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn recipe(build: &str) -> Recipe {
        PluginFile::parse("plugin.toml", &format!("name = \"x\"\n[build]\n{build}\n")).unwrap().recipe.unwrap()
    }

    fn refusal(build: &str) -> String {
        let error = PluginFile::parse("plugin.toml", &format!("[build]\n{build}\n")).unwrap_err();
        format!("{error}\nhint: {}", error.hint)
    }

    #[test]
    fn languages_have_defaults() {
        assert_eq!(recipe("language = \"rust\""), Recipe::Rust { target: "wasm32-unknown-unknown".to_owned() });
        let python = Recipe::Python { module: "component".to_owned(), world: None };
        assert_eq!(recipe("language = \"python\""), python);
        assert_eq!(recipe("language = \"python\"\nentry = \"component.py\""), python);
        let typed = Recipe::JavaScript { entry: "main.ts".to_owned(), world: Some("w".to_owned()), is_typed: true };
        assert_eq!(recipe("language = \"typescript\"\nentry = \"main.ts\"\nworld = \"w\""), typed);
        let made = Recipe::Command { words: vec!["make".to_owned()], makes: "a.wasm".to_owned() };
        assert_eq!(recipe("command = [\"make\"]\nmakes = \"a.wasm\""), made);
    }

    #[test]
    fn the_manifest_leaves_the_build_out() {
        let file = PluginFile::parse("plugin.toml", "# mine\nname = \"x\"\n[build]\nlanguage = \"rust\"\n").unwrap();
        assert_eq!(file.manifest.as_deref(), Some("name = \"x\"\n"));
        let text = "# mine\nname = \"x\"\nversion = \"1\"\n";
        assert_eq!(without_build(text).unwrap(), text);
        assert_eq!(PluginFile::parse("plugin.toml", "[asks]\n").unwrap(), PluginFile { manifest: None, recipe: None });
    }

    #[test]
    fn rejects_what_no_build_can_use() {
        assert_eq!(
            refusal("language = \"pyton\""),
            "plugin.toml:2: unknown language `pyton`\nhint: did you mean `python`?\nany other language has `command` and `makes`"
        );
        assert_eq!(
            refusal("language = \"rust\"\nentry = \"x\""),
            "plugin.toml:3: `entry` has no meaning for rust\nhint: keep only target"
        );
        assert_eq!(
            refusal("makes = \"x\""),
            "plugin.toml:1: [build] needs `language`, or `command` with `makes`\n\
             hint: write language = \"rust\"; choose from rust, python, javascript, typescript"
        );
        assert!(refusal("command = []\nmakes = \"x\"").starts_with("plugin.toml:2: `command` is empty"));
        assert!(refusal("lang = \"rust\"").starts_with("plugin.toml:2: unknown key `lang` in [build]"));
    }
}
