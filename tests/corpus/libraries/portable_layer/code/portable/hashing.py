import hashlib
import zlib

try:
    from hashlib import file_digest
except ImportError:

    def file_digest(file, name):
        digest = hashlib.new(name)
        while part := file.read(65536):
            digest.update(part)
        return digest


try:
    import xxhash
except ImportError:
    xxhash = None


def quick(data):
    return xxhash.xxh32(data).intdigest() if xxhash else zlib.crc32(data)


def of_file(path, name="sha256"):
    with open(path, "rb") as file:
        return file_digest(file, name).hexdigest()
