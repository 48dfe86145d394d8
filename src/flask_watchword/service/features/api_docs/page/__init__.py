"""The page at ``/docs``, and all that it consists of."""
