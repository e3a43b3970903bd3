//! Bindings that `wit-bindgen` generates from the crate's copy of the contract, one module per world. Shared interfaces are
//! generated once, in [`agent`].

/// The world `agent-plugin`.
pub mod agent {
    wit_bindgen::generate!({
        path: "wit",
        world: "agent-plugin",
        pub_export_macro: true,
        export_macro_name: "export",
        default_bindings_module: "phasegate_plugin::bindings::agent",
        additional_derives: [PartialEq],
        generate_all,
    });
}

/// The world `agent-plugin-blocking`.
pub mod agent_blocking {
    wit_bindgen::generate!({
        path: "wit",
        world: "agent-plugin-blocking",
        pub_export_macro: true,
        export_macro_name: "export",
        default_bindings_module: "phasegate_plugin::bindings::agent_blocking",
        with: {
            "phasegate:plugin/types@0.1.0": crate::bindings::agent::phasegate::plugin::types,
            "phasegate:plugin/model-types@0.1.0": crate::bindings::agent::phasegate::plugin::model_types,
            "phasegate:plugin/work@0.1.0": crate::bindings::agent::phasegate::plugin::work,
            "phasegate:plugin/artifacts@0.1.0": crate::bindings::agent::phasegate::plugin::artifacts,
            "phasegate:plugin/log@0.1.0": crate::bindings::agent::phasegate::plugin::log,
        },
        additional_derives: [PartialEq],
        generate_all,
    });
}

/// The world `feedback-plugin`.
pub mod feedback {
    wit_bindgen::generate!({
        path: "wit",
        world: "feedback-plugin",
        pub_export_macro: true,
        export_macro_name: "export",
        default_bindings_module: "phasegate_plugin::bindings::feedback",
        with: {
            "phasegate:plugin/types@0.1.0": crate::bindings::agent::phasegate::plugin::types,
            "phasegate:plugin/log@0.1.0": crate::bindings::agent::phasegate::plugin::log,
        },
        additional_derives: [PartialEq],
        generate_all,
    });
}

/// The world `runner-plugin`.
pub mod runner {
    wit_bindgen::generate!({
        path: "wit",
        world: "runner-plugin",
        pub_export_macro: true,
        export_macro_name: "export",
        default_bindings_module: "phasegate_plugin::bindings::runner",
        with: {
            "phasegate:plugin/types@0.1.0": crate::bindings::agent::phasegate::plugin::types,
        },
        additional_derives: [PartialEq],
        generate_all,
    });
}
