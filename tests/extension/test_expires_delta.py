"""``expires_delta`` may be a timedelta, seconds, or anything that can be added to a date."""

import calendar
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from flask import Flask

from flask_watchword import JWTManager, create_access_token, create_refresh_token, decode_token

SECRET = "thirty-two random bytes, or what passes for them"
#: The last day of a month with 31 days, before one with 28.
NOW = datetime(2023, 1, 31, 12, 0, 0, 250_000, UTC)


@pytest.fixture
def app() -> Flask:
    app = Flask("lifetimes")
    app.config["JWT_SECRET_KEY"] = SECRET
    JWTManager(app).clock = NOW.timestamp
    return app


@pytest.mark.parametrize("create", [create_access_token, create_refresh_token])
@pytest.mark.parametrize(
    ("delta", "end"),
    [
        (timedelta(seconds=90), datetime(2023, 1, 31, 12, 1, 30, tzinfo=UTC)),
        (90, datetime(2023, 1, 31, 12, 1, 30, tzinfo=UTC)),
        (1, datetime(2023, 1, 31, 12, 0, 1, tzinfo=UTC)),
        (relativedelta(months=1), datetime(2023, 2, 28, 12, tzinfo=UTC)),
        (relativedelta(months=2, hours=1), datetime(2023, 3, 31, 13, tzinfo=UTC)),
    ],
)
def test_token_expires_after_the_delta(
    app: Flask, create: Callable[..., str], delta: Any, end: datetime
) -> None:
    with app.app_context():
        claims = decode_token(create("ada", expires_delta=delta))
    assert claims["exp"] == calendar.timegm(end.utctimetuple())
    assert claims["iat"] == int(NOW.timestamp())


@pytest.mark.parametrize("delta", [-1, relativedelta(months=-1)])
def test_negative_delta_makes_an_expired_token(app: Flask, delta: Any) -> None:
    with app.app_context():
        with pytest.warns(UserWarning, match="expired"):
            token = create_access_token("ada", expires_delta=delta)
        assert decode_token(token, allow_expired=True)["exp"] < int(NOW.timestamp())
