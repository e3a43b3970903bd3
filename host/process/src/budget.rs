//! What budgets count, and a model call that a budget does not allow.
//!
//! Used for the budget of a run, for a budget that several runs share and for the limits of one plugin call. Sums saturate.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most that a request to a model can use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Tokens read and written.
    pub tokens: u64,
    /// US dollars; `None` where the price is not known.
    pub usd: Option<f64>,
}

/// A quantity that a budget bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetBound {
    /// Model calls.
    Calls,
    /// Tokens read and written.
    Tokens,
    /// US dollars. Amounts are in billionths of a dollar, so that sums do not depend on their order.
    Usd,
}

impl BudgetBound {
    /// Returns the name of the setting that raises the bound: `calls`, `tokens` or `usd`.
    pub fn setting(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Tokens => "tokens",
            Self::Usd => "usd",
        }
    }

    /// Returns an amount of this quantity as text without its unit; dollars have four decimals.
    pub fn render_amount(self, amount: u64) -> String {
        match self {
            Self::Calls | Self::Tokens => amount.to_string(),
            Self::Usd => format!("{:.4}", amount as f64 / NANOS_PER_USD),
        }
    }
}

/// Billionths of a dollar in a dollar.
pub const NANOS_PER_USD: f64 = 1e9;

/// Returns an amount of US dollars in billionths.
pub fn nanos(usd: f64) -> u64 {
    (usd * NANOS_PER_USD).round() as u64
}

/// An amount of everything that a budget bounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Requests to models.
    pub calls: u64,
    /// Tokens read and written.
    pub tokens: u64,
    /// Billionths of a US dollar, of the requests whose price is known.
    pub nanos: u64,
    /// The requests whose price is not known. No limit bounds them.
    pub unpriced: u64,
}

impl Amount {
    /// Returns the sum of two amounts.
    pub fn plus(self, other: Self) -> Self {
        self.combine(other, u64::saturating_add)
    }

    /// Returns the difference of two amounts, nowhere below zero.
    pub fn minus(self, other: Self) -> Self {
        self.combine(other, u64::saturating_sub)
    }

    fn combine(self, other: Self, f: fn(u64, u64) -> u64) -> Self {
        Self {
            calls: f(self.calls, other.calls),
            tokens: f(self.tokens, other.tokens),
            nanos: f(self.nanos, other.nanos),
            unpriced: f(self.unpriced, other.unpriced),
        }
    }
}

/// One request.
impl From<Cost> for Amount {
    fn from(Cost { tokens, usd }: Cost) -> Self {
        Self { calls: 1, tokens, nanos: nanos(usd.unwrap_or(0.0)), unpriced: u64::from(usd.is_none()) }
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Self::plus)
    }
}

/// The limits of a budget; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AmountLimits {
    /// Of [`Amount::calls`].
    pub calls: Option<u64>,
    /// Of [`Amount::tokens`].
    pub tokens: Option<u64>,
    /// Of [`Amount::nanos`].
    pub nanos: Option<u64>,
}

impl AmountLimits {
    /// Fails if `needed` would exceed a limit of which `used` is used.
    pub fn check(&self, used: Amount, needed: Amount) -> Result<(), BudgetExceeded> {
        let bounds = [
            (BudgetBound::Calls, needed.calls, used.calls, self.calls),
            (BudgetBound::Tokens, needed.tokens, used.tokens, self.tokens),
            (BudgetBound::Usd, needed.nanos, used.nanos, self.nanos),
        ];
        for (bound, needed, used, limit) in bounds {
            if let Some(limit) = limit.filter(|limit| used.saturating_add(needed) > *limit) {
                return Err(BudgetExceeded { bound, needed, left: limit.saturating_sub(used), limit });
            }
        }
        Ok(())
    }
}

/// A model call that would exceed a budget. The call is not made. Amounts are in the unit of `bound`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetExceeded {
    /// The quantity of which too little is left.
    pub bound: BudgetBound,
    /// The most that the call can use.
    pub needed: u64,
    /// What is left, calls under way counted at their worst case.
    pub left: u64,
    /// The whole budget.
    pub limit: u64,
}

impl BudgetExceeded {
    /// Returns a limit with which the call can be made: twice the old one, or more where the call needs more.
    pub fn sufficient_limit(&self) -> String {
        let enough = self.limit.saturating_sub(self.left).saturating_add(self.needed);
        let limit = self.limit.saturating_mul(2).max(enough);
        match self.bound {
            BudgetBound::Calls | BudgetBound::Tokens => limit.to_string(),
            BudgetBound::Usd => format!("{:.2}", (limit as f64 / NANOS_PER_USD * 100.0).ceil() / 100.0),
        }
    }
}

impl fmt::Display for BudgetExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.bound {
            BudgetBound::Calls => "call",
            BudgetBound::Tokens => "token",
            BudgetBound::Usd => "USD",
        };
        let [needed, left, limit] = [self.needed, self.left, self.limit].map(|amount| self.bound.render_amount(amount));
        write!(f, "{name} budget exhausted: needs {needed}, {left} of {limit} left")
    }
}

impl std::error::Error for BudgetExceeded {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_amounts_in_the_unit_of_the_bound() {
        let exceeded = |bound, needed, left, limit| BudgetExceeded { bound, needed, left, limit }.to_string();
        let calls = exceeded(BudgetBound::Calls, 1, 0, 40);
        assert_eq!(calls, "call budget exhausted: needs 1, 0 of 40 left");
        let tokens = exceeded(BudgetBound::Tokens, 9_000, 8_000, 2_000_000);
        assert_eq!(tokens, "token budget exhausted: needs 9000, 8000 of 2000000 left");
        let usd = exceeded(BudgetBound::Usd, 500_000_000, 250_000_000, 20_000_000_000);
        assert_eq!(usd, "USD budget exhausted: needs 0.5000, 0.2500 of 20.0000 left");
    }

    #[test]
    fn sufficient_limits_let_the_call_pass() {
        let limit = |bound, needed, left, limit| BudgetExceeded { bound, needed, left, limit }.sufficient_limit();
        assert_eq!(limit(BudgetBound::Calls, 1, 0, 3), "6");
        assert_eq!(limit(BudgetBound::Calls, 1, 0, 0), "1");
        assert_eq!(limit(BudgetBound::Tokens, 9_000, 10, 1_000), "9990");
        assert_eq!(limit(BudgetBound::Usd, 1_000_000, 0, 1_000_000), "0.01");
    }
}
