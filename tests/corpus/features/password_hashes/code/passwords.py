import hashlib
import hmac


def hash_password(password, salt, rounds=1000):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds).hex()


def check(password, salt, wanted):
    return hmac.compare_digest(hash_password(password, salt), wanted)


def derive_key(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt, n=16, r=8, p=1, dklen=32)
