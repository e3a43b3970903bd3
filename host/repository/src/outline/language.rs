//! The language of a file, from its name, and the grammar that parses it.

/// A language whose definitions are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Grammar {
    Python,
    JavaScript,
    TypeScript,
    Tsx,
    Rust,
    Go,
    Java,
    C,
    Cpp,
}

impl Grammar {
    /// A short name, part of the keys of the cache.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Python => "py",
            Self::JavaScript => "js",
            Self::TypeScript => "ts",
            Self::Tsx => "tsx",
            Self::Rust => "rs",
            Self::Go => "go",
            Self::Java => "java",
            Self::C => "c",
            Self::Cpp => "cpp",
        }
    }

    pub(super) fn language(self) -> tree_sitter::Language {
        match self {
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Self::Rust => tree_sitter_rust::LANGUAGE.into(),
            Self::Go => tree_sitter_go::LANGUAGE.into(),
            Self::Java => tree_sitter_java::LANGUAGE.into(),
            Self::C => tree_sitter_c::LANGUAGE.into(),
            Self::Cpp => tree_sitter_cpp::LANGUAGE.into(),
        }
    }
}

/// What the name of a file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NamedLanguage {
    /// The name in the map.
    pub(crate) name: &'static str,
    /// The grammar, where there is one.
    pub(crate) grammar: Option<Grammar>,
}

/// Returns the language that the name of a file stands for.
pub(crate) fn language_of(path: &str) -> Option<NamedLanguage> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let named = |name, grammar| Some(NamedLanguage { name, grammar });
    match name {
        "Makefile" | "GNUmakefile" | "makefile" => return named("make", None),
        "Dockerfile" | "Containerfile" => return named("dockerfile", None),
        "CMakeLists.txt" => return named("cmake", None),
        _ => {}
    }
    let (stem, extension) = name.rsplit_once('.')?;
    if stem.is_empty() {
        return None;
    }
    match extension.to_ascii_lowercase().as_str() {
        "py" | "pyi" | "pyw" => named("python", Some(Grammar::Python)),
        "js" | "mjs" | "cjs" | "jsx" => named("javascript", Some(Grammar::JavaScript)),
        "ts" | "mts" | "cts" => named("typescript", Some(Grammar::TypeScript)),
        "tsx" => named("typescript", Some(Grammar::Tsx)),
        "rs" => named("rust", Some(Grammar::Rust)),
        "go" => named("go", Some(Grammar::Go)),
        "java" => named("java", Some(Grammar::Java)),
        "c" => named("c", Some(Grammar::C)),
        // The grammar of C++ parses headers of both languages.
        "h" => named("c", Some(Grammar::Cpp)),
        "cc" | "cpp" | "cxx" | "c++" | "hh" | "hpp" | "hxx" | "h++" | "inl" => named("c++", Some(Grammar::Cpp)),
        other => named(without_grammar(other)?, None),
    }
}

fn without_grammar(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "md" | "markdown" => "markdown",
        "rst" => "restructuredtext",
        "adoc" => "asciidoc",
        "toml" => "toml",
        "yaml" | "yml" => "yaml",
        "json" | "jsonc" | "json5" => "json",
        "xml" | "xsd" | "xsl" => "xml",
        "html" | "htm" => "html",
        "css" | "scss" | "sass" | "less" => "css",
        "sh" | "bash" | "zsh" | "fish" => "shell",
        "ps1" | "psm1" => "powershell",
        "bat" | "cmd" => "batch",
        "sql" => "sql",
        "rb" | "rake" | "gemspec" => "ruby",
        "php" => "php",
        "cs" => "c#",
        "fs" | "fsx" => "f#",
        "kt" | "kts" => "kotlin",
        "swift" => "swift",
        "scala" | "sc" => "scala",
        "clj" | "cljs" | "cljc" => "clojure",
        "ex" | "exs" => "elixir",
        "erl" | "hrl" => "erlang",
        "hs" => "haskell",
        "ml" | "mli" => "ocaml",
        "lua" => "lua",
        "pl" | "pm" => "perl",
        "r" => "r",
        "jl" => "julia",
        "dart" => "dart",
        "zig" => "zig",
        "m" | "mm" => "objective-c",
        "proto" => "protobuf",
        "graphql" | "gql" => "graphql",
        "vue" => "vue",
        "svelte" => "svelte",
        "tf" => "terraform",
        "nix" => "nix",
        "cmake" => "cmake",
        "ipynb" => "notebook",
        "wit" => "wit",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_language() {
        let name = |path| language_of(path).map(|it| it.name);
        assert_eq!(
            ["a/b.PY", "x.d.ts", "v.tsx", "a.h", "a.hpp", "Makefile", "docs/a.md"].map(name),
            ["python", "typescript", "typescript", "c", "c++", "make", "markdown"].map(Some)
        );
        assert_eq!(["LICENSE", ".py", "a.unknown", "py", ""].map(name), [None; 5]);
    }
}
