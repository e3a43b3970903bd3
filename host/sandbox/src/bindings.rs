//! The contract in `wit/` as Rust types, generated for one world with all interfaces, so that all plugins share the types.
//! `inspect` and `contract` decide which interfaces a plugin may import.
#![allow(
    missing_docs,
    unsafe_code,
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

wasmtime::component::bindgen!({
    inline: "
        package phasegate:host;
        world everything {
            import phasegate:plugin/models@0.1.0;
            import phasegate:plugin/models-blocking@0.1.0;
            import phasegate:plugin/artifacts@0.1.0;
            import phasegate:plugin/test-bench@0.1.0;
            import phasegate:plugin/test-bench-blocking@0.1.0;
            import phasegate:plugin/log@0.1.0;
            export phasegate:plugin/agent@0.1.0;
            export phasegate:plugin/agent-blocking@0.1.0;
            export phasegate:plugin/feedback@0.1.0;
            export phasegate:plugin/runner@0.1.0;
            export phasegate:plugin/runner-probe@0.1.0;
        }
    ",
    path: "../../wit",
    world: "phasegate:host/everything",
    imports: {
        "phasegate:plugin/artifacts.read": async | trappable,
        "phasegate:plugin/artifacts.list-files": async | trappable,
        "phasegate:plugin/artifacts.search-text": async | trappable,
        "phasegate:plugin/artifacts.check": async | trappable,
        "phasegate:plugin/models-blocking": async | trappable,
        "phasegate:plugin/test-bench-blocking": async | trappable,
        default: trappable,
    },
    exports: { default: async },
});
