"""Wrapping, padding and tables for text in fixed columns, aware of wide and combining characters."""

from .columns import Table
from .width import cell_width, clip, pad
from .wrap import dedent, indent, wrap

__all__ = ["Table", "cell_width", "clip", "dedent", "indent", "pad", "wrap"]
