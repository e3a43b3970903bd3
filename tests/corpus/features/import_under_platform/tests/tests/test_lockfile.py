from lockfile import default_folder, lock


def test_folder_comes_from_the_environment():
    assert default_folder("app", {"XDG_CONFIG_HOME": "/home/me/.config"}) == "/home/me/.config/app"


def test_folder_has_a_default():
    assert default_folder("app", {}) == "/etc/app"


def test_lock_is_posix():
    assert lock(None) == "posix"
