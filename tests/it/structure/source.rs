//! Reads what a file defines, imports and names. Everything under `#[cfg(test)]` is left out.

use std::collections::BTreeSet;

use super::tokens::tokens;

/// One module: a file, or a `mod name { … }` in it.
#[derive(Debug, Default)]
pub struct Source {
    /// Modules in files of their own.
    pub children: Vec<String>,
    /// Modules in braces.
    pub inline: Vec<(String, Source)>,
    /// Functions, types, traits, constants and macros.
    pub items: BTreeSet<String>,
    pub imports: Vec<Import>,
    /// Paths of two segments or more outside of imports, as written.
    pub paths: BTreeSet<Vec<String>>,
    /// Identifiers that stand alone.
    pub words: BTreeSet<String>,
}

/// One name of a `use`, or all names of a module.
#[derive(Debug, Clone)]
pub struct Import {
    pub path: Vec<String>,
    /// The name in this module; none for `*`.
    pub name: Option<String>,
}

const ITEMS: [&str; 8] = ["fn", "struct", "enum", "trait", "type", "const", "static", "union"];

/// Reads a file.
pub fn read_source(text: &str) -> Source {
    let tokens = tokens(text);
    let mut source = Source::default();
    read_module(&tokens, &mut source);
    source
}

fn read_module(tokens: &[String], source: &mut Source) {
    let (mut at, mut depth) = (0, 0usize);
    while at < tokens.len() {
        let next = |n: usize| tokens.get(at + n).map_or("", String::as_str);
        match next(0) {
            "#" if is_test_attribute(&tokens[at..]) => {
                at += 2 + group(&tokens[at + 1..]);
                at += item(&tokens[at..]);
                continue;
            }
            "#" => {
                let inner = usize::from(next(1) == "!");
                at += 1 + inner + group(&tokens[at + 1 + inner..]);
                continue;
            }
            "use" => {
                let end = at + tokens[at..].iter().position(|it| it == ";").unwrap_or(tokens.len() - at);
                read_imports(&tokens[at + 1..end], &[], &mut source.imports);
                at = end;
            }
            "mod" if depth == 0 && next(2) == ";" => {
                source.children.push(next(1).to_owned());
                at += 2;
            }
            "mod" if depth == 0 && next(2) == "{" => {
                let length = group(&tokens[at + 2..]);
                let mut inner = Source::default();
                read_module(&tokens[at + 3..at + 1 + length], &mut inner);
                source.inline.push((next(1).to_owned(), inner));
                at += 2 + length;
                continue;
            }
            "macro_rules" if depth == 0 => {
                source.items.insert(next(2).to_owned());
            }
            word if depth == 0 && ITEMS.contains(&word) && is_name(next(1)) && !ITEMS.contains(&next(1)) => {
                source.items.insert(next(1).to_owned());
            }
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            word if is_name(word) && (at == 0 || !matches!(tokens[at - 1].as_str(), "." | "::")) => {
                let path = path(&tokens[at..]);
                if path.len() > 1 {
                    source.paths.insert(path);
                } else {
                    source.words.insert(word.to_owned());
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_') && token != "unsafe" && token != "async"
}

/// `#[cfg(test)]`, also with more conditions beside it.
fn is_test_attribute(tokens: &[String]) -> bool {
    let attribute = &tokens[1..1 + group(&tokens[1..])];
    attribute.get(1).is_some_and(|it| it == "cfg")
        && attribute.iter().any(|it| it == "test")
        && !attribute.iter().any(|it| it == "not")
}

/// The number of tokens of the group in brackets that starts here.
fn group(tokens: &[String]) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// The number of tokens of the item that starts here: up to its `;`, or to the end of its braces.
fn item(tokens: &[String]) -> usize {
    let mut at = 0;
    let import = tokens.iter().take(8).take_while(|it| *it != "{").any(|it| it == "use");
    while at < tokens.len() {
        match tokens[at].as_str() {
            ";" => return at + 1,
            "{" if !import => return at + group(&tokens[at..]),
            "{" | "(" | "[" => at += group(&tokens[at..]),
            _ => at += 1,
        }
    }
    at
}

/// The segments of the path that starts here; generic arguments end it.
fn path(tokens: &[String]) -> Vec<String> {
    let mut path = vec![tokens[0].clone()];
    let mut rest = &tokens[1..];
    while let [sign, name, ..] = rest
        && sign == "::"
        && is_name(name)
    {
        path.push(name.clone());
        rest = &rest[2..];
    }
    path
}

/// The names of a `use` tree below a path.
fn read_imports(tokens: &[String], before: &[String], imports: &mut Vec<Import>) {
    let mut path = before.to_vec();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "::" => {}
            "{" => {
                let inner = &tokens[at + 1..at + group(&tokens[at..]) - 1];
                let mut from = 0;
                let mut depth = 0;
                for (place, token) in inner.iter().enumerate() {
                    match token.as_str() {
                        "{" => depth += 1,
                        "}" => depth -= 1,
                        "," if depth == 0 => {
                            read_imports(&inner[from..place], &path, imports);
                            from = place + 1;
                        }
                        _ => {}
                    }
                }
                read_imports(&inner[from..], &path, imports);
                return;
            }
            "*" => return imports.push(Import { path, name: None }),
            "as" => return imports.push(Import { path, name: tokens.get(at + 1).cloned() }),
            "self" if !path.is_empty() => {}
            segment => path.push(segment.to_owned()),
        }
        at += 1;
    }
    if path.len() > before.len() || tokens.first().is_some_and(|it| it == "self") {
        let name = path.last().cloned();
        imports.push(Import { path, name });
    }
}
