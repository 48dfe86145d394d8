"""An application with a table of its own, to which Watchword adds accounts and logins.

Start it with ``flask --app examples/existing_app run``, then register with ``POST /auth/register``.
E-mails are printed to the log.
"""

import os
import sqlite3
from contextlib import closing

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from flask_watchword import Watchword, get_jwt_identity, jwt_required
from flask_watchword.service.load_settings import read_settings

DATABASE = os.environ.get("NOTES_DATABASE", "notes.db")


def connect() -> sqlite3.Connection:
    """Open the database. Watchword uses the same one; its table names begin with watchword_."""
    return sqlite3.connect(DATABASE, timeout=10, isolation_level=None)


with closing(connect()) as db:
    db.execute("CREATE TABLE IF NOT EXISTS notes (user_id TEXT NOT NULL, text TEXT NOT NULL)")

app = Flask(__name__)
Watchword(app, settings=read_settings(database=f"sqlite:///{DATABASE}"), url_prefix="/auth")


@app.get("/")
def home() -> str:
    """Greet visitors. Views without a decorator stay public."""
    return "Notes for registered users."


@app.get("/notes")
@jwt_required()
def notes() -> ResponseReturnValue:
    """List the user's notes. The user's id does not change when the e-mail address does."""
    with closing(connect()) as db:
        found = db.execute("SELECT text FROM notes WHERE user_id = ?", [get_jwt_identity()])
        return jsonify(notes=[text for (text,) in found])


@app.post("/notes")
@jwt_required()
def add_note() -> ResponseReturnValue:
    """Add a note for the user."""
    text = request.get_data(as_text=True)[:1000]
    with closing(connect()) as db:
        db.execute("INSERT INTO notes VALUES (?, ?)", [get_jwt_identity(), text])
    return jsonify(added=text), 201
