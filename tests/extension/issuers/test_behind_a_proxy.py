"""An application that reaches an issuer only through the proxy of the environment."""

from pathlib import Path

import pytest

from tests.extension.issuers.others import CONFIGURATION, Other, Place, options
from tests.infra.http.certificates import server_context
from tests.infra.http.elapsed import Elapsed
from tests.infra.http.site import running
from tests.servers.connect_proxy import connect_proxy

# A name that does not resolve on this machine.
HOST = "issuer.invalid"


def test_tokens_of_an_issuer_are_accepted_in_configured_locations(
    elapsed: Elapsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, trusted = server_context(tmp_path, host=HOST)
    with running(tls) as site, connect_proxy() as proxy:
        issuer = Other(site, "/one")
        issuer.name = f"https://{HOST}/one"
        status_and_text = {"issuer": issuer.name, "jwks_uri": f"https://{HOST}/one/jwks"}
        site.serves(f"/one{CONFIGURATION}", status_and_text)
        proxy.leads_to[f"{HOST}:443"] = site.port
        proxy.credentials = ("ada", "secret")
        monkeypatch.delenv("https_proxy", raising=False)
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:secret@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))

        assert Place(elapsed, options(issuer)).get(issuer.token()).status_code == 503
        assert proxy.requests == []
        place = Place(elapsed, options(issuer, environment_proxy=True))
        assert place.get(issuer.token()).status_code == 200
        assert len(proxy.requests) == 2  # for its configuration, and for its keys
