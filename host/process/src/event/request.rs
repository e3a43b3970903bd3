//! The size and the cost of requests to models, as events hold them.

use serde::{Deserialize, Serialize};

use crate::budget::Cost;
use crate::model::Usage;

/// What is known of a request before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RequestBound {
    /// The bytes of the prompt: messages, tools and schema.
    pub prompt_bytes: u64,
    /// The most that the request can use, which budgets reserve.
    #[serde(flatten)]
    pub most: Cost,
}

/// What a failed request cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestCost {
    /// Nothing: the request did not reach the provider. It counts in no budget.
    Nothing,
    /// The usage that the provider counted.
    Known(Usage),
    /// Unknown, because the provider may have billed the request and does not say. Budgets count the given cost, which is
    /// the most that the request can have used.
    Unknown(Cost),
}

impl From<Usage> for RequestCost {
    fn from(usage: Usage) -> Self {
        Self::Known(usage)
    }
}
