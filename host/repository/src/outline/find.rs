//! Finds definitions and imports in a parsed file.
//!
//! The tree is walked with a cursor, never recursively, so that deep nesting costs no stack. Only nodes that may contain
//! definitions are entered.

use std::collections::BTreeSet;

use tree_sitter::{Node, Tree};

use super::language::Grammar;
use super::rules::{DefinitionKind, Role, role};
use super::types::{Definition, Import};

/// The most definitions of one file.
const MAX_DEFINITIONS: usize = 400;
const MAX_IMPORTS: usize = 400;
/// The longest name, in bytes.
const MAX_NAME_BYTES: usize = 80;
/// The longest chain of declarators, as in `int **f(void)`.
const MAX_DECLARATORS: usize = 16;

/// What a file defines and imports.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) definitions: Vec<Definition>,
    pub(super) imports: Vec<Import>,
}

/// Finds the definitions of a file, in the order of the file, each name of a kind once; and the imports of Python.
pub(super) fn find(grammar: Grammar, source: &[u8], tree: &Tree) -> Found {
    let mut finder = Finder { grammar, source, scopes: Vec::new(), known: BTreeSet::new(), found: Found::default() };
    let mut cursor = tree.walk();
    let mut depth = 0u32;
    loop {
        finder.scopes.retain(|scope| scope.depth < depth);
        if finder.visit(cursor.node(), depth) && cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return finder.found;
            }
            depth -= 1;
        }
    }
}

/// A node around the current one that changes the meaning of what it contains.
struct Scope {
    depth: u32,
    kind: ScopeKind,
}

#[derive(PartialEq, Eq)]
enum ScopeKind {
    /// A type with this qualified name.
    Type(String),
    /// A module or namespace. Names are not qualified with it.
    Module,
    /// Code that may not run: its imports are optional.
    Optional,
}

struct Finder<'a> {
    grammar: Grammar,
    source: &'a [u8],
    scopes: Vec<Scope>,
    known: BTreeSet<(String, DefinitionKind)>,
    found: Found,
}

impl<'a> Finder<'a> {
    /// Records what a node defines. Returns whether its children are visited.
    fn visit(&mut self, node: Node<'_>, depth: u32) -> bool {
        let Some(role) = node.is_named().then(|| role(self.grammar, node.kind())).flatten() else { return false };
        match role {
            Role::Enter => {
                if self.is_optional(node) {
                    self.scopes.push(Scope { depth, kind: ScopeKind::Optional });
                }
                true
            }
            Role::Named(kind) => {
                if self.has_needed_body(node) {
                    self.add(node.child_by_field_name("name"), kind);
                }
                false
            }
            Role::Scope(kind) => self.has_needed_body(node) && self.visit_scope(node, kind, depth),
            Role::Extension => {
                // The functions of a trait are named by the trait.
                let Some(of) = node.child_by_field_name("type") else { return false };
                let Some(name) = self.text(of).filter(|_| node.child_by_field_name("trait").is_none()) else {
                    return false;
                };
                let name = name.split('<').next().unwrap_or(name);
                let name = name.rsplit("::").next().unwrap_or(name).trim().to_owned();
                self.scopes.push(Scope { depth, kind: ScopeKind::Type(name) });
                true
            }
            Role::Declared(kind) => {
                self.visit_declared(node, kind);
                true
            }
            Role::Received => {
                let receiver = node.child_by_field_name("receiver").and_then(|it| self.text(it));
                let of = receiver.map(receiver_type).unwrap_or_default().to_owned();
                if let Some((name, line)) = node.child_by_field_name("name").and_then(|it| self.name(it)) {
                    self.push(format!("{of}.{name}"), DefinitionKind::Method, line);
                }
                false
            }
            Role::Specified => {
                let kind = match node.child_by_field_name("type").map(|it| it.kind()) {
                    Some("struct_type") => DefinitionKind::Struct,
                    Some("interface_type") => DefinitionKind::Interface,
                    _ => DefinitionKind::Type,
                };
                self.add(node.child_by_field_name("name"), kind);
                false
            }
            Role::Variables => {
                self.visit_variables(node);
                false
            }
            Role::Assigned => {
                self.visit_assigned(node);
                false
            }
            Role::Fields => {
                self.visit_fields(node);
                false
            }
            Role::Import => {
                self.visit_import(node);
                false
            }
        }
    }

    /// Whether the imports in this node of Python are optional: in a `try`, or for type checkers, versions and platforms.
    fn is_optional(&self, node: Node<'_>) -> bool {
        let condition = || node.child_by_field_name("condition").and_then(|it| self.text(it)).unwrap_or_default();
        match node.kind() {
            "try_statement" => true,
            "if_statement" => {
                ["TYPE_CHECKING", "sys.", "os.name", "__name__"].iter().any(|it| condition().contains(it))
            }
            _ => false,
        }
    }

    /// Whether the node has the body that makes it a definition. In C, `struct name` without a body is a use of the type.
    fn has_needed_body(&self, node: Node<'_>) -> bool {
        !node.kind().ends_with("_specifier") || node.child_by_field_name("body").is_some()
    }

    fn visit_scope(&mut self, node: Node<'_>, kind: DefinitionKind, depth: u32) -> bool {
        let Some((name, line)) = node.child_by_field_name("name").and_then(|it| self.name(it)) else { return true };
        let name = name.to_owned();
        if kind == DefinitionKind::Module {
            if self.grammar == Grammar::Rust && matches!(name.as_str(), "test" | "tests") {
                return false;
            }
            self.push(name, kind, line);
            self.scopes.push(Scope { depth, kind: ScopeKind::Module });
        } else {
            let qualified = self.qualified(&name);
            self.push(qualified.clone(), kind, line);
            self.scopes.push(Scope { depth, kind: ScopeKind::Type(qualified) });
        }
        true
    }

    fn visit_declared(&mut self, node: Node<'_>, kind: DefinitionKind) {
        let mut next = node.child_by_field_name("declarator");
        let mut is_function = false;
        for _ in 0..MAX_DECLARATORS {
            let Some(at) = next else { return };
            next = match at.kind() {
                "function_declarator" => {
                    is_function = true;
                    at.child_by_field_name("declarator")
                }
                "pointer_declarator" | "array_declarator" | "init_declarator" => at.child_by_field_name("declarator"),
                "reference_declarator" => at.named_child(0),
                "identifier" | "field_identifier" | "type_identifier" | "qualified_identifier" | "operator_name" => {
                    if kind == DefinitionKind::Type {
                        self.add(Some(at), self.defined_type(node));
                    } else if is_function {
                        self.add(Some(at), kind);
                    }
                    return;
                }
                _ => return,
            };
        }
    }

    /// The kind of the type that a `typedef` names.
    fn defined_type(&self, node: Node<'_>) -> DefinitionKind {
        match node.child_by_field_name("type").map(|it| it.kind()) {
            Some("struct_specifier" | "union_specifier") => DefinitionKind::Struct,
            Some("enum_specifier") => DefinitionKind::Enum,
            _ => DefinitionKind::Type,
        }
    }

    fn visit_variables(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        for declarator in node.named_children(&mut cursor).filter(|it| it.kind() == "variable_declarator") {
            let name = declarator.child_by_field_name("name").filter(|it| it.kind() == "identifier");
            match declarator.child_by_field_name("value").map(|it| it.kind()) {
                Some("arrow_function" | "function_expression" | "generator_function") => {
                    self.add(name, DefinitionKind::Function);
                }
                Some("class") => self.add(name, DefinitionKind::Class),
                _ => self.add(name.filter(|it| self.is_constant(*it)), DefinitionKind::Constant),
            }
        }
    }

    fn visit_assigned(&mut self, node: Node<'_>) {
        let Some(left) = node.child_by_field_name("left") else { return };
        if self.grammar == Grammar::Python {
            if left.kind() == "identifier" && self.enclosing_type().is_none() && self.is_constant(left) {
                self.add(Some(left), DefinitionKind::Constant);
            }
        } else if let Some("arrow_function" | "function_expression" | "generator_function") =
            node.child_by_field_name("right").map(|it| it.kind())
        {
            self.add(left.child_by_field_name("property"), DefinitionKind::Function);
        }
    }

    fn visit_fields(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        let modifiers = node.named_children(&mut cursor).find(|it| it.kind() == "modifiers");
        let modifiers = modifiers.and_then(|it| self.text(it)).unwrap_or_default();
        let is_constant = ["static", "final"].iter().all(|word| modifiers.split_whitespace().any(|it| it == *word));
        if is_constant || node.kind() == "constant_declaration" {
            let declarator = node.child_by_field_name("declarator");
            self.add(declarator.and_then(|it| it.child_by_field_name("name")), DefinitionKind::Constant);
        }
    }

    fn visit_import(&mut self, node: Node<'_>) {
        let optional = self.scopes.iter().any(|scope| scope.kind == ScopeKind::Optional);
        let mut add = |name: Option<Node<'_>>| {
            let name = name.filter(|it| it.kind() == "dotted_name").and_then(|it| self.text(it));
            if let Some(module) = name.filter(|_| self.found.imports.len() < MAX_IMPORTS) {
                self.found.imports.push(Import { module: module.to_owned(), optional });
            }
        };
        if node.kind() == "import_from_statement" {
            add(node.child_by_field_name("module_name"));
            return;
        }
        let mut cursor = node.walk();
        for name in node.children_by_field_name("name", &mut cursor) {
            add(if name.kind() == "aliased_import" { name.child_by_field_name("name") } else { Some(name) });
        }
    }

    /// Records a definition with this name, qualified with the type around it.
    fn add(&mut self, name: Option<Node<'_>>, kind: DefinitionKind) {
        let Some((name, line)) = name.and_then(|it| self.name(it)) else { return };
        let has_type = self.enclosing_type().is_some() || name.contains("::");
        let kind = match kind {
            DefinitionKind::Function if has_type => DefinitionKind::Method,
            DefinitionKind::Type if has_type && self.grammar == Grammar::Rust => return,
            other => other,
        };
        let name = without_arguments(name).replace("::", ".");
        // Called by the language itself, constructors, and private members of JavaScript.
        let is_special = (name.starts_with("__") && name.ends_with("__")) || name.starts_with('#');
        let is_constructor = self.enclosing_type().is_some_and(|of| of.rsplit('.').next() == Some(&name));
        if kind != DefinitionKind::Method || !(is_special || is_constructor) {
            self.push(self.qualified(&name), kind, line);
        }
    }

    fn push(&mut self, name: String, kind: DefinitionKind, line: u32) {
        let fits = name.len() <= MAX_NAME_BYTES && self.found.definitions.len() < MAX_DEFINITIONS;
        if fits && self.known.insert((name.clone(), kind)) {
            self.found.definitions.push(Definition { name, kind, line });
        }
    }

    fn enclosing_type(&self) -> Option<&str> {
        self.scopes.iter().rev().find_map(|scope| match &scope.kind {
            ScopeKind::Type(name) => Some(name.as_str()),
            _ => None,
        })
    }

    fn qualified(&self, name: &str) -> String {
        self.enclosing_type().map_or_else(|| name.to_owned(), |of| format!("{of}.{name}"))
    }

    /// Whether the name is that of a constant: `MAX_SIZE`.
    fn is_constant(&self, name: Node<'_>) -> bool {
        self.text(name).is_some_and(|name| {
            name.len() > 1
                && name.starts_with(|c: char| c.is_ascii_uppercase())
                && !name.contains(|c: char| c.is_lowercase())
        })
    }

    /// The name in a node, and its line from 1.
    fn name(&self, node: Node<'_>) -> Option<(&'a str, u32)> {
        let name = self.text(node)?.trim();
        let plain = !name.is_empty() && name.len() <= MAX_NAME_BYTES && !name.contains(|c: char| c.is_control());
        let line = u32::try_from(node.start_position().row).ok()?.checked_add(1)?;
        plain.then_some((name, line))
    }

    fn text(&self, node: Node<'_>) -> Option<&'a str> {
        std::str::from_utf8(self.source.get(node.byte_range())?).ok()
    }
}

/// A qualified name of C++ without the arguments of templates: `Cart::add` for `Cart<int>::add`.
fn without_arguments(name: &str) -> String {
    let mut depth = 0u32;
    // Operators such as `operator<` have no arguments.
    let has_arguments = name.contains("::") && !name.contains("operator");
    let outside = name.chars().filter(|c| {
        depth += u32::from(*c == '<');
        let is_outside = depth == 0 || !has_arguments;
        depth = depth.saturating_sub(u32::from(*c == '>'));
        is_outside
    });
    outside.collect()
}

/// The type in a receiver of Go: `(s *Server[T])`.
fn receiver_type(receiver: &str) -> &str {
    let inner = receiver.trim_matches(['(', ')']).split('[').next().unwrap_or_default().trim();
    inner.rsplit([' ', '*', '\t']).next().unwrap_or(inner)
}
