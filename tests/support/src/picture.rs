//! Draws the screen of a terminal as SVG: text in one width with its colours, on a plain background.

use vt100::{Cell, Color, Screen};

/// The width of a character, the height of a row and the space around the text, in pixels.
const CHARACTER: f64 = 7.83;
const ROW: f64 = 18.0;
const MARGIN: f64 = 14.0;
const SIZE: f64 = 13.0;
const FAMILY: &str = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace";
const BACKGROUND: &str = "#161b22";
const TEXT: &str = "#e6edf3";
const DIM: &str = "#8b949e";
/// The first eight colours of a terminal.
const COLOURS: [&str; 8] = ["#484f58", "#ff7b72", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#e6edf3"];

/// A part of a row with one style.
struct Part {
    column: usize,
    text: String,
    style: Style,
}

#[derive(Clone, PartialEq)]
struct Style {
    colour: &'static str,
    bold: bool,
}

impl Style {
    fn of(cell: &Cell) -> Self {
        let colour = match cell.fgcolor() {
            Color::Idx(number) => COLOURS[usize::from(number) % COLOURS.len()],
            _ if cell.dim() => DIM,
            _ => TEXT,
        };
        Self { colour, bold: cell.bold() }
    }
}

/// Draws what a command shows, below the command itself. Empty rows at the end are left out. `title` is for readers who do not
/// see the picture.
pub fn draw_screen(title: &str, command: &str, screen: &Screen) -> String {
    let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
    let mut lines: Vec<Vec<Part>> = (0..rows).map(|row| parts(screen, row, columns)).collect();
    while lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    let typed = Style { colour: TEXT, bold: true };
    let prompt = Part { column: 0, text: "$".to_owned(), style: Style { colour: DIM, bold: false } };
    lines.insert(0, vec![prompt, Part { column: 2, text: command.to_owned(), style: typed }]);
    let width = (f64::from(columns) * CHARACTER + 2.0 * MARGIN).ceil();
    let height = (lines.len() as f64 * ROW + 2.0 * MARGIN).ceil();
    let title = escape(title);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"{FAMILY}\" font-size=\"{SIZE}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"{BACKGROUND}\"/>\n"
    );
    for (row, parts) in lines.iter().enumerate() {
        let y = MARGIN + row as f64 * ROW + SIZE;
        for part in parts {
            let x = MARGIN + part.column as f64 * CHARACTER;
            let bold = if part.style.bold { " font-weight=\"bold\"" } else { "" };
            let (fill, text) = (part.style.colour, escape(&part.text));
            svg.push_str(&format!(
                "<text x=\"{x:.1}\" y=\"{y:.0}\" fill=\"{fill}\"{bold} xml:space=\"preserve\">{text}</text>\n"
            ));
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Returns the text of a picture, a line for each part of a row.
pub fn read_picture(svg: &str) -> String {
    let parts = svg.lines().filter_map(|line| line.strip_prefix("<text ")?.strip_suffix("</text>")?.split_once('>'));
    let parts = parts.map(|(_, text)| text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"") + "\n");
    parts.collect::<String>().replace("&amp;", "&")
}

/// Returns the parts of a row with text. Words that are far apart begin a new part, so that columns stay in line with any font.
fn parts(screen: &Screen, row: u16, columns: u16) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut spaces = 0;
    for column in 0..columns {
        let cell = screen.cell(row, column).unwrap();
        if cell.is_wide_continuation() {
            continue;
        }
        if cell.contents().trim().is_empty() {
            spaces += 1;
            continue;
        }
        let style = Style::of(cell);
        match parts.last_mut() {
            Some(last) if spaces <= 1 && last.style == style => {
                last.text.push_str(&" ".repeat(spaces));
                last.text.push_str(cell.contents());
            }
            _ => parts.push(Part { column: usize::from(column), text: cell.contents().to_owned(), style }),
        }
        spaces = 0;
    }
    parts
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
