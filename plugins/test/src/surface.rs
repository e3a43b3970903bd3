//! The part of the code that is shown to the tester: paths, purposes and public declarations. Bodies are hidden, so that tests
//! follow the contract and not the code. Pure.

use phasegate_plugin::artifacts::{CodeFile, GeneratedCode};

const DECLARATIONS: [&str; 12] = [
    "def ",
    "async def ",
    "class ",
    "pub fn ",
    "pub struct ",
    "pub enum ",
    "pub trait ",
    "export ",
    "func ",
    "function ",
    "interface ",
    "public ",
];

/// Renders one paragraph per file.
pub fn render(code: &GeneratedCode) -> String {
    let files: Vec<String> = code.files.iter().map(render_file).collect();
    files.join("\n")
}

fn render_file(file: &CodeFile) -> String {
    let lines = file.content.lines().filter(|line| is_public(line)).map(|line| format!("    {}\n", line.trim_end()));
    format!("{}: {}\n{}", file.path, file.purpose, lines.collect::<String>())
}

fn is_public(line: &str) -> bool {
    let line = line.trim_start();
    DECLARATIONS.iter().any(|word| line.strip_prefix(word).is_some_and(|name| !name.starts_with('_')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_public_declarations_only() {
        let content = "import re\n\nclass Parser:\n    def parse(self, text: str) -> int:\n        secret = 90\n    def _next(self): ...\n";
        let file =
            CodeFile { path: "a.py".into(), content: content.into(), purpose: "parses".into(), ..Default::default() };
        let shown = render(&GeneratedCode { files: vec![file], ..Default::default() });
        assert_eq!(shown, "a.py: parses\n    class Parser:\n        def parse(self, text: str) -> int:\n");
    }
}
