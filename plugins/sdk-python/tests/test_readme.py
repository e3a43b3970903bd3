import re
import unittest
from pathlib import Path

from phasegate_plugin import GateFailure, Revise, Revision

README = Path(__file__).parents[1] / "README.md"


class Readme(unittest.TestCase):
    def test_the_plugin_passes_its_own_test(self):
        blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
        plugin, component, test, strategy = blocks
        self.assertIn("export_agent", component)
        names: dict = {}
        exec(plugin, names)
        exec(test, names)
        self.assertEqual(names["host"].requests[1].label, "haiku/repair")
        exec(strategy, names)
        failure = GateFailure(gate="haiku-review", may_revise=["haiku"])
        self.assertEqual(names["decide"](failure), Revise([Revision("haiku", [], "Fix these issues.")]))


if __name__ == "__main__":
    unittest.main()
