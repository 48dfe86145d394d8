"""E-mail of the service: rendering, queueing and sending."""
