#!/usr/bin/python3
"""An HTTP or HTTPS server on loopback that answers as a file says, and notes what it was asked.

usage: scripted_server.py DIRECTORY [CERTIFICATE KEY]

DIRECTORY/port      written once it listens
DIRECTORY/answer    JSON, read anew for each request: {status, headers, body, mode, seconds}
DIRECTORY/requests  a JSON line for each request: {method, path, headers, body}

mode: "normal"; "silent" reads and never answers; "endless" sends a body without an end; "garbage" sends the body as it
is in place of an answer; "hang_up" closes without a word.
seconds: how long a request whose path begins with /slow takes before that.
"""
import http.server
import json
import os
import pathlib
import ssl
import sys
import time

directory = pathlib.Path(sys.argv[1])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        with open(directory / "requests", "a") as log:
            log.write(json.dumps({"method": self.command, "path": self.path, "headers": headers, "body": body}) + "\n")
        script = json.loads((directory / "answer").read_text())
        if self.path.startswith("/slow"):
            time.sleep(script["seconds"])
        mode = script.get("mode", "normal")
        if mode == "normal":
            self.send(script)
            return
        self.close_connection = True
        if mode == "silent":
            self.rfile.read(1)
        elif mode == "endless":
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(b"x" * 65536)
        elif mode == "garbage":
            self.wfile.write(script["body"].encode())

    def send(self, script):
        content = script.get("body", "").encode()
        self.send_response(script["status"])
        for name, value in script.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # clients hang up in the middle, as they should


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
(directory / "port.new").write_text(str(server.server_address[1]))
os.rename(directory / "port.new", directory / "port")
server.serve_forever()
