//! The picture in the README.

use std::fs;

use phasegate_test::repository;

use super::Reader;

/// Text without digits, digests of run ids and the layout of white space, which differ from run to run.
fn normalized(text: &str) -> String {
    let word = |word: &str| match word.split_once("durations-001-") {
        Some((before, id)) => format!("{before}durations-001-{}", id.get(6..).unwrap_or_default()),
        None => word.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect(),
    };
    let units = |word: &String| !["ms", "s", "min"].contains(&word.trim_end_matches(';'));
    text.split_whitespace().map(word).filter(units).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What the picture shows below the command, line by line.
fn lines(svg: &str) -> Vec<String> {
    let mut lines: Vec<(String, String)> = Vec::new();
    for element in svg.lines().filter_map(|line| line.strip_prefix("<text ")) {
        let (attributes, text) = element.split_once('>').unwrap();
        let y = attributes.split_once("y=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
        let text = text.strip_suffix("</text>").unwrap();
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        match lines.last_mut() {
            // A new style begins: `failed` and `: 1 high`.
            Some((at, line)) if *at == y => {
                line.push_str(&if text.starts_with([':', ';']) { text } else { format!(" {text}") })
            }
            _ => lines.push((y, text)),
        }
    }
    lines.into_iter().skip(1).map(|(_, line)| line).collect()
}

#[test]
fn picture_shows_what_the_example_prints() {
    let svg = fs::read_to_string(repository().join("docs/picture/first-task.svg")).unwrap();
    let reader = Reader::new();
    let output = reader.run("phasegate run --task examples/first-task/task.toml 2>&1");
    assert!(output.code == 0, "{}", output.render(&[]));
    let printed = normalized(&output.stdout);
    let lines = lines(&svg);
    assert!(lines.len() > 20, "the picture has {} lines of output", lines.len());
    let stale: Vec<_> = lines.iter().filter(|line| !printed.contains(&normalized(line))).collect();
    assert!(stale.is_empty(), "run docs/picture/make.py; the example does not print: {stale:#?}");
}
