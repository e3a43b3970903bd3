//! Numbers among the arguments.
//!
//! A number that does not fit is refused with words for people, not with those of a type.

use std::num::NonZeroU32;
use std::str::FromStr;

/// Parses the number of an argument of which there is at least one.
pub fn at_least_one<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| "write a whole number, 1 or more".to_owned())
}

/// Parses the number of an argument that may be 0.
pub fn whole_number<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| "write a whole number, 0 or more".to_owned())
}

/// Parses an amount of US dollars.
pub fn usd(text: &str) -> Result<f64, String> {
    let amount = text.parse::<f64>().ok().filter(|amount| amount.is_finite() && *amount >= 0.0);
    amount.ok_or_else(|| "write an amount in US dollars, such as 2.50".to_owned())
}

/// Parses `--max-retries`, which counts attempts: 1 is one attempt that is not repeated.
pub fn max_retries(text: &str) -> Result<NonZeroU32, String> {
    match text.trim().parse::<u32>() {
        Ok(0) => Err("0 would allow no attempt at all; write 1 for one attempt and no retry".to_owned()),
        _ => at_least_one(text),
    }
}
