//! The program at a terminal, where a person reads and types.

mod before_first_call;
mod configuration;
mod deciding;
mod first_minutes;
mod hints;
mod pictures;
mod pipes;
mod prices;
mod question;
mod screen;
mod signals;
mod states;
mod two_terminals;
mod width;
