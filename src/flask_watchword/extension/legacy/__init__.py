"""The names of Flask-JWT-Extended 3.x."""
