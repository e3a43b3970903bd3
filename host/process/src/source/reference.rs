//! Where each kind of file is documented, and where keys belong that people look for in other places.

/// The documentation of one kind of file.
#[derive(Debug)]
pub struct Reference {
    /// The page and section of keys at the top of the file.
    pub top: &'static str,
    /// The page and section of each table, by the first part of its name.
    pub tables: &'static [(&'static str, &'static str)],
    /// Where keys belong. Read only for keys that are unknown where they stand.
    places: &'static [(&'static [&'static str], &'static str)],
    /// Whether every text of the file is searched for the key of a provider.
    pub(super) may_hold_keys: bool,
}

const TABLE_OF_PHASE: &str =
    "under [phases.NAME], as in [phases.code-review], or to all phases with `run --max-retries N`";
const LIMITS: &str = "into `limits = { … }` under [plugins.NAME]";

impl Reference {
    /// `phasegate.toml`, and the user's own configuration.
    pub const CONFIGURATION: Self = Self {
        top: "docs/configuration.md#top-level",
        tables: &[
            ("models", "docs/configuration.md#models"),
            ("providers", "docs/configuration.md#providersname"),
            ("prices", "docs/configuration.md#pricesprovidermodel"),
            ("budget", "docs/configuration.md#budget"),
            ("hitl", "docs/configuration.md#hitl"),
            ("feedback", "docs/configuration.md#feedback"),
            ("phases", "docs/configuration.md#phasesname"),
            ("plugins", "docs/configuration.md#pluginsname"),
            ("repository", "docs/configuration.md#repository"),
            ("output", "docs/configuration.md#output"),
            ("sandbox", "docs/configuration.md#sandbox"),
            ("trust", "docs/configuration.md#trust"),
        ],
        places: &[
            (&["max_retries"], TABLE_OF_PHASE),
            (&["max_total_attempts", "pipeline", "locked"], "at the top of the file, above the first table"),
            (&["fails_at", "may_revise", "allow"], "under [phases.NAME.gate]"),
            (
                &["ask", "approvers", "forbid_self_approval", "expires_after"],
                "under [hitl], as in NAME = { ask = \"always\" }",
            ),
            (&["calls", "usd"], "under [budget]"),
            (
                &["default", "fast", "deep", "concurrency", "retries", "timeout_seconds", "idle_seconds", "on_unknown"],
                "under [models]",
            ),
            (&["kind", "base_url", "key_env", "key_file", "headers", "query", "temperature"], "under [providers.NAME]"),
            (&["strategy"], "under [feedback]"),
            (&["grants", "limits", "path"], "under [plugins.NAME]"),
            (&["cpu_ms", "wall_ms", "memory_bytes", "calls_at_once", "log_lines", "output_bytes"], LIMITS),
            (&["map_tokens"], "under [repository]"),
            (&["trust", "publishers"], "in your own configuration, `phasegate/config.toml`"),
            (&["names"], "under [output]"),
            (&["max_instances", "max_test_runs", "max_compilations", "max_cache_bytes"], "under [sandbox]"),
            (&["reads", "produces", "agent", "extends", "runners"], "in a pipeline file"),
            (&["task_id", "description", "requirements", "constraints", "language", "context_files"], "in a task file"),
        ],
        may_hold_keys: true,
    };

    /// A task.
    pub const TASK: Self = Self {
        top: "docs/configuration.md#task-files",
        tables: &[("context_files", "docs/configuration.md#context-files")],
        places: &[
            (&["max_retries", "phases"], "in phasegate.toml, under [phases.NAME]"),
            (&["models", "budget", "providers", "prices", "hitl", "pipeline"], "in phasegate.toml"),
        ],
        may_hold_keys: false,
    };

    /// A pipeline.
    pub const PIPELINE: Self = Self {
        top: "docs/pipelines.md#keys",
        tables: &[],
        places: &[
            (&["max_retries", "agent", "reads", "produces", "after"], "to a phase, under [[phase]]"),
            (
                &[
                    "fails_at",
                    "may_revise",
                    "allow",
                    "ask",
                    "approvers",
                    "forbid_self_approval",
                    "expires_after",
                    "report",
                ],
                "under [phase.gate]",
            ),
            (&["max_total_attempts"], "at the top of the file, above the first table"),
            (&["phases"], "in phasegate.toml; a pipeline has [[phase]] with `name = \"NAME\"`"),
            (&["models", "budget", "providers", "prices", "hitl", "sandbox", "output"], "in phasegate.toml"),
        ],
        may_hold_keys: true,
    };

    /// An experiment.
    pub const EXPERIMENT: Self = Self {
        top: "docs/experiments.md",
        tables: &[],
        places: &[
            (&["max_retries"], "to a variant, as in set = { phases.code-review.max_retries = 5 }"),
            (&["models", "providers", "prices", "hitl"], "in phasegate.toml, or in `set = { … }` of a variant"),
        ],
        may_hold_keys: true,
    };

    /// The manifest of a plugin.
    pub const MANIFEST: Self = Self { top: "plugins/sdk/README.md", tables: &[], places: &[], may_hold_keys: false };

    /// A case of `phasegate plugin test`.
    pub const CASE: Self = Self { top: "docs/plugins/README.md#cases", tables: &[], places: &[], may_hold_keys: false };

    /// A script of answers.
    pub const SCRIPT: Self =
        Self { top: "docs/configuration.md#models", tables: &[], places: &[], may_hold_keys: false };

    /// `phasegate.lock`.
    pub const LOCK: Self =
        Self { top: "docs/configuration.md#lock-file", tables: &[], places: &[], may_hold_keys: false };

    /// The documentation of every kind of file.
    pub const ALL: [&'static Self; 8] = [
        &Self::SCRIPT,
        &Self::CONFIGURATION,
        &Self::TASK,
        &Self::PIPELINE,
        &Self::EXPERIMENT,
        &Self::MANIFEST,
        &Self::CASE,
        &Self::LOCK,
    ];

    /// Returns page and section of a key; `first` is the first part of its name, with dots.
    pub(super) fn address(&self, first: Option<&str>) -> &'static str {
        let table = self.tables.iter().find(|(table, _)| Some(*table) == first);
        table.map_or(self.top, |(_, address)| address)
    }

    /// Returns the place where a key belongs that is unknown where it stands.
    pub fn place_of(&self, key: &str) -> Option<&'static str> {
        self.places.iter().find(|(keys, _)| keys.contains(&key)).map(|(_, place)| *place)
    }
}
