//! What a signature says, before it is verified.

/// A signature that was parsed.
pub(super) struct Claim {
    /// The bytes that were signed.
    pub(super) signed: Vec<u8>,
    /// The signature, in DER.
    pub(super) signature: Vec<u8>,
    /// Whether these bytes name the plugin.
    pub(super) is_about_it: bool,
}
