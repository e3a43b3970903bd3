//! Files that look like secrets, by name and by content. Names are compared in lower case.

/// Whole names.
const NAMES: [&str; 37] = [
    ".api-key",
    ".api_key",
    ".apikey",
    ".authinfo",
    ".boto",
    ".dockercfg",
    ".dockerconfigjson",
    ".git-credentials",
    ".htpasswd",
    ".my.cnf",
    ".mylogin.cnf",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    ".s3cfg",
    ".secret",
    ".secrets",
    ".token",
    ".vault-token",
    ".vault_pass",
    "_netrc",
    "application_default_credentials.json",
    "credentials",
    "credentials.csv",
    "credentials.ini",
    "credentials.json",
    "credentials.toml",
    "credentials.xml",
    "credentials.yaml",
    "credentials.yml",
    "kubeconfig",
    "pgpass.conf",
    "rclone.conf",
    "rootkey.csv",
    "terraform.tfvars",
    "wallet.dat",
];
/// Endings of `secret.` and `secrets.`; source files such as `secrets.py` are no secrets.
const SECRETS: [&str; 12] =
    ["cfg", "conf", "env", "ini", "json", "json5", "properties", "toml", "txt", "xml", "yaml", "yml"];
/// Endings of keys, certificates and stores of keys.
const ENDINGS: [&str; 24] = [
    ".agekey",
    ".auto.tfvars",
    ".bks",
    ".cer",
    ".crt",
    ".der",
    ".jceks",
    ".jks",
    ".kdb",
    ".kdbx",
    ".key",
    ".keystore",
    ".keytab",
    ".ovpn",
    ".p12",
    ".p7b",
    ".p8",
    ".pem",
    ".pfx",
    ".pkcs12",
    ".ppk",
    ".tfstate",
    ".truststore",
    "_accesskeys.csv",
];
/// Beginnings of files in JSON that give access to an account.
const ACCOUNTS: [&str; 5] = ["client_secret", "gcp-key", "service-account", "service_account", "serviceaccount"];
/// Beginnings of SSH keys; their public halves end in `.pub`.
const SSH_KEYS: [&str; 4] = ["id_dsa", "id_ecdsa", "id_ed25519", "id_rsa"];
/// Folders whose files are all secrets.
const FOLDERS: [&str; 8] = [".aws", ".azure", ".gcloud", ".gnupg", ".kube", ".password-store", ".ssh", ".terraform.d"];
/// Parts of names such as `.env.example`, which hold no values.
const SAMPLES: [&str; 6] = ["default", "defaults", "dist", "example", "sample", "template"];
/// Endings of copies that editors and people make.
const COPIES: [&str; 7] = ["~", ".bak", ".backup", ".old", ".orig", ".save", ".swp"];

/// Whether a file of this name looks like a secret. `parent` is the name of its folder.
pub(crate) fn is_secret_file(name: &str, parent: &str) -> bool {
    let lower = name.to_lowercase();
    let name = COPIES.iter().find_map(|ending| lower.strip_suffix(ending)).unwrap_or(&lower);
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let starts = |beginnings: &[&str]| beginnings.iter().any(|beginning| name.starts_with(beginning));
    let of_secrets = name.strip_prefix("secrets.").or_else(|| name.strip_prefix("secret."));
    NAMES.contains(&name)
        || is_environment(name)
        || ends(&ENDINGS)
        || of_secrets.is_some_and(|ending| SECRETS.contains(&ending))
        || (name.ends_with(".json") && (starts(&ACCOUNTS) || name.contains("firebase-adminsdk")))
        || (starts(&SSH_KEYS) && !name.contains('.'))
        || (name.starts_with('.') && name.ends_with("_history"))
        || (name == "config.json" && parent.eq_ignore_ascii_case(".docker"))
}

/// Whether a file of this path looks like a secret, by its name or by the folders that it is in.
pub(crate) fn is_secret_path(path: &str) -> bool {
    let mut folders: Vec<&str> = path.split('/').collect();
    let name = folders.pop().unwrap_or_default();
    let parent = folders.last().copied().unwrap_or_default();
    is_secret_file(name, parent) || folders.into_iter().any(is_secret_folder)
}

/// Whether everything in a folder of this name looks like a secret.
pub(crate) fn is_secret_folder(name: &str) -> bool {
    let name = name.to_lowercase();
    FOLDERS.contains(&name.as_str()) || is_environment(&name)
}

/// Whether the name is one of a file of environment variables: `.env`, `.env.local`, `.envrc`, `prod.env`.
fn is_environment(name: &str) -> bool {
    let is_sample = || name.split(['.', '-', '_']).any(|part| SAMPLES.contains(&part));
    (name.starts_with(".env") || name.ends_with(".env")) && !is_sample()
}

/// Whether the first bytes of a file hold a private key. A mere mention of the line with which keys begin does not count.
pub(crate) fn holds_private_key(head: &[u8]) -> bool {
    // Without its zeros, UTF-16 of such a file is ASCII.
    let bytes: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
    let text = String::from_utf8_lossy(&bytes);
    let begins_key = |(at, begin): (usize, &str)| {
        let (before, rest) = text.split_at(at);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let begins_line = !line.contains(|c: char| c.is_ascii() && !c.is_whitespace());
        let Some((kind, body)) = rest.get(begin.len()..).and_then(|rest| rest.split_once("-----")) else {
            return false;
        };
        let is_key = kind.ends_with("PRIVATE KEY") || kind.ends_with("PRIVATE KEY BLOCK");
        let ends_line = body.lines().next().unwrap_or_default().trim().is_empty();
        is_key && kind.len() < 40 && ((begins_line && ends_line) || starts_with_base64(body))
    };
    text.trim_start_matches('\u{feff}').starts_with("PuTTY-User-Key-File-")
        || text.contains("AGE-SECRET-KEY-1")
        || text.match_indices("-----BEGIN ").any(begins_key)
}

/// Whether base64 of at least 40 characters stands near the beginning.
fn starts_with_base64(text: &str) -> bool {
    let mut run = 0;
    text.chars().take(250).any(|c| {
        run = if c.is_ascii_alphanumeric() || c == '+' || c == '/' { run + 1 } else { 0 };
        run >= 40
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_names_of_secrets() {
        for name in [
            ".env",
            ".ENV",
            ".env.local",
            ".env.bak",
            ".envrc",
            "prod.env",
            "server.pem",
            "Server.KEY",
            "tls.crt",
            "a.p12",
            "id_rsa",
            "id_ed25519_work",
            ".netrc",
            ".npmrc",
            "secrets.yaml",
            "secret.json",
            "service-account-1.json",
            "x-firebase-adminsdk-1.json",
            "credentials",
            "server.key.old",
            ".bash_history",
            "prod.tfstate.backup",
        ] {
            assert!(is_secret_file(name, "src"), "{name}");
        }
        for name in [
            ".env.example",
            ".env.sample",
            "sample.env",
            ".env-template",
            "secrets.py",
            "secrets.rs",
            "environment.md",
            "id_rsa.pub",
            "keys.py",
            "credentials.py",
            "config.json",
            "monkey",
            "tokenizer.json",
            "history.md",
        ] {
            assert!(!is_secret_file(name, "src"), "{name}");
        }
        assert!(is_secret_file("config.json", ".docker"));
        assert!(is_secret_folder(".ssh") && is_secret_folder(".envs") && !is_secret_folder("secrets"));
    }

    #[test]
    fn recognises_private_keys_by_content() {
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
        let utf16: String = "-----BEGIN PRIVATE KEY-----\n".chars().flat_map(|c| [c, '\0']).collect();
        for text in [
            "-----BEGIN RSA PRIVATE KEY-----\nabc\n",
            "Bag Attributes\r\n  -----BEGIN ENCRYPTED PRIVATE KEY-----\r\nabc",
            "\u{feff}-----BEGIN OPENSSH PRIVATE KEY-----\nabc",
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nabc",
            &format!("{{\"private_key\": \"-----BEGIN PRIVATE KEY-----\\n{body}\\n\"}}"),
            &format!("KEY = '''-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{body}"),
            "PuTTY-User-Key-File-3: ssh-ed25519",
            &utf16,
        ] {
            assert!(holds_private_key(text.as_bytes()), "{text}");
        }
        for text in [
            "-----BEGIN CERTIFICATE-----\nabc",
            "-----BEGIN PUBLIC KEY-----\nabc",
            "if text.startswith('-----BEGIN PRIVATE KEY-----'):\n    return True\n",
            "-----BEGIN PRIVATE KEY----- is how a key begins",
            "a key begins with `-----BEGIN PRIVATE KEY",
            "-----BEGIN ",
            "",
        ] {
            assert!(!holds_private_key(text.as_bytes()), "{text}");
        }
    }
}
