//! The program at a terminal, where a person reads and types.

mod screen;
