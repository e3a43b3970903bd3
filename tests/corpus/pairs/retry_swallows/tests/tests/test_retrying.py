from unittest import mock

import pytest

from retrying import retry


def test_second_attempt():
    function = mock.Mock(side_effect=[OSError, "done"])
    assert retry(function) == "done"
    assert function.call_count == 2


def test_last_error_is_raised():
    function = mock.Mock(side_effect=OSError("down"))
    with pytest.raises(OSError, match="down"):
        retry(function, times=4)
    assert function.call_count == 4


def test_other_errors_pass_at_once():
    function = mock.Mock(side_effect=KeyError("x"))
    with pytest.raises(KeyError):
        retry(function)
    assert function.call_count == 1


def test_waits_double():
    sleep = mock.Mock()
    with pytest.raises(OSError):
        retry(mock.Mock(side_effect=OSError), times=4, wait=1, sleep=sleep)
    assert [call.args[0] for call in sleep.call_args_list] == [1, 2, 4]
