"""The options in ``app.config``: their names, defaults and parsed values."""
