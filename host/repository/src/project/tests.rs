#![allow(clippy::unwrap_used)]
use insta::assert_snapshot;
use std::num::NonZeroU32;

use super::PytestSettings;
use crate::map::{MapRequest, map_repository};
use crate::memory_tree::MemoryTree;
use crate::sources::Sources;

fn settings(files: &[(&str, &str)]) -> PytestSettings {
    let tree = MemoryTree::new(files);
    PytestSettings::read(&Sources { files: &tree.files(), read: &|file| tree.read(file) })
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn settings_come_from_the_first_file() {
    let pyproject = ("pyproject.toml", "[tool.pytest.ini_options]\ntestpaths = ['a', './b/', '../c', '/d']\n");
    let setup = ("setup.cfg", "[tool:pytest]\ntestpaths = setup\n");
    let tox = ("tox.ini", "[pytest]\ntestpaths = tox\n");
    let from = |files: &[(&str, &str)]| {
        let settings = settings(files);
        (settings.file.unwrap_or_default(), settings.testpaths)
    };
    assert_eq!(from(&[setup, tox, pyproject]), ("pyproject.toml".to_owned(), strings(&["a", "b"])));
    assert_eq!(from(&[setup, tox]), ("tox.ini".to_owned(), strings(&["tox"])));
    assert_eq!(
        from(&[("pyproject.toml", "[project]\nname = 'x'"), setup]),
        ("setup.cfg".to_owned(), strings(&["setup"]))
    );
    assert_eq!(from(&[("pytest.ini", ""), pyproject]), ("pytest.ini".to_owned(), Vec::new()));
    assert_eq!(from(&[("sub/pytest.ini", "[pytest]\ntestpaths=a")]), (String::new(), Vec::new()));
}

#[test]
fn options_that_leave_out_tests_are_known() {
    let text = "[pytest]\naddopts = -q --ignore=tests/slow --ignore 'a b' --ignore-glob='*_old.py' -p no:cacheprovider\n  -pno:doctest -p xdist\npython_files = check_*.py\npythonpath = . src\n";
    let settings = settings(&[("pytest.ini", text)]);
    assert_eq!(settings.ignored, strings(&["tests/slow", "a b"]));
    assert_eq!(settings.ignored_globs, strings(&["*_old.py"]));
    assert_eq!(settings.disabled_plugins, strings(&["cacheprovider", "doctest"]));
    assert_eq!(settings.python_files, strings(&["check_*.py"]));
    assert_eq!(settings.pythonpath, strings(&["", "src"]));
}

#[test]
fn damaged_settings_are_named() {
    let settings = settings(&[("pyproject.toml", "[tool\n"), ("setup.cfg", "[tool:pytest]\ntestpaths = t")]);
    assert_eq!(settings.testpaths, strings(&["t"]));
    assert_snapshot!(settings.unreadable.join("\n"), @"`pyproject.toml` cannot be parsed: unclosed table, expected `]`");
}

#[test]
fn settings_beyond_the_limit_are_named() {
    let many = |start: &str| (0..45_000).map(|number| format!(" {start}{number}")).collect::<String>();
    let text = format!("[pytest]\npython_files = test_*.py{}\n", many("*x"));
    let found = settings(&[("pytest.ini", &text)]);
    assert_snapshot!(found.unreadable.join("\n"), @"only the first 200 of 45001 values of `python_files` in `pytest.ini` are used");
    assert_eq!(found.python_files.len(), 200);
    let paths: Vec<_> = (0..3000).map(|number| format!("tests/test_{number}.py")).collect();
    assert_eq!(found.test_files(paths.iter().map(String::as_str)).len(), 3000);
    let text = format!("[tool:pytest]\naddopts = {}\ntestpaths = t\n", " --ignore=x".repeat(300));
    let found = settings(&[("setup.cfg", &text)]);
    assert_snapshot!(found.unreadable.join("\n"), @"only the first 200 of 300 values of `addopts` in `setup.cfg` are used");
    assert_eq!((found.ignored.len(), found.testpaths), (200, strings(&["t"])));
    let large = "#\n".repeat(300_000);
    let found = settings(&[("pytest.ini", &large), ("tox.ini", "[pytest]\ntestpaths = t")]);
    assert_snapshot!(found.unreadable.join("\n"), @"`pytest.ini` is not used: it has more than 524288 bytes");
    assert_eq!(found.testpaths, strings(&["t"]));
}

#[test]
fn test_files_follow_the_settings() {
    let paths = [
        "test_top.py",
        "src/shop/cart.py",
        "src/shop/test_inside.py",
        "tests/cart_test.py",
        "tests/check_cart.py",
        "tests/conftest.py",
        "tests/build/test_built.py",
        "tests/.hidden/test_hidden.py",
        "tests/slow/test_slow.py",
        "tests/test_data.txt",
    ];
    let found = |text: &str| settings(&[("pytest.ini", text)]).test_files(paths).join(" ");
    assert_eq!(found("[pytest]\n"), "test_top.py src/shop/test_inside.py tests/cart_test.py tests/slow/test_slow.py");
    assert_eq!(found("[pytest]\ntestpaths = tests\naddopts = --ignore=tests/slow"), "tests/cart_test.py");
    assert_eq!(
        found("[pytest]\ntestpaths = t*\npython_files = check_*.py tests/slow/*.py"),
        "tests/check_cart.py tests/slow/test_slow.py"
    );
    assert_eq!(
        found("[pytest]\ntestpaths = tests\nnorecursedirs = slow {x}\naddopts = --ignore-glob=*cart*"),
        "tests/.hidden/test_hidden.py tests/build/test_built.py".split(' ').rev().collect::<Vec<_>>().join(" ")
    );
}

fn notes(files: &[(&str, &str)]) -> String {
    let tree = MemoryTree::new(files);
    let id = "1".repeat(40).parse().unwrap();
    let request = MapRequest {
        commit: &id,
        tree: &id,
        task: "",
        budget_tokens: NonZeroU32::new(8_000).unwrap(),
        python_modules: Some(&strings(&["json", "os", "pytest", "typing", "unittest"])),
        cache: None,
    };
    map_repository(&Sources { files: &tree.files(), read: &|file| tree.read(file) }, &request).notes.join("\n")
}

#[test]
fn missing_modules_are_named_with_their_files() {
    let files = [
        ("shop/__init__.py", ""),
        ("shop/api.py", "import os, json as j, requests.adapters\nfrom . import cart\nimport shop.cart, numpy as np\n"),
        ("shop/cart.py", "try:\n    import rich\nexcept ImportError:\n    rich = None\nimport _thread, socket\n"),
        ("shop/types.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas\n"),
        ("src/other/__init__.py", "import typing\nimport __future__\n"),
        ("tests/helper.py", "import pytest, other\n"),
        ("tests/test_api.py", "import helper, requests, os.path\nfrom requests import get\ndef f(): import flask\n"),
        ("docs/conf.py", "import sphinx"),
        ("noxfile.py", "import nox"),
        ("setup.py", "import setuptools"),
    ];
    assert_snapshot!(notes(&files), @r"
    2 files import `requests`, which the test runner does not have: `tests/test_api.py`, `shop/api.py`.
    `shop/api.py` imports `numpy`, which the test runner does not have.
    ");
    assert_eq!(notes(&[("a.py", "import b"), ("b.py", "import json")]), "");
}

#[test]
fn declared_requirements_are_named() {
    let pyproject = "\
[project]
dependencies = ['Requests>=2 ; python_version > \"3\"', 'PyYAML[x]', 'pytest', 'not a requirement']
[project.optional-dependencies]
test = ['pytest-asyncio', 'ruff']
[dependency-groups]
dev = ['pytest_mock~=3', { include-group = 'x' }]
[tool.poetry.dependencies]
python = '^3.11'
httpx = '*'
";
    let setup =
        "[options]\ninstall_requires =\n    attrs>=1\n    # comment\n[options.extras_require]\nt = pytest-cov\n";
    let files = [
        ("pyproject.toml", pyproject),
        ("setup.cfg", setup),
        ("requirements.txt", "-r other.txt\nflask == 3.0 # why\n./local\nzope.interface\n"),
        ("requirements-dev.txt", "pytest-xdist\nblack\n"),
    ];
    assert_snapshot!(notes(&files), @r"
    The project requires `attrs`, `flask`, `httpx`, `pyyaml`, `requests`, `zope-interface`, which the test runner does not have.
    The project uses plugins of pytest that the test runner does not have: `pytest-asyncio`, `pytest-cov`, `pytest-mock`, `pytest-xdist`.
    ");
}
