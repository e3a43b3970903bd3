//! The program at a terminal, where a person reads and types.

mod deciding;
mod first_minutes;
mod hints;
mod screen;
