"""Generate the OpenAPI 3.1 document from the declarations of the endpoints."""
