//! Failures of registries, with what to do about each.

use std::io;

use phasegate_process::Digest;

/// What a failure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistryErrorKind {
    /// The registry or the network stood in the way.
    Unavailable,
    /// The registry does not let this user in.
    Login,
    /// The registry has nothing under this reference.
    NotFound,
    /// The registry has something else under this reference.
    Conflict,
    /// What the registry sent cannot be used.
    Invalid,
    /// The folder of pulled packages cannot be read or written.
    Storage,
}

/// Why a registry could not be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No connection, or it broke.
    #[error("the registry {host} cannot be reached: {reason}")]
    Unreachable {
        /// The registry.
        host: String,
        /// The cause.
        reason: String,
    },
    /// No data for too long.
    #[error("the registry {host} sent nothing for {seconds} s")]
    Slow {
        /// The registry.
        host: String,
        /// The limit.
        seconds: u64,
    },
    /// An answer that did not end in time.
    #[error("the registry {host} did not send {what} within {seconds} s")]
    TooSlow {
        /// The registry.
        host: String,
        /// As `the manifest of acme/audit`.
        what: String,
        /// The limit.
        seconds: u64,
    },
    /// An answer that the specification does not allow here.
    #[error("the registry {host} answered {status} when asked for {what}{message}")]
    Status {
        /// The registry.
        host: String,
        /// The status of HTTP.
        status: u16,
        /// As `the manifest of acme/audit`.
        what: String,
        /// What the registry says, after `: `; may be empty.
        message: String,
    },
    /// The registry, or its login service, rejects the user.
    #[error("the registry {host} {}", if *.has_credentials { "rejects the login that Docker's configuration has for it" } else { "asks for a login" })]
    Login {
        /// The registry.
        host: String,
        /// Whether there were credentials.
        has_credentials: bool,
    },
    /// Docker's configuration, or its helper, does not give credentials.
    #[error("the credentials of {host} cannot be read from Docker's configuration: {reason}")]
    Credentials {
        /// The registry.
        host: String,
        /// The cause.
        reason: String,
    },
    /// Nothing under this reference.
    #[error("the registry has no {0}")]
    NotFound(String),
    /// A redirect that is not followed.
    #[error("the registry {host} redirects {what} to {target}, which is not followed: {reason}")]
    Redirect {
        /// The registry.
        host: String,
        /// As `the manifest of acme/audit`.
        what: String,
        /// The address without its path.
        target: String,
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// Other bytes than were asked for.
    #[error("{what} is not what the registry {host} says it is: expected {expected}, received {found}")]
    WrongDigest {
        /// As `the component of acme/audit`.
        what: String,
        /// The registry.
        host: String,
        /// The digest that was asked for or promised.
        expected: Digest,
        /// The digest of the bytes.
        found: Digest,
    },
    /// A tag that was moved away from the manifest that is pinned.
    #[error("{reference} no longer has the manifest {manifest} that is pinned")]
    Gone {
        /// The pinned reference.
        reference: String,
        /// The pinned manifest.
        manifest: Digest,
    },
    /// A tag that would be moved.
    #[error("{reference} names another package already: {manifest}")]
    TagTaken {
        /// The reference.
        reference: String,
        /// What it names.
        manifest: Digest,
    },
    /// The manifest is of something else.
    #[error("{reference} is not a plugin: {reason}")]
    NotAPlugin {
        /// The reference.
        reference: String,
        /// Which part of the manifest is wrong.
        reason: String,
    },
    /// More bytes than the limit.
    #[error("{what} has {}more than the limit of {limit} bytes", size.map(|size| format!("{size} bytes, ")).unwrap_or_default())]
    TooLarge {
        /// As `the component of acme/audit`.
        what: String,
        /// Its size in bytes, where the registry says it.
        size: Option<u64>,
        /// The limit in bytes.
        limit: u64,
    },
    /// A pulled package is damaged, or the folder cannot be written.
    #[error("{path} {}: {source}", if *.writes { "cannot be written" } else { "cannot be read" })]
    Storage {
        /// The file or folder.
        path: String,
        /// Whether it was written.
        writes: bool,
        /// The system's error.
        source: io::Error,
    },
}

impl RegistryError {
    /// What it is about.
    pub fn kind(&self) -> RegistryErrorKind {
        use RegistryErrorKind as Kind;
        match self {
            Self::Unreachable { .. } | Self::Slow { .. } | Self::TooSlow { .. } | Self::Status { .. } => {
                Kind::Unavailable
            }
            Self::Login { .. } | Self::Credentials { .. } => Kind::Login,
            Self::NotFound(_) | Self::Gone { .. } => Kind::NotFound,
            Self::TagTaken { .. } => Kind::Conflict,
            Self::Redirect { .. } | Self::WrongDigest { .. } | Self::NotAPlugin { .. } | Self::TooLarge { .. } => {
                Kind::Invalid
            }
            Self::Storage { .. } => Kind::Storage,
        }
    }

    /// What to do about it, in the imperative.
    pub fn hint(&self) -> String {
        match self {
            Self::Unreachable { .. } => {
                "check the host in the reference, and the network; nothing was changed".to_owned()
            }
            Self::Slow { seconds, .. } | Self::TooSlow { seconds, .. } => {
                format!("try again, or wait longer with --timeout {}; nothing was changed", seconds.saturating_mul(4))
            }
            Self::Status { .. } => {
                "try again later, or ask the operator of the registry; nothing was changed".to_owned()
            }
            Self::Login { host, .. } => {
                format!("run `docker login {host}`, or ask the owner of the repository for access")
            }
            Self::Credentials { host, .. } => {
                format!("repair config.json in ~/.docker or in DOCKER_CONFIG, or run `docker login {host}`")
            }
            Self::NotFound(_) => "check repository and tag; a private repository may need `docker login`".to_owned(),
            Self::Gone { .. } => {
                "ask the publisher for it, or take what the tag names now with `phasegate plugin update`".to_owned()
            }
            Self::TagTaken { .. } => "push under a new tag, or move this one with --force".to_owned(),
            Self::Redirect { what, .. } if what == "the login" => "ask the operator of the registry".to_owned(),
            Self::Redirect { .. } => "use the address of the registry itself in the reference".to_owned(),
            Self::WrongDigest { .. } => {
                "do not use this registry until its operator has explained it; nothing was kept".to_owned()
            }
            Self::NotAPlugin { .. } => {
                "the publisher pushes a plugin with `phasegate plugin push FILE.wasm oci://…`".to_owned()
            }
            Self::TooLarge { what, .. } if what.starts_with("the component") => {
                "ask the publisher for a smaller component; nothing was kept".to_owned()
            }
            Self::TooLarge { .. } => "ask the operator of the registry; nothing was kept".to_owned(),
            Self::Storage { .. } => {
                "make the folder writable, or remove it and run `phasegate plugin pull` again".to_owned()
            }
        }
    }
}
