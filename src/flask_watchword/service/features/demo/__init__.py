"""The user and the routes of the tutorial."""
