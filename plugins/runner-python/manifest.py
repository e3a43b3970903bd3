"""Adds a manifest to a component: manifest.py COMPONENT.wasm plugin.toml

The manifest is a custom section named `phasegate:manifest`, appended as the last section.
"""

import sys


def leb128(number: int) -> bytes:
    """Returns an unsigned number in LEB128, the encoding of WebAssembly's binary format."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


component, manifest = sys.argv[1:]
with open(manifest, "rb") as file:
    text = file.read()
name = b"phasegate:manifest"
section = leb128(len(name)) + name + text
with open(component, "ab") as file:
    file.write(b"\x00" + leb128(len(section)) + section)
