"""A substitute for curl with the options that the demo script uses: -s, -X, -H, -d, URL."""

import argparse
import http.client
import sys
from urllib.parse import urlsplit


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="body")
    parser.add_argument("url")
    given = parser.parse_args()
    url = urlsplit(given.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
    connection.request(
        given.method or ("GET" if given.body is None else "POST"),
        url.path,
        given.body,
        dict(header.split(": ", 1) for header in given.headers),
    )
    sys.stdout.write(connection.getresponse().read().decode())


main()
