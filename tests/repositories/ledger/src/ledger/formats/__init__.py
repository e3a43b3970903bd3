"""Formats of files."""

from . import csv_format, json_format, text_format

FORMATS = {"csv": csv_format, "json": json_format, "txt": text_format}
