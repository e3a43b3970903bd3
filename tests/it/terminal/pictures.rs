//! The pictures of the documentation: each shows what the program writes to a terminal.
//!
//! They are drawn again with `PHASEGATE_BLESS=1 cargo test --release --test it terminal::pictures`. Without it, the text of each
//! picture must be that of the program, except for numbers, digests and the ends of run ids.

use std::fs;

use phasegate_test::{Terminal, Workspace, draw_screen, read_picture, repository};
use regex::Regex;
use vt100::Screen;

/// The size of the terminal in the pictures.
const ROWS: u16 = 90;
const COLUMNS: u16 = 100;

/// Each code review waits for a person.
const CAREFUL: &str =
    "extends = \"tsp\"\nname = \"careful\"\n\n[[phase]]\nname = \"code-review\"\n\n[phase.gate]\nask = \"always\"\n";

/// A task file with a mistake.
const MISTAKE: &str = "task_id = \"TASK-1\"\ndescription = \"Parse durations such as 1h30m\"\nrequirments = []\n";

/// Starts a command at a terminal.
fn start(workspace: &Workspace, command: &str) -> Terminal {
    let args: Vec<&str> = command.split(' ').skip(1).collect();
    Terminal::with_size(&workspace.command(&args), ROWS, COLUMNS)
}

/// Compares a picture with what a command shows, or draws it.
fn check(name: &str, title: &str, command: &str, screen: &Screen) {
    let file = repository().join("docs/terminal").join(name);
    let drawn = draw_screen(title, command, screen);
    if std::env::var_os("PHASEGATE_BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &drawn).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let (kept, drawn) = (plain(&read_picture(&kept)), plain(&read_picture(&drawn)));
    assert!(
        kept == drawn,
        "draw docs/terminal/{name} again with PHASEGATE_BLESS=1; expected\n{kept}\nbut got\n{drawn}"
    );
}

/// Runs a command to its end and checks its picture.
fn check_command(workspace: &Workspace, name: &str, title: &str, command: &str, code: i32) {
    let (ended, screen) = start(workspace, command).wait_for_screen();
    assert_eq!(ended, code, "{}", screen.contents());
    check(name, title, command, &screen);
}

/// Text without numbers and their units, digests and the ends of run ids. Where a line ends does not count.
fn plain(text: &str) -> String {
    let replaced =
        [("durations-001-[0-9a-f]{6}", "RUN"), ("[0-9a-f]{12}", "DIGEST"), ("[0-9][0-9.:,-]*( ?(ms|s|min|k|M))?", "N")];
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = replaced.iter().fold(text, |text, (this, by)| {
        Regex::new(&format!("(?-u:\\b){this}(?-u:\\b)")).unwrap().replace_all(&text, *by).into_owned()
    });
    text.replace("N min N", "N").replace("N N", "N")
}

#[test]
fn terminal_looks_as_pictured() {
    let workspace = crate::workspace().with_files(&[("careful.toml", CAREFUL), ("typo.toml", MISTAKE)]);
    assert_eq!(workspace.call(&["init", "--demo"]).code, 0);
    // The first run compiles, which the pictures do not show.
    assert_eq!(workspace.call(&["run", "task.toml", "--state", "compiled", "--out", "compiled-out"]).code, 0);
    let title = "A design review and a test gate fail, the work is revised, and every gate passes";
    check_command(&workspace, "first-run.svg", title, "phasegate run task.toml", 0);
    check_command(&workspace, "show.svg", "Gates, totals and attempts of a run", "phasegate show", 0);
    let command = "phasegate run task.toml --pipeline careful.toml";
    let mut terminal = start(&workspace, command);
    terminal.wait_for("[l]ater? ");
    let screen = terminal.screen().clone();
    check("decision.svg", "A gate waits for a person, who is asked", command, &screen);
    terminal.type_line("l");
    assert_eq!(terminal.wait().0, 3);
    check_command(&workspace, "runs.svg", "What each run waits for", "phasegate runs", 0);
    check_command(
        &workspace,
        "error.svg",
        "A mistake in a task file with its line and a hint",
        "phasegate run typo.toml",
        2,
    );
}
