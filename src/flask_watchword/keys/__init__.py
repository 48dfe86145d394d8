"""Signing keys in a store: generation, rotation, import, retirement and revocation.

No Flask, no SQL and no network: the store is a protocol (``keys/store.py``).
"""
