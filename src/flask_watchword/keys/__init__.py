"""Keys that live in a store: made, rotated, retired and revoked. Pure; told where to store."""
