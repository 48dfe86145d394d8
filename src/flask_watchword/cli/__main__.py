"""Run the command as ``python -m flask_watchword.cli``, for when the script is not on the path."""

from flask_watchword.cli.main import main

main(prog_name="watchword")
