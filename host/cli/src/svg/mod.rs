//! Pictures as SVG: a list of shapes, each with a class that the style sheet colours for light and dark pages.
//!
//! Guarantees: text is escaped and has no control characters, so that names of tasks and words of models cannot add
//! elements; the same shapes give the same bytes; no scripts, fonts or other files are needed.

mod file;

pub use file::PictureFile;

/// Colours and fonts of all pictures. The variables are set on the root, so that a page can contain the pictures as they are.
pub const STYLE: &str = "\
:root{--ink:#1f2328;--dim:#59636e;--line:#d1d9e0;--paper:#ffffff;--box:#f6f8fa;--good:#1a7f37;--bad:#cf222e;--open:#9a6700;\
--s0:#0969da;--s1:#bc4c00;--s2:#1a7f37;--s3:#8250df;--s4:#bf3989;--s5:#57606a}\
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9198a1;--line:#3d444d;--paper:#0d1117;--box:#161b22;\
--good:#3fb950;--bad:#f85149;--open:#d29922;--s0:#58a6ff;--s1:#f0883e;--s2:#3fb950;--s3:#bc8cff;--s4:#f778ba;--s5:#8b949e}}\
svg text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,\"DejaVu Sans Mono\",monospace;fill:var(--ink)}\
svg text.dim{fill:var(--dim)}svg text.bold{font-weight:bold}\
svg .paper{fill:var(--paper)}svg .box{fill:var(--box);stroke:var(--dim)}\
svg .box.good{stroke:var(--good)}svg .box.bad{stroke:var(--bad)}svg .box.open{stroke:var(--open)}\
svg text.good{fill:var(--good)}svg text.bad{fill:var(--bad)}svg text.open{fill:var(--open)}\
svg .rule{stroke:var(--line);stroke-width:1}svg .axis{stroke:var(--dim);stroke-width:1}\
svg .interval{stroke:var(--ink);stroke-width:2}svg .mark{stroke:var(--paper);stroke-width:1}svg .median{stroke-width:2}\
svg .s0{fill:var(--s0)}svg .s1{fill:var(--s1)}svg .s2{fill:var(--s2)}svg .s3{fill:var(--s3)}svg .s4{fill:var(--s4)}svg .s5{fill:var(--s5)}\
svg line.s0{stroke:var(--s0)}svg line.s1{stroke:var(--s1)}svg line.s2{stroke:var(--s2)}svg line.s3{stroke:var(--s3)}\
svg line.s4{stroke:var(--s4)}svg line.s5{stroke:var(--s5)}svg .ink{fill:var(--ink)}";

/// The width of a character of [`STYLE`]'s font, in pixels.
pub const CHARACTER: f64 = 7.3;

/// The side of a point on which its text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The text begins at the point.
    Start,
    /// The text is centred on the point.
    Middle,
    /// The text ends at the point.
    End,
}

impl Anchor {
    fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// A picture that shapes are added to. Lengths are in pixels, from the upper left corner.
#[derive(Debug, Clone)]
pub struct Svg {
    title: String,
    width: f64,
    height: f64,
    shapes: String,
}

impl Svg {
    /// Creates an empty picture; the title is read aloud in place of the picture.
    pub fn new(title: &str, width: f64, height: f64) -> Self {
        Self { title: escape(title), width, height, shapes: String::new() }
    }

    /// Sets the height, where it is known only after the shapes.
    pub fn set_height(&mut self, height: f64) {
        self.height = height;
    }

    /// Adds a rectangle with rounded corners.
    pub fn rect(&mut self, [x, y, width, height]: [f64; 4], class: &str) {
        let [x, y, width, height] = [x, y, width, height].map(number);
        let class = escape(class);
        self.add(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\" class=\"{class}\"/>"
        ));
    }

    /// Adds a line between two points.
    pub fn line(&mut self, [x1, y1, x2, y2]: [f64; 4], class: &str) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(number);
        let class = escape(class);
        self.add(&format!("<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" class=\"{class}\"/>"));
    }

    /// Adds a dot with a text that is shown while the pointer is on it.
    pub fn dot(&mut self, [x, y, radius]: [f64; 3], class: &str, hint: &str) {
        let [x, y, radius] = [x, y, radius].map(number);
        let (class, hint) = (escape(class), escape(hint));
        self.add(&format!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" class=\"{class}\"><title>{hint}</title></circle>"
        ));
    }

    /// Adds one line of text.
    pub fn text(&mut self, [x, y]: [f64; 2], anchor: Anchor, class: &str, text: &str) {
        let ([x, y], anchor) = ([x, y].map(number), anchor.as_str());
        let (class, text) = (escape(class), escape(text));
        self.add(&format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>"));
    }

    /// Returns the picture for a page that has [`STYLE`]. It is as wide as there is room, and at most its own width.
    pub fn render_inline(&self) -> String {
        self.render("", "")
    }

    /// Returns the picture as a file of its own.
    pub fn render_file(&self) -> String {
        let style = format!("<style>{}</style>\n", escape_style(STYLE));
        let [width, height] = [self.width, self.height].map(number);
        let paper = format!("<rect width=\"{width}\" height=\"{height}\" class=\"paper\"/>\n");
        self.render(" xmlns=\"http://www.w3.org/2000/svg\"", &format!("{style}{paper}")) + "\n"
    }

    fn render(&self, attributes: &str, head: &str) -> String {
        let Self { title, shapes, .. } = self;
        let [width, height] = [self.width, self.height].map(number);
        format!(
            "<svg{attributes} viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
             aria-label=\"{title}\">\n<title>{title}</title>\n{head}{shapes}</svg>"
        )
    }

    fn add(&mut self, shape: &str) {
        self.shapes.push_str(shape);
        self.shapes.push('\n');
    }
}

/// Escapes text for HTML and SVG, in elements and in quoted attributes, and removes control characters.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in crate::terminal::text::sanitize(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Not allowed in XML.
            '\u{fffe}' | '\u{ffff}' => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// A style sheet inside XML is text like any other; a browser reads entities in it.
fn escape_style(style: &str) -> String {
    style.replace('&', "&amp;").replace('<', "&lt;")
}

/// Renders a length to a tenth of a pixel.
fn number(length: f64) -> String {
    let rounded = format!("{length:.1}");
    rounded.strip_suffix(".0").map(str::to_owned).unwrap_or(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_adds_no_element() {
        let mut svg = Svg::new("a \"b\" <c>", 10.0, 10.0);
        svg.text([1.0, 2.25], Anchor::End, "dim", "</text><script>alert('x')</script>\u{1b}[2J&amp;\u{202e}");
        svg.dot([1.0, 2.0, 3.0], "s0", "<b>");
        let file = svg.render_file();
        assert!(!file.contains("<script") && !file.contains("<b>") && !file.contains('\u{1b}'), "{file}");
        assert!(file.contains(
            "<text x=\"1\" y=\"2.2\" text-anchor=\"end\" class=\"dim\">&lt;/text&gt;&lt;script&gt;alert(&#39;x&#39;)\
             &lt;/script&gt;[2J&amp;amp;</text>"
        ));
        assert!(file.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 10 10\""), "{file}");
    }
}
