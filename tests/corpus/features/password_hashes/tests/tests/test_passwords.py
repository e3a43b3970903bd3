import hashlib

import pytest

import passwords


def test_published_vector():
    derived = hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 1, 32)
    assert derived.hex() == "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b"


def test_check():
    wanted = passwords.hash_password("secret", b"pepper")
    assert passwords.check("secret", b"pepper", wanted)
    assert not passwords.check("Secret", b"pepper", wanted)


def test_scrypt_vector():
    derived = hashlib.scrypt(b"", salt=b"", n=16, r=1, p=1, dklen=64)
    assert derived.hex().startswith("77d6576238657b203b19ca42c18a0497")


def test_derived_key_depends_on_salt():
    assert passwords.derive_key("a", b"1") != passwords.derive_key("a", b"2")


@pytest.mark.parametrize("name", ["md5", "sha1", "sha512", "blake2b", "sha3_256"])
def test_algorithms_are_there(name):
    assert hashlib.new(name, b"x").digest() == getattr(hashlib, name)(b"x").digest()
