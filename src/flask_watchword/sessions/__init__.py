"""Sessions: one row with a generation counter each, and the revocation log.

No Flask, no SQL and no network: the store is a protocol (``sessions/store.py``).
"""
