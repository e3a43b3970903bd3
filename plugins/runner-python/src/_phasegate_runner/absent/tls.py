"""What the module `ssl` needs of `_ssl` to be imported, and what works without an encrypted connection."""

import os

# The purposes that `ssl.Purpose` looks up when the module is imported.
_OBJECTS = [
    (129, "serverAuth", "TLS Web Server Authentication", "1.3.6.1.5.5.7.3.1"),
    (130, "clientAuth", "TLS Web Client Authentication", "1.3.6.1.5.5.7.3.2"),
]
_PATHS = ("SSL_CERT_FILE", "/usr/lib/ssl/cert.pem", "SSL_CERT_DIR", "/usr/lib/ssl/certs")


def ssl(names):
    def txt2obj(txt, name=False):
        for entry in _OBJECTS:
            if txt == entry[3] or (name and txt in entry[1:3]):
                return entry
        raise ValueError(f"unknown object '{txt[:100]}'")

    def nid2obj(nid, /):
        for entry in _OBJECTS:
            if nid == entry[0]:
                return entry
        raise ValueError(f"unknown NID {nid}")

    error = names["SSLError"]
    error.__str__ = lambda self: self.strerror if isinstance(self.strerror, str) else str(self.args)
    error.library = error.reason = None
    certificate = names["SSLCertVerificationError"]
    certificate.verify_code, certificate.verify_message = 0, ""
    names |= {
        "txt2obj": txt2obj,
        "nid2obj": nid2obj,
        "RAND_status": lambda: True,
        "RAND_bytes": lambda n: os.urandom(n),
        "RAND_add": lambda string, entropy: None,
        "get_default_verify_paths": lambda: _PATHS,
    }


def allow_handlers(module):
    """Lets `urllib.request` and `http.client` create what they create for each connection, before any is opened."""

    class Unconnected(module.SSLContext):
        verify_mode = module.CERT_REQUIRED
        check_hostname = True
        post_handshake_auth = None

        def __new__(cls):
            return object.__new__(cls)

        def set_alpn_protocols(self, alpn_protocols):
            pass

    module._create_default_https_context = Unconnected
