//! The rules for generated code. Each rule is a check in the report: `pass`, or `warning` with its issues.

use phasegate_plugin::artifacts::{Check, CodeFile, Findings, Issue, Location, Severity};

use crate::python::{blank_text, uses};

struct Rule {
    id: &'static str,
    severity: Severity,
    /// The condition that the code must meet.
    item: &'static str,
    impact: &'static str,
    recommendation: &'static str,
    /// Returns whether a line breaks the rule. Gets the line, and the line with blanked strings and comments.
    broken_by: fn(&str, &str) -> bool,
}

const RULES: [Rule; 9] = [
    Rule {
        id: "dynamic-code",
        severity: Severity::Critical,
        item: "no text is executed as code",
        impact: "An attacker who controls the text runs their own code.",
        recommendation: "Parse the input (`ast.literal_eval`, `json.loads`, a table of functions) instead of executing it.",
        broken_by: |_, code| any(code, &["eval(", "exec(", "__import__("]),
    },
    Rule {
        id: "shell",
        severity: Severity::Critical,
        item: "no command goes through a shell",
        impact: "A crafted argument becomes a second command.",
        recommendation: "Call the program with a list of arguments and without a shell, or avoid it.",
        broken_by: |_, code| any(code, &["os.system(", "os.popen(", "shell=True", "subprocess.getoutput("]),
    },
    Rule {
        id: "process",
        severity: Severity::High,
        item: "no other program is started",
        impact: "The product starts other programs with the user's permissions.",
        recommendation: "Use a library of the language; where a program is truly needed, say so in the design.",
        broken_by: |_, code| {
            !code.contains("shell=True")
                && any(
                    code,
                    &[
                        "subprocess.run(",
                        "subprocess.Popen(",
                        "subprocess.call(",
                        "subprocess.check_output(",
                        "subprocess.check_call(",
                        "os.exec",
                        "os.spawn",
                    ],
                )
        },
    },
    Rule {
        id: "unsafe-load",
        severity: Severity::High,
        item: "no loader that can run code reads data",
        impact: "A crafted file runs code while it is read.",
        recommendation: "Use JSON, or `yaml.safe_load`.",
        broken_by: |_, code| {
            any(code, &["pickle.load(", "pickle.loads(", "marshal.loads(", "shelve.open(", "jsonpickle.decode("])
                || (uses(code, "yaml.load(") && !code.contains("SafeLoader"))
        },
    },
    Rule {
        id: "secret",
        severity: Severity::High,
        item: "the source contains no secret",
        impact: "All readers of the source get the secret.",
        recommendation: "Take it from the environment or a secret store, and change the one that was exposed.",
        broken_by: holds_secret,
    },
    Rule {
        id: "query",
        severity: Severity::High,
        item: "no query is built from text",
        impact: "Input can change what the query does.",
        recommendation: "Bind the values as parameters.",
        broken_by: |line, code| {
            let built = |call: &str| after(line, call).is_some_and(|rest| is_built(rest.trim_start()));
            any(code, &[".execute(", ".executemany("]) && (built(".execute(") || built(".executemany("))
        },
    },
    Rule {
        id: "tls",
        severity: Severity::High,
        item: "certificates are verified",
        impact: "An attacker on the network path can read and change the traffic.",
        recommendation: "Leave verification on; add the authority's certificate where it is private.",
        broken_by: |_, code| {
            code.contains("verify=False")
                || code.contains("ssl.CERT_NONE")
                || any(code, &["ssl._create_unverified_context"])
        },
    },
    Rule {
        id: "weak-hash",
        severity: Severity::Medium,
        item: "no broken hash function is used",
        impact: "An attacker can create two inputs with the same digest.",
        recommendation: "Use SHA-256 or, for passwords, `hashlib.scrypt`.",
        broken_by: |_, code| any(code, &["hashlib.md5(", "hashlib.sha1("]) && !code.contains("usedforsecurity=False"),
    },
    Rule {
        id: "temp-name",
        severity: Severity::Medium,
        item: "temporary files cannot be swapped",
        impact: "An attacker can create a file of that name first.",
        recommendation: "Use `tempfile.NamedTemporaryFile` or `tempfile.mkstemp`.",
        broken_by: |_, code| any(code, &["tempfile.mktemp(", "os.tempnam("]),
    },
];

/// Applies all rules to all Python files.
pub fn examine(files: &[CodeFile]) -> Findings {
    let mut findings = Findings::default();
    let python: Vec<(&CodeFile, String)> =
        files.iter().filter(|file| file.path.ends_with(".py")).map(|file| (file, blank_text(&file.content))).collect();
    for rule in &RULES {
        let before = findings.issues.len();
        for (file, code) in &python {
            for (at, (line, code)) in file.content.lines().zip(code.lines()).enumerate() {
                if (rule.broken_by)(line, code) {
                    findings.issues.push(issue(rule, findings.issues.len() - before, file, at, line));
                }
            }
        }
        findings.checks.push(check(rule, findings.issues.len() - before));
    }
    findings
}

fn issue(rule: &Rule, before: usize, file: &CodeFile, at: usize, line: &str) -> Issue {
    let number = u32::try_from(at + 1).ok();
    Issue {
        id: format!("{}-{}", rule.id, before + 1),
        severity: rule.severity,
        category: rule.id.to_owned(),
        defect_type: "security_vulnerability".to_owned(),
        phase_injected: "code".to_owned(),
        description: format!("{} breaks the rule that {}.", file.path, rule.item),
        evidence: evidence(rule, file, at + 1, line),
        impact: rule.impact.to_owned(),
        recommendation: Some(rule.recommendation.to_owned()),
        location: Some(Location { path: file.path.clone(), line: number }),
    }
}

/// Returns the evidence. It names the place of a secret without repeating the secret.
fn evidence(rule: &Rule, file: &CodeFile, number: usize, line: &str) -> String {
    if rule.id == "secret" {
        let name = line.split(['=', ':']).next().unwrap_or_default().trim();
        return format!("{}:{number} assigns a literal value to `{name}` (not shown)", file.path);
    }
    format!("{}:{number}: {}", file.path, line.trim())
}

fn check(rule: &Rule, issues: usize) -> Check {
    let (status, notes) = match issues {
        0 => ("pass", "no line breaks this rule".to_owned()),
        // A failed check would count as a further issue.
        some => ("warning", format!("{some} lines break this rule; see the issues `{}-…`", rule.id)),
    };
    Check { item: rule.item.to_owned(), status: status.to_owned(), notes }
}

fn any(code: &str, names: &[&str]) -> bool {
    names.iter().any(|name| uses(code, name) || (name.starts_with('.') && code.contains(name)))
        || names.contains(&"shell=True") && code.contains("shell=True")
}

fn after<'a>(line: &'a str, call: &str) -> Option<&'a str> {
    line.split_once(call).map(|(_, rest)| rest)
}

/// Returns whether the argument begins with an f-string with placeholders or with a concatenated or formatted string.
fn is_built(argument: &str) -> bool {
    let quoted = |text: &str| text.starts_with(['"', '\'']);
    let formatted = argument.strip_prefix(['f', 'F']).is_some_and(quoted) && argument.contains('{');
    let plain = argument.starts_with(['"', '\'']);
    formatted
        || plain && ["\" +", "' +", "\" %", "' %", "\".format(", "'.format("].iter().any(|sign| argument.contains(sign))
}

fn holds_secret(line: &str, code: &str) -> bool {
    if line.contains("-----BEGIN") && line.contains("PRIVATE KEY-----") {
        return true;
    }
    let Some((name, value)) = assignment(code) else { return false };
    let name = name.to_lowercase();
    let named = ["password", "passwd", "secret", "token", "api_key", "apikey", "private_key"];
    let Some(start) = line.len().checked_sub(value.len()) else { return false };
    let literal = line.get(start..).unwrap_or_default().trim_start();
    named.iter().any(|word| name.contains(word)) && is_secret_literal(literal)
}

/// Parses `name = value` or `name: type = value`.
fn assignment(code: &str) -> Option<(&str, &str)> {
    let (left, value) = code.split_once('=')?;
    let name = left.split(':').next()?.trim();
    let plain =
        !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '.');
    (plain && !value.starts_with('=')).then_some((name, value))
}

fn is_secret_literal(literal: &str) -> bool {
    let inside = ['"', '\''].into_iter().find_map(|quote| literal.strip_prefix(quote)?.split_once(quote));
    let Some((text, _)) = inside else { return false };
    let placeholder = ["example", "changeme", "change-me", "your", "dummy", "test", "placeholder", "xxx"];
    let lower = text.to_lowercase();
    text.len() >= 8 && !text.contains([' ', '{', '<']) && !placeholder.iter().any(|word| lower.contains(word))
}
