//! Pictures as SVG: a list of shapes, each with a class that the style sheet colours for light and dark pages.
//!
//! Guarantees: text is escaped and has no control characters, so that names of tasks and words of models cannot add
//! elements; the same shapes give the same bytes; no scripts, fonts or other files are needed.

/// Colours and fonts of all pictures.
const STYLE: &str = "\
:root{--ink:#1f2328;--dim:#59636e;--line:#d1d9e0;--paper:#ffffff;--box:#f6f8fa;--good:#1a7f37;--bad:#cf222e;--open:#9a6700}\
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9198a1;--line:#3d444d;--paper:#0d1117;--box:#161b22;\
--good:#3fb950;--bad:#f85149;--open:#d29922}}\
svg text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,\"DejaVu Sans Mono\",monospace;fill:var(--ink)}\
svg text.dim{fill:var(--dim)}svg text.bold{font-weight:bold}\
svg .paper{fill:var(--paper)}svg .box{fill:var(--box);stroke:var(--dim)}\
svg .box.good{stroke:var(--good)}svg .box.bad{stroke:var(--bad)}svg .box.open{stroke:var(--open)}\
svg text.good{fill:var(--good)}svg text.bad{fill:var(--bad)}svg text.open{fill:var(--open)}\
svg .axis{stroke:var(--dim);stroke-width:1}";

/// The width of a character of [`STYLE`]'s font, in pixels.
pub const CHARACTER: f64 = 7.3;

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

    /// Adds one line of text that begins at a point.
    pub fn text(&mut self, [x, y]: [f64; 2], class: &str, text: &str) {
        let [x, y] = [x, y].map(number);
        let (class, text) = (escape(class), escape(text));
        self.add(&format!("<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{text}</text>"));
    }

    /// Returns the picture as a file of its own.
    pub fn render_file(&self) -> String {
        let Self { title, shapes, .. } = self;
        let [width, height] = [self.width, self.height].map(number);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
             <rect width=\"{width}\" height=\"{height}\" class=\"paper\"/>\n{shapes}</svg>\n"
        )
    }

    fn add(&mut self, shape: &str) {
        self.shapes.push_str(shape);
        self.shapes.push('\n');
    }
}

/// Escapes text for HTML and SVG, in elements and in quoted attributes, and removes control characters.
fn escape(text: &str) -> String {
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
        svg.text([1.0, 2.25], "dim", "</text><script>alert('x')</script>\u{1b}[2J&amp;\u{202e}");
        let file = svg.render_file();
        assert!(!file.contains("<script") && !file.contains('\u{1b}'), "{file}");
        assert!(file.contains(
            "<text x=\"1\" y=\"2.2\" class=\"dim\">&lt;/text&gt;&lt;script&gt;alert(&#39;x&#39;)\
             &lt;/script&gt;[2J&amp;amp;</text>"
        ));
        assert!(file.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 10 10\""), "{file}");
    }
}
