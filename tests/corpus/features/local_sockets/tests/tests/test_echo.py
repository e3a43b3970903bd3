import io
from unittest import mock

import echo


def test_server_answers():
    with echo.serve() as server:
        assert echo.ask(server.server_address, b"hi\n") == b"HI\n"
        server.shutdown()


def test_mocked_connection():
    connect = mock.MagicMock()
    connect.return_value.__enter__.return_value.recv.return_value = b"HI\n"
    assert echo.ask(("host", 1), b"hi\n", connect) == b"HI\n"


def test_refused_connection():
    connect = mock.Mock(side_effect=ConnectionRefusedError)
    assert echo.ask(("host", 1), b"", connect) == "ConnectionRefusedError"


def test_handler_without_a_server():
    handler = echo.Upper.__new__(echo.Upper)
    handler.rfile, handler.wfile = io.BytesIO(b"a\nb\n"), io.BytesIO()
    handler.handle()
    assert handler.wfile.getvalue() == b"A\nB\n"
