from importlib import metadata, resources

try:
    VERSION = metadata.version("about-me-that-is-not-installed")
except metadata.PackageNotFoundError:
    VERSION = "unknown"


def motto():
    return resources.files("data_files").joinpath("motto.txt").read_text(encoding="utf-8").strip()
