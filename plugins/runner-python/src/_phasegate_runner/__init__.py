"""Collects and runs untrusted Python tests from memory, inside a WebAssembly component.

The package name begins with an underscore, so that code under test is unlikely to use the same name.
"""
