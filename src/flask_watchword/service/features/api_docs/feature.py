"""The OpenAPI document and the page that shows it."""

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.api_docs.http.openapi import openapi_json
from flask_watchword.service.features.api_docs.http.page import docs, docs_part

FEATURE = Feature(
    name="api_docs",
    summary="The OpenAPI document and the page that shows it.",
    endpoints=(
        openapi_json,
        docs,
        docs_part,
    ),
)
