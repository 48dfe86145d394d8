"""A feature of your own: users send feedback, and get an e-mail that confirms it.

It needs the extra ``service``. Start it with ``flask --app examples/feature run``, register with
``POST /register``, log in, and send ``POST /feedback``. The endpoint is in the OpenAPI document at
``/openapi.json`` as well.
"""

from pathlib import Path
from typing import Annotated

import msgspec
from flask import Flask, Response
from sqlalchemy import Column, MetaData, String, Table, Text, delete, insert

from flask_watchword import Watchword, features

feedback = Table("feedback", MetaData(), Column("user_id", String(64)), Column("text", Text))


class FeedbackRepository(features.SqlRepository):
    """The rows of ``feedback``."""

    def add(self, user_id: str, text: str) -> None:
        """Store what a user has written."""
        self.execute(insert(feedback).values(user_id=user_id, text=text))

    def forget_user(self, user_id: str) -> None:
        """Delete the rows of a user who is being deleted."""
        self.execute(delete(feedback).where(feedback.c.user_id == user_id))


FEEDBACK = features.Repository[FeedbackRepository]("feedback")


class Feedback(msgspec.Struct, forbid_unknown_fields=True):
    """The body of the request."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


@features.endpoint(
    "POST",
    "/feedback",
    summary="Send feedback",
    access=features.ACCESS,
    body=Feedback,
    responses={201: features.Message},
)
def send_feedback(context: features.ServiceContext, body: Feedback) -> Response:
    """Store the feedback, e-mail a confirmation and record it, in one transaction."""
    user = features.current_user(context)

    def store(tx: features.Transaction) -> None:
        tx.get(FEEDBACK).add(user.id, body.text)
        tx.notify("feedback_received", user)
        tx.audit("feedback_sent", user.id, characters=len(body.text))

    context.transaction(store)
    return features.json_response(features.Message("Thank you"), 201)


FEATURE = features.Feature(
    name="feedback",
    summary="Take feedback from users.",
    endpoints=[send_feedback],
    audit_events={"feedback_sent": "a user sent feedback"},
    notifications=[features.NotificationKind(kind="feedback_received")],
    templates=Path(__file__).with_name("feature_templates"),
    repositories={FEEDBACK: FeedbackRepository},
    tables=[feedback],
)

app = Flask(__name__)
Watchword(app, features=[FEATURE])
