//! The rules and the form of the answer, which depend on whether there is a repository and whether there is a design. Pure.

use phasegate_plugin::Prompt;

const ROLE: Prompt = Prompt::new(include_str!("../prompts/role.md"));

/// The texts that depend on whether there is a repository.
pub struct Form {
    extent: &'static str,
    form: Prompt,
    /// The JSON Schema of the answer.
    pub schema: &'static str,
}

/// The answer is whole files.
pub const WHOLE_FILES: Form = Form {
    extent: include_str!("../prompts/extent.md"),
    form: Prompt::new(include_str!("../prompts/form.md")),
    schema: include_str!("../prompts/answer.schema.json"),
};
/// The answer is changes to the files of a repository.
pub const CHANGES: Form = Form {
    extent: include_str!("../prompts/extent-repository.md"),
    form: Prompt::new(include_str!("../prompts/form-repository.md")),
    schema: include_str!("../prompts/answer-repository.schema.json"),
};

/// The texts that depend on what the code is written from.
pub struct Basis {
    reader: &'static str,
    faithful: &'static str,
    contracts: &'static str,
    basis: &'static str,
}

/// The code is written from a design.
pub const DESIGN: Basis = Basis {
    reader: include_str!("../prompts/reader-with-design.md"),
    faithful: include_str!("../prompts/faithful-with-design.md"),
    contracts: "the design's contracts",
    basis: "design",
};
/// The code is written from the task and its plan: the pipeline has no design.
pub const TASK: Basis = Basis {
    reader: include_str!("../prompts/reader.md"),
    faithful: include_str!("../prompts/faithful.md"),
    contracts: "the requirements",
    basis: "task",
};

impl Form {
    /// Renders the rules and the form of the answer.
    pub fn render(&self, basis: &Basis) -> String {
        let Basis { reader, faithful, contracts, basis } = basis;
        let form = self.form.render(&[("basis", basis)]);
        ROLE.render(&[
            ("reader", reader.trim_end()),
            ("faithful", faithful.trim_end()),
            ("extent", self.extent.trim_end()),
            ("contracts", contracts),
            ("basis", basis),
            ("form", &form),
        ])
    }
}
