//! Engines for other stack sizes. wasmtime limits the stack per engine, so a call with another stack size than the default
//! runs in an engine of that size, which is created when first needed and kept. The same applies to a call whose tables may
//! be larger than those of the pool.
//!
//! The limit is that of the call, whatever stack the component was compiled for. Components are not compiled again. Fails
//! with [`CallErrorKind::Host`] if the machine cannot create the engine.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use phasegate_process::Digest;
use phasegate_process::limits::Limits;
use phasegate_process::sync::lock;

use crate::aot::for_engine;
use crate::compiled::{Compiled, Exports};
use crate::engine::config::{LinkedEngine, MAX_POOLED_TABLE_ELEMENTS, config_with_stack};
use crate::engine::ticker::Ticker;
use crate::error::CallErrorKind;

/// The most engines. Each takes some memory until the process ends.
const MAX_VARIANTS: usize = 64;

/// Engines and components with other stacks than the default, by stack size in bytes.
pub(crate) struct EngineVariants {
    ticker: Arc<Ticker>,
    engines: Mutex<HashMap<u32, Arc<LinkedEngine>>>,
    compiled: Mutex<HashMap<(Digest, u32), Arc<Compiled>>>,
}

impl EngineVariants {
    pub(crate) fn new(ticker: Arc<Ticker>) -> Self {
        Self { ticker, engines: Mutex::default(), compiled: Mutex::default() }
    }

    /// Returns the component in an engine that can apply these limits: `compiled` itself, or a variant of it.
    pub(crate) async fn variant_for(
        self: &Arc<Self>,
        compiled: &Arc<Compiled>,
        limits: &Limits,
    ) -> Result<Arc<Compiled>, CallErrorKind> {
        // wasmtime rejects an engine without a stack.
        let stack = limits.stack_bytes.max(1);
        let table_exceeds_pool = compiled.pooled && u64::from(limits.table_elements) > MAX_POOLED_TABLE_ELEMENTS;
        if compiled.stack == stack && !table_exceeds_pool {
            return Ok(Arc::clone(compiled));
        }
        let key = (compiled.inspection.digest.clone(), stack);
        if let Some(known) = lock(&self.compiled).get(&key) {
            return Ok(Arc::clone(known));
        }
        let (variants, compiled) = (Arc::clone(self), Arc::clone(compiled));
        let variant = tokio::task::spawn_blocking(move || variants.make_variant(&compiled, stack)).await;
        let variant = variant.map_err(|error| CallErrorKind::Host(error.to_string()))?;
        let variant = variant.map_err(|error| {
            CallErrorKind::Host(format!("there is no stack of {stack} bytes to be had (stack_bytes): {error:#}"))
        })?;
        Ok(Arc::clone(lock(&self.compiled).entry(key).or_insert(Arc::new(variant))))
    }

    fn make_variant(&self, compiled: &Compiled, stack: u32) -> wasmtime::Result<Compiled> {
        let linked = self.engine_with_stack(stack)?;
        let component = for_engine(compiled.pre.component(), &linked.engine)?;
        let pre = linked.linker.instantiate_pre(&component)?;
        let exports = Exports::find(&pre, compiled.inspection.world)?;
        Ok(Compiled { inspection: compiled.inspection.clone(), pre, exports, pooled: compiled.pooled, stack })
    }

    fn engine_with_stack(&self, stack: u32) -> wasmtime::Result<Arc<LinkedEngine>> {
        let mut engines = lock(&self.engines);
        if let Some(linked) = engines.get(&stack) {
            return Ok(Arc::clone(linked));
        }
        if engines.len() >= MAX_VARIANTS {
            wasmtime::bail!("{MAX_VARIANTS} other depths are in use already");
        }
        let linked = Arc::new(LinkedEngine::new(config_with_stack(stack as usize))?);
        self.ticker.add(linked.engine.clone());
        engines.insert(stack, Arc::clone(&linked));
        Ok(linked)
    }
}
