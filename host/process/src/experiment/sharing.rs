//! What an experiment spent whose cells have common beginnings: each beginning is counted once. Pure; cannot fail.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cell::Cell;
use super::shared_cost::SharedCost;
use crate::names::RunId;

/// What all cells with common beginnings spent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sharing {
    /// The number of common beginnings.
    pub beginnings: usize,
    /// Those that ended without a decision of the strategy, and are the whole run of their cells.
    pub whole_runs: usize,
    /// What the beginnings cost; each is paid once.
    pub shared: Amount,
    /// What was spent: the beginnings and what each cell did after its beginning.
    pub spent: Amount,
    /// What the cells would have cost if each had run alone: the sum of their costs.
    pub alone: Amount,
    /// What the cells of each variant did after their beginnings, in the order of the variants.
    pub variants: Vec<OwnCost>,
}

/// Tokens and money.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Amount {
    /// Input and output tokens.
    pub tokens: u64,
    /// US dollars; `None` as soon as the cost of one part is unknown.
    pub usd: Option<f64>,
}

/// What the cells of one variant did after their beginnings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OwnCost {
    /// The variant's name.
    pub variant: String,
    /// Its cost.
    #[serde(flatten)]
    pub own: Amount,
}

impl Amount {
    const NOTHING: Self = Self { tokens: 0, usd: Some(0.0) };

    fn sum(parts: impl Iterator<Item = Self>) -> Self {
        parts.fold(Self::NOTHING, |sum, part| Self {
            tokens: sum.tokens + part.tokens,
            usd: sum.usd.zip(part.usd).map(|(sum, usd)| to_nanos(sum + usd)),
        })
    }

    fn without(self, part: Self) -> Self {
        let usd = self.usd.zip(part.usd).map(|(all, part)| to_nanos((all - part).max(0.0)));
        Self { tokens: self.tokens.saturating_sub(part.tokens), usd }
    }
}

impl Sharing {
    /// Adds up the cells of an experiment; `None` if none has a common beginning.
    pub fn of_cells(cells: &[Cell]) -> Option<Self> {
        let mut beginnings: BTreeMap<&RunId, &SharedCost> = BTreeMap::new();
        for shared in cells.iter().filter_map(|cell| cell.shared.as_ref()) {
            beginnings.insert(&shared.run, shared);
        }
        if beginnings.is_empty() {
            return None;
        }
        let mut names: Vec<&str> = Vec::new();
        for cell in cells {
            if !names.contains(&cell.id.variant.as_str()) {
                names.push(&cell.id.variant);
            }
        }
        let of_variant = |name: &str| {
            let cells = cells.iter().filter(|cell| cell.id.variant == name);
            OwnCost { variant: name.to_owned(), own: Amount::sum(cells.map(own_cost)) }
        };
        let shared = Amount::sum(beginnings.values().map(|shared| amount(shared)));
        let own = Amount::sum(cells.iter().map(own_cost));
        Some(Self {
            beginnings: beginnings.len(),
            whole_runs: beginnings.values().filter(|shared| shared.whole).count(),
            shared,
            spent: Amount::sum([shared, own].into_iter()),
            alone: Amount::sum(cells.iter().map(whole_cost)),
            variants: names.into_iter().map(of_variant).collect(),
        })
    }

    /// Returns the share of the money that was spent once for several cells; of the tokens where a price is unknown or
    /// everything was free.
    pub fn share_spent_once(&self) -> Option<f64> {
        let usd = self.shared.usd.zip(self.spent.usd).filter(|(_, spent)| *spent > 0.0);
        let tokens = (self.spent.tokens > 0).then_some((self.shared.tokens as f64, self.spent.tokens as f64));
        usd.or(tokens).map(|(shared, spent)| shared / spent)
    }
}

/// Rounds to nano-dollars: sums of fractions leave a remainder.
fn to_nanos(usd: f64) -> f64 {
    (usd * 1e9).round() / 1e9
}

fn amount(shared: &SharedCost) -> Amount {
    Amount { tokens: shared.tokens, usd: shared.usd }
}

fn whole_cost(cell: &Cell) -> Amount {
    Amount { tokens: cell.cost.tokens, usd: cell.cost.usd }
}

fn own_cost(cell: &Cell) -> Amount {
    let shared = cell.shared.as_ref().map_or(Amount::NOTHING, amount);
    whole_cost(cell).without(shared)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::experiment::{CellId, CellStatus, RunCost};

    fn cell(variant: &str, tokens: u64, shared: Option<(&str, u64, bool)>) -> Cell {
        let run = format!("x-{variant}-{tokens}").parse().unwrap();
        let id = CellId { variant: variant.to_owned(), task: "TASK-1".parse().unwrap(), repetition: 1, run };
        let usd = |tokens: u64| Some(tokens as f64 / 1000.0);
        let shared = shared.map(|(run, tokens, whole)| SharedCost {
            run: run.parse().unwrap(),
            whole,
            events: 3,
            calls: 1,
            tokens,
            usd: usd(tokens),
            elapsed_ms: 1,
        });
        let cost = RunCost { tokens, usd: usd(tokens), calls: 1, ..RunCost::default() };
        Cell { standing: CellStatus::Passed, cost, shared, ..Cell::not_started(id) }
    }

    #[test]
    fn beginnings_are_counted_once() {
        let cells = [
            cell("a", 500, Some(("begun", 300, false))),
            cell("b", 700, Some(("begun", 300, false))),
            cell("a", 200, Some(("whole", 200, true))),
            cell("b", 200, Some(("whole", 200, true))),
        ];
        let sharing = Sharing::of_cells(&cells).unwrap();
        let paid = |tokens, usd| Amount { tokens, usd: Some(usd) };
        assert_eq!((sharing.beginnings, sharing.whole_runs), (2, 1));
        assert_eq!((sharing.shared, sharing.spent, sharing.alone), (paid(500, 0.5), paid(1100, 1.1), paid(1600, 1.6)));
        let own: Vec<_> = sharing.variants.iter().map(|own| (own.variant.as_str(), own.own.tokens)).collect();
        assert_eq!(own, [("a", 200), ("b", 400)]);
        assert!((sharing.share_spent_once().unwrap() - 5.0 / 11.0).abs() < 1e-9);
    }

    #[test]
    fn cells_of_their_own_share_nothing() {
        assert_eq!(Sharing::of_cells(&[cell("a", 500, None), cell("b", 700, None)]), None);
    }
}
