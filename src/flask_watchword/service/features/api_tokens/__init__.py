"""API keys and clients (client credentials), and the access tokens they get."""
