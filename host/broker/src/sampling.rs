//! Temperature and seed: what decides how a model chooses among possible answers.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A temperature from 0.0 to 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
#[schemars(extend("minimum" = 0, "maximum" = 2))]
pub struct Temperature(f64);

impl TryFrom<f64> for Temperature {
    type Error = String;

    fn try_from(value: f64) -> Result<Self, String> {
        match (0.0..=2.0).contains(&value) {
            true => Ok(Self(value)),
            false => Err(format!("must be a number from 0.0 to 2.0, not {value}")),
        }
    }
}

impl From<Temperature> for f64 {
    fn from(temperature: Temperature) -> Self {
        temperature.0
    }
}

impl fmt::Display for Temperature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Temperature and seed, as far as they are set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// The temperature of requests whose plugin sets none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<Temperature>,
    /// The seed of all requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl Sampling {
    /// Whether neither is set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let temperature = self.temperature.map(|temperature| format!("temperature {temperature}"));
        let seed = self.seed.map(|seed| format!("seed {seed}"));
        f.write_str(&temperature.into_iter().chain(seed).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn temperatures_are_from_zero_to_two() {
        let parse = |text: &str| serde_json::from_str::<Temperature>(text).map_err(|error| error.to_string());
        assert_eq!(parse("0.7").map(f64::from), Ok(0.7));
        assert_eq!(parse("2").map(f64::from), Ok(2.0));
        assert!(parse("2.5").unwrap_err().starts_with("must be a number from 0.0 to 2.0, not 2.5"));
        assert!(parse("-1").is_err());
    }

    #[test]
    fn sampling_is_shown_as_far_as_set() {
        let sampling: Sampling = serde_json::from_str("{ \"temperature\": 0.7, \"seed\": 3 }").unwrap();
        assert_eq!(sampling.to_string(), "temperature 0.7, seed 3");
        assert_eq!((Sampling::default().to_string().as_str(), Sampling::default().is_default()), ("", true));
    }
}
