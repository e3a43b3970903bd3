import socket
import ssl
import urllib.error
import urllib.request


class Insecure(Exception):
    pass


def context_for(url, make=ssl.create_default_context):
    if not url.startswith("https://"):
        raise Insecure(url)
    return make(purpose=ssl.Purpose.SERVER_AUTH)


def explain(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, (socket.timeout, urllib.error.URLError)):
        return "network"
    return "other"


def fetch(url, context: ssl.SSLContext | None = None, opener=urllib.request.urlopen):
    try:
        return opener(url, context=context)
    except OSError as error:
        return explain(error)
