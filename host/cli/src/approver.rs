//! The person who decides.

use crate::exit::Failure;

/// Who sits here, where nobody said so.
pub fn name(given: Option<String>) -> Result<String, Failure> {
    let from = |name| std::env::var(name).ok();
    let name = given.or_else(|| from("USER")).or_else(|| from("LOGNAME"));
    name.filter(|name| !name.trim().is_empty()).ok_or_else(|| {
        Failure::usage("nobody is named as the one who decides\nhint: say who with --by NAME: it is written down with what was decided")
    })
}
