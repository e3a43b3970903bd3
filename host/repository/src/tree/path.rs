//! Which paths of a tree are safe to show and to write.

use gix::bstr::ByteSlice;

/// Names that Windows gives to devices, also with an extension.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
/// Characters that Windows does not allow in names.
const NOT_ON_WINDOWS: &str = "\\:*?\"<>|";

/// Returns why one segment of a path is not listed, or `None`.
pub fn path_fault(name: &[u8]) -> Option<&'static str> {
    let Ok(text) = name.to_str() else { return Some("the path is not UTF-8") };
    match () {
        () if text.is_empty() || text == "." || text == ".." || text.contains('/') => {
            Some("the path leaves its folder")
        }
        () if is_git_folder(text) => Some("systems take the path for a git folder"),
        () if text.chars().any(char::is_control) => Some("the path has control characters"),
        () => None,
    }
}

/// Returns why a new file must not get this path, or `None`: a path that some systems cannot check out.
pub fn check_new_path(path: &str) -> Option<&'static str> {
    path.split('/').find_map(|name| {
        let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
        let is_numbered = |prefix: &str| {
            stem.strip_prefix(prefix).is_some_and(|rest| rest.chars().count() == 1 && rest.chars().all(is_device_digit))
        };
        match () {
            () if path_fault(name.as_bytes()).is_some() => path_fault(name.as_bytes()),
            () if DEVICES.contains(&stem.as_str()) || is_numbered("com") || is_numbered("lpt") => {
                Some("Windows takes the name for a device")
            }
            () if name.ends_with(['.', ' ']) => Some("Windows drops the dot or space at the end of the name"),
            () if name.contains(|char| NOT_ON_WINDOWS.contains(char)) => {
                Some("Windows does not allow one of its characters")
            }
            () if name.len() > 255 => Some("the name is longer than 255 bytes"),
            () => None,
        }
    })
}

fn is_device_digit(char: char) -> bool {
    matches!(char, '1'..='9' | '¹' | '²' | '³')
}

/// Whether a file system may take the name for `.git`: without regard to case, with characters that HFS+ ignores, or with the
/// spaces, dots, streams and short names of NTFS.
fn is_git_folder(name: &str) -> bool {
    let plain: String = name.chars().filter(|char| !is_ignored_by_hfs(*char)).collect::<String>().to_lowercase();
    let base = plain.split(['\\', ':']).next().unwrap_or_default().trim_end_matches([' ', '.']);
    base == ".git" || base == "git~1" || plain.split('\\').any(|part| part == ".git" || part == "..")
}

fn is_ignored_by_hfs(char: char) -> bool {
    matches!(char, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names_that_mean_a_git_folder() {
        let names =
            [".git", ".GIT", ".Git ", ".git.", ".g\u{200c}it", "git~1", "GIT~1", ".git::$INDEX", "a\\.git", "..\\x"];
        for name in names {
            assert_eq!(path_fault(name.as_bytes()), Some("systems take the path for a git folder"), "{name:?}");
        }
        for name in [".gitignore", ".github", "git", "git~2", ".git-blame-ignore-revs", "a.git"] {
            assert_eq!(path_fault(name.as_bytes()), None, "{name:?}");
        }
    }

    #[test]
    fn faults_are_named_in_words() {
        let cases: [(&[u8], &str); 5] = [
            (b"..", "the path leaves its folder"),
            (b"", "the path leaves its folder"),
            (b"a\xff", "the path is not UTF-8"),
            (b"a\nb", "the path has control characters"),
            (b"\x1b[31m", "the path has control characters"),
        ];
        for (name, why) in cases {
            assert_eq!(path_fault(name), Some(why));
        }
    }

    #[test]
    fn new_paths_fit_all_systems() {
        let device = Some("Windows takes the name for a device");
        for path in ["con", "src/NUL.txt", "aux.py/x", "COM1", "lpt9.log", "com¹"] {
            assert_eq!(check_new_path(path), device, "{path}");
        }
        for path in ["a/b.", "a /b"] {
            assert_eq!(check_new_path(path), Some("Windows drops the dot or space at the end of the name"), "{path}");
        }
        for path in ["a:b", "a\\b", "what?", "a|b"] {
            assert_eq!(check_new_path(path), Some("Windows does not allow one of its characters"), "{path}");
        }
        assert_eq!(check_new_path(".git/hooks/pre-commit"), Some("systems take the path for a git folder"));
        assert_eq!(check_new_path(&"x".repeat(256)), Some("the name is longer than 255 bytes"));
        for path in ["src/a.py", "console.py", "com10", "ünïcode/文.py", ".gitignore", "a b"] {
            assert_eq!(check_new_path(path), None, "{path}");
        }
    }
}
