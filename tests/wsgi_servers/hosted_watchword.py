"""An application that mounts the whole service, as a WSGI server loads it."""

import os

from flask import Flask, Response, jsonify
from flask.typing import ResponseReturnValue

from flask_watchword import Watchword, jwt_required
from flask_watchword.service.configuration.settings import Settings

app = Flask(__name__)
Watchword(
    app,
    settings=Settings(
        database=os.environ["HOSTED_STORE"], demo=True, workers=2, master_key="A" * 43
    ),
)


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
