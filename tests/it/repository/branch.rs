//! The branch at the end of a run.

use std::fs;

use phasegate_test::RunningProcess;
use serde_json::Value;

use super::small::{CHANGE, Small};

#[test]
fn passed_run_ends_in_a_branch() {
    let small = Small::new();
    let before = small.checkout();
    let output = small.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let run = output.run_id();
    assert_eq!(small.checkout(), before, "the checkout was touched");
    small.git(&["fsck", "--strict", "--no-dangling"]);
    let branch = format!("phasegate/{run}");
    let changes = small.git(&["diff", "--name-status", "main", &branch]);
    assert_eq!(changes, "M\tapp.lines\nA\tdocs/new.txt\nD\told.txt\n");
    assert_eq!(small.git(&["show", &format!("{branch}:app.lines")]), "answer = 42\r\n", "line ends are kept");
    let message = small.git(&["log", "-1", "--format=%an <%ae>%n%B", &branch]).replace(&run, "RUN");
    let digest = message.lines().find_map(|line| line.strip_prefix("Phasegate-Digest: ")).unwrap().to_owned();
    insta::assert_snapshot!(message.replace(&digest, "DIGEST"), @r"
    Ann <ann@example.org>
    feat: correct the answer of the app

    Phasegate-Run: RUN
    Phasegate-Digest: DIGEST
    ");
    let result: Value = serde_json::from_str(&small.workspace.read("out/result.json")).unwrap();
    let written = &result["repository"]["branch"];
    assert_eq!(written["name"], branch);
    assert_eq!(written["commits"][0], small.git(&["rev-parse", &branch]).trim());
    assert_eq!(written["work"], digest);
    assert_eq!(result["deleted"], serde_json::json!(["old.txt"]));
    assert!(small.workspace.read("out/report.md").contains(&format!("The work is in the branch `{branch}`")));
    let patch = small.workspace.path("out/changes.patch").display().to_string();
    small.git(&["apply", "--check", &patch]);

    // The record is enough to replay the run, and to describe it.
    fs::rename(small.path(), small.workspace.path("elsewhere")).unwrap();
    let replayed = small.workspace.call(&["replay", &run, "--json"]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    let described = small.workspace.call(&["pr", &run]);
    let commit = result["repository"]["base"].as_str().unwrap();
    insta::assert_snapshot!(described.render(&[(&run, "RUN"), (commit, "COMMIT")]), @r"
    exit 0
    Correct the answer of the app.

    ## What was asked

    > Correct the answer of the app.

    ## What changed

    | file | change | lines added | lines removed |
    |---|---|---|---|
    | `app.lines` | changed | +1 | −1 |
    | `docs/new.txt` | new | +1 | −0 |
    | `old.txt` | deleted | +0 | −1 |

    3 files, +2 −2 lines.

    ## Cost

    0 model calls, 0 tokens in, 0 tokens out, scripted answers, in TIME of work.

    Run `RUN` of Phasegate, from commit COMMIT.
    ");
    let described = small.workspace.call(&["pr", &run, "--json"]);
    assert_eq!(described.json()["target"], "main");
    crate::schemas::check_output("pr", &described.stdout);
    crate::schemas::check_output("log", &small.workspace.call(&["log", &run, "--json"]).stdout);
    crate::schemas::check("result", &result);
}

#[test]
fn killed_runs_write_the_branch_on_resume() {
    let whole = Small::new().run(&[]);
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    for number in 1..=whole.events.len() as u64 {
        let small = Small::new();
        let task =
            ["--json", "--repo", "project", "--task-id", "ANSWER", "--description", "Correct the answer of the app."];
        let command = small.workspace.command(&small.args(&task));
        let killed = RunningProcess::start(command, |event| event["number"] == number).signal("KILL");
        let run = killed.run_id();
        let resumed = small.workspace.call(&["resume", &run, "--json"]);
        assert_eq!(resumed.code, 0, "killed at event {number}: {}", resumed.stderr);
        small.git(&["fsck", "--strict", "--no-dangling"]);
        let changes = small.git(&["diff", "--name-status", "main", &format!("phasegate/{run}")]);
        assert_eq!(changes, "M\tapp.lines\nA\tdocs/new.txt\nD\told.txt\n", "killed at event {number}");
        let shown = small.workspace.call(&["show", &run, "--json"]).json();
        assert_eq!(shown["repository"]["branch"]["name"], format!("phasegate/{run}"), "killed at event {number}");
    }
}

#[test]
fn unwritable_branch_is_written_on_resume() {
    let small = Small::new();
    let output = small.stopped_fork();
    let run = output.run_id();
    let stopped = output.render_errors(&[(&run, "RUN")]);
    let error = stopped.find("error[").map(|at| &stopped[at..]).unwrap();
    insta::assert_snapshot!(format!("exit {}\n{error}", output.code), @r"
    exit 4
    error[PG-0802]: the branch `phasegate/RUN` cannot be created beside the branch `phasegate`
    hint: rename the branch: `git branch --move phasegate NEW-NAME`
    hint: the run is recorded; resume it with `phasegate resume RUN`
    ");
    small.git(&["branch", "--move", "phasegate", "other"]);
    let resumed = small.workspace.call(&["resume", &run, "--json"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert_eq!(small.git(&["rev-list", "--count", &format!("main..phasegate/{run}")]), "1\n");
}

#[test]
fn each_accepted_attempt_can_be_a_commit() {
    let small = Small::new();
    let second = CHANGE.replace("42", "43");
    let phases = small.workspace.read("pipeline.toml").replace(
        "[plugins.fixture]",
        &format!(
            "[[phase]]\nname = \"again\"\nagent = \"fixture\"\nreads = [\"repository/*\"]\n\
         produces = [{{ name = \"more_code\", kind = \"generated_code\" }}]\n\n\
         [phase.settings.artifacts.more_code]{second}\n[plugins.fixture]"
        ),
    );
    small.workspace.write("pipeline.toml", phases);
    let output = small.run(&["--commits", "attempts", "--author", "Bot <bot@example.org>"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let branch = format!("phasegate/{}", output.run_id());
    assert_eq!(small.git(&["log", "--format=%an", &format!("main..{branch}")]), "Bot\nBot\n");
    let last = small.git(&["diff", "--name-status", &format!("{branch}~1"), &branch]);
    assert_eq!(last, "M\tapp.lines\n");
    assert_eq!(small.workspace.call(&["replay", &output.run_id()]).code, 0);
}

#[test]
fn uncommitted_changes_come_first() {
    let small = Small::new();
    small.write("app.lines", "answer = 40\r\n");
    small.write("untracked.txt", "mine\n");
    small.write(".env", "TOKEN=secret-of-the-user\n");
    let before = small.checkout();
    small.set_change("read = [\"repository/untracked.txt\", \"repository/app.lines\"]", CHANGE);
    let output = small.run(&["--include-uncommitted", "--verbose"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let said = |text: &str| assert!(output.stderr.contains(text), "`{text}` is not in {}", output.stderr);
    said(" (main), with 2 uncommitted changes\n");
    said("Uncommitted files that are left out: .env (looks like a secret).");
    said("read repository/untracked.txt: mine");
    said("read repository/app.lines: answer = 40");
    assert_eq!(small.checkout(), before);
    let branch = format!("phasegate/{}", output.run_id());
    let first = small.git(&["diff", "--name-status", "main", &format!("{branch}~1")]);
    assert_eq!(first, "M\tapp.lines\nA\tuntracked.txt\n");
    assert_eq!(
        small.git(&["diff", "--name-only", &format!("{branch}~1"), &branch]),
        "app.lines\ndocs/new.txt\nold.txt\n"
    );
    let described = small.workspace.call(&["pr", &output.run_id()]).stdout;
    let shown = "\nThe branch begins with a commit of 2 uncommitted changes of the working tree, which the run started from: \
                 `app.lines`, `untracked.txt`.\n";
    assert!(described.contains(shown), "{described}");
}

#[test]
fn requests_show_texts_as_quotes() {
    let small = Small::new();
    let issue = "# Correct the answer (#7)\n\nIt is wrong, says @ann:\n- in the app\n\n## Gates\n\n- [ ] closes #8\n";
    small.workspace.write("issue.md", issue);
    let args = ["--json", "--issue", "issue.md", "--repo", "project"];
    let run = small.workspace.call(&small.args(&args)).run_id();
    let described = small.workspace.call(&["pr", &run]).stdout;
    let (asked, _) = described.split_once("\n## What changed").unwrap();
    insta::assert_snapshot!(asked, @r"
    Correct the answer (#7)

    ## What was asked

    > Correct the answer (#&#8203;7)
    >
    > It is wrong, says @&#8203;ann:
    > \- in the app
    >
    > \## Gates

    - R1: closes #&#8203;8
    ");

    small.set_change("", &CHANGE.replace("old.txt", "gone.txt"));
    let run = small.workspace.call(&small.args(&args)).run_id();
    let described = small.workspace.call(&["pr", &run]);
    let note = "The run has not passed: its status is `failed`.";
    assert!(described.stdout.contains(&format!("\n\n{note}\n\n\n## What was asked")), "{}", described.stdout);
    assert_eq!(described.stderr, note);
}
