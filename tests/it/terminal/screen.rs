//! The screen that other tests here read: size, colours, keys and signals.

use phasegate_test::Terminal;
use vt100::Color;

#[test]
fn errors_are_red_and_hints_cyan() {
    let workspace = crate::workspace();
    let terminal = Terminal::with_size(&workspace.command(&["show", "nothing"]), 6, 60);
    let (code, screen) = terminal.wait_for_screen();
    assert_eq!((code, screen.size().1.get()), (2, 60));
    let rows: Vec<String> = screen.rows(0, 60).collect();
    assert!(rows[0].starts_with("error[PG-0101]: no runs in "), "{rows:?}");
    assert_eq!(screen.cell(0, 0).unwrap().fgcolor(), Color::Idx(1));
    let hint = rows.iter().position(|row| row.starts_with("hint: ")).unwrap();
    assert_eq!(screen.cell(u16::try_from(hint).unwrap(), 0).unwrap().fgcolor(), Color::Idx(6));
}

#[test]
fn program_gets_keys_and_signals() {
    let mut shell = std::process::Command::new("sh");
    shell.current_dir("/").args(["-c", "read line; echo \"read $line\"; read rest"]);
    let mut terminal = Terminal::start(&shell);
    terminal.type_line("it's typed");
    terminal.wait_for("read it's typed");
    terminal.signal("TERM");
    assert_eq!(terminal.wait().0, 128 + 15);
}
