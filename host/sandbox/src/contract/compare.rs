//! Compares two functions or types, `ours` and `theirs`, with everything they contain.
//!
//! As in WebAssembly, names of types do not matter; structure does, and so do names and order of parameters, fields, cases and
//! flags. Each pair of types is compared once, so a difference is reported once.

use std::collections::{HashMap, HashSet};

use wit_parser::{Function, Handle, Resolve, Type, TypeDef, TypeDefKind, TypeId};

/// The most characters of a rendered type.
const MAX_TYPE_CHARS: usize = 80;
/// The most differences that are recorded.
const MAX_DIFFERENCES: usize = 200;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeDifference {
    /// Path to the difference: ``parameter `assignment`, record `assignment`, field `attempt` ``.
    pub(crate) place: String,
    pub(crate) ours: String,
    pub(crate) theirs: String,
}

/// A comparison that remembers the types it has compared.
pub(crate) struct Comparison<'a> {
    ours: &'a Resolve,
    theirs: &'a Resolve,
    seen: HashSet<(TypeId, TypeId)>,
    place: Vec<String>,
    found: Vec<TypeDifference>,
}

/// Name and type of a field, case or flag.
type Member<'a> = (&'a str, Option<&'a Type>);

impl<'a> Comparison<'a> {
    pub(crate) fn new(ours: &'a Resolve, theirs: &'a Resolve) -> Self {
        Self { ours, theirs, seen: HashSet::new(), place: Vec::new(), found: Vec::new() }
    }

    /// Returns the differences of two functions, without those that this comparison reported before.
    pub(crate) fn functions(&mut self, ours: &Function, theirs: &Function) -> Vec<TypeDifference> {
        let sort = |function: &Function| if function.kind.is_async() { "an async func" } else { "a plain func" };
        if sort(ours) != sort(theirs) {
            self.record(sort(ours).to_owned(), sort(theirs).to_owned());
        }
        let names = |function: &Function| {
            let names: Vec<&str> = function.params.iter().map(|param| param.name.as_str()).collect();
            format!("({})", names.join(", "))
        };
        if names(ours) != names(theirs) {
            self.within("parameters".to_owned(), |it| it.record(names(ours), names(theirs)));
        }
        for (one, other) in ours.params.iter().zip(&theirs.params).filter(|(one, other)| one.name == other.name) {
            self.within(format!("parameter `{}`", one.name), |it| it.types(&one.ty, &other.ty));
        }
        self.within("result".to_owned(), |it| it.optional(ours.result.as_ref(), theirs.result.as_ref()));
        std::mem::take(&mut self.found)
    }

    /// Returns the differences of two types, without those that this comparison reported before.
    pub(crate) fn named_types(&mut self, ours: TypeId, theirs: TypeId) -> Vec<TypeDifference> {
        self.types(&Type::Id(ours), &Type::Id(theirs));
        std::mem::take(&mut self.found)
    }

    fn types(&mut self, ours: &Type, theirs: &Type) {
        let (ours, theirs) = (resolve_alias(self.ours, ours), resolve_alias(self.theirs, theirs));
        match (ours, theirs) {
            (Type::Id(one), Type::Id(other)) => {
                if self.seen.insert((one, other))
                    && let (Some(one), Some(other)) = (self.ours.types.get(one), self.theirs.types.get(other))
                {
                    match label(one) {
                        Some(label) => self.within(label, |it| it.defined(&ours, one, &theirs, other)),
                        None => self.defined(&ours, one, &theirs, other),
                    }
                }
            }
            _ if ours == theirs => {}
            _ => self.record(render_type(self.ours, &ours), render_type(self.theirs, &theirs)),
        }
    }

    fn defined(&mut self, ours: &Type, one: &TypeDef, theirs: &Type, other: &TypeDef) {
        use TypeDefKind as Kind;
        match (&one.kind, &other.kind) {
            (Kind::Record(_), Kind::Record(_)) => self.members("field", &members(one), &members(other)),
            (Kind::Variant(_), Kind::Variant(_)) | (Kind::Enum(_), Kind::Enum(_)) => {
                self.members("case", &members(one), &members(other));
            }
            (Kind::Flags(_), Kind::Flags(_)) => self.members("flag", &members(one), &members(other)),
            (Kind::List(one), Kind::List(other)) => self.within("element".to_owned(), |it| it.types(one, other)),
            (Kind::Option(one), Kind::Option(other)) => self.within("value".to_owned(), |it| it.types(one, other)),
            (Kind::Result(one), Kind::Result(other)) => {
                self.within("ok".to_owned(), |it| it.optional(one.ok.as_ref(), other.ok.as_ref()));
                self.within("error".to_owned(), |it| it.optional(one.err.as_ref(), other.err.as_ref()));
            }
            (Kind::Tuple(one), Kind::Tuple(other)) if one.types.len() == other.types.len() => {
                for (index, (one, other)) in one.types.iter().zip(&other.types).enumerate() {
                    self.within(format!("element {}", index + 1), |it| it.types(one, other));
                }
            }
            (Kind::Map(key, value), Kind::Map(their_key, their_value)) => {
                self.within("key".to_owned(), |it| it.types(key, their_key));
                self.within("value".to_owned(), |it| it.types(value, their_value));
            }
            (Kind::FixedLengthList(one, n), Kind::FixedLengthList(other, m)) if n == m => {
                self.within("element".to_owned(), |it| it.types(one, other));
            }
            (Kind::Future(one), Kind::Future(other)) | (Kind::Stream(one), Kind::Stream(other)) => {
                self.within("element".to_owned(), |it| it.optional(one.as_ref(), other.as_ref()));
            }
            (Kind::Handle(Handle::Own(one)), Kind::Handle(Handle::Own(other)))
            | (Kind::Handle(Handle::Borrow(one)), Kind::Handle(Handle::Borrow(other))) => {
                self.types(&Type::Id(*one), &Type::Id(*other));
            }
            (Kind::Resource, Kind::Resource) if one.name == other.name => {}
            _ => self.record(render_type(self.ours, ours), render_type(self.theirs, theirs)),
        }
    }

    fn members(&mut self, word: &str, ours: &[Member<'_>], theirs: &[Member<'_>]) {
        let render = |resolve, ty: Option<&Type>| ty.map_or("present".to_owned(), |ty| render_type(resolve, ty));
        let by_name: HashMap<&str, Option<&Type>> = theirs.iter().copied().collect();
        let known: HashSet<&str> = ours.iter().map(|(name, _)| *name).collect();
        let mut same = true;
        for (name, ty) in ours {
            self.within(format!("{word} `{name}`"), |it| match (ty, by_name.get(name)) {
                (ty, None) => {
                    same = false;
                    it.record(render(it.ours, *ty), "absent".to_owned());
                }
                (Some(one), Some(Some(other))) => it.types(one, other),
                (None, Some(None)) => {}
                (ty, Some(other)) => {
                    let render =
                        |resolve, ty: Option<&Type>| ty.map_or("nothing".to_owned(), |ty| render_type(resolve, ty));
                    it.record(render(it.ours, *ty), render(it.theirs, *other));
                }
            });
        }
        for (name, ty) in theirs.iter().filter(|(name, _)| !known.contains(name)) {
            same = false;
            self.within(format!("{word} `{name}`"), |it| it.record("absent".to_owned(), render(it.theirs, *ty)));
        }
        if same && ours.iter().zip(theirs).any(|((one, _), (other, _))| one != other) {
            let order = |members: &[Member<'_>]| {
                truncate(&members.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "))
            };
            self.within(format!("order of the {word}s"), |it| it.record(order(ours), order(theirs)));
        }
    }

    fn optional(&mut self, ours: Option<&Type>, theirs: Option<&Type>) {
        let render = |resolve, ty: Option<&Type>| ty.map_or("nothing".to_owned(), |ty| render_type(resolve, ty));
        match (ours, theirs) {
            (None, None) => {}
            (Some(one), Some(other)) => self.types(one, other),
            _ => self.record(render(self.ours, ours), render(self.theirs, theirs)),
        }
    }

    fn within(&mut self, place: String, look: impl FnOnce(&mut Self)) {
        self.place.push(place);
        look(self);
        self.place.pop();
    }

    fn record(&mut self, ours: String, theirs: String) {
        if self.found.len() < MAX_DIFFERENCES {
            self.found.push(TypeDifference { place: self.place.join(", "), ours, theirs });
        }
    }
}

/// Returns the type behind its aliases.
fn resolve_alias(resolve: &Resolve, ty: &Type) -> Type {
    let mut ty = *ty;
    while let Type::Id(id) = ty
        && let Some(TypeDef { kind: TypeDefKind::Type(target), .. }) = resolve.types.get(id)
    {
        ty = *target;
    }
    ty
}

fn members(def: &TypeDef) -> Vec<Member<'_>> {
    match &def.kind {
        TypeDefKind::Record(record) => {
            record.fields.iter().map(|field| (field.name.as_str(), Some(&field.ty))).collect()
        }
        TypeDefKind::Variant(variant) => {
            variant.cases.iter().map(|case| (case.name.as_str(), case.ty.as_ref())).collect()
        }
        TypeDefKind::Enum(cases) => cases.cases.iter().map(|case| (case.name.as_str(), None)).collect(),
        TypeDefKind::Flags(flags) => flags.flags.iter().map(|flag| (flag.name.as_str(), None)).collect(),
        _ => Vec::new(),
    }
}

/// Returns kind and name of a named type: ``record `issue` ``.
fn label(def: &TypeDef) -> Option<String> {
    def.name.as_ref().map(|name| format!("{} `{name}`", def.kind.as_str()))
}

/// Renders a type in one short line. Named types appear by name.
fn render_type(resolve: &Resolve, ty: &Type) -> String {
    truncate(&render_to_depth(resolve, ty, 4))
}

fn render_to_depth(resolve: &Resolve, ty: &Type, depth: u32) -> String {
    let ty = resolve_alias(resolve, ty);
    let def = match ty {
        Type::Id(id) => resolve.types.get(id),
        plain => return format!("{plain:?}").to_lowercase(),
    };
    let (Some(def), Some(depth)) = (def, depth.checked_sub(1)) else { return "…".to_owned() };
    if let Some(label) = label(def) {
        return label;
    }
    let within = |ty: &Type| render_to_depth(resolve, ty, depth);
    let maybe = |ty: &Option<Type>| ty.as_ref().map_or("_".to_owned(), within);
    match &def.kind {
        TypeDefKind::List(ty) => format!("list<{}>", within(ty)),
        TypeDefKind::Option(ty) => format!("option<{}>", within(ty)),
        TypeDefKind::Result(result) => format!("result<{}, {}>", maybe(&result.ok), maybe(&result.err)),
        TypeDefKind::Tuple(tuple) => {
            format!("tuple<{}>", tuple.types.iter().map(within).collect::<Vec<_>>().join(", "))
        }
        TypeDefKind::FixedLengthList(ty, n) => format!("list<{}, {n}>", within(ty)),
        TypeDefKind::Future(ty) => format!("future<{}>", maybe(ty)),
        TypeDefKind::Stream(ty) => format!("stream<{}>", maybe(ty)),
        TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => within(&Type::Id(*id)),
        other => other.as_str().to_owned(),
    }
}

fn truncate(text: &str) -> String {
    match text.char_indices().nth(MAX_TYPE_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use crate::contract::wit::Contract;

    const OURS: &str = "
        enum level { low, high }
        flags rights { read, write }
        variant told { words(string), count(u32), nothing }
        record note { text: string, level: level, told: option<told>, rights: rights }
        say: func(notes: list<note>, to: string) -> result<u32, string>;
    ";

    fn contract(interface: &str) -> Contract {
        let text = format!("package a:b@1.0.0; interface it {{ {interface} }}");
        Contract::parse(&[("it.wit", &text)]).unwrap()
    }

    /// Returns the differences as `place: ours | theirs` after replacing `from` with `to` in the function `say`.
    fn changed(from: &str, to: &str) -> Vec<String> {
        assert!(OURS.contains(from), "{from}");
        differences(OURS, &OURS.replace(from, to))
    }

    fn differences(ours: &str, theirs: &str) -> Vec<String> {
        let (ours, theirs) = (contract(ours), contract(theirs));
        let say = |contract: &'_ Contract| contract.interface("it").unwrap().functions["say"].clone();
        let found = Comparison::new(&ours.resolve, &theirs.resolve).functions(&say(&ours), &say(&theirs));
        found.into_iter().map(|it| format!("{}: {} | {}", it.place, it.ours, it.theirs)).collect()
    }

    const NOTE: &str = "parameter `notes`, element, record `note`";

    #[test]
    fn equal_types_with_other_names_do_not_differ() {
        assert_eq!(changed("say", "say"), [""; 0]);
        let renamed = OURS.replace("record note", "record remark").replace("list<note>", "list<remark>");
        assert_eq!(differences(OURS, &renamed), [""; 0]);
    }

    #[test]
    fn compares_kind_parameters_and_result_of_functions() {
        assert_eq!(changed("say: func", "say: async func"), [": a plain func | an async func"]);
        assert_eq!(changed(", to: string", ""), ["parameters: (notes, to) | (notes)"]);
        assert_eq!(changed("to: string", "for: string"), ["parameters: (notes, to) | (notes, for)"]);
        assert_eq!(changed("to: string", "to: list<u8>"), ["parameter `to`: string | list<u8>"]);
        assert_eq!(changed(" -> result<u32, string>", ""), ["result: result<u32, string> | nothing"]);
        assert_eq!(changed("result<u32, string>", "result<u64, string>"), ["result, ok: u32 | u64"]);
        assert_eq!(changed("result<u32, string>", "result<u32>"), ["result, error: string | nothing"]);
    }

    #[test]
    fn compares_nested_fields_cases_and_flags() {
        assert_eq!(changed("text: string", "text: u32"), [format!("{NOTE}, field `text`: string | u32")]);
        assert_eq!(changed("text: string, ", ""), [format!("{NOTE}, field `text`: string | absent")]);
        let level = format!("{NOTE}, field `level`, enum `level`, case");
        assert_eq!(changed("low, high", "low, high, worst"), [format!("{level} `worst`: absent | present")]);
        assert_eq!(changed("low, high", "low"), [format!("{level} `high`: present | absent")]);
        let order = format!("{NOTE}, field `level`, enum `level`, order of the cases: low, high | high, low");
        assert_eq!(changed("low, high", "high, low"), [order]);
        let variant = format!("{NOTE}, field `told`, value, variant `told`, case");
        assert_eq!(changed("count(u32)", "count(s32)"), [format!("{variant} `count`: u32 | s32")]);
        assert_eq!(changed("nothing }", "nothing(u8) }"), [format!("{variant} `nothing`: nothing | u8")]);
        assert_eq!(changed("count(u32), ", ""), [format!("{variant} `count`: u32 | absent")]);
        let rights = format!("{NOTE}, field `rights`, flags `rights`, flag `run`: absent | present");
        assert_eq!(changed("write }", "write, run }"), [rights]);
        let kind = changed("enum level { low, high }", "type level = u32;");
        assert_eq!(kind, [format!("{NOTE}, field `level`: enum `level` | u32")]);
    }

    #[test]
    fn compares_each_pair_of_types_once() {
        let doubled = |end: &str| {
            let levels = (0..60).map(|n| format!("record r{n} {{ a: r{m}, b: r{m} }} ", m = n + 1));
            format!("{}record r60 {{ a: {end} }} say: func(it: r0);", levels.collect::<String>())
        };
        let found = differences(&doubled("u8"), &doubled("u16"));
        assert_eq!(found.len(), 1);
        assert!(found[0].ends_with("record `r60`, field `a`: u8 | u16"), "{found:?}");
    }
}
