//! The real binary in folders of its own, with the standard pipeline and the model server of this process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::model_server::ModelServer;
use super::wait_until;
use crate::process::{activity, has_children};

/// A user's home folder and a project.
pub struct Program {
    binary: PathBuf,
    folder: tempfile::TempDir,
    server: ModelServer,
}

/// A process that is ended with this value.
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// The process.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits until the process uses no CPU and has no child that compiles: what it does in the background is done.
    pub fn wait_until_idle(&self) -> Result<()> {
        const OBSERVED: Duration = Duration::from_secs(2);
        wait_until("the program did not become idle", || {
            let before = activity(self.id());
            std::thread::sleep(OBSERVED);
            let is_idle = activity(self.id()).since(&before).cpu < OBSERVED / 100;
            (is_idle && !has_children(self.id())).then_some(())
        })
    }
}

impl Program {
    /// Makes an empty home folder and an empty project.
    pub fn new(binary: &Path) -> Result<Self> {
        let program =
            Self { binary: fs::canonicalize(binary)?, folder: tempfile::tempdir()?, server: ModelServer::start()? };
        let config = program.home().join(".config/phasegate");
        fs::create_dir_all(&config)?;
        let address = program.server.address;
        fs::write(
            config.join("config.toml"),
            format!(
                "[models]\ndefault = \"here:model\"\n[providers.here]\nkind = \"openai\"\nbase_url = \"http://{address}/v1\"\n"
            ),
        )?;
        program.clear_project()?;
        Ok(program)
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Makes the project empty and removes the components that the user's runs share.
    pub fn clear_project(&self) -> Result<()> {
        for folder in [self.project(), self.home().join(".local")] {
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
        }
        Ok(fs::create_dir_all(self.project())?)
    }

    /// Removes the compiled components.
    pub fn clear_cache(&self) -> Result<()> {
        let cache = self.home().join(".cache");
        if cache.exists() {
            fs::remove_dir_all(cache)?;
        }
        Ok(())
    }

    /// Starts a run; returns it with the time until its first request arrived at the model.
    pub fn start(&self) -> Result<(Running, Duration)> {
        self.server.clear();
        let began = Instant::now();
        let child = Command::new(&self.binary)
            .args(["run", "--task-id", "BENCH", "--description", "measure the start of the program"])
            .current_dir(self.project())
            .env_clear()
            .env("HOME", self.home())
            .env("USER", "bench")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let running = Running(child);
        let arrived = self.server.next_request()?;
        Ok((running, arrived - began))
    }
}
