//! The terminal: where words go, their colours, how figures read, progress that moves, and questions to a person.

pub mod columns;
pub mod format;
pub mod printer;
pub mod progress;
pub mod prompt;
pub mod style;
pub mod text;
