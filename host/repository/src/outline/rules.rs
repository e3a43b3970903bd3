//! For each grammar: the nodes that define something, and the nodes that may contain definitions. Other nodes, such as the
//! bodies of functions, are not entered.

use serde::{Deserialize, Serialize};

use super::language::Grammar;

/// The kind of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DefinitionKind {
    /// A function outside of a class, or a macro.
    Function,
    /// A class or record.
    Class,
    /// A function of a type.
    Method,
    /// A struct or union.
    Struct,
    /// An enumeration.
    Enum,
    /// An interface.
    Interface,
    /// A trait.
    Trait,
    /// Another named type.
    Type,
    /// A module or namespace.
    Module,
    /// A constant at the top level or of a type.
    Constant,
}

/// What a node is for the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A definition whose name is in the field `name`. It is a method inside of a type.
    Named(DefinitionKind),
    /// As [`Role::Named`]; what it contains are its members.
    Scope(DefinitionKind),
    /// Members of a type that is defined elsewhere: `impl`.
    Extension,
    /// A definition whose name is at the end of a chain of declarators (C and C++).
    Declared(DefinitionKind),
    /// A method of Go: its type is in the field `receiver`.
    Received,
    /// A type of Go, whose kind depends on the field `type`.
    Specified,
    /// Declarators of JavaScript: functions, and constants with names in capitals.
    Variables,
    /// Assignments: constants of Python, functions of JavaScript.
    Assigned,
    /// Fields of Java: constants, if `static` and `final`.
    Fields,
    /// An import of Python.
    Import,
    /// May contain definitions.
    Enter,
}

/// Returns the role of nodes of a kind.
pub(super) fn role(grammar: Grammar, node: &str) -> Option<Role> {
    match grammar {
        _ if node == "ERROR" => Some(Role::Enter),
        Grammar::Python => python(node),
        Grammar::JavaScript | Grammar::TypeScript | Grammar::Tsx => script(node),
        Grammar::Rust => rust(node),
        Grammar::Go => go(node),
        Grammar::Java => java(node),
        Grammar::C | Grammar::Cpp => c(node),
    }
}

fn python(node: &str) -> Option<Role> {
    Some(match node {
        "class_definition" => Role::Scope(DefinitionKind::Class),
        "function_definition" => Role::Named(DefinitionKind::Function),
        "assignment" => Role::Assigned,
        "import_statement" | "import_from_statement" => Role::Import,
        "module"
        | "block"
        | "decorated_definition"
        | "expression_statement"
        | "if_statement"
        | "elif_clause"
        | "else_clause"
        | "try_statement"
        | "except_clause"
        | "finally_clause"
        | "with_statement" => Role::Enter,
        _ => return None,
    })
}

fn script(node: &str) -> Option<Role> {
    Some(match node {
        "class_declaration" | "abstract_class_declaration" => Role::Scope(DefinitionKind::Class),
        "function_declaration" | "generator_function_declaration" | "function_signature" => {
            Role::Named(DefinitionKind::Function)
        }
        "method_definition" | "abstract_method_signature" => Role::Named(DefinitionKind::Method),
        "interface_declaration" => Role::Named(DefinitionKind::Interface),
        "type_alias_declaration" => Role::Named(DefinitionKind::Type),
        "enum_declaration" => Role::Named(DefinitionKind::Enum),
        "internal_module" | "module" => Role::Scope(DefinitionKind::Module),
        "lexical_declaration" | "variable_declaration" => Role::Variables,
        "assignment_expression" => Role::Assigned,
        "program"
        | "export_statement"
        | "class_body"
        | "ambient_declaration"
        | "expression_statement"
        | "statement_block" => Role::Enter,
        _ => return None,
    })
}

fn rust(node: &str) -> Option<Role> {
    Some(match node {
        "function_item" | "function_signature_item" | "macro_definition" => Role::Named(DefinitionKind::Function),
        "struct_item" | "union_item" => Role::Named(DefinitionKind::Struct),
        "enum_item" => Role::Named(DefinitionKind::Enum),
        "trait_item" => Role::Scope(DefinitionKind::Trait),
        "type_item" => Role::Named(DefinitionKind::Type),
        "mod_item" => Role::Scope(DefinitionKind::Module),
        "const_item" | "static_item" => Role::Named(DefinitionKind::Constant),
        "impl_item" => Role::Extension,
        "source_file" | "declaration_list" | "foreign_mod_item" => Role::Enter,
        _ => return None,
    })
}

fn go(node: &str) -> Option<Role> {
    Some(match node {
        "function_declaration" => Role::Named(DefinitionKind::Function),
        "method_declaration" => Role::Received,
        "type_spec" | "type_alias" => Role::Specified,
        "const_spec" => Role::Named(DefinitionKind::Constant),
        "source_file" | "type_declaration" | "const_declaration" => Role::Enter,
        _ => return None,
    })
}

fn java(node: &str) -> Option<Role> {
    Some(match node {
        "class_declaration" | "record_declaration" => Role::Scope(DefinitionKind::Class),
        "interface_declaration" | "annotation_type_declaration" => Role::Scope(DefinitionKind::Interface),
        "enum_declaration" => Role::Scope(DefinitionKind::Enum),
        "method_declaration" => Role::Named(DefinitionKind::Method),
        "field_declaration" | "constant_declaration" => Role::Fields,
        "program"
        | "class_body"
        | "interface_body"
        | "annotation_type_body"
        | "enum_body"
        | "enum_body_declarations" => Role::Enter,
        _ => return None,
    })
}

fn c(node: &str) -> Option<Role> {
    Some(match node {
        "function_definition" | "declaration" | "field_declaration" => Role::Declared(DefinitionKind::Function),
        "type_definition" => Role::Declared(DefinitionKind::Type),
        "class_specifier" => Role::Scope(DefinitionKind::Class),
        "struct_specifier" | "union_specifier" => Role::Scope(DefinitionKind::Struct),
        "enum_specifier" => Role::Named(DefinitionKind::Enum),
        "namespace_definition" => Role::Scope(DefinitionKind::Module),
        "alias_declaration" => Role::Named(DefinitionKind::Type),
        "preproc_def" => Role::Named(DefinitionKind::Constant),
        "preproc_function_def" => Role::Named(DefinitionKind::Function),
        "translation_unit"
        | "declaration_list"
        | "field_declaration_list"
        | "template_declaration"
        | "linkage_specification"
        | "preproc_ifdef"
        | "preproc_if"
        | "preproc_else"
        | "preproc_elif" => Role::Enter,
        _ => return None,
    })
}
