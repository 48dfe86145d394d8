"""Password hashes of other software: one file per system, and the shared algorithms."""
