"""The commands that the demo prints: paste them into another terminal, all or one by one."""

from flask_watchword.service.features.demo.demo_user import DEMO_EMAIL, DEMO_PASSWORD

_TEXT = """\

Try it: paste this into another terminal.

# 1. Log in, look at the answer, and keep its two tokens.
LOGIN=$(curl -s {url}/login -H 'Content-Type: application/json' \\
  -d '{{"email": "{email}", "password": "{password}"}}')
echo "$LOGIN"
ACCESS=$(echo "$LOGIN" | sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')
REFRESH=$(echo "$LOGIN" | sed 's/.*"refresh_token": *"\\([^"]*\\)".*/\\1/')

# 2. Open the protected route with the access token.
curl -s {url}/protected-route -H "Authorization: Bearer $ACCESS"

# 3. Trade the refresh token for the next pair.
PAIR=$(curl -s -X POST {url}/refresh -H "Authorization: Bearer $REFRESH")
echo "$PAIR"
ACCESS=$(echo "$PAIR" | sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')

# 4. Send a token that expired a minute ago, and be told so.
EXPIRED={expired}
curl -s -X POST {url}/expired -H "Authorization: Bearer $EXPIRED"

# 5. Log out; from now on the access token is refused.
curl -s -X POST {url}/logout -H "Authorization: Bearer $ACCESS"
curl -s {url}/protected-route -H "Authorization: Bearer $ACCESS"
"""


def walkthrough(url: str, expired_token: str) -> str:
    """Return the walk-through for a demo at ``url``, with a ready-made expired token."""
    return _TEXT.format(url=url, email=DEMO_EMAIL, password=DEMO_PASSWORD, expired=expired_token)
