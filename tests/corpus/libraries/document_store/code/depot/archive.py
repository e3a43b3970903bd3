import io
import json
import tarfile
import zipfile


def export(depot, path):
    with tarfile.open(path, "w:gz") as archive:
        names = depot.index.names()
        for name in names:
            data = depot.get(name)
            entry = tarfile.TarInfo(f"documents/{name}")
            entry.size, entry.mode = len(data), 0o600
            archive.addfile(entry, io.BytesIO(data))
        listing = json.dumps(names).encode()
        entry = tarfile.TarInfo("names.json")
        entry.size = len(listing)
        archive.addfile(entry, io.BytesIO(listing))


def restore(depot, path):
    count = 0
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                depot.put(name, archive.read(name))
                count += 1
        return count
    with tarfile.open(path) as archive:
        for entry in archive:
            if entry.isfile() and entry.name.startswith("documents/"):
                depot.put(entry.name.removeprefix("documents/"), archive.extractfile(entry).read())
                count += 1
    return count
