"""What the component exports: the name is that of the interface in the contract."""

from phasegate_plugin.component import export_strategy
from strategy import decide

Feedback = export_strategy(decide)
