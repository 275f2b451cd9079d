"""As much of S3 as Metaflow's client and s3fs need, in memory and on this machine."""

import contextlib
import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

#: Variables for any client of S3: names that nobody checks.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "someone",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}


class S3Server(ThreadingHTTPServer):
    """``objects`` maps ``bucket/key`` to contents; every bucket is there."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def s3_server() -> Iterator[S3Server]:
    """A server while the block runs."""
    server = S3Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: S3Server

    def do_GET(self) -> None:
        path, query = self._place()
        if "/" not in path:
            self._listing(path, query)
        else:
            self._object(path)

    def do_HEAD(self) -> None:
        path, _ = self._place()
        if "/" not in path:
            self._answer(200, b"")
        else:
            self._object(path)

    def do_PUT(self) -> None:
        path, _ = self._place()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "aws-chunked" in self.headers.get("Content-Encoding", ""):
            body = _unchunked(body)
        self.server.objects[path] = body
        self._answer(200, b"")

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def _place(self) -> tuple[str, dict[str, list[str]]]:
        """``bucket/key``, and the query."""
        parts = urlsplit(self.path)
        return unquote(parts.path).strip("/"), parse_qs(parts.query, keep_blank_values=True)

    def _object(self, path: str) -> None:
        if path in self.server.objects:
            self._answer(200, self.server.objects[path])
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def _listing(self, bucket: str, query: dict[str, list[str]]) -> None:
        prefix = query.get("prefix", [""])[0]
        delimiter = query.get("delimiter", [""])[0]
        rows: dict[str, None] = {}
        for path in sorted(self.server.objects):
            key = path.removeprefix(f"{bucket}/")
            if key == path or not key.startswith(prefix):
                continue
            head, mark, _ = key[len(prefix) :].partition(delimiter or "\0")
            if mark:
                folder = escape(prefix + head + mark)
                rows[f"<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"] = None
            else:
                rows[
                    f"<Contents><Key>{escape(key)}</Key><Size>{len(self.server.objects[path])}"
                    "</Size><ETag>e</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                    "<StorageClass>STANDARD</StorageClass></Contents>"
                ] = None
        text = f"<ListBucketResult><IsTruncated>false</IsTruncated>{''.join(rows)}"
        self._answer(200, f"{text}</ListBucketResult>".encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", formatdate(usegmt=True))
        self.send_header("ETag", '"e"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _unchunked(body: bytes) -> bytes:
    """The content of a body in AWS's chunks, each behind its size in hexadecimal."""
    found = b""
    while body:
        head, _, body = body.partition(b"\r\n")
        size = int(head.partition(b";")[0], 16)
        if size == 0:
            break
        found, body = found + body[:size], body[size + 2 :]
    return found
