//! The author of commits, as git's configuration names one.
//!
//! Guarantees: only the repository's own configuration and the user's two global files are read, without includes; no command
//! is run to find a name.

use std::ffi::OsString;
use std::path::PathBuf;

use phasegate_process::artifact::is_hidden;

use crate::config::GitConfig;
use crate::error::RepositoryError;
use crate::repository::Repository;

impl Repository {
    /// Returns the author as `Name <mail>`, from `GIT_AUTHOR_NAME` and `GIT_AUTHOR_EMAIL`, the repository's configuration, or
    /// the user's. `None` if name or mail is unknown or invalid.
    pub fn author(&self) -> Option<String> {
        self.author_in(&|name| std::env::var_os(name))
    }

    /// The same with an environment.
    pub(crate) fn author_in(&self, variable: &dyn Fn(&str) -> Option<OsString>) -> Option<String> {
        let given = |name: &str| variable(name).and_then(|value| value.into_string().ok()).filter(|it| !it.is_empty());
        let mut configs = vec![self.config.clone()];
        configs.extend(global_files(variable).into_iter().filter_map(|path| GitConfig::read(&path).ok()));
        let configured = |key: &str| {
            let of = |section: &str| configs.iter().find_map(|config| config.text(&format!("{section}.{key}")));
            of("author").or_else(|| of("user"))
        };
        let name = given("GIT_AUTHOR_NAME").or_else(|| configured("name"))?;
        let mail = given("GIT_AUTHOR_EMAIL").or_else(|| configured("email"))?;
        let author = format!("{} <{}>", name.trim(), mail.trim());
        parse_author(&author).is_ok().then_some(author)
    }
}

/// Returns the user's configuration files; of two that have a value, the first counts.
pub(crate) fn global_files(variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(only) = path("GIT_CONFIG_GLOBAL") {
        return vec![only];
    }
    let home = path("HOME");
    let settings = path("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
    let files = [home.map(|home| home.join(".gitconfig")), settings.map(|folder| folder.join("git/config"))];
    files.into_iter().flatten().collect()
}

/// Splits `Name <mail>`. Fails unless it has this form, in one line, without invisible characters.
pub fn parse_author(text: &str) -> Result<(&str, &str), RepositoryError> {
    let parts = text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<'));
    let parts = parts.map(|(name, mail)| (name.trim(), mail.trim()));
    let is_plain = |part: &str| !part.is_empty() && !part.contains(['<', '>']);
    let is_seen = !text.contains(|char: char| char.is_control() || is_hidden(char));
    match parts {
        Some((name, mail)) if is_seen && is_plain(name) && is_plain(mail) && !mail.contains(' ') => Ok((name, mail)),
        _ => Err(RepositoryError::Invalid {
            what: "author",
            value: text.escape_debug().to_string(),
            why: "it must have the form `Name <mail>`".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use phasegate_files::TrustedFolders;

    use super::*;

    #[test]
    fn the_nearest_configuration_counts() {
        let dir = tempfile::tempdir().unwrap();
        let (home, repo) = (dir.path().join("home"), dir.path().join("repo"));
        ["refs", "objects"].iter().for_each(|name| std::fs::create_dir_all(repo.join(".git").join(name)).unwrap());
        std::fs::create_dir_all(home.join(".config/git")).unwrap();
        std::fs::write(repo.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        let author = |variables: &[(&str, &str)]| {
            let variables: Vec<_> = [("HOME", home.to_str().unwrap())].into_iter().chain(variables.to_vec()).collect();
            let find = |name: &str| variables.iter().find(|(it, _)| *it == name).map(|(_, value)| value.into());
            Repository::open(&repo, &TrustedFolders::default()).unwrap().author_in(&find)
        };
        assert_eq!(author(&[]), None);
        let user = |name: &str| format!("[user]\n name = {name}\n email = {name}@example.org\n");
        std::fs::write(home.join(".config/git/config"), user("settings")).unwrap();
        assert_eq!(author(&[]).unwrap(), "settings <settings@example.org>");
        std::fs::write(home.join(".gitconfig"), "[user]\nname = \"Home # \\\"1\\\"\" ; comment\n").unwrap();
        assert_eq!(author(&[]).unwrap(), "Home # \"1\" <settings@example.org>");
        std::fs::write(repo.join(".git/config"), user("own")).unwrap();
        assert_eq!(author(&[]).unwrap(), "own <own@example.org>");
        assert_eq!(author(&[("GIT_AUTHOR_NAME", "Given")]).unwrap(), "Given <own@example.org>");
        assert_eq!(author(&[("GIT_AUTHOR_EMAIL", "not a mail")]), None);
        std::fs::write(repo.join(".git/config"), "[include]\npath = ../../home/.gitconfig\n").unwrap();
        let none = dir.path().join("none");
        assert_eq!(author(&[("GIT_CONFIG_GLOBAL", none.to_str().unwrap())]), None);
    }

    #[test]
    fn authors_have_a_name_and_a_mail() {
        assert_eq!(parse_author("A. B. Ünal <a@b.example>").unwrap(), ("A. B. Ünal", "a@b.example"));
        for text in [
            "",
            "A",
            "<a@b>",
            "A <>",
            "A <a b>",
            "A <a> <b>",
            "A\n<a@b>",
            "A <a@b> x",
            "A\u{202e}B <a@b>",
            "A <a\u{200b}@b>",
            "A\0 <a@b>",
        ] {
            let error = parse_author(text).unwrap_err().to_string();
            assert!(error.ends_with("it must have the form `Name <mail>`"), "{text}: {error}");
        }
    }
}
