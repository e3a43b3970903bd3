"""What the component exports: the name is that of the interface in the contract."""

from came_back import decide
from phasegate_plugin.component import export_strategy

Feedback = export_strategy(decide)
