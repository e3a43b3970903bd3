//! Numbers among the arguments.

use std::str::FromStr;

/// Parses the number of an argument that counts something. Fails with words for people, not with those of the type.
pub fn at_least_one<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| "write a whole number, 1 or more".to_owned())
}
