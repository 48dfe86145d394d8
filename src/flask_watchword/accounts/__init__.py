"""Users and their passwords: pure rules, told where to store and never how."""
