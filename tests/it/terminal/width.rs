//! Width: what a narrow terminal shows, and what a pipe gets.

use phasegate_test::{Output, Recordings, Terminal};

/// The rows that a command shows at a terminal of this width.
fn rows(recordings: &Recordings, args: &[&str], columns: u16) -> Vec<String> {
    let terminal = Terminal::with_size(&recordings.scenario.command(args), 200, columns);
    let (code, screen) = terminal.wait_for_screen();
    assert_eq!(code, 0, "{}", screen.contents());
    let rows = screen.rows(0, columns).map(|row| row.trim_end().to_owned());
    let mut rows: Vec<String> = rows.collect();
    while rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    rows
}

fn headings(row: &str) -> Vec<&str> {
    row.split("  ").map(str::trim).filter(|name| !name.is_empty()).collect()
}

#[test]
fn runs_leave_out_columns_by_importance() {
    let recordings = crate::recordings(&["waits-at-a-failure", "plain-pass"]);
    let at = |columns| rows(&recordings, &["runs"], columns);
    let wide = at(250);
    assert_eq!(headings(&wide[0]), ["run", "task", "started", "status", "waits for", "models", "reason"]);
    assert_eq!(headings(&at(100)[0]), ["run", "task", "status", "waits for", "reason"]);
    assert_eq!(headings(&at(75)[0]), ["run", "status", "waits for", "reason"]);
    assert_eq!(headings(&at(58)[0]), ["run", "status", "waits for"]);
    assert_eq!(headings(&at(30)[0]), ["run", "status"]);
    for columns in [250, 100, 75, 58, 30] {
        let rows = at(columns);
        assert_eq!(rows.len(), 3, "a row does not fit: {rows:#?}");
        let words: Vec<&str> = wide.iter().flat_map(|row| row.split_whitespace()).collect();
        let broken: Vec<&str> = rows.iter().flat_map(|row| row.split_whitespace()).collect();
        let broken: Vec<&str> =
            broken.into_iter().filter(|word| !words.contains(&word.trim_end_matches('…'))).collect();
        assert!(broken.is_empty(), "{columns}: {broken:?}");
    }
}

#[test]
fn pipes_get_whole_tables() {
    let recordings = crate::recordings(&["waits-at-a-failure", "exhausted"]);
    let output = recordings.scenario.call(&["runs"]).stdout;
    assert!(!output.contains('…'), "{output}");
    for run in recordings.scenario.call(&["runs", "--json"]).json().as_array().unwrap() {
        assert!(output.contains(run["reason"].as_str().unwrap()), "{output}");
    }
}

#[test]
fn runs_say_what_waits_for_whom() {
    let recordings = crate::recordings(&["waits-at-a-failure", "plain-pass"]);
    let output = recordings.scenario.call(&["runs"]).stdout;
    let waits = |run: &str| output.lines().find(|line| line.starts_with(run)).unwrap().to_owned();
    assert!(waits(&recordings.runs[0]).contains("  waiting  a person (design-review#1)  "), "{output}");
    assert!(!waits(&recordings.runs[1]).contains("person"), "{output}");
}

#[test]
fn approvers_are_named() {
    let scenario = crate::scenario("waits-at-a-pass");
    let answers = scenario.file("answers.toml");
    let config = format!(
        "[models]\ndefault = \"scripted:{answers}\"\n[hitl]\ndesign-review = {{ approvers = [\"ann\", \"ben\"] }}\n"
    );
    std::fs::write(scenario.path("models.toml"), config).unwrap();
    assert_eq!(Output::from_command(scenario.run_with(&["--config", "models.toml"])).code, 3);
    let output = scenario.call(&["runs"]).stdout;
    assert!(output.contains("  waiting  ann or ben (design-review#1)  "), "{output}");
}

#[test]
fn values_continue_below_their_beginning() {
    let recordings = crate::recordings(&["plain-pass"]);
    let piped = recordings.scenario.call(&["show", &recordings.runs[0]]).stdout;
    let rows = rows(&recordings, &["show", &recordings.runs[0]], 50);
    for name in ["artifacts", "models"] {
        let whole = piped.lines().find_map(|line| line.strip_prefix(&format!("{name:<11}"))).unwrap().trim();
        let first = rows.iter().position(|row| row.starts_with(name)).unwrap();
        let more = rows[first + 1..].iter().take_while(|row| row.starts_with(&" ".repeat(11)));
        let lines: Vec<&str> = std::iter::once(&rows[first][11..]).chain(more.map(|row| &row[11..])).collect();
        assert!(lines.len() > 1 && lines.join(" ") == whole, "{lines:#?}");
    }
}

#[test]
fn comparisons_fit_a_narrow_terminal() {
    let recordings = crate::recordings(&["waits-at-a-failure", "plain-pass"]);
    let compare = ["compare", &recordings.runs[0], &recordings.runs[1]];
    let piped = recordings.scenario.call(&compare).stdout;
    let table = |text: &str| {
        let table = text.split("\n\n").nth(3).unwrap().to_owned();
        let mut words: Vec<String> = table.split_whitespace().map(str::to_owned).collect();
        words.sort();
        (table.lines().count(), words)
    };
    let (narrow, wide) = (table(&rows(&recordings, &compare, 50).join("\n")), table(&piped));
    assert_eq!(narrow.1, wide.1, "a word was broken");
    assert!(narrow.0 > wide.0, "{narrow:?}");
}

#[test]
fn attempts_continue_between_words() {
    let recordings = crate::recordings(&["waits-at-a-failure"]);
    let show = ["show", &recordings.runs[0]];
    let piped = recordings.scenario.call(&show).stdout;
    let attempts = |text: String| {
        let (_, rest) = text.split_once("\nattempts\n").unwrap();
        let rest = rest.split_once("\ndesign-review#1 ").map_or(rest, |(attempts, _)| attempts);
        rest.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let narrow = rows(&recordings, &show, 44);
    assert!(narrow.iter().any(|row| row.starts_with("    ")), "{narrow:#?}");
    assert_eq!(attempts(narrow.join("\n")), attempts(piped));
}

#[test]
fn tracebacks_keep_their_lines() {
    let scenario = crate::scenario("first-task");
    let output = Output::from_command(scenario.first_task_command(&[]));
    let log = scenario.call(&["log", &output.run_id()]).stdout;
    let lines: Vec<&str> = log.lines().map(str::trim_end).collect();
    let failed = lines.iter().position(|line| line.trim().starts_with("failed test") && line.ends_with(':')).unwrap();
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let more = lines[failed + 1..].iter().take_while(|line| indentation(line) > indentation(lines[failed]));
    assert!(more.count() > 1, "{log}");
}
