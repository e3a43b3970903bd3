//! The terminal: printing, colours, formatting, progress bars and prompts.

pub mod columns;
pub mod command_line;
pub mod decision;
mod draw_target;
pub mod format;
pub mod line_editor;
pub mod model_progress;
pub mod printer;
pub mod programs;
pub mod progress;
pub mod prompt;
pub mod style;
pub mod table;
pub mod text;
pub mod waits;
pub mod width;
