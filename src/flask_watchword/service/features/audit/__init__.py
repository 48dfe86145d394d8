"""Read, verify and trim the audit log."""
