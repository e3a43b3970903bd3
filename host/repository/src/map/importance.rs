//! What the path of a file tells about its importance, whatever the task is.

/// Folders of code that others wrote or a program made.
const FOREIGN_FOLDERS: [&str; 22] = [
    "node_modules",
    "vendor",
    "vendored",
    "_vendor",
    "third_party",
    "third-party",
    "thirdparty",
    "external",
    "extern",
    "dist",
    "build",
    "target",
    "out",
    "site-packages",
    "venv",
    ".venv",
    "__pycache__",
    "bower_components",
    "generated",
    "gen",
    ".yarn",
    "minified",
];
const GENERATED_ENDINGS: [&str; 16] = [
    ".min.js",
    ".min.css",
    ".bundle.js",
    ".map",
    "_pb2.py",
    "_pb2_grpc.py",
    "_pb2.pyi",
    ".pb.go",
    ".pb.cc",
    ".pb.h",
    ".g.dart",
    ".lock",
    ".snap",
    "-lock.json",
    "-lock.yaml",
    ".svg",
];
const GENERATED_NAMES: [&str; 3] = ["go.sum", "npm-shrinkwrap.json", "cargo.lock"];
/// Files that describe a project.
const PROJECT_FILES: [&str; 24] = [
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "tox.ini",
    "pytest.ini",
    "noxfile.py",
    "package.json",
    "tsconfig.json",
    "cargo.toml",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "cmakelists.txt",
    "makefile",
    "dockerfile",
    "meson.build",
    "gemfile",
    "composer.json",
    "justfile",
    "conftest.py",
    "contributing.md",
    "architecture.md",
];
/// Files where programs and libraries begin.
const ENTRY_POINTS: [&str; 20] = [
    "main.py",
    "__main__.py",
    "app.py",
    "cli.py",
    "manage.py",
    "wsgi.py",
    "asgi.py",
    "index.js",
    "index.ts",
    "index.tsx",
    "main.js",
    "main.ts",
    "server.js",
    "server.ts",
    "main.rs",
    "lib.rs",
    "main.go",
    "main.c",
    "main.cpp",
    "main.java",
];

/// The importance of a file by its path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Importance {
    /// Added to the score of the file.
    pub(super) floor: f64,
    /// The score is multiplied with it.
    pub(super) factor: f64,
    /// Whether others wrote the file or a program made it: it is not parsed.
    pub(super) is_foreign: bool,
}

pub(super) fn importance(path: &str) -> Importance {
    let lower = path.to_ascii_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let depth = path.matches('/').count();
    let is_foreign = folders.split('/').any(|folder| FOREIGN_FOLDERS.contains(&folder))
        || GENERATED_NAMES.contains(&name)
        || GENERATED_ENDINGS.iter().any(|ending| name.ends_with(ending));
    let is_readme = name.starts_with("readme");
    let floor = match depth {
        0 if is_readme => 4.0,
        0 | 1 if PROJECT_FILES.contains(&name) => 3.0,
        1 if is_readme => 1.0,
        0..=3 if ENTRY_POINTS.contains(&name) => 1.0,
        _ => 0.0,
    };
    let hidden = lower.split('/').any(|part| part.starts_with('.'));
    let factor = match () {
        () if is_foreign => 0.02,
        () if hidden => 0.3,
        () if is_test(&lower) => 0.7,
        () => 1.0,
    };
    Importance {
        floor: if is_foreign { 0.0 } else { floor },
        factor: factor * 0.97f64.powi(depth.min(20) as i32),
        is_foreign,
    }
}

/// Whether the path, in lower case, is that of a test.
pub(super) fn is_test(path: &str) -> bool {
    path.split('/').any(|part| {
        let stem = part.split('.').next().unwrap_or(part);
        matches!(stem, "test" | "tests" | "__tests__" | "spec" | "testdata" | "fixtures")
            || stem.starts_with("test_")
            || stem.ends_with("_test")
            || part.contains(".test.")
            || part.contains(".spec.")
    })
}

/// Returns the last part of a path without its extension and without what marks it as a test: `tests/test_cart.py` and
/// `shop/cart.py` have the same.
pub(super) fn subject(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    let stem = stem.strip_prefix("test_").unwrap_or(stem);
    stem.strip_suffix("_test")
        .or_else(|| stem.strip_suffix("_tests"))
        .or_else(|| stem.strip_suffix("Test"))
        .unwrap_or(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_and_generated_files_count_little() {
        for path in [
            "node_modules/a/index.js",
            "a/api_pb2.py",
            "package-lock.json",
            "web/app.min.js",
            "Cargo.lock",
            "x/dist/a.js",
        ] {
            assert!(importance(path).is_foreign, "{path}");
        }
        for path in ["README.md", "pyproject.toml", "src/app.py", "distance.py", "builder/a.py"] {
            assert!(!importance(path).is_foreign, "{path}");
        }
        assert!(importance("README.md").floor > importance("docs/README.md").floor);
        assert_eq!(importance("a/b/c/d/e/README.md").floor, 0.0);
    }

    #[test]
    fn tests_and_their_subjects_belong_together() {
        assert_eq!(
            ["tests/test_cart.py", "shop/cart.py", "cart_test.go", "CartTest.java", "cart.test.ts"].map(subject),
            ["cart", "cart", "cart", "Cart", "cart"]
        );
        assert!(is_test("a/tests/x.py") && is_test("a/x.spec.ts") && !is_test("contest.py") && !is_test("latest/x.py"));
    }
}
