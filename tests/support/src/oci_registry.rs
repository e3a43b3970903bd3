//! A real registry on this machine: the reference implementation of the OCI distribution specification.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Set where `docker-registry` is installed: tests that need it fail without it.
const REGISTRY: &str = "PHASEGATE_TEST_REGISTRY";

/// The name and password of the user of a registry with a login.
pub const LOGIN: (&str, &str) = ("ann", "secret");
/// The line of that user, made with bcrypt.
const PASSWORDS: &str = "ann:$2b$05$izqojR4cmqDUM1PW2FkbEO.7fNRstlksG6AtkuPQ4UQFpVPLcfbCC\n";

/// A registry that serves until it is dropped.
pub struct OciRegistry {
    /// Its address, `127.0.0.1:PORT`.
    pub host: String,
    process: Child,
    _folder: tempfile::TempDir,
}

impl OciRegistry {
    /// Starts a registry that anybody may use. Prints why and returns `None` where `docker-registry` is not installed.
    pub fn start() -> Option<Self> {
        Self::with("")
    }

    /// Starts a registry that only the user of [`LOGIN`] may use.
    pub fn with_login() -> Option<Self> {
        Self::with("auth: { htpasswd: { realm: test, path: PASSWORDS } }\n")
    }

    fn with(more: &str) -> Option<Self> {
        let quiet =
            Command::new("docker-registry").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !quiet.is_ok_and(|status| status.success()) {
            assert!(std::env::var_os(REGISTRY).is_none(), "{REGISTRY} is set, and `docker-registry` does not work");
            println!("skipped: `docker-registry` does not work here; Debian has it in the package docker-registry");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let passwords = folder.path().join("passwords");
        std::fs::write(&passwords, PASSWORDS).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = format!("127.0.0.1:{port}");
        let data = folder.path().join("data").display().to_string();
        let config = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {data} }} }}\n\
             http: {{ addr: \"{host}\", secret: test }}\n{}",
            more.replace("PASSWORDS", &passwords.display().to_string())
        );
        let file = folder.path().join("config.yml");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new("docker-registry");
        let process = command.arg("serve").arg(file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let registry = Self { host, process, _folder: folder };
        let began = Instant::now();
        while TcpStream::connect(&registry.host).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "the registry does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(registry)
    }

    /// A reference to a package of this registry.
    pub fn reference(&self, package: &str) -> String {
        format!("oci://{}/{package}", self.host)
    }
}

impl Drop for OciRegistry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
