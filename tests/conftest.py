"""What every test may count on."""

from hypothesis import settings

# The same examples at every run, and no deadline: how busy the machine is must not fail a test.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
