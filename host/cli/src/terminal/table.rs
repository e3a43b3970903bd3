//! Tables that fit a terminal.
//!
//! Where the terminal is too narrow, the column with [`Room::Words`] or [`Room::Lines`] gets less room, and then the least
//! important columns are left out. Words are not broken. Without a terminal, every cell is whole.

use crate::terminal::format::one_line;
use crate::terminal::width::{columns, first_words, pad, wrap};

/// The columns between two cells.
const GAP: usize = 2;

/// How a column uses less than the width of its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Not at all.
    Whole,
    /// It shows the first words, in at least this many columns.
    Words(usize),
    /// It continues in further lines, with at least this many columns.
    Lines(usize),
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The heading; no heading is shown if all are empty.
    pub name: &'static str,
    /// Columns with the highest rank are left out first, those with rank 0 never.
    pub rank: u8,
    /// How it uses less room.
    pub room: Room,
}

impl Column {
    /// A column that always shows whole cells.
    pub const fn new(name: &'static str, rank: u8) -> Self {
        Self { name, rank, room: Room::Whole }
    }

    /// The same column with another use of less room.
    pub const fn with(self, room: Room) -> Self {
        Self { room, ..self }
    }

    fn least(&self, widest: usize) -> usize {
        match self.room {
            Room::Whole => widest,
            Room::Words(least) | Room::Lines(least) => least.min(widest),
        }
    }
}

/// Names and values, the values continued in further lines.
pub const PAIRS: [Column; 2] = [Column::new("", 0), Column::new("", 0).with(Room::Lines(20))];

/// Renders the rows below their headings, for a terminal of `width` columns.
pub fn render(columns: &[Column], rows: &[Vec<String>], width: Option<usize>) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| one_line(cell)).collect()).collect();
    let shown = choose(columns, &rows, width);
    let has_head = columns.iter().any(|column| !column.name.is_empty());
    let head = has_head.then(|| columns.iter().map(|column| column.name.to_owned()).collect());
    let mut text = String::new();
    for row in head.iter().chain(&rows) {
        let cell = |shown: &Shown| row.get(shown.place).map(String::as_str).unwrap_or_default();
        let cells: Vec<Vec<String>> = shown.iter().map(|it| it.fit(cell(it))).collect();
        for line in 0..cells.iter().map(Vec::len).max().unwrap_or(1) {
            let parts = cells
                .iter()
                .zip(&shown)
                .map(|(lines, it)| pad(lines.get(line).map(String::as_str).unwrap_or_default(), it.width));
            text.push_str(parts.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end());
            text.push('\n');
        }
    }
    text
}

/// A column that is shown.
struct Shown {
    place: usize,
    room: Room,
    rank: u8,
    least: usize,
    widest: usize,
    width: usize,
}

impl Shown {
    fn fit(&self, cell: &str) -> Vec<String> {
        match self.room {
            Room::Whole => vec![cell.to_owned()],
            Room::Words(_) => vec![first_words(cell, self.width)],
            Room::Lines(_) => wrap(cell, self.width),
        }
    }
}

/// Returns the columns that are shown, with their widths.
fn choose(all: &[Column], rows: &[Vec<String>], width: Option<usize>) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    for (place, column) in all.iter().enumerate() {
        let cells = rows.iter().filter_map(|row| row.get(place)).map(|cell| columns(cell));
        let widest = cells.max().unwrap_or(0).max(columns(column.name));
        let least = column.least(widest);
        shown.push(Shown { place, room: column.room, rank: column.rank, least, widest, width: widest });
    }
    let Some(width) = width else { return shown };
    let room_of = |shown: &[Shown], of: fn(&Shown) -> usize| {
        shown.iter().map(of).sum::<usize>() + GAP * shown.len().saturating_sub(1)
    };
    while room_of(&shown, |it| it.least) > width {
        let rank = shown.iter().map(|it| it.rank).max().filter(|rank| *rank > 0);
        let Some(place) = rank.and_then(|rank| shown.iter().rposition(|it| it.rank == rank)) else { break };
        shown.remove(place);
    }
    let mut excess = room_of(&shown, |it| it.widest).saturating_sub(width);
    for it in shown.iter_mut().rev() {
        let less = excess.min(it.widest.saturating_sub(it.least));
        it.width = it.widest - less;
        excess -= less;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::new("run", 0),
        Column::new("status", 1),
        Column::new("models", 3),
        Column::new("reason", 2).with(Room::Words(10)),
    ];

    fn rows() -> Vec<Vec<String>> {
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        vec![
            row(["設計-1", "passed", "33 calls", "every gate passed"]),
            row(["b-2", "failed", "1 call", "no attempt is left"]),
        ]
    }

    #[test]
    fn columns_are_left_out_by_importance() {
        let at = |width| render(&COLUMNS, &rows(), width);
        let whole = "run     status  models    reason\n\
                     設計-1  passed  33 calls  every gate passed\n\
                     b-2     failed  1 call    no attempt is left\n";
        assert_eq!(at(None), whole);
        assert_eq!(at(Some(80)), whole);
        let cut = "run     status  models    reason\n\
                   設計-1  passed  33 calls  every gate…\n\
                   b-2     failed  1 call    no attempt is…\n";
        assert_eq!(at(Some(41)), cut);
        assert_eq!(
            at(Some(30)),
            "run     status  reason\n設計-1  passed  every gate…\nb-2     failed  no attempt is…\n"
        );
        assert_eq!(at(Some(20)), "run     status\n設計-1  passed\nb-2     failed\n");
        assert_eq!(at(Some(5)), "run\n設計-1\nb-2\n");
    }

    #[test]
    fn values_continue_below_their_beginning() {
        let rows = [vec!["models".to_owned(), "33 calls and a text that needs more than one line".to_owned()]];
        assert_eq!(
            render(&PAIRS, &rows, Some(36)),
            "models  33 calls and a text that\n        needs more than one line\n"
        );
        assert_eq!(render(&PAIRS, &rows, None).lines().count(), 1);
    }
}
