//! The comparison of native verdicts with those of the sandbox.

use std::collections::{BTreeMap, BTreeSet};

use super::program::{Program, Verdicts};
use super::sandbox::Ended;

const NONE: &str = "-";

/// A test that ended in another way than natively, and not as a listed difference says.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    program: String,
    test: String,
    native: String,
    sandbox: String,
    /// The last line of the test's message in the sandbox.
    words: String,
}

/// Compares what each test of a program did with its native verdict. A listed difference that does not occur is one too.
pub fn differences(program: &Program, ended: &BTreeMap<String, Ended>) -> Vec<Difference> {
    let native = spread(&program.native, ended);
    let names: BTreeSet<&String> = native.keys().chain(ended.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        let before = native.get(name).map_or(NONE, String::as_str);
        let now = ended.get(name).map_or(NONE, |it| it.verdict.as_str());
        let message = ended.get(name).map_or("", |it| it.message.as_str());
        let listed = program.listed.iter().find(|it| it.test == *name);
        let is_known = listed.map_or(now == before, |it| it.native == before && it.sandbox == now && it.fits(message));
        if !is_known {
            let listed = listed.map_or(String::new(), |it| format!(" (listed: {} and {})", it.native, it.sandbox));
            found.push(Difference {
                program: program.name.clone(),
                test: name.clone(),
                native: before.to_owned(),
                sandbox: format!("{now}{listed}"),
                words: message.trim_end().lines().last().unwrap_or_default().to_owned(),
            });
        }
    }
    found
}

/// The native verdicts, where that of a whole file is given to each test that the sandbox reports of this file. Natively a
/// file that cannot be imported has one verdict; the sandbox knows its tests from the source.
fn spread(native: &Verdicts, ended: &BTreeMap<String, Ended>) -> Verdicts {
    let mut verdicts = Verdicts::new();
    for (name, verdict) in native {
        let tests: Vec<_> = ended.keys().filter(|test| test.starts_with(&format!("{name}::"))).collect();
        let is_file = !name.contains("::");
        if is_file && !tests.is_empty() && !ended.contains_key(name) {
            verdicts.extend(tests.into_iter().map(|test| (test.clone(), verdict.clone())));
        } else {
            verdicts.insert(name.clone(), verdict.clone());
        }
    }
    verdicts
}

/// Renders one line per difference, with a heading per program.
pub fn render_table(found: &[Difference]) -> String {
    let mut text = String::new();
    let mut program = "";
    for difference in found {
        if difference.program != program {
            program = &difference.program;
            text += &format!("{program}\n");
        }
        let Difference { test, native, sandbox, words, .. } = difference;
        text += &format!("  {test}: natively {native}, in the sandbox {sandbox}\n");
        if !words.is_empty() {
            text += &format!("      {words}\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::corpus::program::Listed;

    /// The differences between native and sandbox verdicts, given as `test verdict` with an optional message.
    fn check(native: &[&str], ended: &[&str], listed: Option<Listed>) -> Vec<String> {
        let verdicts = native.iter().map(|line| line.split_once(' ').unwrap());
        let program = Program {
            name: "p".to_owned(),
            code: Vec::new(),
            tests: PathBuf::new(),
            native: verdicts.map(|(test, verdict)| (test.to_owned(), verdict.to_owned())).collect(),
            listed: listed.into_iter().collect(),
        };
        let ended = ended.iter().map(|line| {
            let (test, rest) = line.split_once(' ').unwrap();
            let (verdict, message) = rest.split_once(' ').unwrap_or((rest, ""));
            (test.to_owned(), Ended { verdict: verdict.to_owned(), message: message.to_owned() })
        });
        let found = differences(&program, &ended.collect());
        found.iter().map(|it| format!("{} {} {}", it.test, it.native, it.sandbox)).collect()
    }

    const NONE_FOUND: [&str; 0] = [];

    #[test]
    fn each_kind_of_difference_is_found() {
        assert_eq!(check(&["t::a passed"], &["t::a passed"], None), NONE_FOUND);
        assert_eq!(check(&["t::a passed"], &["t::a failed"], None), ["t::a passed failed"]);
        assert_eq!(check(&["t::a passed"], &[], None), ["t::a passed -"]);
        assert_eq!(check(&[], &["t::a passed"], None), ["t::a - passed"]);
    }

    #[test]
    fn verdict_of_a_file_applies_to_tests() {
        assert_eq!(check(&["t errored"], &["t::a errored", "t::b errored"], None), NONE_FOUND);
        assert_eq!(check(&["t errored"], &["t::a passed"], None), ["t::a errored passed"]);
        assert_eq!(check(&["t skipped"], &["t skipped"], None), NONE_FOUND);
        assert_eq!(check(&["t errored"], &[], None), ["t errored -"]);
    }

    #[test]
    fn listed_differences_must_occur() {
        let listed = || {
            let [test, native, sandbox, says] = ["t::a", "passed", "failed", "no network"].map(str::to_owned);
            Some(Listed { test, native, sandbox, says: Some(says) })
        };
        assert_eq!(check(&["t::a passed"], &["t::a failed there is no network"], listed()), NONE_FOUND);
        let gone = "t::a passed passed (listed: passed and failed)";
        assert_eq!(check(&["t::a passed"], &["t::a passed"], listed()), [gone]);
        let other = "t::a passed failed (listed: passed and failed)";
        assert_eq!(check(&["t::a passed"], &["t::a failed for another reason"], listed()), [other]);
    }
}
