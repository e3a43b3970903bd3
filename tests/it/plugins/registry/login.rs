//! Registries that ask for a login.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::http::Response;
use insta::assert_snapshot;
use phasegate_test::{HttpServer, LOGIN, OciRegistry, Workspace};

use super::{call, component, project, push};

/// Writes a login for a registry into Docker's configuration. `auth` is base64 of `name:password`.
fn log_in(workspace: &Workspace, host: &str, auth: &str) {
    let config = format!("{{ \"auths\": {{ \"{host}\": {{ \"auth\": \"{auth}\" }} }} }}");
    workspace.write("home/.docker/config.json", config);
}

#[test]
fn logins_come_from_the_docker_configuration() {
    let Some(registry) = OciRegistry::with_login() else { return };
    let workspace = project();
    let file = component(&workspace, "1.0.0", "\"default\"");
    let reference = registry.reference("acme/fixture:1");
    assert_snapshot!(call(&workspace, &["plugin", "push", &file, &reference]), @r"
    exit 2
    pushing fixture-1.0.0.wasm to oci://127.0.0.1:PORT/acme/fixture:1
    error[PG-0319]: the registry 127.0.0.1:PORT asks for a login
    hint: run `docker login 127.0.0.1:PORT`, or ask the owner of the repository for access
    ");
    log_in(&workspace, &registry.host, "YW5uOndyb25n");
    assert_snapshot!(call(&workspace, &["plugin", "push", &file, &reference]), @r"
    exit 2
    pushing fixture-1.0.0.wasm to oci://127.0.0.1:PORT/acme/fixture:1
    error[PG-0319]: the registry 127.0.0.1:PORT rejects the login that Docker's configuration has for it
    hint: run `docker login 127.0.0.1:PORT`, or ask the owner of the repository for access
    ");
    assert_eq!(LOGIN, ("ann", "secret"));
    log_in(&workspace, &registry.host, "YW5uOnNlY3JldA==");
    push(&workspace, &registry, &file, "acme/fixture:1", &[]);
    assert_eq!(workspace.call(&["plugin", "add", "fixture", &reference]).code, 0);
    workspace.write("home/.docker/config.json", "{ \"auths\": 1 }");
    assert_snapshot!(call(&workspace, &["plugin", "outdated"]), @r"
    exit 2
    error[PG-0319]: the credentials of 127.0.0.1:PORT cannot be read from Docker's configuration: Unable to read config
    hint: repair config.json in ~/.docker or in DOCKER_CONFIG, or run `docker login 127.0.0.1:PORT`
    ");
}

/// A registry that takes the token `t` of its login service, which takes `ann` with `secret`.
fn token_registry(realm_of: impl Fn(&str) -> String + Send + Sync + 'static) -> HttpServer {
    HttpServer::start(move |_, path, headers| {
        let login = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let host = headers["host"].to_str().unwrap();
        let answer = Response::builder();
        match (path, login) {
            (path, "Basic YW5uOnNlY3JldA==") if path.starts_with("/token?service=s&scope=repository") => {
                answer.body(Body::from("{ \"token\": \"t\" }")).unwrap()
            }
            (path, _) if path.starts_with("/token") => answer.status(401).body(Body::empty()).unwrap(),
            (_, "Bearer t") => answer.status(404).body(Body::empty()).unwrap(),
            _ => {
                let challenge =
                    format!("Bearer realm=\"{}\",service=\"s\",scope=\"repository:a:pull\"", realm_of(host));
                answer.status(401).header("www-authenticate", challenge).body(Body::empty()).unwrap()
            }
        }
    })
}

#[test]
fn tokens_are_fetched_from_the_login_service() {
    let server = token_registry(|host| format!("http://{host}/token"));
    let workspace = project();
    let reference = format!("oci://{}/a:1", server.host);
    assert_snapshot!(call(&workspace, &["plugin", "add", "fixture", &reference]), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/a:1
    error[PG-0319]: the registry 127.0.0.1:PORT asks for a login
    hint: run `docker login 127.0.0.1:PORT`, or ask the owner of the repository for access
    ");
    log_in(&workspace, &server.host, "YW5uOnNlY3JldA==");
    assert_snapshot!(call(&workspace, &["plugin", "add", "fixture", &reference]), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/a:1
    error[PG-0320]: the registry has no oci://127.0.0.1:PORT/a:1
    hint: check repository and tag; a private repository may need `docker login`
    ");
}

#[test]
fn logins_are_sent_only_encrypted() {
    let server = token_registry(|_| "http://login.example/token".to_owned());
    let workspace = project();
    log_in(&workspace, &server.host, "YW5uOnNlY3JldA==");
    let reference = format!("oci://{}/a:1", server.host);
    assert_snapshot!(call(&workspace, &["plugin", "add", "fixture", &reference]), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/a:1
    error[PG-0321]: the registry 127.0.0.1:PORT redirects the login to http://login.example, which is not followed: it is not encrypted
    hint: ask the operator of the registry
    ");
}

#[test]
fn no_login_follows_a_redirect() {
    let asked = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&asked);
    let elsewhere = HttpServer::start(move |_, _, headers| {
        seen.fetch_or(headers.contains_key("authorization"), Ordering::Relaxed);
        Response::builder().status(404).body(Body::empty()).unwrap()
    });
    let target = elsewhere.host.clone();
    let manifest = super::hostile::manifest(b"component");
    let server = HttpServer::start(move |_, path, headers| {
        let answer = Response::builder();
        match path {
            _ if !headers.contains_key("authorization") => {
                answer.status(401).header("www-authenticate", "Basic realm=\"r\"").body(Body::empty()).unwrap()
            }
            path if path.contains("/blobs/") => {
                answer.status(307).header("location", format!("http://{target}{path}")).body(Body::empty()).unwrap()
            }
            _ => answer.body(Body::from(manifest.clone())).unwrap(),
        }
    });
    let workspace = project();
    log_in(&workspace, &server.host, "YW5uOnNlY3JldA==");
    let refused = call(&workspace, &["plugin", "add", "fixture", &format!("oci://{}/a:1", server.host)]);
    assert!(refused.contains("error[PG-0320]: the registry has no the component of a"), "{refused}");
    assert_eq!(elsewhere.requests().len(), 1);
    assert!(!asked.load(Ordering::Relaxed), "the login went elsewhere");
}
