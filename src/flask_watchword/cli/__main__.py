"""Run the command as ``python -m flask_watchword.cli``, where the script is not on the path."""

from flask_watchword.cli.main import main

main(prog_name="watchword")
