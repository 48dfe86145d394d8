"""Import users and their password hashes from other software."""
