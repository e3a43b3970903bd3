//! The shape of a component: the amount of work for the compiler, measured before compilation.
//!
//! A compiler that takes too long is ended, but only after its time limit. Limits on the shape reject expensive components at
//! once. Fails with [`Excess`], which names the limit, or with a message if the bytes are not a component.

use std::fmt;

use wasmparser::{FunctionBody, Operator, Parser, Payload};

use crate::settings::EngineSettings;

/// An exceeded limit on the shape of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excess {
    /// The exceeded limit.
    pub bound: Bound,
    /// The measured amount.
    pub found: u64,
    /// The configured limit.
    pub limit: u64,
}

/// A limit on the shape of components, and so on the work of the compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Number of functions (`max_functions`).
    Functions,
    /// Bytes of code (`max_code_bytes`).
    CodeBytes,
    /// Bytes of one function (`max_function_bytes`).
    FunctionBytes,
    /// Variables times branches of one function (`max_function_weight`).
    FunctionWeight,
    /// Instances inside the component (`max_inner_instances`).
    InnerInstances,
}

impl Bound {
    /// Returns the name of the setting with the limit.
    pub fn setting(self) -> &'static str {
        match self {
            Self::Functions => "max_functions",
            Self::CodeBytes => "max_code_bytes",
            Self::FunctionBytes => "max_function_bytes",
            Self::FunctionWeight => "max_function_weight",
            Self::InnerInstances => "max_inner_instances",
        }
    }

    fn limit(self, settings: &EngineSettings) -> u64 {
        match self {
            Self::Functions => settings.max_functions,
            Self::CodeBytes => settings.max_code_bytes,
            Self::FunctionBytes => settings.max_function_bytes,
            Self::FunctionWeight => settings.max_function_weight,
            Self::InnerInstances => settings.max_inner_instances,
        }
    }
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bound, found, limit } = self;
        match bound {
            Bound::Functions => write!(f, "has {found} functions, at most {limit} allowed"),
            Bound::CodeBytes => write!(f, "has {found} bytes of code, at most {limit} allowed"),
            Bound::FunctionBytes => write!(f, "has a function of {found} bytes, at most {limit} allowed"),
            Bound::FunctionWeight => {
                write!(f, "has a function of weight {found} (variables times branches), at most {limit} allowed")
            }
            Bound::InnerInstances => {
                write!(f, "has {found} inner instances, at most {limit} allowed")
            }
        }
    }
}

/// Why a component is rejected before compilation.
pub(crate) enum Unfit {
    /// A limit is exceeded.
    Excess(Excess),
    /// The bytes cannot be parsed.
    Unreadable(String),
}

impl From<wasmparser::BinaryReaderError> for Unfit {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Unreadable(error.message().to_owned())
    }
}

/// Measures a component and compares it with the limits.
pub(crate) fn check(bytes: &[u8], settings: &EngineSettings) -> Result<(), Unfit> {
    let shape = Shape::measure(bytes)?;
    let all = [
        (Bound::Functions, shape.functions),
        (Bound::CodeBytes, shape.code_bytes),
        (Bound::FunctionBytes, shape.max_function_bytes),
        (Bound::FunctionWeight, shape.max_function_weight),
        (Bound::InnerInstances, shape.inner_instances),
    ];
    let excess = all.into_iter().find_map(|(bound, found)| {
        let limit = bound.limit(settings);
        (found > limit).then_some(Excess { bound, found, limit })
    });
    excess.map_or(Ok(()), |excess| Err(Unfit::Excess(excess)))
}

#[derive(Default)]
struct Shape {
    functions: u64,
    code_bytes: u64,
    max_function_bytes: u64,
    max_function_weight: u64,
    inner_instances: u64,
}

impl Shape {
    fn measure(bytes: &[u8]) -> Result<Self, Unfit> {
        let (mut shape, mut inner) = (Self::default(), Inner::default());
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::CodeSectionEntry(body) => {
                    let range = body.range();
                    let size = range.end.saturating_sub(range.start) as u64;
                    shape.functions += 1;
                    shape.code_bytes += size;
                    shape.max_function_bytes = shape.max_function_bytes.max(size);
                    shape.max_function_weight = shape.max_function_weight.max(weight(&body)?);
                }
                Payload::Version { .. } => inner.begin(),
                Payload::InstanceSection(section) => inner.instances(section.count(), 0),
                Payload::ComponentInstanceSection(section) => inner.instances(0, section.count()),
                Payload::End(_) => inner.end(),
                _ => {}
            }
        }
        shape.inner_instances = inner.max;
        Ok(shape)
    }
}

/// Returns variables times branches. For each branch the compiler may have to find where each variable got its value.
fn weight(body: &FunctionBody<'_>) -> Result<u64, Unfit> {
    let mut variables = 0;
    for local in body.get_locals_reader()? {
        variables += u64::from(local?.0);
    }
    let mut branches: u64 = 0;
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        branches += match operators.read()? {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Br { .. }
            | Operator::BrIf { .. } => 1,
            Operator::BrTable { targets } => u64::from(targets.len()),
            _ => 0,
        };
    }
    Ok(variables.saturating_mul(branches))
}

/// Counts instances as the compiler lays them out: the instances of an inner component count once for each of its
/// instantiations, so a small component can require billions.
#[derive(Default)]
struct Inner {
    open: Vec<(u64, u64)>,
    /// The most instances of one component so far. Aliases can hide which component is instantiated, so the most is
    /// assumed for each.
    max: u64,
}

impl Inner {
    fn begin(&mut self) {
        self.open.push((0, 0));
    }

    fn instances(&mut self, core: u32, components: u32) {
        if let Some(open) = self.open.last_mut() {
            open.0 += u64::from(core);
            open.1 += u64::from(components);
        }
    }

    fn end(&mut self) {
        let (core, components) = self.open.pop().unwrap_or_default();
        let laid_out = components.saturating_mul(self.max.saturating_add(1)).saturating_add(core);
        self.max = self.max.max(laid_out);
    }
}
