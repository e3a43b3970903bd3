//! The name of the person who decides.

use phasegate_process::{InvalidName, PersonName};

use crate::exit::Failure;

/// The accounts of this machine: `NAME:PASSWORD:UID:…` on each line.
const ACCOUNTS: &str = "/etc/passwd";

/// Returns the given name, else the user of this session from `USER` or `LOGNAME`, else the name of the account. Fails if
/// there is none, and if it has characters that a name cannot have.
pub fn name(given: Option<String>) -> Result<PersonName, Failure> {
    let from = |name| std::env::var(name).ok().filter(|name| !name.trim().is_empty());
    let (source, name) = match given {
        Some(name) => ("--by: ", Some(name)),
        None => ("", from("USER").or_else(|| from("LOGNAME")).or_else(account)),
    };
    let name = name.filter(|name| !name.trim().is_empty()).ok_or_else(|| {
        Failure::usage("the name of the person who decides is unknown")
            .with_hint("give it with --by NAME; it is recorded with the decision")
    })?;
    name.parse().map_err(|bad: InvalidName| Failure::usage(format!("{source}{bad}")).with_hint(bad.hint()))
}

fn account() -> Option<String> {
    account_in(&std::fs::read_to_string(ACCOUNTS).ok()?, rustix::process::getuid().as_raw())
}

fn account_in(accounts: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::account_in;

    #[test]
    fn accounts_are_found_by_their_number() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\n# comment\nann:x:1000:0::/home/ann:/bin/sh\n";
        assert_eq!(account_in(accounts, 1000).as_deref(), Some("ann"));
        assert_eq!(account_in(accounts, 100), None);
    }
}
