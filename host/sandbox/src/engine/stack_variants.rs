//! How deep plugins may call. wasmtime bounds the stack for a whole engine, so a plugin that is given another depth than its
//! kind usually has runs in an engine of that depth, which is made when it is first needed and kept. So does one that is
//! given larger tables than the pool has.
//!
//! Promises: the bound is the call's own, whatever depth the component was compiled for; nothing is compiled again. Fails
//! with [`CallErrorKind::Host`] where the machine refuses such an engine.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use phasegate_process::Digest;

use crate::aot::moved;
use crate::compiled::{Compiled, Exports};
use crate::engine::config::{POOLED_TABLE, Side, deep};
use crate::engine::ticker::Ticker;
use crate::error::CallErrorKind;
use crate::limits::Limits;
use crate::mutex::lock;

/// Engines of one depth at once: each takes some memory for as long as the process lives.
const MOST_DEPTHS: usize = 64;

/// Engines and components of other depths than the usual ones, by their bytes of stack.
pub(crate) struct Depths {
    ticker: Arc<Ticker>,
    sides: Mutex<HashMap<u32, Arc<Side>>>,
    compiled: Mutex<HashMap<(Digest, u32), Arc<Compiled>>>,
}

impl Depths {
    pub(crate) fn new(ticker: Arc<Ticker>) -> Self {
        Self { ticker, sides: Mutex::default(), compiled: Mutex::default() }
    }

    /// The component, ready for calls within these limits.
    pub(crate) async fn as_deep(
        self: &Arc<Self>,
        compiled: &Arc<Compiled>,
        limits: &Limits,
    ) -> Result<Arc<Compiled>, CallErrorKind> {
        // No engine can be made without any.
        let stack = limits.stack_bytes.max(1);
        let too_wide = compiled.pooled && u64::from(limits.table_elements) > POOLED_TABLE;
        if compiled.stack == stack && !too_wide {
            return Ok(Arc::clone(compiled));
        }
        let key = (compiled.inspection.digest.clone(), stack);
        if let Some(known) = lock(&self.compiled).get(&key) {
            return Ok(Arc::clone(known));
        }
        let (depths, compiled) = (Arc::clone(self), Arc::clone(compiled));
        let made = tokio::task::spawn_blocking(move || depths.remade(&compiled, stack)).await;
        let made = made.map_err(|error| CallErrorKind::Host(error.to_string()))?;
        let made = made.map_err(|error| {
            CallErrorKind::Host(format!("there is no stack of {stack} bytes to be had (stack_bytes): {error:#}"))
        })?;
        Ok(Arc::clone(lock(&self.compiled).entry(key).or_insert(Arc::new(made))))
    }

    fn remade(&self, compiled: &Compiled, stack: u32) -> wasmtime::Result<Compiled> {
        let side = self.side_of(stack)?;
        let component = moved(compiled.pre.component(), &side.engine)?;
        let pre = side.linker.instantiate_pre(&component)?;
        let exports = Exports::of(&pre, compiled.inspection.world)?;
        Ok(Compiled { inspection: compiled.inspection.clone(), pre, exports, pooled: compiled.pooled, stack })
    }

    fn side_of(&self, stack: u32) -> wasmtime::Result<Arc<Side>> {
        let mut sides = lock(&self.sides);
        if let Some(side) = sides.get(&stack) {
            return Ok(Arc::clone(side));
        }
        if sides.len() >= MOST_DEPTHS {
            wasmtime::bail!("{MOST_DEPTHS} other depths are in use already");
        }
        let side = Arc::new(Side::new(deep(stack as usize))?);
        self.ticker.add(side.engine.clone());
        sides.insert(stack, Arc::clone(&side));
        Ok(side)
    }
}
