"""User accounts: rules and interfaces of their stores, without Flask, SQL or network."""
