import unittest

from phasegate_plugin import Failure, Question, Sections, ask_all
from phasegate_plugin.testing import FakeHost, request_text

COLOUR = {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]}


def question(label: str) -> Question:
    return Question(label, "You paint.", f"Which colour for {label}?", schema=COLOUR)


def no_mud(answer: dict) -> list[str]:
    return ["mud is no colour"] if answer["colour"] == "mud" else []


class AskAll(unittest.TestCase):
    def test_first_calls_go_together_and_each_question_goes_on(self):
        host = FakeHost().answer("a", '{"colour": "mud"}').answer("b", '{"colour": "blue"}')
        host.answer("a/repair", '{"colour": "red"}')
        answers = host.run(lambda work: ask_all([question("a"), question("b")], no_mud))
        self.assertEqual(answers, [{"colour": "red"}, {"colour": "blue"}])
        self.assertEqual([request.label for request in host.requests], ["a", "b", "a/repair"])

    def test_texts(self):
        host = FakeHost().answer("a", "red").truncated_answer("b", "dark ").answer("b/continue", "blue")
        self.assertEqual(
            host.run(lambda work: ask_all([question("a"), question("b")], method="text")), ["red", "dark blue"]
        )

    def test_a_failure_is_raised_when_all_are_asked(self):
        host = FakeHost().model_error("a", "budget", "0 USD left").answer("b", "no").answer("b/repair", "no")
        with self.assertRaises(Failure) as raised:
            host.run(lambda work: ask_all([question("a"), question("b")]))
        self.assertEqual(raised.exception.reason, "`a`: the budget is exhausted: 0 USD left")
        self.assertEqual(len(host.requests), 3)

    def test_no_question(self):
        self.assertEqual(FakeHost().run(lambda work: ask_all([])), [])


class Shared(unittest.TestCase):
    def test_questions_can_share_sections(self):
        start = Sections().add("call", "alone").add("run", "shared")
        self.assertEqual(start.add("run", "more").texts(), ["shared\n\nmore\n\n", "alone"])
        self.assertEqual(start.texts(), ["shared\n\n", "alone"])
        with self.assertRaisesRegex(ValueError, "`all` is none of run, phases, agent, subject, attempt, call"):
            start.add("all", "text")


class Fake(unittest.TestCase):
    def test_an_unscripted_call_names_what_was_scripted(self):
        host = FakeHost().answer("a", "no").answer("c", "x")
        with self.assertRaises(AssertionError) as raised:
            host.run(lambda work: question("a").json())
        self.assertEqual(
            str(raised.exception), "FakeHost has no answer left for `a/repair`; scripted answers: `a`, `c`"
        )

    def test_a_bug_in_a_check_is_not_a_fault_of_the_answer(self):
        host = FakeHost().answer("a", '{"colour": 1}')
        with self.assertRaises(TypeError):
            host.run(lambda work: question("a").json(lambda answer: [] if len(answer["colour"]) else ["empty"]))

    def test_requests_are_as_they_were_sent(self):
        host = FakeHost().calls("a", ("none", "{}")).answer("a/tools", '{"colour": "red"}')

        class NoTools:
            def tools(self):
                return []

            def call(self, name, arguments):
                return ""

        asked = question("a")
        asked.tools = NoTools()
        host.run(lambda work: asked.json())
        self.assertEqual([len(request.messages) for request in host.requests], [2, 4])
        self.assertEqual(request_text(host.requests[0]), "You paint.Which colour for a?")

    def test_without_a_host(self):
        with self.assertRaisesRegex(RuntimeError, "there is no host: call the agent by `FakeHost"):
            question("a").text()


if __name__ == "__main__":
    unittest.main()
