//! The languages that templates exist for, and the commands of their tools.

/// A language of plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    Rust,
    Python,
    #[value(name = "javascript", alias = "js")]
    JavaScript,
    #[value(name = "typescript", alias = "ts")]
    TypeScript,
}

impl Language {
    /// Its name in `[build]`, and that of its templates.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
        }
    }

    /// Its name in prose.
    pub fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::TypeScript => "TypeScript",
        }
    }

    /// The command that installs its tools.
    pub fn install_command(self) -> &'static str {
        match self {
            Self::Rust => "rustup target add wasm32-unknown-unknown",
            Self::Python => "python3 -m venv .venv && .venv/bin/pip install componentize-py==0.25.0",
            Self::JavaScript | Self::TypeScript => "npm install",
        }
    }

    /// The command that runs the unit tests of a new plugin.
    pub fn test_command(self) -> &'static str {
        match self {
            Self::Rust => "cargo test",
            Self::Python => "python3 -m unittest",
            Self::JavaScript | Self::TypeScript => "npm test",
        }
    }

    /// The steps of a workflow that set up its toolchain.
    pub fn setup_step(self) -> &'static str {
        match self {
            Self::Rust => "- uses: dtolnay/rust-toolchain@stable",
            Self::Python => "- uses: actions/setup-python@v5\n        with: { python-version: \"3.12\" }",
            Self::JavaScript | Self::TypeScript => {
                "- uses: actions/setup-node@v4\n        with: { node-version: \"22\" }"
            }
        }
    }

    /// The folder of the SDK in a new plugin.
    pub fn sdk_folder(self) -> &'static str {
        match self {
            Self::Rust => "sdk",
            Self::Python => "phasegate_plugin",
            Self::JavaScript | Self::TypeScript => "phasegate-plugin",
        }
    }
}
