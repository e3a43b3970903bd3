//! The programs that are compared.

/// A program that executes the ten steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// This repository's.
    Phasegate,
    /// LangGraph, alone or with its SQLite checkpointer.
    LangGraph,
    /// Restate: its server, and a service with its JavaScript SDK.
    Restate,
    /// Agents of pydantic-ai.
    PydanticAi,
}

impl Side {
    /// Returns the name, as results and folders have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Phasegate => "phasegate",
            Self::LangGraph => "langgraph",
            Self::Restate => "restate",
            Self::PydanticAi => "pydantic-ai",
        }
    }
}
