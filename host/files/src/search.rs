//! Files and folders that count only while no other account controls them.
//!
//! A name that is looked for upwards may be found in a folder of another account, such as `/tmp`. A file or folder counts if
//! this account or root owns it and nobody else may write to it, and if the same holds for the folder that it is in. A folder
//! with the sticky bit may be writable by all, because nobody can replace files of others there. Of a symbolic link, the
//! link and its target are checked. The folders above are not checked, as in git: an account that may write there can put
//! another folder in place of this one, but such a folder belongs to that account and is rejected.

use std::ffi::OsStr;
use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::owner::{Distrust, check_owner, check_path};

/// Folders whose files count whatever account controls them, with all folders below.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedFolders(Vec<PathBuf>);

impl TrustedFolders {
    /// Takes absolute paths without symbolic links.
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Self(folders)
    }

    /// Whether `folder`, an absolute path without symbolic links, is one of these or below one.
    pub fn contain(&self, folder: &Path) -> bool {
        self.0.iter().any(|trusted| folder.starts_with(trusted))
    }
}

/// What [`find_upwards`] looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A regular file, or a link to one.
    File,
    /// A folder, or a link to one.
    Folder,
}

/// A file or folder that another account controls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untrusted {
    path: PathBuf,
    /// What another account controls: `path`, or what is described by `relation`.
    cause: PathBuf,
    relation: Option<&'static str>,
    why: Distrust,
    /// Whether this account may change the permissions of `cause`.
    own: bool,
    /// Whether the folder of `path` is for files of all accounts, as `/tmp`.
    shared: bool,
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, cause, relation, why, .. } = self;
        match relation {
            None => write!(f, "`{}` is not used: {why}", path.display()),
            Some(relation) => {
                write!(f, "`{}` is not used because of {relation} `{}`: {why}", path.display(), cause.display())
            }
        }
    }
}

impl std::error::Error for Untrusted {}

impl Untrusted {
    /// The file or folder that is not used.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What another account controls: the file, its folder, or the target of a link.
    pub fn cause(&self) -> &Path {
        &self.cause
    }

    /// What to do, one hint per line. `instead` says how to use another file or folder.
    pub fn hints(&self, instead: &str) -> String {
        let mut hints = Vec::new();
        if self.own && matches!(self.why, Distrust::OthersMayWrite { .. }) {
            let cause = quote(&self.cause);
            hints.push(format!("if its content is yours, run `chmod go-w {cause}`"));
        }
        hints.push(instead.to_owned());
        if let Some(folder) = self.path.parent().filter(|_| !self.shared) {
            let folder = quote(folder);
            hints.push(format!(
                "if you trust everyone who can write to it, run `phasegate trust allow --folder {folder}`"
            ));
        }
        hints.join("\n")
    }
}

/// Returns the nearest `name` in `start` or a folder above it. The path contains no symbolic link except perhaps `name`
/// itself. Fails if another account controls what was found.
pub fn find_upwards(
    start: &Path,
    name: &str,
    wanted: Wanted,
    trusted: &TrustedFolders,
) -> Result<Option<PathBuf>, Untrusted> {
    let start = std::fs::canonicalize(start).unwrap_or_else(|_| start.to_owned());
    for path in start.ancestors().map(|folder| folder.join(name)) {
        let found = match wanted {
            Wanted::File => path.is_file(),
            Wanted::Folder => path.is_dir(),
        };
        // What disappeared meanwhile may come back as another account's file, so it counts as absent.
        if found && check(&path, trusted)? {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Checks that no other account controls a file or folder. Of a path that does not exist, the folder counts.
pub fn check_control(path: &Path, trusted: &TrustedFolders) -> Result<(), Untrusted> {
    check(path, trusted).map(drop)
}

/// Returns whether there is such a file or folder, or fails if another account controls it.
fn check(path: &Path, trusted: &TrustedFolders) -> Result<bool, Untrusted> {
    let Some((folder, name)) = folder_and_name(path) else { return Ok(false) };
    if trusted.contain(&folder) {
        return Ok(true);
    }
    let path = folder.join(name);
    let fault = |cause: &Path, relation, why| Untrusted {
        path: path.clone(),
        cause: cause.to_owned(),
        relation,
        why,
        own: may_change_mode(cause),
        shared: std::fs::metadata(&folder).is_ok_and(|metadata| is_sticky(&metadata)),
    };
    check_folder(&folder).map_err(|why| fault(&folder, Some("its folder"), why))?;
    let (Ok(checked), Ok(target)) = (check_path(&path), std::fs::canonicalize(&path)) else { return Ok(false) };
    // Whatever reads a device or a pipe rejects it, with better words.
    let is_readable = std::fs::metadata(&target).is_ok_and(|metadata| metadata.is_file() || metadata.is_dir());
    if let Err(why) = checked
        && is_readable
    {
        let is_link = target != path && check_owner_of(&target).is_err();
        return Err(if is_link { fault(&target, Some("what it links to,"), why) } else { fault(&path, None, why) });
    }
    match target.parent().filter(|_| target != path).map(|folder| (folder, check_folder(folder))) {
        Some((folder, Err(why))) => Err(fault(folder, Some("what it links to, in"), why)),
        _ => Ok(true),
    }
}

/// Returns the folder of a path, without symbolic links, and the name in it. `None` if there is no such folder.
fn folder_and_name(path: &Path) -> Option<(PathBuf, &OsStr)> {
    let folder = path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?;
    Some((std::fs::canonicalize(folder).ok()?, path.file_name()?))
}

fn check_folder(folder: &Path) -> Result<(), Distrust> {
    let Ok(metadata) = std::fs::metadata(folder) else { return Ok(()) };
    match check_owner(&metadata) {
        Err(Distrust::OthersMayWrite { .. }) if is_sticky(&metadata) => Ok(()),
        checked => checked,
    }
}

fn check_owner_of(path: &Path) -> Result<(), Distrust> {
    std::fs::metadata(path).map_or(Ok(()), |metadata| check_owner(&metadata))
}

/// Whether only the owner of a file may remove or rename it in this folder.
fn is_sticky(folder: &Metadata) -> bool {
    folder.mode() & 0o1000 != 0
}

fn may_change_mode(path: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    own == 0 || std::fs::metadata(path).is_ok_and(|metadata| metadata.uid() == own)
}

/// Renders a path as one word of a command.
pub fn quote(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |char: char| char.is_alphanumeric() || "/._-+:@%,".contains(char);
    match path.chars().all(is_plain) {
        true => path,
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs::{Permissions, create_dir_all, set_permissions, write};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn refusal(start: &Path) -> String {
        let found = find_upwards(start, "own.toml", Wanted::File, &TrustedFolders::default());
        found.unwrap_err().to_string().replace(&start.display().to_string(), "HERE")
    }

    #[test]
    fn finds_the_nearest_file_of_this_account() {
        let dir = tempfile::tempdir().unwrap();
        let (start, found) = (dir.path().join("a/b/c"), dir.path().join("a/own.toml"));
        create_dir_all(&start).unwrap();
        // A folder of that name is not what is looked for.
        create_dir_all(start.join("own.toml")).unwrap();
        write(&found, "").unwrap();
        write(dir.path().join("own.toml"), "").unwrap();
        let find = |wanted| find_upwards(&start, "own.toml", wanted, &TrustedFolders::default()).unwrap().unwrap();
        assert_eq!(find(Wanted::File), found);
        assert_eq!(find(Wanted::Folder), start.join("own.toml"));
    }

    #[test]
    fn rejects_what_others_may_write() {
        let dir = tempfile::tempdir().unwrap();
        let (here, file) = (dir.path(), dir.path().join("own.toml"));
        write(&file, "").unwrap();
        set_mode(&file, 0o666);
        assert_eq!(refusal(here), "`HERE/own.toml` is not used: other users may write to it (mode 0666)");
        set_mode(&file, 0o644);
        set_mode(here, 0o777);
        assert_eq!(
            refusal(here),
            "`HERE/own.toml` is not used because of its folder `HERE`: other users may write to it (mode 0777)"
        );
        // Nobody else can replace the file in a folder such as /tmp, but its permissions count.
        set_mode(here, 0o1777);
        assert_eq!(check_control(&file, &TrustedFolders::default()), Ok(()));
        set_mode(&file, 0o666);
        assert!(refusal(here).starts_with("`HERE/own.toml` is not used: other users may write"));
    }

    #[test]
    fn checks_both_sides_of_links() {
        let dir = tempfile::tempdir().unwrap();
        let (here, elsewhere) = (dir.path().join("here"), dir.path().join("elsewhere"));
        create_dir_all(&here).unwrap();
        create_dir_all(&elsewhere).unwrap();
        let target = elsewhere.join("target");
        write(&target, "").unwrap();
        symlink(&target, here.join("own.toml")).unwrap();
        assert_eq!(check_control(&here.join("own.toml"), &TrustedFolders::default()), Ok(()));
        set_mode(&target, 0o622);
        assert_eq!(
            refusal(&here).replace(&elsewhere.display().to_string(), "ELSEWHERE"),
            "`HERE/own.toml` is not used because of what it links to, `ELSEWHERE/target`: other users may write to it \
             (mode 0622)"
        );
        set_mode(&target, 0o600);
        set_mode(&elsewhere, 0o777);
        assert_eq!(
            refusal(&here).replace(&elsewhere.display().to_string(), "ELSEWHERE"),
            "`HERE/own.toml` is not used because of what it links to, in `ELSEWHERE`: other users may write to it (mode \
             0777)"
        );
    }

    #[test]
    fn trusts_agreed_folders_and_those_below() {
        let dir = tempfile::tempdir().unwrap();
        let (trusted, similar) = (dir.path().join("trusted"), dir.path().join("trusted-not"));
        let folders = TrustedFolders::new(vec![trusted.clone()]);
        let found = |folder: &Path| {
            create_dir_all(folder).unwrap();
            write(folder.join("own.toml"), "").unwrap();
            set_mode(&folder.join("own.toml"), 0o666);
            find_upwards(folder, "own.toml", Wanted::File, &folders).is_ok()
        };
        assert!(found(&trusted) && found(&trusted.join("below")));
        assert!(!found(&similar) && !found(dir.path()));
    }

    #[test]
    fn names_commands_that_fit_the_fault() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("it's $(here)");
        let file = folder.join("own.toml");
        create_dir_all(&folder).unwrap();
        write(&file, "").unwrap();
        set_mode(&file, 0o666);
        let hints = || {
            let untrusted = check_control(&file, &TrustedFolders::default()).unwrap_err();
            untrusted.hints("name another").replace(&dir.path().display().to_string(), "DIR")
        };
        assert_eq!(
            hints(),
            r"if its content is yours, run `chmod go-w 'DIR/it'\''s $(here)/own.toml'`
name another
if you trust everyone who can write to it, run `phasegate trust allow --folder 'DIR/it'\''s $(here)'`"
        );
        // Nobody should trust all that others put into a folder such as /tmp.
        set_mode(&folder, 0o1777);
        assert!(!hints().contains("trust"), "{}", hints());
    }
}
