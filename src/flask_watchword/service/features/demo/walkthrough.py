"""The commands that the demo prints, to be pasted into another terminal."""

from flask_watchword.service.features.demo.demo_user import DEMO_EMAIL, DEMO_PASSWORD

_TEXT = """\

Try it: paste this into another terminal.

# 1. Log in, and keep the two tokens of the response.
LOGIN=$(curl -s {url}/login -H 'Content-Type: application/json' \\
  -d '{{"email": "{email}", "password": "{password}"}}')
echo "$LOGIN"
ACCESS=$(echo "$LOGIN" | sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')
REFRESH=$(echo "$LOGIN" | sed 's/.*"refresh_token": *"\\([^"]*\\)".*/\\1/')

# 2. Request a protected route with the access token.
curl -s {url}/protected-route -H "Authorization: Bearer $ACCESS"

# 3. Exchange the refresh token for new tokens.
PAIR=$(curl -s -X POST {url}/refresh -H "Authorization: Bearer $REFRESH")
echo "$PAIR"
ACCESS=$(echo "$PAIR" | sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')

# 4. Send a token that expired a minute ago.
EXPIRED={expired}
curl -s -X POST {url}/expired -H "Authorization: Bearer $EXPIRED"

# 5. Log out. Afterwards the access token is rejected.
curl -s -X POST {url}/logout -H "Authorization: Bearer $ACCESS"
curl -s {url}/protected-route -H "Authorization: Bearer $ACCESS"
"""


def walkthrough(url: str, expired_token: str) -> str:
    """Return the walk-through for a demo at ``url``, with an expired token for step 4."""
    return _TEXT.format(url=url, email=DEMO_EMAIL, password=DEMO_PASSWORD, expired=expired_token)
