//! Repositories and flags that cannot be used, and issues as tasks.

use phasegate_test::Output;

use super::small::Small;

fn refused(small: &Small, args: &[&str]) -> String {
    let task = ["--task-id", "ANSWER", "--description", "Correct the answer of the app."];
    let output: Output = small.workspace.call(&small.args(&[&task, args].concat()));
    let here = small.workspace.path("").canonicalize().unwrap().display().to_string();
    output.render_errors(&[(here.trim_end_matches('/'), "HERE")])
}

#[test]
fn unusable_repositories_are_told_in_words() {
    let small = Small::new();
    small.workspace.write("plain/a.txt", "a");
    let mut text = String::new();
    let cases: [&[&str]; 6] = [
        &["--repo", "plain"],
        &["--repo", "gone"],
        &["--repo", "project/docs"],
        &["--repo", "project", "--base", "no-such-branch"],
        &["--repo", "project", "--author", "nobody"],
        &["--base", "main"],
    ];
    for args in cases {
        text += &format!("{}\n{}\n", args.join(" "), refused(&small, args));
    }
    insta::assert_snapshot!(text, @r#"
    --repo plain
    exit 2
    error[PG-0801]: `HERE/plain` is not a git repository: it has no `.git`
    hint: name the folder that contains `.git`, or a bare repository; `git init` makes one

    --repo gone
    exit 2
    error[PG-0801]: `HERE/gone` is not a git repository: there is no such folder
    hint: name the folder that contains `.git`, or a bare repository; `git init` makes one

    --repo project/docs
    exit 2
    error[PG-0801]: `HERE/project/docs` is not a git repository: it has no `.git`
    hint: the repository that contains it is HERE/project; name that one

    --repo project --base no-such-branch
    exit 2
    error[PG-0801]: `no-such-branch` names no commit of the repository: the ref partially named "no-such-branch" could not be found
    hint: name a branch, a tag or a commit; `git branch --all` lists branches

    --repo project --author nobody
    exit 2
    error[PG-0801]: the author `nobody` is invalid: it must have the form `Name <mail>`
    hint: give name and mail in quotes: --author 'Ann Lee <ann@example.org>'

    --base main
    exit 2
    error[PG-0101]: --base needs a repository
    hint: name one with --repo PATH, or with `repo` in the task file
    "#);
    let runs = small.workspace.call(&["runs", "--json"]).json();
    assert_eq!(runs, serde_json::json!([]), "a run was created");
}

#[test]
fn repositories_without_author_are_refused_at_once() {
    let small = Small::new();
    small.git(&["config", "--unset", "user.email"]);
    insta::assert_snapshot!(refused(&small, &["--repo", "project"]), @r"
    exit 2
    error[PG-0801]: git's configuration names no author for the branch
    hint: name one with --author 'Name <mail>', or set user.name and user.email with `git config --global`; included files and the system's configuration are not read
    ");
}

#[test]
fn branches_in_the_way_prevent_runs() {
    let small = Small::new();
    small.git(&["branch", "phasegate"]);
    let refused = refused(&small, &["--repo", "project"]);
    let (start, rest) = refused.split_once("phasegate/answer-").unwrap();
    let (_, rest) = rest.split_once('`').unwrap();
    insta::assert_snapshot!(format!("{start}RUN`{rest}"), @r"
    exit 2
    error[PG-0801]: the branch `RUN` cannot be created beside the branch `phasegate`
    hint: rename the branch: `git branch --move phasegate NEW-NAME`
    ");
    assert_eq!(small.workspace.call(&["runs", "--json"]).json(), serde_json::json!([]), "a run was created");
}

#[test]
fn task_files_name_only_their_own_repository() {
    let small = Small::new();
    small.workspace.write(
        "tasks/task.toml",
        "task_id = \"ANSWER\"\ndescription = \"Correct the answer.\"\nrepo = \"../project\"\n",
    );
    let refused = small.workspace.call(&small.args(&["--task", "tasks/task.toml"]));
    insta::assert_snapshot!(refused.render_errors(&[]), @r"
    exit 2
    error[PG-0106]: task ANSWER: the repository `../project` neither contains the task file nor lies below its folder
    hint: if it is the right one, name it with --repo PATH
    ");
    small.write(
        "task.toml",
        "task_id = \"ANSWER\"\ndescription = \"Correct the answer.\"\nrepo = \".\"\nbase = \"main\"\n",
    );
    let output = small.workspace.call(&small.args(&["--json", "--task", "project/task.toml"]));
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(small.git(&["branch", "--list", "phasegate/*"]).contains("phasegate/answer-"));
}

#[test]
fn issues_are_tasks() {
    let small = Small::new();
    small.workspace.write(
        "issue.md",
        "# Correct the answer (#7)\n\nIt is wrong.\n\n- [ ] the answer is 42\n- [x] it is documented\n",
    );
    let output = small.workspace.call(&small.args(&["--json", "--issue", "issue.md", "--repo", "project"]));
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.run_id().starts_with("correct-the-answer-7-"), "{}", output.run_id());
    let message = small.git(&["log", "-1", "--format=%B", &format!("phasegate/{}", output.run_id())]);
    assert!(message.contains("orrect the answer (#7)\n\n- the answer is 42\n- it is documented\n"), "{message}");
    let both = small.workspace.call(&small.args(&["--issue", "issue.md", "--description", "something else"]));
    assert_eq!(both.code, 2, "{}", both.stderr);
}

#[test]
fn control_characters_in_tasks_are_refused() {
    let small = Small::new();
    small.workspace.write("issue.md", "# Correct the answer\n\n- [ ] it is\0 42\n");
    let mut text = String::new();
    for args in [vec!["--issue", "issue.md"], vec!["--task-id", "ANSWER", "--description", "red \u{1b}[31m answer"]] {
        let refused = small.workspace.call(&small.args(&[&args[..], &["--repo", "project"]].concat()));
        text += &format!("{}\n", refused.render_errors(&[]));
    }
    insta::assert_snapshot!(text, @r"
    exit 2
    error[PG-0101]: --issue issue.md: the text has the control character U+0000
    hint: remove it; it may come from a copied terminal output

    exit 2
    error[PG-0101]: --description: the text has the control character U+001B
    hint: remove it; it may come from a copied terminal output
    ");
}

#[test]
fn runs_elsewhere_need_their_repository_named() {
    let small = Small::new();
    let run = small.stopped_fork().run_id();
    small.git(&["branch", "--move", "phasegate", "other"]);
    let place = small.workspace.path("project-moved");
    std::fs::rename(small.path(), &place).unwrap();
    let refused = small.workspace.call(&["resume", &run]);
    insta::assert_snapshot!(refused.render_errors(&[(&run, "RUN")]), @r"
    exit 2
    error[PG-0801]: repository `project` of run RUN is not there
    hint: if it was moved, continue with `phasegate resume RUN --repo PATH`
    ");
    let resumed = small.workspace.call(&["resume", &run, "--repo", "project-moved"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert!(place.join(".git/refs/heads/phasegate").join(&run).exists());
}
