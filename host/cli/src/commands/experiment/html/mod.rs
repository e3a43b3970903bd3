//! The report of an experiment as one HTML page: the answer, pictures, and a table of all runs.
//!
//! Guarantees: the page needs no other file, no script and no network; it is readable in light and dark, and on a telephone;
//! every name and reason is escaped, and the page's own policy forbids scripts. The same results give the same bytes.

mod figures;
mod rates;
#[cfg(test)]
mod tests;

use phasegate_process::experiment::{Cell, CellStatus, Results, SupersededRun};

use super::table::{difference_rows, figure_rows, render_sharing};
use crate::svg::{STYLE, escape};
use crate::terminal::format::{cost, count, duration, money, one_line};

/// The layout of the page; colours are those of the pictures.
const LAYOUT: &str = "\
body{margin:0 auto;max-width:72rem;padding:1rem;background:var(--paper);color:var(--ink);\
font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",sans-serif}\
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:0 0 .5rem}\
p{margin:.5rem 0;overflow-wrap:anywhere}.answer{font-size:1.15rem;border-left:4px solid var(--s0);padding-left:.75rem}\
.label{border:1px solid var(--open);border-radius:6px;padding:.5rem .75rem}.dim{color:var(--dim)}\
.key{list-style:none;padding:0;margin:.5rem 0;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}.key li{overflow-wrap:anywhere}\
.swatch{display:inline-block;width:.8rem;height:.8rem;border-radius:50%;margin-right:.4rem}\
.swatch.s0{background:var(--s0)}.swatch.s1{background:var(--s1)}.swatch.s2{background:var(--s2)}\
.swatch.s3{background:var(--s3)}.swatch.s4{background:var(--s4)}.swatch.s5{background:var(--s5)}\
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:2rem;align-items:start}\
figure{margin:0}figure svg{display:block;width:100%;height:auto;max-width:34rem}figcaption{font-size:.85rem;color:var(--dim)}\
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}\
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;white-space:nowrap;\
border-bottom:1px solid var(--line)}td.run,td.reason{white-space:normal;overflow-wrap:anywhere}td.run{min-width:10rem}td.reason{min-width:14rem}\
a{color:var(--s0)}.good{color:var(--good)}.bad{color:var(--bad)}.open{color:var(--open)}";

/// Renders the page. Links lead to the folders of runs beside it.
pub fn render(results: &Results, notes: &[&str]) -> String {
    let sections = [
        answer(results),
        key(results),
        pictures(results),
        figures_table(results),
        runs(results),
        superseded(results),
        list("Methods", "", notes),
    ];
    let title = escape(&format!("Experiment {}", results.experiment));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;\"/>\n\
         <title>{title}</title>\n<style>{STYLE}{LAYOUT}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{}</body>\n</html>\n",
        sections.concat()
    )
}

/// The answer in words, and what a reader has to know before the figures.
fn answer(results: &Results) -> String {
    let ended = results.cells.iter().filter(|cell| cell.standing.has_ended()).count();
    let all = count(results.cells.len() as u64, "run");
    let mut html: String =
        results.answer.iter().map(|sentence| format!("<p class=\"answer\">{}</p>\n", escape(sentence))).collect();
    html.push_str(&format!("<p class=\"dim\">{ended} of {all} ended.</p>\n"));
    if results.scripted {
        html.push_str(
            "<p class=\"label\"><strong>Answers were scripted.</strong> The figures describe the process and say nothing about a \
             model.</p>\n",
        );
    }
    if let Some(sharing) = render_sharing(results) {
        html.push_str(&format!(
            "<p class=\"dim\">{}. The figures of a variant are those of its runs as if each had run alone.</p>\n",
            escape(&sharing)
        ));
    }
    html + &list("Before you compare", " class=\"open\"", &results.warnings)
}

/// Sentences below a heading; empty without sentences.
fn list(heading: &str, attributes: &str, sentences: &[impl AsRef<str>]) -> String {
    if sentences.is_empty() {
        return String::new();
    }
    let items: String = sentences.iter().map(|sentence| format!("<p>{}</p>\n", escape(sentence.as_ref()))).collect();
    format!("<h2{attributes}>{heading}</h2>\n{items}")
}

/// The colour of each variant.
fn key(results: &Results) -> String {
    let items = results.variants.iter().enumerate().map(|(place, variant)| {
        let baseline = if results.baseline.as_ref() == Some(&variant.variant) { " (baseline)" } else { "" };
        let (class, name) = (figures::class(place), escape(&variant.variant));
        let (word, some, all) = match variant.acceptance_rate {
            Some(tested) => ("accepted", variant.accepted, tested.n),
            None => ("passed", variant.passed, variant.ended),
        };
        format!("<li><span class=\"swatch {class}\"></span>{name}{baseline}: {word} {some} of {all}</li>\n")
    });
    format!("<ul class=\"key\">\n{}</ul>\n", items.collect::<String>())
}

fn pictures(results: &Results) -> String {
    let figure = |heading: &str, (svg, caption): (String, String)| {
        format!("<figure>\n<h3>{heading}</h3>\n{svg}\n<figcaption>{}</figcaption>\n</figure>\n", escape(&caption))
    };
    let rates = rates::draw(results).map(|(heading, drawn)| figure(heading, drawn));
    let all = [
        rates,
        figures::draw_yields(results).map(|drawn| figure("First-pass yield of each gate", drawn)),
        figures::draw_cost(results).map(|(heading, drawn)| figure(heading, drawn)),
        figures::draw_time(results).map(|drawn| figure("Time of a run", drawn)),
    ];
    format!("<div class=\"pictures\">\n{}</div>\n", all.into_iter().flatten().collect::<String>())
}

/// The figures that the terminal shows: a row for each, a column for each variant.
fn figures_table(results: &Results) -> String {
    let row = |head: &str, tag: &str, cells: &[String]| {
        let cells: String = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect();
        format!("<tr><th>{}</th>{cells}</tr>\n", escape(head))
    };
    let names: Vec<String> = results.variants.iter().map(|variant| one_line(&variant.variant)).collect();
    let mut rows: String = figure_rows(results).iter().map(|figure| row(&figure.label, "td", &figure.cells)).collect();
    if let Some(baseline) = results.baseline.as_ref().filter(|_| !results.differences.is_empty()) {
        let heads = vec![String::new(); names.len()];
        rows.push_str(&row(&format!("difference from {baseline}"), "td", &heads));
        rows.extend(difference_rows(results).iter().map(|figure| row(&figure.label, "td", &figure.cells)));
    }
    let head = row("", "th", &names);
    format!(
        "<h2>Figures</h2>\n<div class=\"scroll\">\n<table>\n<thead>{head}</thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )
}

fn runs(results: &Results) -> String {
    let heads = ["variant", "task", "no.", "result", "failed judgements", "cost", "time", "run", "reason"];
    let heads: String = heads.iter().map(|head| format!("<th>{head}</th>")).collect();
    let rows: String = results.cells.iter().map(row).collect();
    format!(
        "<h2>Runs</h2>\n<div class=\"scroll\">\n<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )
}

/// The runs of earlier versions of the experiment; empty without any.
fn superseded(results: &Results) -> String {
    if results.superseded.is_empty() {
        return String::new();
    }
    let rows = results.superseded.iter().map(|SupersededRun { id, standing, usd, .. }| {
        let (variant, task, run) = (escape(&id.variant), escape(id.task.as_str()), escape(id.run.as_str()));
        let (standing, usd) = (standing.as_str().replace('_', " "), money(*usd));
        let number = id.repetition;
        format!("<tr><td>{variant}</td><td>{task}</td><td>{number}</td><td>{standing}</td><td>{usd}</td><td>{run}</td></tr>\n")
    });
    let heads = ["variant", "task", "no.", "result", "cost", "run"];
    let heads: String = heads.iter().map(|head| format!("<th>{head}</th>")).collect();
    format!(
        "<h2>Settings tried before</h2>\n<p>The variants or tasks of these runs have been edited or removed since. No figure \
         includes them; their money counts in the budget.</p>\n<div class=\"scroll\">\n<table>\n<thead><tr>{heads}</tr></thead>\n\
         <tbody>\n{}</tbody>\n</table>\n</div>\n",
        rows.collect::<String>()
    )
}

fn row(cell: &Cell) -> String {
    let Cell { id, cost: spent, .. } = cell;
    let run = escape(id.run.as_str());
    let run = match cell.standing {
        CellStatus::NotStarted => run,
        _ => format!("<a href=\"runs/{run}/report.md\">{run}</a>"),
    };
    let tone = match cell.standing {
        CellStatus::Passed => "good",
        CellStatus::Failed | CellStatus::Aborted => "bad",
        _ => "open",
    };
    let (standing, accepted) = (cell.standing.as_str().replace('_', " "), cell.acceptance.as_str().replace('_', " "));
    let result = if cell.acceptance.is_not_tested() { standing } else { format!("{standing}, {accepted}") };
    // That every gate passed is the result.
    let passed = if cell.standing == CellStatus::Passed { "" } else { &cell.reason };
    let reason = cell.acceptance.reason().unwrap_or(passed);
    let cells = [
        escape(&id.variant),
        escape(id.task.as_str()),
        id.repetition.to_string(),
        format!("<span class=\"{tone}\">{}</span>", escape(&result)),
        spent.failed_judgements.to_string(),
        escape(&cost(spent.usd, spent.scripted, spent.asks_models).replace(" (scripted)", "")),
        escape(&duration(spent.elapsed_ms)),
    ];
    let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
    format!("<tr>{cells}<td class=\"run\">{run}</td><td class=\"reason\">{}</td></tr>\n", escape(&one_line(reason)))
}
