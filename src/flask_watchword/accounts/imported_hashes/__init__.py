"""Password hashes of other software: one file for each system, and the algorithms they share."""
