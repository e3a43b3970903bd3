DATA = [b"", b"a", bytes(range(256))]


class RoundTrip:
    def test_round_trip(self):
        for data in DATA:
            assert self.decode(self.encode(data)) == data

    def test_text(self):
        assert isinstance(self.encode(b"x"), str)


def test_samples_are_bytes():
    assert all(isinstance(data, bytes) for data in DATA)
