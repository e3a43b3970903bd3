//! Registries that are gone, slow, or send what they should not.

use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use insta::assert_snapshot;
use phasegate_test::{HttpServer, fixture};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{call, project};

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// A manifest of one component.
pub fn manifest(component: &[u8]) -> String {
    let layer = json!({ "mediaType": "application/wasm", "digest": digest(component), "size": component.len() });
    json!({ "schemaVersion": 2, "layers": [layer] }).to_string()
}

/// A registry with this manifest under every tag except those of signatures, and this answer for every blob.
fn registry(manifest: String, blob: impl Fn() -> Response<Body> + Send + Sync + 'static) -> HttpServer {
    HttpServer::start(move |_, path, _| match path {
        path if path.contains("/blobs/") => blob(),
        path if path.contains("/manifests/sha256-") || path.contains("/referrers/") => {
            Response::builder().status(404).body(Body::empty()).unwrap()
        }
        _ => Response::new(Body::from(manifest.clone())),
    })
}

/// What `plugin add` says, which must write nothing into the project.
fn add(server: &HttpServer) -> String {
    add_from(&server.host, &[])
}

fn add_from(host: &str, more: &[&str]) -> String {
    let workspace = project();
    let before = (workspace.entries(), workspace.read("phasegate.toml"));
    let text = call(&workspace, &[&["plugin", "add", "fixture", &format!("oci://{host}/acme/a:1")], more].concat());
    assert_eq!((workspace.entries(), workspace.read("phasegate.toml")), before, "something was written");
    text
}

fn not_asked_for_blobs() -> Response<Body> {
    panic!("a blob was asked for")
}

#[test]
fn gone_registries_are_named() {
    let host = HttpServer::start(|_, _, _| Response::default()).host;
    // The server has stopped.
    std::thread::sleep(Duration::from_millis(100));
    assert_snapshot!(add_from(&host, &[]), @r"
    exit 4
    pulling oci://127.0.0.1:PORT/acme/a:1
    error[PG-0318]: the registry 127.0.0.1:PORT cannot be reached: client error (Connect): tcp connect error: Connection refused (os error 111)
    hint: check the host in the reference, and the network; nothing was changed
    ");
}

#[test]
fn slow_registries_are_given_up() {
    let server = HttpServer::start(|_, _, _| {
        std::thread::sleep(Duration::from_secs(3));
        Response::default()
    });
    assert_snapshot!(add_from(&server.host, &["--timeout", "1"]), @r"
    exit 4
    pulling oci://127.0.0.1:PORT/acme/a:1
    error[PG-0318]: the registry 127.0.0.1:PORT sent nothing for 1 s
    hint: try again, or wait longer with --timeout 4; nothing was changed
    ");
}

#[test]
fn answers_drop_by_drop_are_given_up() {
    let server = registry(manifest(&[b'x'; 1_000]), || {
        let drops = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            Some((Ok::<_, std::io::Error>("x"), ()))
        });
        Response::new(Body::from_stream(drops))
    });
    assert_snapshot!(add_from(&server.host, &["--timeout", "1"]), @r"
    exit 4
    pulling oci://127.0.0.1:PORT/acme/a:1
    error[PG-0318]: the registry 127.0.0.1:PORT did not send the component of acme/a within 2 s
    hint: try again, or wait longer with --timeout 8; nothing was changed
    ");
}

#[test]
fn failing_registries_are_quoted() {
    let server = HttpServer::start(|_, _, _| {
        let body = json!({ "errors": [{ "code": "TOOMANYREQUESTS", "message": "slow\u{1b}[2J down" }] });
        Response::builder().status(429).body(Body::from(body.to_string())).unwrap()
    });
    assert_snapshot!(add(&server), @r"
    exit 4
    pulling oci://127.0.0.1:PORT/acme/a:1
    error[PG-0318]: the registry 127.0.0.1:PORT answered 429 when asked for the manifest of acme/a: TOOMANYREQUESTS slow[2J down
    hint: try again later, or ask the operator of the registry; nothing was changed
    ");
}

#[test]
fn components_with_another_digest_are_rejected() {
    let server = registry(manifest(b"component"), || Response::new(Body::from("cOmponent")));
    assert_snapshot!(add(&server), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/a:1
    error[PG-0321]: the component of acme/a is not what the registry 127.0.0.1:PORT says it is: expected DIGEST, received DIGEST
    hint: do not use this registry until its operator has explained it; nothing was kept
    ");
}

#[test]
fn manifests_with_another_digest_are_rejected() {
    let server = HttpServer::start(|_, _, _| {
        let promised = digest(b"something else");
        let answer = Response::builder().header("docker-content-digest", promised);
        answer.body(Body::from(manifest(b"component"))).unwrap()
    });
    assert_snapshot!(add(&server), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/a:1
    error[PG-0321]: the manifest of acme/a is not what the registry 127.0.0.1:PORT says it is: expected DIGEST, received DIGEST
    hint: do not use this registry until its operator has explained it; nothing was kept
    ");
}

#[test]
fn large_components_are_not_fetched() {
    let mut large: Value = serde_json::from_str(&manifest(b"component")).unwrap();
    large["layers"][0]["size"] = json!(2_u64 << 30);
    assert_snapshot!(add(&registry(large.to_string(), not_asked_for_blobs)), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/a:1
    error[PG-0321]: the component of acme/a has 2147483648 bytes, more than the limit of 134217728 bytes
    hint: ask the publisher for a smaller component; nothing was kept
    ");
}

#[test]
fn endless_answers_are_cut() {
    let endless = || {
        let zeros = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![0_u8; 1 << 16]));
        Response::new(Body::from_stream(zeros))
    };
    assert_snapshot!(add(&registry(manifest(b"component"), endless)), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/a:1
    error[PG-0321]: the component of acme/a has more than the limit of 9 bytes
    hint: ask the publisher for a smaller component; nothing was kept
    ");
    assert_snapshot!(add(&HttpServer::start(move |_, _, _| endless())), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/a:1
    error[PG-0321]: the manifest of acme/a has more than the limit of 4194304 bytes
    hint: ask the operator of the registry; nothing was kept
    ");
}

#[test]
fn packages_of_several_layers_are_rejected() {
    let mut two: Value = serde_json::from_str(&manifest(b"component")).unwrap();
    two["layers"] = json!([two["layers"][0], two["layers"][0]]);
    assert_snapshot!(add(&registry(two.to_string(), not_asked_for_blobs)), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/a:1
    error[PG-0321]: oci://127.0.0.1:PORT/acme/a:1 is not a plugin: its manifest has 2 layers, not one
    hint: the publisher pushes a plugin with `phasegate plugin push FILE.wasm oci://…`
    ");
}

#[test]
fn redirects_to_other_places_are_rejected() {
    let redirect =
        |to: &'static str| move || Response::builder().status(302).header("location", to).body(Body::empty()).unwrap();
    let manifests = HttpServer::start(move |_, _, _| redirect("https://elsewhere.example/x")());
    assert_snapshot!(add(&manifests), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/a:1
    error[PG-0321]: the registry 127.0.0.1:PORT redirects the manifest of acme/a to https://elsewhere.example, which is not followed: only blobs may lie elsewhere
    hint: use the address of the registry itself in the reference
    ");
    let blobs = registry(manifest(b"component"), redirect("http://elsewhere.example/x"));
    assert_snapshot!(add(&blobs), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/a:1
    error[PG-0321]: the registry 127.0.0.1:PORT redirects the component of acme/a to http://elsewhere.example, which is not followed: it is not encrypted
    hint: use the address of the registry itself in the reference
    ");
    let circle = registry(manifest(b"component"), redirect("/v2/acme/a/blobs/again"));
    assert_snapshot!(add(&circle), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/a:1
    error[PG-0321]: the registry 127.0.0.1:PORT redirects the component of acme/a to http://127.0.0.1:PORT, which is not followed: it redirects again and again
    hint: use the address of the registry itself in the reference
    ");
}

#[test]
fn components_of_other_contracts_are_rejected() {
    let component = std::fs::read(fixture("old-contract.wasm")).unwrap();
    let bytes = component.clone();
    let server = registry(manifest(&component), move || Response::new(Body::from(bytes.clone())));
    let refused = add(&server);
    assert!(refused.contains("error[PG-0302]: plugin `fixture` does not fit this host"), "{refused}");
    let server = registry(manifest(b"no component"), || Response::new(Body::from("no component")));
    assert_snapshot!(add(&server), @r"
    exit 2
    pulling oci://127.0.0.1:PORT/acme/a:1
    error[PG-0302]: plugin `fixture`: not a WebAssembly component: it does not start with the header of a component
    hint: build the plugin as a component (with the plugin SDK, componentize-py or jco), not as a core module
    ");
}
