//! What a person types at the question about a gate: keys, the editor, help, and Ctrl-Z.

use phasegate_test::Terminal;

use super::deciding::{QUESTION, asked, reasons};
use super::signals::in_shell;

#[test]
fn reasons_are_edited_without_control_characters() {
    let (scenario, mut terminal) = asked(&[]);
    terminal.type_line("r");
    terminal.wait_for("what to change: ");
    terminal.type_keys("helo\x1b[Dl\x1b[1;5C\x1b[A\x1b[15~ thare\x7f\x7f\x7fere\x07");
    terminal.wait_for_row("what to change: hello there");
    terminal.type_keys("\r");
    let (code, end) = terminal.wait();
    assert_eq!(code, 0, "{end}");
    assert_eq!(reasons(&scenario), ["hello there"]);
}

#[test]
fn long_reasons_wrap_and_can_be_corrected() {
    let (scenario, mut terminal) = asked(&[]);
    terminal.type_line("r");
    terminal.wait_for("what to change: ");
    let words = "every unit needs a test of its own, ".repeat(6);
    terminal.type_keys(&format!("{words}\x01No: \x05漢"));
    terminal.wait_for_row("of its own, 漢");
    terminal.wait_for_row("what to change: No: every unit");
    terminal.type_keys("\r");
    assert_eq!(terminal.wait().0, 0);
    assert_eq!(reasons(&scenario), [format!("No: {words}漢")]);
}

#[test]
fn editors_write_reasons_of_several_lines() {
    let folder = crate::workspace();
    folder.write("editor.sh", "cat \"$1\" >\"$0.seen\"\nprintf 'two\\nlines\\n# left out\\n' >\"$1\"\n");
    let editor = format!("sh '{}'", folder.path("editor.sh").display());
    let (scenario, mut terminal) = asked(&[("VISUAL", &editor), ("EDITOR", "false")]);
    terminal.type_line("r");
    terminal.wait_for("what to change (Ctrl-X: editor): ");
    terminal.type_keys("\x18");
    terminal.wait_for("what to change (Ctrl-X: editor): two↵lines");
    assert!(reasons(&scenario).is_empty(), "leaving the editor has decided");
    terminal.type_keys("\r");
    let (code, end) = terminal.wait();
    assert_eq!((code, reasons(&scenario)), (0, vec!["two\nlines".to_owned()]), "{end}");
    let seen = folder.read("editor.sh.seen");
    assert!(seen.contains("\n# what to change, for design-review#1 ("), "{seen}");
    assert!(seen.contains("\n# design-review#1 (") && !seen.contains("[1m"), "{seen}");
}

#[test]
fn dumb_terminals_have_their_own_editing() {
    let (scenario, mut terminal) = asked(&[("TERM", "dumb")]);
    terminal.type_line("r");
    terminal.wait_for("what to change: ");
    terminal.type_line("helo\x1b[Dl\x1b[15~");
    let (code, end) = terminal.wait();
    assert_eq!((code, reasons(&scenario)), (0, vec!["hello".to_owned()]), "{end}");
}

#[test]
fn abort_needs_a_reason_and_a_yes() {
    let (scenario, mut terminal) = asked(&[]);
    terminal.type_line("b");
    terminal.wait_for("reason: ");
    terminal.type_line(" ");
    terminal.wait_for("a reason is required");
    terminal.wait_for("reason: ");
    terminal.type_line("wrong task");
    terminal.wait_for("for good? [y/N] ");
    terminal.type_line("n");
    terminal.wait_for(QUESTION);
    terminal.type_line("b");
    terminal.wait_for("reason: ");
    terminal.type_line("wrong task");
    terminal.wait_for("for good? [y/N] ");
    terminal.type_line("y");
    let (code, end) = terminal.wait();
    assert_eq!((code, reasons(&scenario)), (1, vec!["wrong task".to_owned()]), "{end}");
}

#[test]
fn earlier_keys_do_not_answer_a_question() {
    for terminal in ["dumb", "xterm"] {
        let (scenario, mut terminal) = asked(&[("TERM", terminal)]);
        terminal.type_keys("r\rtoo early\rr\rtoo early\r");
        terminal.wait_for("what to change: ");
        terminal.type_line("read it");
        let (code, end) = terminal.wait();
        assert_eq!((code, reasons(&scenario)), (0, vec!["read it".to_owned()]), "{end}");
    }
}

#[test]
fn suspended_questions_come_back_with_text() {
    let scenario = crate::scenario("waits-at-a-failure");
    let run = scenario.run_with(&["--config", &scenario.file("phasegate.toml")]);
    // The shell gets the terminal when the program is stopped.
    let mut terminal = Terminal::start(&in_job_control(&run));
    terminal.wait_for(QUESTION);
    terminal.type_line("r");
    terminal.wait_for("what to change: ");
    terminal.type_keys("helo\x1a");
    terminal.wait_for("suspended");
    terminal.type_line("");
    terminal.wait_for("what to change: helo");
    terminal.type_keys("\x7f\x1b[D");
    terminal.wait_for_row("what to change: hel");
    terminal.type_keys("\x05p\r");
    let (code, end) = terminal.wait();
    assert_eq!((code, reasons(&scenario)), (0, vec!["help".to_owned()]), "{end}");
}

/// The command in a shell that continues it in the foreground, at a line of input, when it was stopped.
fn in_job_control(command: &std::process::Command) -> std::process::Command {
    in_shell("set -m; \"$0\" \"$@\"; echo suspended; read line; fg; exit", command)
}

#[test]
fn leaving_the_editor_decides_nothing() {
    for (editor, after) in [("true", "abc"), ("false", "abc"), ("sed -i s/abc//", "")] {
        let (scenario, mut terminal) = asked(&[("EDITOR", editor)]);
        terminal.type_line("r");
        terminal.wait_for("what to change (Ctrl-X: editor): ");
        terminal.type_keys("abc\x18");
        terminal.wait_for(if editor == "false" { "the editor gave no text" } else { "Enter records this text" });
        terminal.wait_for(&format!("what to change (Ctrl-X: editor): {after}"));
        assert!(reasons(&scenario).is_empty());
        terminal.type_keys("d\r");
        let (code, end) = terminal.wait();
        assert_eq!((code, reasons(&scenario)), (0, vec![format!("{after}d")]), "{end}");
    }
}

#[test]
fn choices_are_explained() {
    let (scenario, mut terminal) = asked(&[]);
    terminal.type_line("x");
    terminal.wait_for("`x` is not one of these; ? explains them\n");
    terminal.wait_for(QUESTION);
    terminal.type_line("?");
    let help = terminal.wait_for(QUESTION);
    for choice in ["  v  view: ", "  o  override: ", "  r  reject: ", "  b  abort: ", "  l  later: "] {
        assert!(help.contains(choice), "{help}");
    }
    terminal.type_line("r");
    terminal.wait_for("what to change: ");
    terminal.type_keys("half\x18");
    terminal.wait_for("no editor is named; set EDITOR");
    terminal.wait_for("what to change: half");
    terminal.type_keys("\x15\x04");
    terminal.wait_for(QUESTION);
    terminal.type_line("l");
    assert_eq!((terminal.wait().0, reasons(&scenario).len()), (3, 0));
}
