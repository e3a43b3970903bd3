//! The program at a terminal, where a person reads and types.

mod first_minutes;
mod screen;
