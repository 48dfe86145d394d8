"""The Flask surface: everything that Flask-JWT-Extended exports, and what it lacks."""
