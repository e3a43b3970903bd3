//! A store with every bound on it, and what its errors mean.

use wasmtime::{PoolConcurrencyLimitError, Store, Trap, UpdateDeadline};
use wasmtime_wasi::I32Exit;

use crate::compiled::Compiled;
use crate::engine::TICK;
use crate::error::CallErrorKind;
use crate::quota::Stop;
use crate::state::State;
use crate::world::World;

/// A store with every bound on it.
pub(crate) fn bounded(compiled: &Compiled, state: State) -> Store<State> {
    let limits = state.limits;
    let limit_ms = limits.cpu_ms.get();
    let ticks = limit_ms.div_ceil(TICK.as_millis() as u64);
    let mut store = Store::new(compiled.pre.engine(), state);
    store.limiter(|state| state);
    store.set_hostcall_fuel(usize::try_from(limits.host_call_bytes).unwrap_or(usize::MAX));
    store.set_max_component_handles(limits.handles as usize);
    store.set_epoch_deadline(1);
    // Called only while the guest computes: each call is about one tick of it.
    store.epoch_deadline_callback(move |mut store| {
        let state = store.data_mut();
        state.ticks += 1;
        match state.ticks > ticks {
            true => Err(Stop(CallErrorKind::CpuTime { limit_ms }).into()),
            false => Ok(UpdateDeadline::Yield(1)),
        }
    });
    store
}

#[derive(Debug, thiserror::Error)]
#[error("it is {is}, not {needed}")]
struct Wrong {
    is: &'static str,
    needed: &'static str,
}

pub(crate) fn wrong(is: World, needed: World) -> wasmtime::Error {
    Wrong { is: is.words(), needed: needed.words() }.into()
}

/// What an error of wasmtime means, in the words of the limits.
pub(crate) fn kind_of(error: &wasmtime::Error, state: &State, stack: u32) -> CallErrorKind {
    let limits = &state.limits;
    if let Some(Stop(kind)) = error.downcast_ref::<Stop>() {
        return kind.clone();
    }
    if let Some(wrong) = error.downcast_ref::<Wrong>() {
        return CallErrorKind::WrongWorld { is: wrong.is, needed: wrong.needed };
    }
    if let Some(I32Exit(status)) = error.downcast_ref::<I32Exit>() {
        return CallErrorKind::Exit(*status);
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return CallErrorKind::Host(format!("the pool of instances is used up: {error:#}"));
    }
    if let (Some(Trap::UnreachableCodeReached), Some(words)) = (error.downcast_ref::<Trap>(), state.log.panic()) {
        return CallErrorKind::Panic(words);
    }
    if let Some((what, wanted, limit)) = state.refused {
        return CallErrorKind::Memory { what, wanted, limit };
    }
    let words = format!("{error:#}");
    // The only signs of them that wasmtime gives.
    if words.contains("fuel allocated for hostcalls has been exhausted") {
        return CallErrorKind::HostCall { limit: limits.host_call_bytes };
    }
    if words.contains("store handle limit exceeded") {
        return CallErrorKind::TooMany { what: "handles", limit: limits.handles };
    }
    if words.contains("count too high") {
        return CallErrorKind::TooMany { what: "instances", limit: limits.instances };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => CallErrorKind::Stack { limit: stack },
        Some(trap) => CallErrorKind::Trap(trap.to_string().trim_start_matches("wasm trap: ").to_owned()),
        None => CallErrorKind::Trap(words),
    }
}
