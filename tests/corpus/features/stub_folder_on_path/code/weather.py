import httpclient
from httpclient.errors import Timeout


def temperature(city, client=None):
    client = client or httpclient.Client(base="https://weather.example")
    try:
        return client.get("/now", city=city)["celsius"]
    except Timeout:
        return None
