//! The terminal: printing, colours, formatting, progress bars and prompts.

pub mod columns;
pub mod format;
pub mod model_progress;
pub mod printer;
pub mod progress;
pub mod prompt;
pub mod style;
pub mod text;
pub mod waits;
