//! Creates stores with all limits, and translates errors of wasmtime.

use wasmtime::{PoolConcurrencyLimitError, Store, Trap, UpdateDeadline};
use wasmtime_wasi::I32Exit;

use crate::compiled::Compiled;
use crate::engine::TICK;
use crate::error::CallErrorKind;
use crate::quota::FatalError;
use crate::state::State;
use crate::world::World;

/// Creates a store that applies every limit in its state.
pub(crate) fn new_store(compiled: &Compiled, state: State) -> Store<State> {
    let limits = state.limits;
    let limit_ms = limits.cpu_ms.get();
    let ticks = limit_ms.div_ceil(TICK.as_millis() as u64);
    let mut store = Store::new(compiled.pre.engine(), state);
    store.limiter(|state| state);
    store.set_hostcall_fuel(usize::try_from(limits.host_call_bytes).unwrap_or(usize::MAX));
    store.set_max_component_handles(limits.handles as usize);
    store.set_epoch_deadline(1);
    // wasmtime calls this only while the guest computes, about once per tick.
    store.epoch_deadline_callback(move |mut store| {
        let state = store.data_mut();
        state.ticks += 1;
        match state.ticks > ticks {
            true => Err(FatalError(CallErrorKind::CpuTime { limit_ms }).into()),
            false => Ok(UpdateDeadline::Yield(1)),
        }
    });
    store
}

#[derive(Debug, thiserror::Error)]
#[error("it is {is}, not {needed}")]
struct WrongWorld {
    is: &'static str,
    needed: &'static str,
}

pub(crate) fn wrong_world(is: World, needed: World) -> wasmtime::Error {
    WrongWorld { is: is.noun(), needed: needed.noun() }.into()
}

/// Translates an error of wasmtime. `stack` is the limit on the stack, in bytes.
pub(crate) fn classify(error: &wasmtime::Error, state: &State, stack: u32) -> CallErrorKind {
    let limits = &state.limits;
    if let Some(FatalError(kind)) = error.downcast_ref::<FatalError>() {
        return kind.clone();
    }
    if let Some(wrong_world) = error.downcast_ref::<WrongWorld>() {
        return CallErrorKind::WrongWorld { is: wrong_world.is, needed: wrong_world.needed };
    }
    if let Some(I32Exit(status)) = error.downcast_ref::<I32Exit>() {
        return CallErrorKind::Exit(*status);
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return CallErrorKind::Host(format!("the pool of instances is used up: {error:#}"));
    }
    if let (Some(Trap::UnreachableCodeReached), Some(text)) = (error.downcast_ref::<Trap>(), state.log.panic_message())
    {
        return CallErrorKind::Panic(text);
    }
    if let Some((what, wanted, limit)) = state.denied_growth {
        return CallErrorKind::Memory { what, wanted, limit };
    }
    let text = format!("{error:#}");
    // wasmtime reports these limits only in the text of its errors.
    if text.contains("fuel allocated for hostcalls has been exhausted") {
        return CallErrorKind::HostCall { limit: limits.host_call_bytes };
    }
    if text.contains("store handle limit exceeded") {
        return CallErrorKind::TooMany { what: "handles", limit: limits.handles };
    }
    if text.contains("count too high") {
        return CallErrorKind::TooMany { what: "instances", limit: limits.instances };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => CallErrorKind::Stack { limit: stack },
        Some(trap) => CallErrorKind::Trap(trap.to_string().trim_start_matches("wasm trap: ").to_owned()),
        None => CallErrorKind::Trap(text),
    }
}
