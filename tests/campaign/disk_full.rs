//! A full disk, a limit on file sizes, and read-only folders. The journal stays complete, and the run resumes once there is
//! space. The small disk is a tmpfs; where mounting is not permitted, its test prints so and ends.

use std::fs;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;

use crate::damage::{KilledRun, killed_run};
use crate::record::Record;
use crate::side_by_side;
use phasegate_test::Scenario;

/// Mounts a disk at the first argument, leaves as many KiB free as the second says, runs the rest on it, frees space and
/// runs it again.
const ON_A_SMALL_DISK: &str = "
    disk=$1 free=$2; shift 2
    mount -t tmpfs -o size=$((free + 8192))k none $disk || exit 99
    head -c 8388608 /dev/zero >$disk/filler || exit 99
    \"$@\" >first.out 2>first.err; echo $? >first.code
    rm $disk/filler
    \"$@\" >second.out 2>second.err; echo $? >second.code
    cp $disk/journal.db* kept/
";

/// A shell with a script, its arguments, and the command of a scenario.
fn shell(scenario: &Scenario, around: &[&str], script: &str, arguments: &[&str], of: &Command) -> Command {
    let mut command = Command::new(around.first().unwrap_or(&"sh"));
    let rest = around.iter().skip(1).chain(if around.is_empty() { [].iter() } else { ["sh"].iter() });
    command.args(rest).args(["-c", script, "sh"]).args(arguments).arg(of.get_program()).args(of.get_args());
    command.env_clear().envs(of.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(scenario.path(""));
    command
}

/// The error message without folders.
fn error_text(scenario: &Scenario, stderr: &str) -> String {
    let here = scenario.path("").display().to_string();
    let config = format!(" --config {}", scenario.file("phasegate.toml"));
    let text = stderr.replace(here.trim_end_matches('/'), "HERE").replace(&config, "");
    text.lines().skip_while(|line| !line.starts_with("error[")).collect::<Vec<_>>().join("\n")
}

fn undisturbed() -> Record {
    let scenario = crate::scenario("eventful");
    let output = scenario.run(&[]);
    Record::read(&scenario.path("state"), &output.run_id())
}

fn can_mount(around: &[&str]) -> bool {
    let tried = Command::new(around[0]).args(&around[1..]).args(["mount", "-t", "tmpfs", "none", "/mnt"]).output();
    tried.is_ok_and(|tried| tried.status.success())
}

#[test]
fn resumes_after_a_full_disk_of_any_size() {
    let own = ["unshare", "--mount"];
    let mapped = ["unshare", "--map-root-user", "--mount"];
    let Some(around) = [&own[..], &mapped].into_iter().find(|around| can_mount(around)) else {
        return println!("skipped: mounting is not permitted");
    };
    let undisturbed = undisturbed();
    let ends = std::sync::Mutex::new(Vec::new());
    side_by_side((16..=2_416).step_by(150), |kilobytes| {
        let scenario = crate::scenario("eventful");
        ["state", "kept"].iter().for_each(|name| fs::create_dir(scenario.path(name)).unwrap());
        let (disk, free) = (scenario.path("state").display().to_string(), kilobytes.to_string());
        let run = scenario.run_command(&["--resume"]);
        let done = shell(&scenario, around, ON_A_SMALL_DISK, &[&disk, &free], &run).output().unwrap();
        assert!(done.status.success(), "{kilobytes} KB: {done:?}");
        let read = |name: &str| fs::read_to_string(scenario.path(name)).unwrap();
        assert_eq!(read("second.code"), "0\n", "{kilobytes} KB, then room: {}", read("second.err"));
        let record = Record::all_in_a_copy(&scenario.path("kept")).remove(0);
        record.assert_same(&undisturbed, &format!("{kilobytes} KB"));
        let output = read("first.out").lines().count();
        ends.lock().unwrap().push((read("first.code"), output, error_text(&scenario, &read("first.err"))));
    });
    let ends = ends.into_inner().unwrap();
    let (ended, full): (Vec<_>, Vec<_>) = ends.iter().partition(|(code, ..)| code == "0\n");
    let begun = full.iter().filter(|(_, output, _)| *output > 2).count();
    assert!(!ended.is_empty() && begun > 2 && full.len() > begun, "{ends:#?}");
    for (code, output, message) in full {
        let run = message.split_once("phasegate resume ").map_or("", |(_, run)| run);
        let kept = format!("\nhint: the run is recorded; resume it with `phasegate resume {run}");
        let plain = message.replace(&kept, "");
        assert_eq!(code, "4\n");
        assert_eq!(message.len() > plain.len(), *output > 0, "{output} events: {message}");
        assert_eq!(
            plain,
            "error[PG-0503]: the disk is full, HERE/state/journal.db cannot grow\n\
             hint: free some space, then `phasegate resume` the run"
        );
    }
}

#[test]
fn resumes_after_a_file_size_limit() {
    let undisturbed = undisturbed();
    let limited = "ulimit -f $1; shift; exec \"$@\"";
    let ignoring = format!("trap '' XFSZ; {limited}");
    let cases = (100..=1_700).step_by(200).flat_map(|blocks| [(blocks, true), (blocks, false)]);
    side_by_side(cases, |(blocks, signal_ignored)| {
        let scenario = crate::scenario("eventful");
        let run = scenario.run_command(&["--resume"]);
        let script = if signal_ignored { &ignoring } else { limited };
        let done = shell(&scenario, &[], script, &[&blocks.to_string()], &run).output().unwrap();
        let stderr = String::from_utf8_lossy(&done.stderr);
        match (done.status.code(), signal_ignored) {
            (Some(0), _) => {}
            (Some(4), true) => {
                let message = error_text(&scenario, &stderr);
                assert!(
                    message.starts_with("error[PG-0503]: HERE/state/journal.db cannot be used: disk I/O error\nhint: "),
                    "{message}"
                );
            }
            // The signal was not ignored: the system ended the process, as `kill` would.
            (None, false) => {}
            (code, _) => panic!("{blocks} blocks: {code:?} {stderr}"),
        }
        let again = scenario.run(&["--resume"]);
        assert_eq!(again.code, 0, "{blocks} blocks: {}", again.stderr);
        Record::all_in_a_copy(&scenario.path("state"))[0].assert_same(&undisturbed, &format!("{blocks} blocks"));
    });
}

/// Root may write anywhere unless it drops these capabilities.
const WITHOUT_RIGHTS: [&str; 3] =
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"];

/// The command line prefix with which file permissions apply, or none.
fn with_plain_rights() -> Option<Vec<&'static str>> {
    let folder = tempfile::tempdir().unwrap();
    allow(folder.path(), false);
    let refused = |around: &[&str]| {
        let inside = folder.path().join(format!("{}", around.len()));
        let mut touch = Command::new(around.first().unwrap_or(&"touch"));
        touch.args(around.iter().skip(1).chain(if around.is_empty() { [].iter() } else { ["touch"].iter() }));
        touch.arg(inside).output().is_ok_and(|touched| !touched.status.success())
    };
    let found = match () {
        () if refused(&[]) => Some(Vec::new()),
        () if Command::new("setpriv").arg("--version").output().is_ok() && refused(&WITHOUT_RIGHTS) => {
            Some(WITHOUT_RIGHTS.to_vec())
        }
        () => None,
    };
    allow(folder.path(), true);
    found
}

/// Grants or removes write permission for everything in a folder.
fn allow(folder: &Path, write: bool) {
    let right = if write { "u+w" } else { "a-w" };
    assert!(Command::new("chmod").args(["-R", right]).arg(folder).status().unwrap().success());
}

#[test]
fn read_only_folder_is_named_without_loss() {
    let Some(around) = with_plain_rights() else {
        return println!("skipped: file permissions do not apply");
    };
    let KilledRun { scenario, run, undisturbed } = killed_run();
    let call = |args: &[&str]| {
        let done = shell(&scenario, &around, "exec \"$@\"", &[], &scenario.command(args)).output().unwrap();
        let message = error_text(&scenario, &String::from_utf8_lossy(&done.stderr)).replace(&run, "RUN");
        format!("{message}\nexit {}", done.status.code().unwrap())
    };
    let bytes = || fs::read(scenario.path("state/journal.db")).unwrap();
    let before = bytes();

    allow(&scenario.path("state"), false);
    assert_snapshot!(call(&["resume", &run]), @r"
    error[PG-0503]: HERE/state/journal.lock cannot be written: Permission denied (os error 13)
    hint: make it writable, or use another folder with `--state DIR`
    exit 4
    ");
    allow(&scenario.path("state"), true);

    allow(&scenario.path("state/journal.db"), false);
    assert_snapshot!(call(&["resume", &run]), @r"
    error[PG-0503]: HERE/state/journal.db cannot be written: attempt to write a readonly database
    hint: make it writable, or use another folder with `--state DIR`
    hint: the run is recorded; resume it with `phasegate resume RUN`
    exit 4
    ");
    allow(&scenario.path("state/journal.db"), true);
    // SQLite has created files of its own beside it, with the same permissions.
    assert_snapshot!(call(&["resume", &run]), @r"
    error[PG-0503]: HERE/state/journal.db-shm cannot be written: attempt to write a readonly database
    hint: make it writable, or use another folder with `--state DIR`
    exit 4
    ");
    allow(&scenario.path("state"), true);
    assert!(bytes() == before, "nothing was written");

    fs::create_dir(scenario.path("full")).unwrap();
    allow(&scenario.path("full"), false);
    assert_snapshot!(call(&["resume", &run, "--out", "full/out"]), @r"
    error[PG-0702]: output folder `full/out` cannot be written: permission denied; nothing was started
    hint: make it writable, or choose another folder with --out
    exit 2
    ");
    allow(&scenario.path("full"), true);
    assert_eq!(call(&["resume", &run, "--out", "elsewhere"]), "\nexit 0");
    assert!(scenario.path("elsewhere/report.md").exists());
    Record::read(&scenario.path("state"), &run).assert_same(&undisturbed, "after all that");
}
