import pytest

from depot import Depot


@pytest.fixture
def depot(tmp_path):
    with Depot(tmp_path / "depot") as depot:
        yield depot


@pytest.fixture(params=["small", "large", "empty", "binary"])
def data(request):
    return {"small": b"abc", "large": b"0123456789" * 20_000, "empty": b"", "binary": bytes(range(256))}[request.param]
