"""The one tree of this interpreter and its descriptors; `start` fills them for a call."""

from .descriptors import Descriptors
from .tree import Tree

TREE = Tree()
DESCRIPTORS = Descriptors(TREE)
