"""The running server rejects malformed HTTP without a traceback or an HTML page."""

import socket

import pytest

from tests.cli.conftest import RunningServer, Serve

pytestmark = pytest.mark.server

HEAD = b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
POST = b"POST /login" + HEAD + b"Content-Type: application/json\r\n"

ODD = {
    "no HTTP": b"\0\1\2\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/0.9": b"GET /me\r\n\r\n",
    "the server as a whole": b"OPTIONS *" + HEAD + b"\r\n",
    "another host": b"CONNECT example.com:443" + HEAD + b"\r\n",
    "an echo": b"TRACE /me" + HEAD + b"\r\n",
    "a method of no kind": b"<SCRIPT> /login" + HEAD + b"\r\n",
    "a long method": b"A" * 3_000 + b" /login" + HEAD + b"\r\n",
    "NUL in a path": b"GET /\0" + HEAD + b"\r\n",
    "no UTF-8 in a path": b"GET /\xff\xfe" + HEAD + b"\r\n",
    "UTF-8 in a query": b"GET /me?x=\xe2\x82\xac" + HEAD + b"\r\n",
    "percent and nothing": b"GET /%zz%ff%00" + HEAD + b"\r\n",
    "a long path": b"GET /" + b"x" * 70_000 + HEAD + b"\r\n",
    "many headers": b"GET /me" + HEAD + b"".join(b"X%d: 1\r\n" % n for n in range(500)) + b"\r\n",
    "a long header": b"GET /me" + HEAD + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
    "no UTF-8 in a header": b"GET /me"
    + HEAD
    + b"Authorization: Bearer \xff\r\nCookie: \xff\r\n\r\n",
    "two tokens": b"GET /me" + HEAD + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    "two hosts": b"GET /me" + HEAD + b"Host: y\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length and chunks": POST
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a chunk of no length": POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
}


def answer_to(server: RunningServer, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
        received = b""
        while more := connection.recv(65_536):
            received += more
        return received


def test_malformed_http_is_rejected_without_a_traceback(serve: Serve) -> None:
    server = serve("--workers", "1")
    server.wait_until_it_listens()
    for kind, sent in ODD.items():
        answer = answer_to(server, sent)
        assert answer.startswith(b"HTTP/1.1 4"), (kind, answer[:200])
        assert b"Traceback" not in answer, kind
        assert b"<html" not in answer.lower(), kind
    assert server.get("/readyz")[0] == 200
    assert "Traceback" not in server.output
