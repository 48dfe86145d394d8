"""The settings of the service, and their sources."""
