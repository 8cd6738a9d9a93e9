"""Stands in for the application: says that it is well at /health, and in which zone it runs at /."""
import json
import os
import signal
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWERS = {
    "/health": {"status": "ok"},
    "/": {
        "message": "Hello from the web tier",
        "zone": os.environ.get("AVAILABILITY_ZONE", "unknown"),
        "instance": os.environ.get("INSTANCE_ID", "unknown"),
    },
}
stopping = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write for an answer: of two, TCP holds the second back until the client acknowledges the first (RFC 896)
    timeout = 75  # idle connections: longer than the load balancer's 60 s, or it meets closed ones

    def do_GET(self):
        answer = ANSWERS.get(self.path.partition("?")[0])
        body = json.dumps(answer or {"message": "Not found"}).encode() + b"\n"
        self.send_response(HTTPStatus.OK if answer else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if stopping.is_set():
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_request(self, code="-", size="-"):
        if self.path != "/health":
            super().log_request(code, size)


class Server(ThreadingHTTPServer):
    daemon_threads = True  # idle connections do not keep it alive
    request_queue_size = 128


server = Server(("", int(os.environ["PORT"])), Handler)


def stop(*_):
    stopping.set()
    threading.Thread(target=server.shutdown).start()  # it waits for serve_forever, which this interrupts


signal.signal(signal.SIGTERM, stop)
server.serve_forever(poll_interval=0.1)
server.server_close()
time.sleep(1)  # answers under way take no longer
