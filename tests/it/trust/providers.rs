//! Addresses, keys and limits that a project names and its user has not agreed to.

use std::fs;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use insta::assert_snapshot;
use phasegate_test::{ModelServer, Output, Terminal, Workspace};

const SECRET: &str = "aws-secret-4f1d7a90c2";
const TASK: &str = "task_id = \"T-1\"\ndescription = \"Write a function that adds\"\n";

/// A folder with a project, whose home folder is beside it.
fn project(config: &str) -> Workspace {
    let mut workspace = crate::workspace().with_files(&[("app/task.toml", TASK), ("app/phasegate.toml", config)]);
    workspace.set_own_home("home");
    workspace
}

/// A server that fails each request, so that runs stop and can be resumed, and remembers what it received.
fn server() -> ModelServer {
    let failure = || Response::builder().status(500).body(Body::empty()).unwrap();
    ModelServer::start(SECRET, Arc::new(move |_| failure()))
}

fn call_in(workspace: &Workspace, args: &[&str]) -> Output {
    let mut command = workspace.command(args);
    command.current_dir(workspace.path("app")).env("AWS_SECRET_ACCESS_KEY", SECRET).env("OTHER_TOKEN", SECRET);
    Output::from_command(command)
}

fn call(workspace: &Workspace, args: &[&str]) -> Output {
    call_in(workspace, args)
}

fn shown(workspace: &Workspace, output: &Output) -> String {
    let here = fs::canonicalize(workspace.path("")).unwrap().display().to_string();
    let text = output.transcript(&[(&here, "HERE")]);
    let mut parts = text.split("127.0.0.1:");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, rest| text + "127.0.0.1:PORT" + rest.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// The command that the hint names, without the program.
fn allow_command(output: &Output) -> Vec<String> {
    let command = output.stderr.split("run `phasegate ").nth(1).unwrap().split('`').next().unwrap();
    command.split(' ').map(str::to_owned).collect()
}

fn agree(workspace: &Workspace, refused: &Output) -> Output {
    let command = allow_command(refused);
    call(workspace, &command.iter().map(String::as_str).collect::<Vec<_>>())
}

fn corp(address: &str, more: &str) -> String {
    format!(
        "[models]\ndefault = \"corp:m\"\nretries = 0\n[providers.corp]\nkind = \"openai\"\nbase_url = \"{address}\"\n{more}\n"
    )
}

#[test]
fn sends_no_key_that_only_a_project_names() {
    let server = server();
    let v1 = format!("{}/v1", server.address);
    // A built-in provider at another address, with a variable of another tool.
    let config = format!("[providers.anthropic]\nbase_url = \"{v1}\"\nkey_env = \"AWS_SECRET_ACCESS_KEY\"\n");
    let workspace = project(&config);
    let refused = call(&workspace, &["run", "--task", "task.toml"]);
    assert_snapshot!(shown(&workspace, &refused), @r"
    exit 2
    error[PG-0207]: the project HERE/app uses what you have not agreed to: provider `anthropic` at http://127.0.0.1:PORT/v1 with the key in AWS_SECRET_ACCESS_KEY
    hint: if you trust it, run `phasegate trust allow HERE/app --digest DIGEST`; otherwise remove it from the project's phasegate.toml
    ");
    let locked = call(&workspace, &["run", "--task", "task.toml", "--locked"]);
    assert_eq!(shown(&workspace, &locked), shown(&workspace, &refused));
    // A file beside the project, and a link to it inside the project.
    for file in ["../home/.token", "token"] {
        let workspace = project(&corp(&v1, &format!("key_file = \"{file}\"")));
        workspace.write("home/.token", SECRET);
        std::os::unix::fs::symlink(workspace.path("home/.token"), workspace.path("app/token")).unwrap();
        let refused = call(&workspace, &["run", "--task", "task.toml"]);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        let place = format!("with the key in {}", fs::canonicalize(workspace.path("home/.token")).unwrap().display());
        assert!(refused.stderr.contains(&place), "{}", refused.stderr);
        assert!(!workspace.path("app/.phasegate").exists(), "a state folder was written");
    }
    assert!(server.requests().is_empty(), "{:?}", server.requests());
}

#[test]
fn sends_nothing_to_unknown_machines() {
    for (address, more) in [
        ("https://models.example/v1", ""),
        ("http://models.example/v1", "allow_http = true"),
        ("http://[2001:db8::1]:8080/v1", "allow_http = true"),
        ("https://127.0.0.1.models.example", ""),
    ] {
        let workspace = project(&corp(address, more));
        let refused = call(&workspace, &["run", "--task", "task.toml"]);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains(&format!("provider `corp` at {address} without a key")), "{}", refused.stderr);
    }
    let workspace = project(&corp("https://ann:secret@models.example/v1", ""));
    assert_snapshot!(shown(&workspace, &call(&workspace, &["run", "--task", "task.toml"])), @r#"
    exit 2
    error[PG-0102]: phasegate.toml:6: [providers.corp] base_url: it holds more than an address
      6 | base_url = "https://ann:secret@models.example/v1"
        | ^^^^^^^^
    hint: remove user, password, query and fragment; name the key with key_env or key_file
    "#);
}

#[test]
fn agreement_covers_one_address_and_key() {
    let server = server();
    let v1 = format!("{}/v1", server.address);
    let workspace = project(&corp(&v1, "key_env = \"AWS_SECRET_ACCESS_KEY\""));
    let run = ["run", "--task", "task.toml"];
    let refused = call(&workspace, &run);
    assert_snapshot!(shown(&workspace, &agree(&workspace, &refused)), @r"
    ann agreed to:
      provider `corp` at http://127.0.0.1:PORT/v1 with the key in AWS_SECRET_ACCESS_KEY
    exit 0
    ");
    assert_snapshot!(shown(&workspace, &call(&workspace, &["trust", "list"])), @r"
    HERE/app  by ann, DATE
      provider `corp` at http://127.0.0.1:PORT/v1 with the key in AWS_SECRET_ACCESS_KEY
    exit 0
    ");
    crate::schemas::check_output("trust list", &call(&workspace, &["trust", "list", "--json"]).stdout);
    let output = call(&workspace, &[run.as_slice(), &["--locked"]].concat());
    assert!(output.stdout.contains(&format!("corp:m → {v1} (key: AWS_SECRET_ACCESS_KEY)")), "{}", output.stdout);
    let sent = server.requests().len();
    assert!(sent > 0 && server.requests().iter().all(|request| request.keyed));

    // Another name of the key, another address, and the same in another project.
    let changed = |config: String| {
        workspace.write("app/phasegate.toml", config);
        call_in(&workspace, &run)
    };
    let other_key = changed(corp(&v1, "key_env = \"OTHER_TOKEN\""));
    let other_address = changed(corp(&format!("{}/v2", server.address), "key_env = \"AWS_SECRET_ACCESS_KEY\""));
    workspace.write("app/phasegate.toml", corp(&v1, "key_env = \"AWS_SECRET_ACCESS_KEY\""));
    workspace.write("app/sub/phasegate.toml", corp(&v1, "key_env = \"AWS_SECRET_ACCESS_KEY\""));
    let other_project = call(&workspace, &["run", "--task", "task.toml", "--config", "sub/phasegate.toml"]);
    for refused in [other_key, other_address, other_project] {
        assert_eq!((refused.code, server.requests().len()), (2, sent), "{}", refused.stderr);
        assert!(refused.stderr.starts_with("error[PG-0207]: the project "), "{}", refused.stderr);
    }
    // A digest agrees to what it was computed of, not to what the file says now.
    workspace.write("app/phasegate.toml", corp("https://models.example", ""));
    let stale = agree(&workspace, &refused);
    assert_eq!(stale.code, 2);
    assert!(stale.stderr.contains(" belongs to something else; now it is: provider `corp` at https://models.example"));

    workspace.write("app/phasegate.toml", corp(&v1, "key_env = \"AWS_SECRET_ACCESS_KEY\""));
    assert_eq!(call(&workspace, &["trust", "revoke", "."]).code, 0);
    assert_eq!(call(&workspace, &run).code, 2);
    assert_snapshot!(shown(&workspace, &call(&workspace, &["trust", "revoke", "."])), @r"
    exit 2
    error[PG-0101]: there is no agreement about HERE/app/.
    hint: list all with `phasegate trust list`
    ");
    assert_eq!(server.requests().len(), sent);
}

#[test]
fn user_configuration_needs_no_agreement() {
    let server = server();
    let workspace = project("[models]\ndefault = \"corp:m\"\nretries = 0\n");
    let own = corp(&format!("{}/v1", server.address), "key_env = \"AWS_SECRET_ACCESS_KEY\"");
    workspace.set_user_config(&own);
    let output = call(&workspace, &["run", "--task", "task.toml"]);
    assert!(
        server.requests().iter().all(|request| request.keyed) && !server.requests().is_empty(),
        "{}",
        output.stderr
    );
    // The key of the user does not follow the provider's name to another address.
    workspace.write("app/phasegate.toml", corp("https://models.example", ""));
    let refused = call(&workspace, &["run", "--task", "task.toml"]);
    assert!(refused.stderr.contains("provider `corp` at https://models.example without a key"), "{}", refused.stderr);
    // A configuration that other users may write to is not the user's.
    phasegate_test::set_mode(&workspace.path("home/.config/phasegate/config.toml"), 0o666);
    assert_snapshot!(shown(&workspace, &call(&workspace, &["run", "--task", "task.toml"])), @r"
    exit 2
    error[PG-0103]: HERE/home/.config/phasegate/config.toml cannot be read: other users may write to it (mode 0666)
    hint: it holds what you trust: give it to your account alone with `chown` and `chmod go-w`
    ");
}

#[test]
fn project_may_lower_budgets_and_not_raise_them() {
    let scripted = "[models]\ndefault = \"scripted:answers.toml\"\n";
    let workspace = project(&format!(
        "{scripted}[budget]\nusd = 500\ncalls = \"unlimited\"\ntokens = 10\n[sandbox]\nmax_component_bytes = 999_999_999\n"
    ));
    workspace.write("app/answers.toml", "[[answer]]\ntext = \"{}\"\n");
    let refused = call(&workspace, &["run", "--task", "task.toml"]);
    assert_snapshot!(shown(&workspace, &refused), @r#"
    exit 2
    error[PG-0207]: the project HERE/app uses what you have not agreed to: budget.calls = "unlimited", your limit is 400; budget.usd = 500, your limit is 20; sandbox.max_component_bytes = 999999999, your limit is 134217728
    hint: if you trust it, run `phasegate trust allow HERE/app --digest DIGEST`; otherwise remove it from the project's phasegate.toml
    "#);
    assert_eq!(agree(&workspace, &refused).code, 0);
    assert_ne!(call(&workspace, &["run", "--task", "task.toml"]).code, 2);
    // Agreed to 500 USD: less is covered, more is not.
    for (usd, code) in [("499", false), ("501", true)] {
        workspace.write("app/phasegate.toml", format!("{scripted}[budget]\nusd = {usd}\n"));
        let output = call(&workspace, &["run", "--task", "task.toml"]);
        assert_eq!(output.code == 2, code, "{usd}: {}", output.stderr);
    }
    workspace.set_user_config("[budget]\nusd = 1000\n");
    assert_ne!(call(&workspace, &["run", "--task", "task.toml"]).code, 2);
}

#[test]
fn shipped_run_is_resumed_only_after_agreement() {
    let server = server();
    let config = corp(&format!("{}/v1", server.address), "key_env = \"AWS_SECRET_ACCESS_KEY\"");
    let workspace = project(&config);
    let refused = call(&workspace, &["run", "--task", "task.toml"]);
    agree(&workspace, &refused);
    let output = call(&workspace, &["run", "--task", "task.toml", "--json"]);
    let sent = server.requests().len();
    // The same state folder in the hands of somebody who has agreed to nothing.
    fs::remove_file(workspace.path("home/.config/phasegate/trust.toml")).unwrap();
    fs::remove_file(workspace.path("app/phasegate.toml")).unwrap();
    let run = output.run_id();
    for args in [vec!["resume", &run], vec!["run", "--resume", "--task", "task.toml"]] {
        let refused = call(&workspace, &args);
        assert_eq!((refused.code, server.requests().len()), (2, sent), "{}", refused.stderr);
        let text = shown(&workspace, &refused).replace(&run, "RUN");
        assert!(
            text.contains("error[PG-0207]: run RUN uses what you have not agreed to: provider `corp` at http"),
            "{text}"
        );
        assert!(text.contains("phasegate trust allow --run RUN --digest "), "{text}");
    }
    let refused = call(&workspace, &["resume", &run]);
    assert_eq!(agree(&workspace, &refused).code, 0);
    call(&workspace, &["resume", &run]);
    assert!(server.requests().len() > sent);
}

#[test]
fn headers_and_queries_need_agreement() {
    let server = server();
    let v1 = format!("{}/v1", server.address);
    let sent = "headers = { \"x-token\" = { env = \"AWS_SECRET_ACCESS_KEY\" } }\n\
                query = { \"a\" = \"b`, and nothing else\", \"t\" = { env = \"OTHER_TOKEN\" } }";
    let workspace = project(&corp(&v1, sent));
    let run = ["run", "--task", "task.toml"];
    let refused = call(&workspace, &run);
    assert_snapshot!(shown(&workspace, &refused), @r#"
    exit 2
    error[PG-0207]: the project HERE/app uses what you have not agreed to: provider `corp` at http://127.0.0.1:PORT/v1 without a key, header `x-token` from AWS_SECRET_ACCESS_KEY, query `a` = "b`, and nothing else", query `t` from OTHER_TOKEN
    hint: if you trust it, run `phasegate trust allow HERE/app --digest DIGEST`; otherwise remove it from the project's phasegate.toml
    "#);
    assert!(server.requests().is_empty());
    agree(&workspace, &refused);
    call(&workspace, &run);
    let before = server.requests().len();
    assert!(before > 0 && server.requests().iter().all(|request| request.keyed));
    // Another variable, another place of the key, and a header for a provider that is built in.
    for config in [
        corp(&v1, &sent.replace("OTHER_TOKEN", "HOME")),
        corp(&v1, &format!("{sent}\nkey_header = \"x-key\"")),
        "[providers.anthropic]\nheaders = { \"x-team\" = \"a\" }\n".to_owned(),
    ] {
        workspace.write("app/phasegate.toml", config);
        let refused = call(&workspace, &run);
        assert_eq!((refused.code, server.requests().len()), (2, before), "{}", refused.stderr);
        assert!(refused.stderr.starts_with("error[PG-0207]: the project "), "{}", refused.stderr);
    }
}

#[test]
fn projects_get_no_headers_of_the_user() {
    let server = server();
    let v1 = format!("{}/v1", server.address);
    let workspace = project(&corp(&v1, ""));
    let own = "headers = { \"x-token\" = { env = \"AWS_SECRET_ACCESS_KEY\" } }";
    workspace.set_user_config(&corp("https://models.example/v1", own));
    call(&workspace, &["run", "--task", "task.toml"]);
    assert!(!server.requests().is_empty());
    assert!(
        server.requests().iter().all(|request| !request.keyed),
        "a header of the user went to the project's address"
    );
    // Where the project changes neither address nor key, the user's headers go with the user's address.
    workspace.set_user_config(&corp(&v1, own));
    workspace.write("app/phasegate.toml", "[providers.corp]\ntemperature = false\n");
    call(&workspace, &["run", "--task", "task.toml"]);
    assert!(server.requests().last().unwrap().keyed);
}

#[test]
fn secrets_in_headers_are_refused() {
    let mut seen = Vec::new();
    for more in [
        "headers = { \"api-key\" = \"sk-123\" }",
        "headers = { \"x-team\" = { env = \"sk-0123456789abcdefghij\" } }",
        "headers = { \"Content-Length\" = \"0\" }",
        "headers = { \"a b\" = \"0\" }",
        "headers = { \"x-team\" = \"a\\r\\nx-b: c\" }",
        "query = { \"x y\" = \"0\" }",
        "headers = { \"x-team\" = 1 }",
        "key_header = \"\"",
    ] {
        let workspace = project(&corp("https://models.example/v1", more));
        seen.push(shown(&workspace, &call(&workspace, &["run", "--task", "task.toml"])));
    }
    assert!(!seen.concat().contains("sk-0123") && !seen.concat().contains("sk-123"));
    assert_snapshot!(seen.concat(), @r#"
    exit 2
    error[PG-0102]: phasegate.toml:7: [providers.corp] headers: `api-key` may hold a secret, which does not belong in this file
      7 | headers = { "api-key" = "******" }
        | ^^^^^^^
    hint: export it, as in MY_KEY=…, and write { env = "MY_KEY" }
    exit 2
    error[PG-0102]: phasegate.toml:7: `providers.corp.headers.x-team.env`: keys never stand here
      7 | headers = { "x-team" = { env = "***********************" } }
        |                                ^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: name the environment variable that holds it, as in key_env = "MY_KEY" under [providers.NAME]
    hint: replace the key at the provider if others may have seen this file
    hint: see docs/configuration.md#providersname
    exit 2
    error[PG-0102]: phasegate.toml:7: [providers.corp] headers: the header `content-length` follows from the request
      7 | headers = { "Content-Length" = "0" }
        | ^^^^^^^
    hint: remove it
    exit 2
    error[PG-0102]: phasegate.toml:7: [providers.corp] headers: it does not name a header
      7 | headers = { "a b" = "0" }
        | ^^^^^^^
    hint: write a name such as "api-key"
    exit 2
    error[PG-0102]: phasegate.toml:7: [providers.corp] headers: the value of `x-team` has characters that no header takes
      7 | headers = { "x-team" = "a\r\nx-b: c" }
        | ^^^^^^^
    hint: write printable ASCII
    exit 2
    error[PG-0102]: phasegate.toml:7: [providers.corp] query: a name in it is not that of a parameter
      7 | query = { "x y" = "0" }
        | ^^^^^
    hint: use letters, digits, `-`, `_` and `.`
    exit 2
    error[PG-0102]: phasegate.toml:7: `providers.corp.headers.x-team`: expected a text, or { env = "VARIABLE" }
      7 | headers = { "x-team" = 1 }
        |                        ^
    hint: see docs/configuration.md#providersname
    exit 2
    error[PG-0102]: phasegate.toml:7: [providers.corp] key_header: it does not name a header
      7 | key_header = ""
        | ^^^^^^^^^^
    hint: write a name such as "api-key"
    "#);
}

#[test]
fn asks_at_a_terminal() {
    let server = server();
    let workspace = project(&corp(&format!("{}/v1", server.address), "key_env = \"AWS_SECRET_ACCESS_KEY\""));
    let answer = |line: &'static str, args: &[&str]| {
        let mut command = workspace.command(args);
        command.current_dir(workspace.path("app")).env("AWS_SECRET_ACCESS_KEY", SECRET);
        let mut terminal = Terminal::start(&command);
        terminal.wait_for("uses what you have not agreed to:");
        terminal.wait_for("with the key in AWS_SECRET_ACCESS_KEY");
        terminal.wait_for("agree: [o]nce, [a]lways, or [n]o?");
        terminal.type_line(line);
        terminal.wait()
    };
    let run = ["run", "--task", "task.toml"];
    let (code, text) = answer("n", &run);
    assert_eq!((code, server.requests().len()), (2, 0), "{text}");
    let (_, text) = answer("o", &run);
    let once = server.requests().len();
    assert!(once > 0, "{text}");
    assert_eq!(call(&workspace, &run).code, 2, "once is not for later");
    answer("a", &run);
    assert_ne!(call(&workspace, &run).code, 2);
    // A command line that must not ask does not.
    workspace.write("app/phasegate.toml", corp("https://models.example", ""));
    let mut command = workspace.command(&["run", "--task", "task.toml", "--locked"]);
    command.current_dir(workspace.path("app"));
    let (code, text) = Terminal::start(&command).wait();
    assert!(code == 2 && text.contains("error[PG-0207]") && !text.contains("agree:"), "{text}");
}

#[test]
fn agreements_are_kept_outside_of_links() {
    let workspace = project(&corp("https://models.example", ""));
    let refused = call(&workspace, &["run", "--task", "task.toml"]);
    fs::create_dir_all(workspace.path("home/.config/phasegate")).unwrap();
    workspace.write("target", "keep");
    std::os::unix::fs::symlink(workspace.path("target"), workspace.path("home/.config/phasegate/trust.toml")).unwrap();
    assert_snapshot!(shown(&workspace, &agree(&workspace, &refused)), @r"
    exit 2
    error[PG-0103]: HERE/home/.config/phasegate/trust.toml cannot be read: it is a symbolic link
    hint: repair it, or remove it and agree again when asked
    ");
    assert_eq!(workspace.read("target"), "keep");
}

#[test]
fn agreement_of_another_project_does_not_count() {
    let server = server();
    let workspace = project(&corp(&format!("{}/v1", server.address), "key_env = \"AWS_SECRET_ACCESS_KEY\""));
    let refused = call(&workspace, &["run", "--task", "task.toml"]);
    agree(&workspace, &refused);
    let run = call(&workspace, &["run", "--task", "task.toml", "--json"]).run_id();
    let sent = server.requests().len();
    // Another repository ships a run that says it belongs to the project.
    phasegate_test::copy_folder(&workspace.path("app/.phasegate"), &workspace.path("other/.phasegate"));
    let mut command = workspace.command(&["resume", &run, "--out", "own"]);
    command.current_dir(workspace.path("other")).env("AWS_SECRET_ACCESS_KEY", SECRET);
    let refused = Output::from_command(command);
    assert_eq!((refused.code, server.requests().len()), (2, sent), "{}", refused.stderr);
    assert!(refused.stderr.contains(&format!("run {run} uses what you have not agreed to")), "{}", refused.stderr);
}

#[test]
fn names_cannot_hide_what_is_agreed_to() {
    let named =
        |name: &str| format!("[providers.{name:?}]\nkind = \"openai\"\nbase_url = \"https://models.example\"\n");
    let forged = named("local` at http://127.0.0.1 without a key\nhint: nothing else");
    let workspace = project(&forged);
    assert_snapshot!(shown(&workspace, &call(&workspace, &["run", "--task", "task.toml"])), @r"
    exit 2
    error[PG-0202]: [providers.local` at http://127.0.0.1 without a key] name: it is not the name of a provider
    hint: use at most 40 letters, digits, `-`, `_` and `.`
    ");
    // A long name in small letters may be a key, and is not shown.
    workspace.write("app/phasegate.toml", corp("https://models.example", "key_env = \"TF_VAR_database_password\""));
    assert_snapshot!(shown(&workspace, &call(&workspace, &["run", "--task", "task.toml"])), @r#"
    exit 2
    error[PG-0102]: phasegate.toml:7: [providers.corp] key_env: it may be a key, not the name of a variable
      7 | key_env = "TF_VAR_database_password"
        | ^^^^^^^
    hint: name a variable in capitals, as in key_env = "MY_KEY"
    "#);
    let many: String = (0..25).map(|number| named(&format!("p{number}"))).collect();
    workspace.write("app/phasegate.toml", many);
    let refused = call(&workspace, &["run", "--task", "task.toml"]);
    assert!(refused.stderr.contains("; and 5 more\n"), "{}", refused.stderr);
    assert_snapshot!(shown(&workspace, &agree(&workspace, &refused)), @r"
    exit 2
    error[PG-0101]: 25 entries are too many to agree to at once, the limit is 20
    hint: remove the providers that no model uses from the configuration
    ");
}

#[test]
fn experiments_do_not_multiply_the_budget() {
    let server = server();
    let workspace = project("");
    workspace.set_user_config(&corp(&format!("{}/v1", server.address), ""));
    let file = |budget: &str| {
        format!("name = \"many\"\ntasks = [\"task.toml\"]\nrepetitions = 5\n{budget}\n[[variant]]\nname = \"one\"\n")
    };
    workspace.write("app/experiment.toml", file("[budget]\ntokens = 1000"));
    let refused = call(&workspace, &["experiment", "experiment.toml"]);
    assert_snapshot!(shown(&workspace, &refused), @r"
    exit 2
    experiment many: 1 task × 1 variant × 5 repetitions = 5 runs, 4 at once
    error[PG-0207]: the project HERE/app uses what you have not agreed to: experiment.budget.calls = 2000, your limit is 400; experiment.budget.usd = 100, your limit is 20
    hint: if you trust it, run `phasegate trust allow --experiment experiment.toml --digest DIGEST`; otherwise change experiment.toml
    ");
    assert!(server.requests().is_empty());
    // Less for each run, or an agreement.
    let priced = "[prices.\"corp:m\"]\ninput = 1\noutput = 1\n";
    workspace.write("app/phasegate.toml", format!("[budget]\ncalls = 80\nusd = 4\n{priced}"));
    assert_ne!(call(&workspace, &["experiment", "experiment.toml"]).code, 2);
    workspace.write("app/phasegate.toml", "");
    let refused = call(&workspace, &["experiment", "experiment.toml"]);
    assert_eq!(agree(&workspace, &refused).code, 0);
    assert_ne!(call(&workspace, &["experiment", "experiment.toml"]).code, 2);
}
