"""An application with Flask-SQLAlchemy and Flask-Migrate, and Watchword in the same database.

Watchword creates and migrates its own tables when the application starts. Alembic ignores them:
``flask --app examples/migrated_app db migrate`` only writes migrations for the notes.
It needs the extra ``service``, Flask-SQLAlchemy and Flask-Migrate.
"""

import os
from pathlib import Path

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

from flask_watchword import Watchword, get_jwt_identity, jwt_required

# An absolute path: Flask-SQLAlchemy looks for a relative one in the directory `instance`.
DATABASE = os.environ.get("NOTES_DATABASE", f"sqlite:///{Path.cwd() / 'notes.db'}")


app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = DATABASE
app.config["WATCHWORD_DATABASE"] = DATABASE
db = SQLAlchemy(app)
migrate = Migrate(app, db)
watchword = Watchword(app, url_prefix="/auth")


class Note(db.Model):  # type: ignore[name-defined, misc]
    """A note, and the id of the user who wrote it."""

    __tablename__ = "notes"

    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.String(64), nullable=False, index=True)
    text = db.Column(db.String, nullable=False)


@app.get("/notes")
@jwt_required()
def notes() -> ResponseReturnValue:
    """List the user's notes."""
    found = db.session.scalars(db.select(Note.text).where(Note.user_id == get_jwt_identity()))
    return jsonify(notes=list(found))


@app.post("/notes")
@jwt_required()
def add_note() -> ResponseReturnValue:
    """Add a note for the user."""
    text = request.get_data(as_text=True)[:1000]
    db.session.add(Note(user_id=get_jwt_identity(), text=text))
    db.session.commit()
    return jsonify(added=text), 201
