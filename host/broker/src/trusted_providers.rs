//! The judgement about the authority that providers use, before any key is read.
//!
//! [`TrustedProviders`] exists only after each provider's access was judged, and [`crate::Broker::new`] takes nothing else. An
//! access needs no trust if it stays on this machine and sends no key: a loopback address without a key.

use std::collections::BTreeMap;
use std::path::Path;

use crate::access::{KeySource, ProviderAccess};
use crate::config::{ConfigError, ProviderConfig};
use crate::provider::endpoint::is_loopback;
use crate::provider_entry::ProviderEntry;

/// Provider tables whose access was judged.
#[derive(Debug, Clone, Copy)]
pub struct TrustedProviders<'a> {
    tables: &'a BTreeMap<String, ProviderConfig>,
    base_dir: &'a Path,
}

impl<'a> TrustedProviders<'a> {
    /// Checks every table, used or not. Fails with [`ConfigError::NotTrusted`] and every access that `is_trusted` rejects, or
    /// with the fault of a table. Paths of key files are relative to `base_dir`. Reads no key.
    pub fn check(
        tables: &'a BTreeMap<String, ProviderConfig>,
        base_dir: &'a Path,
        is_trusted: impl Fn(&ProviderAccess) -> bool,
    ) -> Result<Self, ConfigError> {
        let mut rejected = accesses(tables, base_dir)?;
        rejected.retain(|access| !stays_here(access) && !is_trusted(access));
        // What cannot be shown cannot be agreed to. Values of headers and the query are checked where their table is read.
        if let Some(hidden) = rejected.iter().find(|access| access.key.as_ref().is_some_and(KeySource::is_hidden)) {
            return Err(ConfigError::provider(
                &hidden.provider,
                "key_env",
                "it may be a key, not the name of a variable",
                "name a variable in capitals, as in key_env = \"MY_KEY\"",
            ));
        }
        match rejected.is_empty() {
            true => Ok(Self { tables, base_dir }),
            false => Err(ConfigError::NotTrusted(rejected)),
        }
    }

    pub(crate) fn tables(&self) -> &'a BTreeMap<String, ProviderConfig> {
        self.tables
    }

    pub(crate) fn base_dir(&self) -> &'a Path {
        self.base_dir
    }
}

/// Returns the access of each table, in the order of names.
pub fn accesses(
    tables: &BTreeMap<String, ProviderConfig>,
    base_dir: &Path,
) -> Result<Vec<ProviderAccess>, ConfigError> {
    tables.keys().filter_map(|name| access(name, tables, base_dir).transpose()).collect()
}

/// Returns the access of a provider: as its table says, else as it is built in. `None` for an unknown provider.
pub fn access(
    name: &str,
    tables: &BTreeMap<String, ProviderConfig>,
    base_dir: &Path,
) -> Result<Option<ProviderAccess>, ConfigError> {
    let Some(entry) = ProviderEntry::find(name, tables)? else { return Ok(None) };
    let key = match (&entry.table.key_file, entry.table.key_env.as_deref().or(entry.key_env)) {
        (Some(file), _) => {
            // A link counts with its target, so that it cannot be changed after an agreement.
            let file = base_dir.join(file);
            Some(KeySource::File(file.canonicalize().unwrap_or(file)))
        }
        (None, Some(variable)) => Some(KeySource::Env(variable.to_owned())),
        (None, None) => None,
    };
    let is_exposed = entry.base.scheme() == "http" && !is_loopback(&entry.base);
    Ok(Some(ProviderAccess {
        provider: name.to_owned(),
        address: entry.base.as_str().trim_end_matches('/').to_owned(),
        key,
        allow_http: is_exposed && entry.table.allow_http,
        sends: entry.sent_words(),
    }))
}

/// Whether nothing of the user's leaves this machine, and neither a key nor anything else is sent with requests.
fn stays_here(access: &ProviderAccess) -> bool {
    access.key.is_none()
        && access.sends.is_empty()
        && reqwest::Url::parse(&access.address).is_ok_and(|url| is_loopback(&url))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rejected(tables: &str) -> Vec<String> {
        let tables: BTreeMap<String, ProviderConfig> = toml::from_str(tables).unwrap();
        match TrustedProviders::check(&tables, Path::new("/p"), |_| false) {
            Ok(_) => Vec::new(),
            Err(ConfigError::NotTrusted(accesses)) => accesses.iter().map(ToString::to_string).collect(),
            Err(other) => vec![format!("fault: {other}")],
        }
    }

    #[test]
    fn names_address_and_key_of_each_provider() {
        let tables = "[a]\nkind = \"openai\"\nbase_url = \"https://h/v1/\"\nkey_env = \"K\"\n\
                      [b]\nkind = \"openai\"\nbase_url = \"http://h\"\nkey_file = \"../t\"\nallow_http = true\n\
                      [anthropic]\nbase_url = \"https://other\"\n";
        assert_eq!(
            rejected(tables),
            [
                "provider `a` at https://h/v1 with the key in K",
                "provider `anthropic` at https://other without a key",
                "provider `b` at http://h with the key in /p/../t, unencrypted"
            ]
        );
    }

    #[test]
    fn trusts_keyless_addresses_of_this_machine_only() {
        let at = |url: &str| rejected(&format!("[a]\nkind = \"openai\"\nbase_url = \"{url}\"\n")).len();
        assert_eq!(["http://127.0.0.1:1/v1", "http://localhost", "http://[::1]:9"].map(at), [0; 3]);
        // Names that only begin like the loopback address, and other spellings of other machines.
        assert_eq!(
            ["http://127.0.0.1.example", "http://localhost.example", "http://[fe80::1]", "https://1"].map(at),
            [1; 4]
        );
        assert_eq!(at("http://user:pass@127.0.0.1"), 1);
    }
}
