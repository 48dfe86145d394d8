"""Sessions in Valkey or Redis, on one server or in a cluster."""
