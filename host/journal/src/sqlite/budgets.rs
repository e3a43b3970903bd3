//! The tables of budgets that several runs share: one row for the limits of each, and one for each run that uses it.

use phasegate_process::budget::{Amount, AmountLimits};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::file::DatabaseFile;
use super::query_error::QueryError;
use crate::budget::{BudgetLimits, BudgetState, RunCharge};

/// Returns a budget: its limits, and what each run uses.
pub(super) fn load(connection: &Connection, budget: &str, file: &DatabaseFile) -> Result<BudgetState, QueryError> {
    let mut state = BudgetState { limits: limits(connection, budget)?, runs: Vec::new() };
    let mut query = connection.prepare_cached(
        "SELECT calls, tokens, nanos, unpriced, reserved_calls, reserved_tokens, reserved_nanos, run
         FROM charges JOIN runs USING (run_key) WHERE budget = ?1 ORDER BY run_key",
    )?;
    let mut rows = query.query((budget,))?;
    while let Some(row) = rows.next()? {
        let (charged, reserved) = amounts(row)?;
        let run: String = row.get(7)?;
        let run = run.parse().map_err(|_| file.damaged("a run has a name that no version writes"))?;
        state.runs.push(RunCharge { run, charged, reserved });
    }
    Ok(state)
}

fn limits(connection: &Connection, budget: &str) -> rusqlite::Result<Option<BudgetLimits>> {
    let mut query = connection.prepare_cached("SELECT calls, tokens, nanos, source FROM budgets WHERE name = ?1")?;
    let row = |row: &Row<'_>| {
        let limits = AmountLimits { calls: row.get(0)?, tokens: row.get(1)?, nanos: row.get(2)? };
        Ok(BudgetLimits { limits, source: row.get(3)? })
    };
    query.query_row((budget,), row).optional()
}

/// Sets the limits of a budget.
pub(super) fn set_limits(connection: &Connection, budget: &str, set: &BudgetLimits) -> rusqlite::Result<()> {
    let AmountLimits { calls, tokens, nanos } = set.limits;
    let [calls, tokens, nanos] = [calls, tokens, nanos].map(|limit| limit.map(stored));
    let mut insert = connection.prepare_cached(
        "INSERT INTO budgets (name, source, calls, tokens, nanos) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (name) DO UPDATE SET
             source = excluded.source, calls = excluded.calls, tokens = excluded.tokens, nanos = excluded.nanos",
    )?;
    insert.execute(params![budget, set.source, calls, tokens, nanos]).map(drop)
}

/// Sets what a run uses of a budget.
pub(super) fn set_charge(
    connection: &Connection,
    run_key: i64,
    budget: &str,
    charged: Amount,
    reserved: Amount,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO charges (run_key, budget, calls, tokens, nanos, unpriced, reserved_calls, reserved_tokens, reserved_nanos)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (run_key) DO UPDATE SET
             budget = excluded.budget, calls = excluded.calls, tokens = excluded.tokens, nanos = excluded.nanos,
             unpriced = excluded.unpriced, reserved_calls = excluded.reserved_calls,
             reserved_tokens = excluded.reserved_tokens, reserved_nanos = excluded.reserved_nanos",
    )?;
    let Amount { calls, tokens, nanos, unpriced } = charged;
    let [calls, tokens, nanos, unpriced] = [calls, tokens, nanos, unpriced].map(stored);
    let [open, open_tokens, open_nanos] = [reserved.calls, reserved.tokens, reserved.nanos].map(stored);
    insert.execute(params![run_key, budget, calls, tokens, nanos, unpriced, open, open_tokens, open_nanos]).map(drop)
}

/// Reserves an amount for a run. Returns false and changes nothing if a limit would be exceeded.
pub(super) fn reserve(connection: &Connection, run_key: i64, budget: &str, amount: Amount) -> rusqlite::Result<bool> {
    let limits = limits(connection, budget)?.map(|known| known.limits).unwrap_or_default();
    let mut query = connection.prepare_cached(
        "SELECT calls, tokens, nanos, unpriced, reserved_calls, reserved_tokens, reserved_nanos
         FROM charges WHERE budget = ?1",
    )?;
    let used = query.query_map((budget,), |row| amounts(row).map(|(charged, reserved)| charged.plus(reserved)))?;
    let used = used.sum::<rusqlite::Result<Amount>>()?;
    if limits.check(used, amount).is_err() {
        return Ok(false);
    }
    let (charged, reserved) = of_run(connection, run_key)?;
    set_charge(connection, run_key, budget, charged, reserved.plus(amount))?;
    Ok(true)
}

/// Replaces a reservation of a run by what was used.
pub(super) fn settle(
    connection: &Connection,
    run_key: i64,
    budget: &str,
    reservation: Amount,
    used: Amount,
) -> rusqlite::Result<()> {
    let (charged, reserved) = of_run(connection, run_key)?;
    set_charge(connection, run_key, budget, charged.plus(used), reserved.minus(reservation))
}

/// Removes what a run uses, with the run.
pub(super) const REMOVE: &str = "DELETE FROM charges WHERE run_key = (SELECT run_key FROM runs WHERE run = ?1)";

fn of_run(connection: &Connection, run_key: i64) -> rusqlite::Result<(Amount, Amount)> {
    let mut query = connection.prepare_cached(
        "SELECT calls, tokens, nanos, unpriced, reserved_calls, reserved_tokens, reserved_nanos
         FROM charges WHERE run_key = ?1",
    )?;
    Ok(query.query_row((run_key,), amounts).optional()?.unwrap_or_default())
}

/// Parses what is charged and what is reserved from the first seven columns.
fn amounts(row: &Row<'_>) -> rusqlite::Result<(Amount, Amount)> {
    let charged = Amount { calls: row.get(0)?, tokens: row.get(1)?, nanos: row.get(2)?, unpriced: row.get(3)? };
    let reserved = Amount { calls: row.get(4)?, tokens: row.get(5)?, nanos: row.get(6)?, unpriced: 0 };
    Ok((charged, reserved))
}

/// Returns an amount that the file can hold. Larger ones count as unlimited.
fn stored(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}
