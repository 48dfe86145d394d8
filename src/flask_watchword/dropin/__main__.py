"""``python -m flask_watchword.dropin``: run a program written for Flask-JWT-Extended."""

import sys

from flask_watchword.dropin.program import main

if __name__ == "__main__":
    main(sys.argv[1:])
