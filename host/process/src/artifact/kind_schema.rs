//! The JSON Schema of one kind: its text, and the compiled form, made on first use and shared by clones made after that.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::schema::{self, CompiledSchema};

/// The JSON Schema of a kind. Its serialized form is the text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct KindSchema {
    text: Cow<'static, str>,
    compiled: OnceLock<Result<Arc<CompiledSchema>, String>>,
}

impl KindSchema {
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), compiled: OnceLock::new() }
    }

    /// Returns the schema as text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the compiled schema. Fails with the reason where the schema cannot be used.
    pub(super) fn compiled(&self) -> Result<&CompiledSchema, String> {
        let compile = || {
            let schema = serde_json::from_str(&self.text).map_err(|error| error.to_string())?;
            schema::compile(&schema).map(Arc::new)
        };
        self.compiled.get_or_init(compile).as_deref().map_err(Clone::clone)
    }
}

impl From<String> for KindSchema {
    fn from(text: String) -> Self {
        Self { text: Cow::Owned(text), compiled: OnceLock::new() }
    }
}

impl From<KindSchema> for String {
    fn from(schema: KindSchema) -> Self {
        schema.text.into_owned()
    }
}

impl PartialEq for KindSchema {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for KindSchema {}

impl fmt::Debug for KindSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn clones_share_the_compiled_schema() {
        let schema = KindSchema::from(r#"{"type": "object"}"#.to_owned());
        let first: *const CompiledSchema = schema.compiled().unwrap();
        assert!(std::ptr::eq(first, schema.clone().compiled().unwrap()));
    }

    #[test]
    fn reports_an_unusable_schema_each_time() {
        let schema = KindSchema::from(r##"{"$ref": "#/$defs/none"}"##.to_owned());
        let faults = [(); 2].map(|()| schema.compiled().map(drop).unwrap_err());
        let fault = "it refers to `#/$defs/none`, which is no place in it, as `#/$defs/NAME` is";
        assert_eq!(faults, [fault, fault]);
    }
}
