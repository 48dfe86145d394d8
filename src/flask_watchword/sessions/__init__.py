"""Sessions: one row with a counter each, and what has been revoked. Pure: no Flask, no SQL."""
