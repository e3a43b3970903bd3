"""Exchange rates from a service."""

import requests

URL = "https://rates.example/latest"


def latest(currency):
    return requests.get(URL, params={"base": currency}, timeout=10).json()
