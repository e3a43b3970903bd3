import os

import pytest

import deploy


@pytest.fixture
def site(tmp_path):
    for name in ("r1", "r2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index").write_text(name)
    return tmp_path


def test_link_is_switched(site):
    current = site / "current"
    for name in ("r1", "r2"):
        deploy.activate(site / name, current)
        assert (current / "index").read_text() == name
    assert current.is_symlink()
    assert os.readlink(current) == str(site / "r2")
    assert current.resolve() == (site / "r2").resolve()


def test_links_are_no_releases(site):
    deploy.activate(site / "r1", site / "current")
    assert deploy.releases(site) == ["r1", "r2"]


def test_broken_link(site):
    (site / "broken").symlink_to(site / "nothing")
    assert not (site / "broken").exists()
    assert os.path.lexists(site / "broken")
    with pytest.raises(FileNotFoundError):
        (site / "broken").read_text()


def test_link_to_itself(site):
    (site / "loop").symlink_to(site / "loop")
    with pytest.raises((OSError, RuntimeError)):
        (site / "loop").read_text()


def test_hard_link(site):
    os.link(site / "r1" / "index", site / "same")
    (site / "same").write_text("changed")
    assert (site / "r1" / "index").read_text() == "changed"
    assert os.stat(site / "same").st_nlink == 2


def test_script_is_executable(site):
    deploy.make_script(site / "run", "#!/bin/sh\n")
    assert os.access(site / "run", os.X_OK)
