//! Configurations and state folders that another account owns or can change.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use phasegate_test::{ModelServer, OtherUser, Output, ProviderKind, Workspace, give, set_mode};

use crate::{PATHS, workspace};

const TASK: [&str; 4] = ["--task-id", "TASK-1", "--description", "Parse durations such as 1h30m"];
/// Ends after the models are checked: no pipeline is compiled, and nothing is asked.
const CONFIG: &str = "[models]\ndefault = \"scripted:none.toml\"\n";

/// A home folder for root, and a folder of another account in which root works.
struct Shared {
    home: Workspace,
    other: OtherUser,
}

impl Shared {
    fn new() -> Option<Self> {
        Some(Self { home: workspace(), other: OtherUser::new(PATHS)? })
    }

    /// Calls the binary as root in a folder of root below the folder of the other account.
    fn call(&self, args: &[&str]) -> Output {
        let project = self.other.path("project");
        fs::create_dir_all(&project).unwrap();
        let mut command = self.home.command(args);
        command.current_dir(project).env("ANTHROPIC_API_KEY", "sk-of-root");
        Output::from_command(command)
    }

    fn run(&self, more: &[&str]) -> Output {
        self.call(&[&["run"], &TASK[..], more].concat())
    }

    fn render(&self, output: &Output) -> String {
        render(output, &self.other.path(""))
    }
}

fn render(output: &Output, here: &Path) -> String {
    output.render_errors(&[(here.display().to_string().trim_end_matches('/'), "HERE")])
}

fn refusal(workspace: &Workspace, more: &[&str]) -> String {
    let output = workspace.call(&[&["run"], &TASK[..], more].concat());
    assert_eq!(output.code, 2, "{}", output.stderr);
    render(&output, &workspace.path(""))
}

#[test]
fn second_account_runs_the_binary() {
    let Some(other) = OtherUser::new(PATHS) else { return };
    let made = other.call(&["init", "project"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert_eq!(fs::metadata(other.path("project/phasegate.toml")).unwrap().uid(), OtherUser::UID);
    let refused = other.call(&["init", "/nobody-may-write-here"]);
    assert_ne!(refused.code, 0, "{}", refused.stdout);
}

#[test]
fn keys_stay_away_from_another_users_configuration() {
    let Some(shared) = Shared::new() else { return };
    let respond = Arc::new(|asked: &_| ProviderKind::Messages.answer(asked, "{}", 9));
    let server = ModelServer::start("sk-of-root", respond);
    shared.other.write("phasegate.toml", format!("[providers.anthropic]\nbase_url = \"{}\"\n", server.address));
    let output = shared.run(&[]);
    assert_snapshot!(shared.render(&output), @"
    exit 2
    error[PG-0108]: `HERE/phasegate.toml` is not used because of its folder `HERE`: it belongs to another user (uid 65534)
    hint: create your own phasegate.toml in `HERE/project`, or name another one with --config FILE
    hint: if you trust everyone who can write to it, run `phasegate trust allow --folder HERE`
    ");
    // The remedies work: a file of one's own is nearer, and no server is asked for a script.
    fs::write(shared.other.path("project/phasegate.toml"), CONFIG).unwrap();
    let output = shared.run(&["--state", "../../state"]);
    assert!(output.stderr.contains("none.toml cannot be read"), "{}", output.stderr);
    let output = shared.run(&["--config", "../phasegate.toml"]);
    assert_snapshot!(shared.render(&output), @"
    exit 2
    error[PG-0108]: `HERE/phasegate.toml` is not used because of its folder `HERE`: it belongs to another user (uid 65534)
    hint: copy the file to a folder of your own, and name the copy with --config FILE
    hint: if you trust everyone who can write to it, run `phasegate trust allow --folder HERE`
    ");
    // The folder of the task file is searched first.
    shared.other.write("task.toml", "task_id = \"TASK-1\"\ndescription = \"Parse durations such as 1h30m\"\n");
    let output = shared.call(&["run", "--task", "../task.toml"]);
    assert_eq!(output.code, 2, "{}", output.stderr);
    assert!(output.stderr.contains("/phasegate.toml` is not used because of its folder"), "{}", output.stderr);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn files_in_a_trusted_folder_are_used() {
    let Some(shared) = Shared::new() else { return };
    shared.other.write("phasegate.toml", CONFIG);
    assert!(shared.run(&[]).stderr.contains("error[PG-0108]"));
    let folder = shared.other.path("").display().to_string();
    let allowed = shared.call(&["trust", "allow", "--folder", folder.trim_end_matches('/')]);
    assert_eq!(allowed.code, 0, "{}", allowed.stderr);
    let output = shared.run(&[]);
    assert!(output.stderr.contains("none.toml cannot be read"), "{}", output.stderr);
    // Trust in the folder is no agreement about keys.
    shared.other.write("phasegate.toml", "[providers.anthropic]\nbase_url = \"https://models.example\"\n");
    assert!(shared.run(&[]).stderr.contains("error[PG-0207]"));
    assert_eq!(shared.call(&["trust", "revoke", folder.trim_end_matches('/')]).code, 0);
    assert!(shared.run(&[]).stderr.contains("error[PG-0108]"));
}

#[test]
fn prompts_stay_out_of_another_users_state() {
    let Some(shared) = Shared::new() else { return };
    shared.other.create_folder(".phasegate");
    shared.other.set_mode(".phasegate", 0o777);
    for args in [&["run", "--task-id", "TASK-1", "--description", "Parse durations"][..], &["runs"], &["resume", "X"]] {
        let output = shared.call(args);
        assert_eq!(output.code, 2, "{args:?}: {}", output.stderr);
        assert!(output.stderr.contains("it belongs to another user (uid 65534)"), "{args:?}: {}", output.stderr);
    }
    assert_snapshot!(shared.render(&shared.call(&["runs"])), @"
    exit 2
    error[PG-0108]: `HERE/.phasegate` is not used because of its folder `HERE`: it belongs to another user (uid 65534)
    hint: create your own with `mkdir -m 700 .phasegate`, or name one with --state DIR
    hint: if you trust everyone who can write to it, run `phasegate trust allow --folder HERE`
    ");
    assert_eq!(fs::read_dir(shared.other.path(".phasegate")).unwrap().count(), 0);
    assert!(!shared.other.path("project/.phasegate").exists());
    // Commands without state are not concerned, and a folder of one's own is nearer.
    assert_eq!(shared.call(&["pipeline", "show", "tsp"]).code, 0);
    fs::create_dir(shared.other.path("project/.phasegate")).unwrap();
    assert_eq!(shared.call(&["runs"]).code, 0);
}

#[test]
fn state_is_not_created_in_anothers_folder() {
    let Some(shared) = Shared::new() else { return };
    fs::write(shared.home.path("of-root.toml"), "[models]\ndefault = \"ollama:x\"\n").unwrap();
    let config = shared.home.path("of-root.toml").display().to_string();
    let mut command = shared.home.command(&[&["run", "--config", &config], &TASK[..]].concat());
    command.current_dir(shared.other.path("home"));
    assert_snapshot!(shared.render(&Output::from_command(command)), @r"
    exit 2
    the models of ollama cannot be checked before the run: ollama cannot be reached at http://127.0.0.1:11434: client error (Connect): tcp connect error: Connection refused (os error 111)
    error[PG-0108]: `HERE/home/.phasegate` is not used because of its folder `HERE/home`: it belongs to another user (uid 65534)
    hint: name a state folder of your own with --state DIR
    hint: if you trust everyone who can write to it, run `phasegate trust allow --folder HERE/home`
    ");
    assert!(!shared.other.path("home/.phasegate").exists());
}

#[test]
fn links_of_others_are_not_followed() {
    let Some(shared) = Shared::new() else { return };
    fs::create_dir(shared.other.path("project")).unwrap();
    fs::write(shared.home.path("real.toml"), CONFIG).unwrap();
    let link = shared.other.path("project/phasegate.toml");
    symlink(shared.home.path("real.toml"), &link).unwrap();
    give(&link);
    assert_snapshot!(shared.render(&shared.run(&[])), @"
    exit 2
    error[PG-0108]: `HERE/project/phasegate.toml` is not used: it belongs to another user (uid 65534)
    hint: name another configuration with --config FILE
    hint: if you trust everyone who can write to it, run `phasegate trust allow --folder HERE/project`
    ");
    // A link of root to a file of the other account.
    fs::remove_file(&link).unwrap();
    shared.other.write("theirs.toml", CONFIG);
    symlink(shared.other.path("theirs.toml"), &link).unwrap();
    assert_snapshot!(shared.render(&shared.run(&[])), @"
    exit 2
    error[PG-0108]: `HERE/project/phasegate.toml` is not used because of what it links to, `HERE/theirs.toml`: it belongs to another user (uid 65534)
    hint: name another configuration with --config FILE
    hint: if you trust everyone who can write to it, run `phasegate trust allow --folder HERE/project`
    ");
}

#[test]
fn rootless_users_accept_files_of_root() {
    let Some(other) = OtherUser::new(PATHS) else { return };
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o755);
    fs::write(folder.path().join("phasegate.toml"), CONFIG).unwrap();
    let state = other.path("state").display().to_string();
    let args = [&["run", "--state", &state], &TASK[..]].concat();
    let call = || {
        Output::from_command({
            let mut command = other.command(&args);
            command.current_dir(folder.path());
            command
        })
    };
    assert!(call().stderr.contains("none.toml cannot be read"), "{}", call().stderr);
    // The sticky bit protects the file in a folder such as /tmp.
    set_mode(folder.path(), 0o1777);
    assert!(call().stderr.contains("none.toml cannot be read"), "{}", call().stderr);
    // This account cannot take back the permission.
    set_mode(folder.path(), 0o777);
    assert_snapshot!(render(&call(), folder.path()), @"
    exit 2
    error[PG-0108]: `HERE/phasegate.toml` is not used because of its folder `HERE`: other users may write to it (mode 0777)
    hint: name another configuration with --config FILE
    hint: if you trust everyone who can write to it, run `phasegate trust allow --folder HERE`
    ");
}

#[test]
fn rejects_a_configuration_that_others_may_write() {
    let workspace = workspace().with_files(&[("phasegate.toml", CONFIG), ("own/x.toml", CONFIG)]);
    set_mode(&workspace.path("phasegate.toml"), 0o666);
    assert_snapshot!(refusal(&workspace, &[]), @"
    exit 2
    error[PG-0108]: `HERE/phasegate.toml` is not used: other users may write to it (mode 0666)
    hint: if its content is yours, run `chmod go-w HERE/phasegate.toml`
    hint: name another configuration with --config FILE
    hint: if you trust everyone who can write to it, run `phasegate trust allow --folder HERE`
    ");
    assert_snapshot!(refusal(&workspace, &["--config", "phasegate.toml"]), @"
    exit 2
    error[PG-0108]: `HERE/phasegate.toml` is not used: other users may write to it (mode 0666)
    hint: if its content is yours, run `chmod go-w HERE/phasegate.toml`
    hint: copy the file to a folder of your own, and name the copy with --config FILE
    hint: if you trust everyone who can write to it, run `phasegate trust allow --folder HERE`
    ");
    set_mode(&workspace.path("own"), 0o777);
    assert_snapshot!(refusal(&workspace, &["--config", "own/x.toml"]), @"
    exit 2
    error[PG-0108]: `HERE/own/x.toml` is not used because of its folder `HERE/own`: other users may write to it (mode 0777)
    hint: if its content is yours, run `chmod go-w HERE/own`
    hint: copy the file to a folder of your own, and name the copy with --config FILE
    hint: if you trust everyone who can write to it, run `phasegate trust allow --folder HERE/own`
    ");
    // The hint's command is a remedy.
    set_mode(&workspace.path("own"), 0o755);
    assert!(refusal(&workspace, &["--config", "own/x.toml"]).contains("none.toml cannot be read"));
}

#[test]
fn rejects_pipelines_that_others_may_write() {
    let base = "extends = \"base.toml\"\nname = \"own\"\n";
    let workspace =
        workspace().with_files(&[("own.toml", base), ("base.toml", "extends = \"tsp\"\nname = \"base\"\n")]);
    let show = || {
        let output = workspace.call(&["pipeline", "check", "own.toml"]);
        render(&output, &workspace.path(""))
    };
    assert!(show().starts_with("exit 0\n"), "{}", show());
    set_mode(&workspace.path("base.toml"), 0o646);
    assert_snapshot!(show(), @r#"
    exit 2
    error[PG-0102]: own.toml:1: `HERE/base.toml` is not used: other users may write to it (mode 0646); if its content is yours, run `chmod go-w HERE/base.toml`
      1 | extends = "base.toml"
        |           ^^^^^^^^^^^
    hint: the path is relative to this file
    "#);
    set_mode(&workspace.path("own.toml"), 0o662);
    assert_snapshot!(show(), @"
    exit 2
    error[PG-0108]: `HERE/own.toml` is not used: other users may write to it (mode 0662)
    hint: if its content is yours, run `chmod go-w HERE/own.toml`
    hint: copy the file to a folder of your own, and name the copy with --pipeline FILE
    hint: if you trust everyone who can write to it, run `phasegate trust allow --folder HERE`
    ");
}

#[test]
fn rejects_a_lock_file_that_others_may_write() {
    let workspace = workspace().with_files(&[
        ("phasegate.toml", "[models]\ndefault = \"scripted:answers.toml\"\n"),
        ("answers.toml", "[[answer]]\ntext = \"{}\"\n"),
        ("phasegate.lock", "version = 1\n"),
        ("shared/phasegate.lock", "version = 1\n"),
    ]);
    set_mode(&workspace.path("phasegate.lock"), 0o666);
    assert_snapshot!(refusal(&workspace, &[]), @"
    exit 2
    error[PG-0108]: `HERE/phasegate.lock` is not used: other users may write to it (mode 0666)
    hint: if its content is yours, run `chmod go-w HERE/phasegate.lock`
    hint: name a file in a folder of your own with the environment variable PHASEGATE_LOCK
    hint: if you trust everyone who can write to it, run `phasegate trust allow --folder HERE`
    ");
    set_mode(&workspace.path("phasegate.lock"), 0o644);
    set_mode(&workspace.path("shared"), 0o777);
    let mut command = workspace.command(&[&["run"], &TASK[..]].concat());
    command.env("PHASEGATE_LOCK", "shared/phasegate.lock");
    assert_snapshot!(render(&Output::from_command(command), &workspace.path("")), @"
    exit 2
    error[PG-0108]: `HERE/shared/phasegate.lock` is not used because of its folder `HERE/shared`: other users may write to it (mode 0777)
    hint: if its content is yours, run `chmod go-w HERE/shared`
    hint: name a file in a folder of your own with the environment variable PHASEGATE_LOCK
    hint: if you trust everyone who can write to it, run `phasegate trust allow --folder HERE/shared`
    ");
}

#[test]
fn rejects_a_state_folder_that_others_may_write() {
    let workspace = workspace();
    fs::create_dir(workspace.path(".phasegate")).unwrap();
    set_mode(&workspace.path(".phasegate"), 0o777);
    assert_snapshot!(render(&workspace.call(&["runs"]), &workspace.path("")), @"
    exit 2
    error[PG-0108]: `HERE/.phasegate` is not used: other users may write to it (mode 0777)
    hint: if its content is yours, run `chmod go-w HERE/.phasegate`
    hint: name a state folder of your own with --state DIR
    hint: if you trust everyone who can write to it, run `phasegate trust allow --folder HERE`
    ");
    set_mode(&workspace.path(".phasegate"), 0o755);
    assert_eq!(workspace.call(&["runs"]).code, 0);
}

#[test]
fn shared_temporary_folders_are_fine_while_empty() {
    let workspace = workspace();
    set_mode(&workspace.path(""), 0o1777);
    assert_eq!(workspace.call(&["runs"]).code, 0);
    assert_eq!(workspace.call(&["pipeline", "show", "tsp"]).code, 0);
}

#[test]
fn rejects_files_of_others_in_temporary_folders() {
    let Some(_) = OtherUser::new(PATHS) else { return };
    let workspace = workspace().with_files(&[("phasegate.toml", CONFIG)]);
    set_mode(&workspace.path(""), 0o1777);
    assert!(refusal(&workspace, &[]).contains("none.toml cannot be read"));
    give(&workspace.path("phasegate.toml"));
    // No hint suggests to trust a folder in which every account may create files.
    assert_snapshot!(refusal(&workspace, &[]), @"
    exit 2
    error[PG-0108]: `HERE/phasegate.toml` is not used: it belongs to another user (uid 65534)
    hint: name another configuration with --config FILE
    ");
}

#[test]
fn resume_uses_default_limits_instead() {
    let scenario = crate::scenario("plain-pass");
    let output = scenario.run(&[]);
    fs::write(scenario.path("phasegate.toml"), "[sandbox]\nmax_instances = 1\n").unwrap();
    set_mode(&scenario.path("phasegate.toml"), 0o666);
    let replayed = scenario.call(&["replay", &output.run_id(), "--json"]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    let note = "using your own settings, because the configuration cannot be used: ";
    assert!(replayed.stderr.starts_with(note), "{}", replayed.stderr);
    assert!(replayed.stderr.contains("other users may write to it (mode 0666)\n"), "{}", replayed.stderr);
}

/// Starts a proxy that records the first bytes of each connection and responds 403. It ends with the test's process.
fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let keeps = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = [0; 4096];
            let read = stream.read(&mut bytes).unwrap_or(0);
            keeps.lock().unwrap().push(String::from_utf8_lossy(&bytes[..read]).into_owned());
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (address, heard)
}

#[test]
fn newcomers_key_goes_to_its_provider_unasked() {
    let (proxy, heard) = proxy();
    let workspace = Workspace::with_shared_home(PATHS, "home-of-newcomer");
    let mut command = workspace.command(&[&["run"], &TASK[..]].concat());
    command.env("ANTHROPIC_API_KEY", "sk-of-newcomer").env("HTTPS_PROXY", &proxy);
    let output = Output::from_command(command);
    assert_eq!(output.code, 4, "{}", output.stderr);
    assert!(output.stderr.contains("api.anthropic.com"), "{}", output.stderr);
    let heard = heard.lock().unwrap();
    assert!(!heard.is_empty(), "{}", output.stderr);
    let built_in = |request: &String| request.starts_with("CONNECT api.anthropic.com:443 HTTP/1.1\r\n");
    assert!(heard.iter().all(|request| built_in(request) && !request.contains("sk-of")), "{heard:?}");
}
