//! Makes a panic speak: in a component it would arrive at the host as a bare `unreachable`.

use std::sync::Once;

use crate::{host, types::Level};

/// Sends every panic's message to the host's log. The macros call this; calling it again does nothing.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if cfg!(target_arch = "wasm32") {
            std::panic::set_hook(Box::new(|panic| host::log(Level::Error, &format!("panic: {panic}"))));
        }
    });
}
