//! Plots with two logarithmic axes, as SVG.

use std::fmt::Write as _;

/// One curve with its own scale.
#[derive(Debug)]
pub struct Plot {
    /// What the curve shows, and how it grows.
    pub title: String,
    /// The unit of the values.
    pub unit: &'static str,
    /// Quantity, median, and the smallest and largest value.
    pub points: Vec<(f64, f64, (f64, f64))>,
}

const WIDTH: f64 = 720.0;
/// Height of one plot with its title and its axis.
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 40.0;

/// Draws plots below each other; `quantity` is the label of their common axis.
pub fn draw(quantity: &str, plots: &[Plot]) -> String {
    let height = HEIGHT * plots.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    for (place, plot) in plots.iter().enumerate() {
        let _ = writeln!(svg, "<g transform=\"translate(0 {})\">", HEIGHT * place as f64);
        plot.draw(quantity, &mut svg);
        svg.push_str("</g>\n");
    }
    svg + "</svg>\n"
}

/// A logarithmic axis over whole powers of ten.
struct Axis {
    from: i32,
    to: i32,
    start: f64,
    end: f64,
}

impl Axis {
    fn new(values: impl Iterator<Item = f64> + Clone, start: f64, end: f64) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min).max(1e-9);
        let most = values.fold(1e-9, f64::max);
        let from = least.log10().floor() as i32;
        Self { from, to: (most.log10().ceil() as i32).max(from + 1), start, end }
    }

    fn at(&self, value: f64) -> f64 {
        let share = (value.max(1e-9).log10() - f64::from(self.from)) / f64::from(self.to - self.from);
        self.start + share * (self.end - self.start)
    }

    /// Returns the powers of ten with their places.
    fn ticks(&self) -> impl Iterator<Item = (String, f64)> {
        (self.from..=self.to).map(|power| {
            let digits = usize::try_from(-power).unwrap_or_default();
            (format!("{:.digits$}", 10_f64.powi(power)), self.at(10_f64.powi(power)))
        })
    }
}

impl Plot {
    fn draw(&self, quantity: &str, svg: &mut String) {
        let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        let x = Axis::new(self.points.iter().map(|point| point.0), LEFT, right);
        let y = Axis::new(self.points.iter().flat_map(|point| [point.2.0, point.2.1]), bottom, TOP);
        let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"24\" font-size=\"14\">{}</text>", self.title);
        for (label, place) in x.ticks() {
            let _ = writeln!(
                svg,
                "<path d=\"M{place:.1} {TOP}V{bottom}\" stroke=\"#ddd\"/><text x=\"{place:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
                bottom + 15.0
            );
        }
        for (label, place) in y.ticks() {
            let _ = writeln!(
                svg,
                "<path d=\"M{LEFT} {place:.1}H{right}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label} {}</text>",
                LEFT - 6.0,
                place + 4.0,
                self.unit
            );
        }
        let _ = writeln!(svg, "<text x=\"{right}\" y=\"{}\" text-anchor=\"end\">{quantity}</text>", bottom + 32.0);
        let path: Vec<_> =
            self.points.iter().map(|(at, value, _)| format!("{:.1} {:.1}", x.at(*at), y.at(*value))).collect();
        let _ = writeln!(svg, "<path d=\"M{}\" fill=\"none\" stroke=\"#2563eb\" stroke-width=\"2\"/>", path.join("L"));
        for (at, value, (least, most)) in &self.points {
            let (place, from, to) = (x.at(*at), y.at(*least), y.at(*most));
            let _ = writeln!(
                svg,
                "<path d=\"M{place:.1} {from:.1}V{to:.1}\" stroke=\"#2563eb\"/><circle cx=\"{place:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"#2563eb\"/>",
                y.at(*value)
            );
        }
    }
}
