import shutil
import tarfile
import zipfile


def tar_folder(folder, path):
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, arcname="backup")
    return path


def names(path):
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return sorted(archive.namelist())
    with tarfile.open(path) as archive:
        return sorted(archive.getnames())


def restore(path, folder):
    with tarfile.open(path) as archive:
        archive.extractall(folder)


def make_zip(folder, base):
    return shutil.make_archive(str(base), "zip", folder)
