import pytest

import stacks


def make(kind):
    class Tests:
        def test_last_in_first_out(self):
            stack = kind()
            for item in "abc":
                stack.push(item)
            assert [stack.pop() for _ in range(3)] == ["c", "b", "a"]

        def test_length(self):
            stack = kind()
            stack.push(1)
            assert len(stack) == 1

        def test_pop_of_empty(self):
            with pytest.raises(IndexError):
                kind().pop()

    return Tests


TestListStack = make(stacks.ListStack)
TestLinkedStack = make(stacks.LinkedStack)
