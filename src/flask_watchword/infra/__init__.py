"""Adapters for SQL, Valkey, HTTP and SMTP. They implement the protocols of the layers below."""
