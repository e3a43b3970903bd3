//! Logs panics. Without this, a panic in a component reaches the host as a trap without a message.

use std::sync::Once;

use crate::{host, types::Level};

/// Sends every panic's message to the host's log. The export macros call this; further calls have no effect.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if cfg!(target_arch = "wasm32") {
            std::panic::set_hook(Box::new(|panic| host::log(Level::Error, &format!("panic: {panic}"))));
        }
    });
}
