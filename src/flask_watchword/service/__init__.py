"""The service: accounts and tokens over HTTP, one file for each endpoint."""
