//! Commands that a person can paste: with the options in use that the next command needs as well.
//!
//! Hints name commands without options, as in `phasegate resume RUN`. Here they get `--state` and `--config` where the command
//! line named them. An output folder needs no option: the state folder remembers it. `PHASEGATE_STATE` needs none either,
//! because the next command reads it too.

use std::path::Path;

use phasegate_files::quote;

const PROGRAM: &str = "phasegate ";
/// Subcommands that use no state folder.
const WITHOUT_STATE: [&str; 6] = ["init", "plugin", "pipeline", "test", "trust allow --folder", "verify-sandbox"];

/// Subcommands that take `--config` only for the run that they resume.
const DECISIONS: [&str; 3] = ["approve", "reject", "override"];

/// The options of the command line that others need too.
#[derive(Debug, Default)]
pub struct CommandLine {
    /// The folder of `--state`, quoted for a shell.
    state: Option<String>,
    /// The file of `--config`, quoted for a shell.
    config: Option<String>,
    /// The subcommands that take `--config`.
    with_config: Vec<String>,
    /// Options that decide which plugins a run has, with their values quoted for a shell: `plugin accept` takes them too.
    plugins: Vec<(&'static str, String)>,
}

impl CommandLine {
    /// The options as they were typed, and the subcommands that take `--config`.
    pub fn new(state: Option<&Path>, config: Option<&Path>, with_config: Vec<String>) -> Self {
        let quoted = |path: Option<&Path>| path.map(quote);
        Self { state: quoted(state), config: quoted(config), with_config, plugins: Vec::new() }
    }

    /// The same with the values of `--pipeline` and `--feedback` as they were typed.
    pub fn with_plugins(self, pipeline: Option<&str>, feedback: Option<&Path>) -> Self {
        let pipeline = pipeline.map(|pipeline| ("--pipeline", quote(Path::new(pipeline))));
        let feedback = feedback.map(|feedback| ("--feedback", quote(feedback)));
        Self { plugins: pipeline.into_iter().chain(feedback).collect(), ..self }
    }

    /// Returns a command that can be pasted; `arguments` begin with the subcommand.
    pub fn command(&self, arguments: &str) -> String {
        let mut command = format!("{PROGRAM}{arguments}");
        let mut add = |option: &str, value: &Option<String>, takes: bool| match value {
            Some(value) if takes && !arguments.contains(option) => command.push_str(&format!(" {option} {value}")),
            _ => {}
        };
        let is =
            |name: &str| arguments == name || arguments.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '));
        add("--state", &self.state, !WITHOUT_STATE.iter().any(|name| is(name)));
        // An agreement names its configuration itself.
        let names_it = is("trust");
        let resumes = !DECISIONS.iter().any(|name| is(name)) || arguments.contains(" --resume");
        add("--config", &self.config, resumes && !names_it && self.with_config.iter().any(|name| is(name)));
        for (option, value) in self.plugins.iter().filter(|_| is("plugin accept")) {
            command.push_str(&format!(" {option} {value}"));
        }
        command
    }

    /// Completes all commands that stand in backquotes.
    pub fn complete(&self, text: &str) -> String {
        let parts = text.split('`').enumerate().map(|(place, part)| match part.strip_prefix(PROGRAM) {
            Some(arguments) if place % 2 == 1 => self.command(arguments),
            _ => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join("`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_get_the_options_in_use() {
        let with_config = ["resume", "approve", "plugin accept"].map(str::to_owned).to_vec();
        let line = CommandLine::new(Some(Path::new("my state")), Some(Path::new("c.toml")), with_config);
        let cases = [
            ("see `phasegate show x`", "see `phasegate show x --state 'my state'`"),
            (
                "`phasegate resume x --calls N`, or",
                "`phasegate resume x --calls N --state 'my state' --config c.toml`, or",
            ),
            ("`phasegate plugin accept x` agrees", "`phasegate plugin accept x --config c.toml` agrees"),
            ("`phasegate plugin inspect FILE`; phasegate", "`phasegate plugin inspect FILE`; phasegate"),
            ("`phasegate approve x`", "`phasegate approve x --state 'my state'`"),
            ("`phasegate approve x --resume`", "`phasegate approve x --resume --state 'my state' --config c.toml`"),
            ("`phasegate trust allow --folder x`", "`phasegate trust allow --folder x`"),
            ("`phasegate runs --state DIR`", "`phasegate runs --state DIR`"),
            ("it's `phasegate` phasegate show x", "it's `phasegate` phasegate show x"),
        ];
        for (hint, completed) in cases {
            assert_eq!(line.complete(hint), completed);
            assert_eq!(CommandLine::default().complete(hint), hint);
        }
        let line = CommandLine::default().with_plugins(Some("my p.toml"), Some(Path::new("f.wasm")));
        let accept = "phasegate plugin accept x --pipeline 'my p.toml' --feedback f.wasm";
        assert_eq!(line.command("plugin accept x"), accept);
        assert_eq!(line.command("show x"), "phasegate show x");
    }
}
