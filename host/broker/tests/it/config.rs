//! Configuration: tables, detection of models, and errors.

use std::path::Path;

use crate::common::server::{Server, json, status};
use crate::common::{broker_with, models, refused, rendered};
use phasegate_broker::{Broker, ConfigError, ModelsConfig, OnUnknown, PriceTable};
use phasegate_process::model::Tier;
use serde_json::json as value;

async fn found(providers: &str, variables: &[(&str, &str)]) -> Result<Broker, ConfigError> {
    broker_with(&ModelsConfig::default(), providers, "", Path::new("."), variables).await
}

fn tiers(broker: &Broker) -> [String; 3] {
    Tier::ALL.map(|tier| broker.model_for(tier).to_string())
}

#[test]
fn tables_have_defaults_and_round_trip() {
    let config: ModelsConfig = toml::from_str("default = \"ollama:llama3.1:8b\"\non_unknown = \"stop\"").unwrap();
    assert_eq!(
        (config.concurrency.get(), config.retries, config.stream, config.on_unknown),
        (8, 4, true, OnUnknown::Stop)
    );
    assert_eq!(toml::from_str::<ModelsConfig>(&toml::to_string(&config).unwrap()).unwrap(), config);
    let prices: PriceTable = toml::from_str("[\"anthropic:claude\"]\ninput = 3\noutput = 15").unwrap();
    assert_eq!(toml::from_str::<PriceTable>(&toml::to_string(&prices).unwrap()).unwrap(), prices);
}

#[test]
fn rejects_unknown_keys() {
    for (text, expected) in [
        ("defualt = \"a:b\"", "unknown field `defualt`"),
        ("default = \"claude\"", "`claude` is not a model\nhint: write PROVIDER:MODEL"),
        ("concurrency = 0", "expected a nonzero u32"),
        ("on_unknown = \"maybe\"", "unknown variant `maybe`, expected `ask_again` or `stop`"),
    ] {
        let text = toml::from_str::<ModelsConfig>(text).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    }
}

#[tokio::test]
async fn unset_tiers_use_a_neighbouring_model() {
    let keys = [("ANTHROPIC_API_KEY", "sk-something"), ("OPENAI_API_KEY", "sk-something")];
    let tiers_of = async |text: &str| {
        let models: ModelsConfig = toml::from_str(text).unwrap();
        tiers(&broker_with(&models, "", "", Path::new("."), &keys).await.unwrap())
    };
    assert_eq!(tiers_of("default = \"openai:b\"").await, ["openai:b"; 3]);
    assert_eq!(
        tiers_of("fast = \"openai:a\"\ndeep = \"anthropic:c\"").await,
        ["openai:a", "anthropic:c", "anthropic:c"]
    );
    assert_eq!(tiers_of("fast = \"openai:a\"").await, ["openai:a"; 3]);
}

#[tokio::test]
async fn detects_providers_by_environment_keys() {
    let both = [("ANTHROPIC_API_KEY", "sk-something"), ("OPENAI_API_KEY", "sk-something")];
    assert_eq!(
        tiers(&found("", &both).await.unwrap()),
        ["anthropic:claude-haiku-4-5", "anthropic:claude-sonnet-4-6", "anthropic:claude-opus-4-8"]
    );
    assert_eq!(tiers(&found("", &both[1..]).await.unwrap())[1], "openai:gpt-5");
}

#[tokio::test]
async fn detects_the_newest_ollama_model() {
    let list = value!({"object": "list", "data": [{"id": "old:1b", "created": 1}, {"id": "new:8b", "created": 5}, {"id": "new:70b", "created": 5}]});
    let server = Server::playing(vec![json(list)]).await;
    let table = format!("[ollama]\nbase_url = \"{}/v1\"", server.address);
    let broker = found(&table, &[("ANTHROPIC_API_KEY", " ")]).await.unwrap();
    assert_eq!(tiers(&broker), ["ollama:new:8b"; 3]);
    assert_eq!(server.asked()[0].path, "/v1/models");
    assert!(!broker.is_scripted());
}

#[tokio::test]
async fn missing_models_list_the_remedies() {
    let server = Server::playing(vec![status(404, value!({})), json(value!({"object": "list", "data": null}))]).await;
    let table = format!("[ollama]\nbase_url = \"{}/v1\"", server.address);
    assert_eq!(
        rendered(&found(&table, &[]).await.unwrap_err()),
        format!(
            "no model to ask: [models] names none, neither ANTHROPIC_API_KEY nor OPENAI_API_KEY is set, and no Ollama answers at {0}/v1\n\
             hint: export ANTHROPIC_API_KEY=… or OPENAI_API_KEY=…, or start Ollama and pull a model,\n\
             or write into phasegate.toml under [models]: default = \"anthropic:claude-sonnet-4-6\", or \"scripted:FILE\" for answers written by hand,\n\
             or see a run that needs no model: `phasegate init --demo demo`, then `phasegate run demo/task.toml`",
            server.address
        )
    );
    assert_eq!(
        rendered(&found(&table, &[]).await.unwrap_err()),
        format!(
            "[models] names no model, and the Ollama at {}/v1 has none\nhint: pull one, as in `ollama pull llama3.1`",
            server.address
        )
    );
}

#[tokio::test]
async fn key_files_must_be_regular() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", dir.path().join("device")).unwrap();
    std::fs::File::create(dir.path().join("large")).unwrap().set_len(100 << 20).unwrap();
    let refusal = async |file: &str| {
        let refused = refused(&models("anthropic:m"), &format!("[anthropic]\nkey_file = \"{file}\""), dir.path()).await;
        refused.lines().next().unwrap_or_default().to_owned()
    };
    let at = "[providers.anthropic] key_file:";
    assert_eq!(refusal("pipe").await, format!("{at} `pipe` cannot be read: it is a pipe, not a regular file"));
    assert_eq!(refusal("device").await, format!("{at} `device` cannot be read: it is a device, not a regular file"));
    assert!(refusal("large").await.starts_with(at));
}

#[tokio::test]
async fn configuration_errors_name_table_and_key() {
    let text = async |model: &str, table: &str| refused(&models(model), table, Path::new(".")).await;
    let own = |rest: &str| format!("[p]\nkind = \"openai\"\n{rest}");
    assert_eq!(
        text("lokal:m", "[local]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"").await,
        "[models] default: `lokal:m` names the provider `lokal`, which is not known\n\
         hint: did you mean `local`?\ndescribe another as [providers.lokal] with kind and base_url"
    );
    assert_eq!(
        text("anthropic:m", "").await,
        "[providers.anthropic] key_env: the environment variable ANTHROPIC_API_KEY is not set\nhint: export it, or name another variable or a key_file"
    );
    assert_eq!(
        text("anthropic:m", "[anthropic]\nkey_file = \"no-such-file\"").await,
        "[providers.anthropic] key_file: `no-such-file` cannot be read: No such file or directory (os error 2)\n\
         hint: the path is relative to the configuration's folder"
    );
    assert_eq!(
        text("p:m", "[p]\nbase_url = \"https://h/v1\"").await,
        "[providers.p] kind: not given\nhint: set kind = \"openai\" for any compatible server, or \"anthropic\""
    );
    assert_eq!(
        text("p:m", &own("")).await,
        "[providers.p] base_url: not given\nhint: set it to the server's address, as in \"http://127.0.0.1:8000/v1\""
    );
    assert_eq!(
        text("p:m", &own("base_url = \"localhost\"")).await,
        "[providers.p] base_url: `localhost` is not an address: relative URL without a base\nhint: write it as in \"https://host/v1\""
    );
    assert_eq!(
        text("p:m", &own("base_url = \"ftp://h/v1\"")).await,
        "[providers.p] base_url: the scheme `ftp:` is not supported\nhint: use an https:// address, or http:// on this machine"
    );
    assert_eq!(
        text("p:m", &own("base_url = \"https://u:p@h/v1\"")).await,
        "[providers.p] base_url: it holds more than an address\n\
         hint: remove user, password, query and fragment; name the key with key_env or key_file"
    );
    assert_eq!(
        text("p:m", &own("base_url = \"https://h/v1\"\nkey_env = \"A\"\nkey_file = \"b\"")).await,
        "[providers.p] key_file: given together with key_env\nhint: remove one of them"
    );
    assert_eq!(
        text("p:m", &own("base_url = \"http://192.0.2.7:8000/v1\"\nkey_env = \"CANARY_KEY\"")).await,
        "[providers.p] base_url: the key would be sent unencrypted to http://192.0.2.7:8000/v1\n\
         hint: use https://, or set allow_http = true"
    );
    assert_eq!(
        text("p:m", "[scripted]").await,
        "[providers.scripted] kind: `scripted` needs no table\nhint: remove it; the script is named in [models], as \"scripted:FILE\""
    );
    assert!(
        text("scripted:none.toml", "")
            .await
            .starts_with("[models] default: the script ./none.toml cannot be read: there is no such file or folder"),
        "{}",
        text("scripted:none.toml", "").await
    );
}

#[tokio::test]
async fn configuration_errors_name_the_written_key() {
    let models: ModelsConfig = toml::from_str("default = \"ollama:m\"\ndeep = \"lokal:m\"").unwrap();
    let text = refused(&models, "", Path::new(".")).await;
    assert!(text.starts_with("[models] deep: `lokal:m` names the provider `lokal`"), "{text}");
}

#[tokio::test]
async fn plain_http_beyond_loopback_needs_permission() {
    let text = async |rest: &str| {
        let table = format!("[p]\nkind = \"openai\"\n{rest}");
        crate::common::broker(&models("p:m"), &table, Path::new("."))
            .await
            .map_or_else(|error| rendered(&error), |_| "taken".into())
    };
    assert_eq!(
        text("base_url = \"http://192.0.2.7/v1\"").await,
        "[providers.p] base_url: every request and answer would be sent unencrypted to http://192.0.2.7/v1\n\
         hint: use https://, or set allow_http = true"
    );
    for allowed in ["allow_http = true", "allow_http = true\nkey_env = \"CANARY_KEY\""] {
        assert_eq!(text(&format!("base_url = \"http://192.0.2.7/v1\"\n{allowed}")).await, "taken");
    }
    let with_key = async |host: &str| text(&format!("base_url = \"http://{host}/v1\"\nkey_env = \"CANARY_KEY\"")).await;
    // Loopback addresses in all notations: decimal, octal, hexadecimal and shortened.
    for here in [
        "127.0.0.1:1",
        "127.1.2.3",
        "[::1]:1",
        "[0:0:0:0:0:0:0:1]",
        "localhost:1",
        "LOCALHOST",
        "2130706433",
        "0177.1",
        "0x7f.1",
    ] {
        assert_eq!(with_key(here).await, "taken", "{here}");
    }
    for elsewhere in [
        "localhost.example.org",
        "127.0.0.1.example.org",
        "localhost.",
        "evil.localhost",
        "0.0.0.0",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:192.0.2.7]",
        "3221225991",
        "host.docker.internal",
    ] {
        let text = with_key(elsewhere).await;
        assert!(text.contains("the key would be sent unencrypted"), "{elsewhere}: {text}");
    }
    for more in ["localhost@192.0.2.7", "127.0.0.1:80@192.0.2.7", "192.0.2.7#@localhost", "192.0.2.7?@localhost"] {
        let text = with_key(more).await;
        assert!(text.contains("it holds more than an address") || text.contains("is not an address"), "{more}: {text}");
    }
}
