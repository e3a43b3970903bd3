import counter
from counter import Model, View, confirm


def test_listeners_are_called():
    model, seen = Model(), []
    model.listeners.append(seen.append)
    model.add()
    model.add(5)
    assert seen == [1, 6]


def test_view_is_a_frame():
    assert issubclass(View, counter.ttk.Frame if counter.ttk else object)
    assert counter.tk is None or counter.tk.LEFT == "left"


def test_question_is_passed_on():
    assert confirm("really", lambda title, words: (title, words)) == ("Sure?", "really")
