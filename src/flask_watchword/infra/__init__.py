"""Adapters: SQL, Valkey, HTTP and SMTP behind the contracts of the layers below."""
