"""Collects and runs Python tests that nobody trusts, from memory, inside a wasm component.

The name begins with an underscore so that no code under test is likely to use it.
"""
