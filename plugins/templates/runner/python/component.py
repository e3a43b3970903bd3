"""What the component exports: the name is that of the interface in the contract."""

import runner
from phasegate_plugin.component import export_runner

Runner = export_runner(runner)
