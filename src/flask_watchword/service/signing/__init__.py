"""The signing keys of the service, and the master key that encrypts them."""
