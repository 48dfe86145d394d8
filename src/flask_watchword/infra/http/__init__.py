"""The keys of other issuers: fetched over HTTP, and held."""
