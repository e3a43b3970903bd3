//! The name of the person who decides.

use phasegate_process::{InvalidName, PersonName};

use crate::exit::Failure;

/// Returns the given name, else the user of this session from `USER` or `LOGNAME`. Fails if there is none, and if it has
/// characters that a name cannot have.
pub fn name(given: Option<String>) -> Result<PersonName, Failure> {
    let from = |name| std::env::var(name).ok().filter(|name| !name.trim().is_empty());
    let (source, name) = match given {
        Some(name) => ("--by: ", Some(name)),
        None => ("", from("USER").or_else(|| from("LOGNAME"))),
    };
    let name = name.filter(|name| !name.trim().is_empty()).ok_or_else(|| {
        Failure::usage("the name of the person who decides is unknown")
            .with_hint("give it with --by NAME; it is recorded with the decision")
    })?;
    name.parse().map_err(|bad: InvalidName| Failure::usage(format!("{source}{bad}")).with_hint(bad.hint()))
}
