"""An application with sessions, as a WSGI server loads it."""

import os

from flask import Flask, Response, jsonify
from flask.typing import ResponseReturnValue

from flask_watchword import JWTManager, Sessions, jwt_required

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = "thirty-two random bytes, or what passes for them"
app.config["WATCHWORD_SESSION_STORE"] = os.environ["HOSTED_STORE"]
jwt = JWTManager(app)
sessions = Sessions(app)


@app.post("/login")
def login() -> ResponseReturnValue:
    """Start a session for anyone."""
    return jsonify(sessions.start("ada"))


@app.post("/refresh")
@jwt_required(refresh=True)
def refresh() -> ResponseReturnValue:
    """Rotate the refresh token."""
    return jsonify(sessions.refresh())


@app.post("/logout")
@jwt_required()
def logout() -> ResponseReturnValue:
    """End the session."""
    return jsonify(ended=sessions.end())


@app.get("/mine")
@jwt_required()
def mine() -> ResponseReturnValue:
    """Return the subject of a token."""
    return jsonify()


@app.after_request
def tell_worker(response: Response) -> Response:
    """Return the process id of the worker."""
    response.headers["Worker"] = str(os.getpid())
    return response
