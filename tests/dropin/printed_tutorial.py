"""The program of a widely copied tutorial, in the spelling of release 3.

It is stored as text, because no release of Flask-JWT-Extended has all the names that it imports:
the tutorials that print it omit the last two from the import, and only Watchword has the last one.
"""

PROGRAM = """\
from datetime import timedelta

from flask import Flask, jsonify, request
from flask_jwt_extended import (
    JWTManager, jwt_required, create_access_token, create_refresh_token, get_jwt_identity,
    jwt_refresh_token_required, jwt_expired_token_required,
)

app = Flask(__name__)
app.config['JWT_SECRET_KEY'] = 'your-secret-key'
app.config['JWT_ACCESS_TOKEN_EXPIRES'] = timedelta(minutes=15)
jwt = JWTManager(app)


@app.route('/login', methods=['POST'])
def login():
    email = request.json.get('email', None)
    password = request.json.get('password', None)
    if email != 'test@example.com' or password != 'password':
        return jsonify({'msg': 'Bad email or password'}), 401
    access_token = create_access_token(identity=email)
    refresh_token = create_refresh_token(identity=email)
    return jsonify(access_token=access_token, refresh_token=refresh_token), 200


@app.route('/protected-route', methods=['GET'])
@jwt_required
def protected_route():
    return jsonify(logged_in_as=get_jwt_identity()), 200


@app.route('/refresh', methods=['POST'])
@jwt_refresh_token_required
def refresh():
    return jsonify(access_token=create_access_token(identity=get_jwt_identity())), 200


@app.route('/expired', methods=['POST'])
@jwt_expired_token_required
def expired():
    return jsonify({'msg': 'The token of ' + get_jwt_identity() + ' has expired'}), 401


if __name__ == '__main__':
    app.run(debug=True)
"""
