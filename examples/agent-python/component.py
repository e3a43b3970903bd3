"""What the component exports: the name is that of the interface in the contract."""

from edge_cases import run
from phasegate_plugin.component import export_agent

AgentBlocking = export_agent(run)
