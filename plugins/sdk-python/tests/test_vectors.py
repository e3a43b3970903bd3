import unittest

from phasegate_plugin import (
    EditFaults,
    Prompt,
    Question,
    Work,
    apply_diff,
    apply_edits,
    fenced,
    fenced_named,
    keep_form,
    unified,
)
from phasegate_plugin.records import read
from phasegate_plugin.types import FeedbackItem

from . import vectors


class Vectors(unittest.TestCase):
    maxDiff = 4_000

    def each(self, file: str, check):
        found = vectors.cases(file)
        self.assertGreater(len(found), 0)
        for case in found:
            with self.subTest(file=file, case=case["name"]):
                check(case)

    def test_fenced(self):
        def check(case):
            if "file" in case:
                made = fenced_named(case["title"], case["file"], case["text"])
            else:
                made = fenced(case["title"], case["text"])
            self.assertEqual(made, case["expected"])

        self.each("fenced.json", check)

    def test_prompts(self):
        def check(case):
            prompt = Prompt(case["text"])
            if "fault" in case:
                with self.assertRaises(ValueError) as raised:
                    prompt.render(**dict(case["values"]))
                self.assertEqual(str(raised.exception), case["fault"])
            else:
                self.assertEqual(prompt.render(**dict(case["values"])), case["expected"])

        self.each("prompt.json", check)

    def test_sections(self):
        def check(case):
            self.assertEqual(vectors.sections_of(case["sections"]).texts(), case["expected"])

        self.each("sections.json", check)

    def test_schemas(self):
        def check(case):
            self.assertEqual(Question("label", "", "", schema=case["schema"]).schema, case["expected"])

        self.each("schema.json", check)

    def test_feedback(self):
        def check(case):
            items = [read(FeedbackItem, item) for item in case["feedback"]]
            host = vectors.FakeHost().assignment(feedback=items)
            self.assertEqual(host.run(Work.feedback_text), case["expected"])

        self.each("feedback.json", check)

    def test_edits(self):
        def check(case):
            if "text" in case:
                self.assertEqual(keep_form(case["base"], case["text"]), case["expected"])
            else:
                self.assert_changed(case, lambda: apply_edits(case["base"], case["edits"]))

        self.each("edits.json", check)

    def test_diffs(self):
        def check(case):
            if "diff" in case:
                self.assert_changed(case, lambda: apply_diff(case["base"], case["diff"]))
            else:
                self.assertEqual(unified(case["path"], case["old"], case["new"]), case["expected"])

        self.each("diff.json", check)

    def assert_changed(self, case, change):
        try:
            self.assertEqual(change(), case.get("expected"))
        except EditFaults as faults:
            self.assertEqual(faults.faults, case.get("faults"))

    def test_values_in_answers(self):
        start = "the model's answer to `fit` is unusable, also after one repair: "

        def check(case):
            content = [{"text": case["answer"]}]
            labels = ("fit", "fit/repair")
            question = {
                "question": {"label": "fit", "system": "", "user": "", "schema": case["schema"]},
                "method": "json",
                "refused": case.get("refused"),
                "answers": [
                    {"label": label, "content": content, "stop": "end", "output_tokens": 1} for label in labels
                ],
            }
            value, failure, _ = vectors.run(question)
            if "faults" in case:
                self.assertEqual(failure, start + "; ".join(case["faults"]))
            else:
                self.assertEqual((failure, value), (None, case["value"]))

        self.each("fit.json", check)

    def test_questions(self):
        self.each("question.json", self.assert_asked)

    def test_tools(self):
        self.each("tools.json", self.assert_asked)

    def assert_asked(self, case):
        value, failure, host = vectors.run(case)
        self.assertEqual((failure, value), (case.get("failure"), case.get("value")))
        self.assertEqual(host.log, case["log"])
        if "requests" in case:
            self.assertEqual(vectors.plain(host.requests), case["requests"])
        if "sent" in case:
            self.assertEqual([[request.label, request.tool_choice] for request in host.requests], case["sent"])
        last = host.requests[-1]
        if "last_text" in case:
            self.assertEqual(vectors.plain(last.messages[-1].content[-1]), {"text": case["last_text"]})
        if "last_results" in case:
            expected = case["last_results"]
            self.assertEqual(vectors.results_of(last)[-len(expected) :], expected)


if __name__ == "__main__":
    unittest.main()
