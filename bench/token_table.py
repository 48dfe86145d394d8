"""Flask-JWT-Extended with the blocklist of its documentation: a table behind SQLAlchemy."""

from datetime import UTC, datetime
from typing import Any

import flask_jwt_extended as fje
from flask import Flask, jsonify
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session, sessionmaker

from bench.apps import view
from bench.client import PATH
from bench.keys import SECRET
from bench.tokens import IDENTITY


class _Base(DeclarativeBase):
    pass


class RevokedToken(_Base):
    """A revoked token."""

    __tablename__ = "token_blocklist"
    id: Mapped[int] = mapped_column(primary_key=True)
    jti: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime]


def application(database: str) -> Flask:
    """Return the application over a database, whose table it creates."""
    app = Flask("bench")
    app.config["JWT_SECRET_KEY"] = SECRET
    engine = _engine(database)
    _Base.metadata.create_all(engine)
    engine.dispose()  # the workers are forked
    db = scoped_session(sessionmaker(engine))
    # As Flask-SQLAlchemy does at the end of each request.
    app.teardown_appcontext(lambda _error: db.remove())
    manager = fje.JWTManager(app)

    @manager.token_in_blocklist_loader
    def is_revoked(_header: dict[str, Any], claims: dict[str, Any]) -> bool:
        found = db.query(RevokedToken.id).filter_by(jti=claims["jti"]).scalar()
        return found is not None

    def revoke() -> None:
        db.add(RevokedToken(jti=fje.get_jwt()["jti"], created_at=datetime.now(UTC)))
        db.commit()

    def pair(identity: str) -> Any:
        return jsonify(
            access_token=fje.create_access_token(identity),
            refresh_token=fje.create_refresh_token(identity),
        )

    def refresh() -> Any:
        revoke()
        return pair(fje.get_jwt_identity())

    def logout() -> Any:
        revoke()
        return jsonify(msg="token revoked")

    required = fje.jwt_required()
    app.add_url_rule("/login", "login", lambda: pair(IDENTITY), methods=["POST"])
    app.add_url_rule(
        "/refresh", view_func=fje.jwt_required(refresh=True)(refresh), methods=["POST"]
    )
    app.add_url_rule("/logout", view_func=required(logout), methods=["POST"])
    app.add_url_rule(PATH, view_func=required(view))
    return app


def _engine(database: str) -> Engine:
    engine = create_engine(database)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _as_fast_as_ours)
    return engine


def _as_fast_as_ours(connection: Any, _record: Any) -> None:
    # With SQLite's own defaults it would wait for the disk at each commit.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
