"""The description of the API, made of what the endpoints declare (OpenAPI 3.1)."""
