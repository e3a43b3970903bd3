//! The name of the person who decides.

use crate::exit::Failure;

/// Returns the given name, else the user of this session from `USER` or `LOGNAME`. Fails if there is none.
pub fn name(given: Option<String>) -> Result<String, Failure> {
    let from = |name| std::env::var(name).ok();
    let name = given.or_else(|| from("USER")).or_else(|| from("LOGNAME"));
    name.filter(|name| !name.trim().is_empty()).ok_or_else(|| {
        Failure::usage("the name of the person who decides is unknown")
            .with_hint("give it with --by NAME; it is recorded with the decision")
    })
}
