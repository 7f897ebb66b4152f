#!/usr/bin/python3
"""A web server that counts what it sends: WWW/<Host>/<path>, with ranges and strong tags.

usage: counting_httpd.py WWW

Commands come as JSON lists on stdin, one a line, and are answered by a JSON value each:
["cut"] resets all connections; ["rate", N] octets a second (0: no bound); ["stats"] gives octets of
body sent, first octets and If-Range of requests by path, and begins anew; ["ranges", false] takes Range for nothing;
["tags", false] sends none; ["refuse", true] resets whoever asks; ["hold", [PATH, N]] keeps back what is
behind octet N of it, -1: its last octet; ["hold", null]: no more."""
import http.server
import json
import pathlib
import re
import socket
import socketserver
import struct
import sys
import threading
import time

WWW = pathlib.Path(sys.argv[1])
PIECE = 16 * 1024


class State:
    lock = threading.Lock()
    sent, asked, conditions = {}, {}, {}
    sockets = set()
    rate, ranges, tags, refuse, hold = 0, True, True, False, None


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # so little is under way that the peer would wait for more

    def setup(self):
        # What waits in the kernel is not sent yet.
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 * PIECE)
        with State.lock:
            State.sockets.add(self.request)
        super().setup()

    def finish(self):
        with State.lock:
            State.sockets.discard(self.request)
        super().finish()

    def log_message(self, *_):
        pass

    def do_GET(self):
        if State.refuse:
            reset(self.request)
            self.close_connection = True
            return
        file = WWW / self.headers.get("Host", "").split(":")[0] / self.path.lstrip("/")
        if not file.is_file():
            self.answer(404, 0)
            return
        data = file.read_bytes()
        tag = f'"{file.stat().st_mtime_ns:x}"'  # a digest of a large file takes its time
        first = self.first(tag)
        with State.lock:
            State.asked.setdefault(self.path, []).append(first)
            State.conditions.setdefault(self.path, []).append(self.headers.get("If-Range"))
        headers = {"ETag": tag} if State.tags else {}
        if first is None:
            self.answer(200, len(data), headers)
        elif first >= len(data):
            self.answer(416, 0, {"Content-Range": f"bytes */{len(data)}"})
            return
        else:
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
            self.answer(206, len(data) - first, headers)
        self.body(memoryview(data), first or 0)

    def first(self, tag):
        """Of the octets that are wanted; None: all."""
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range", tag)
        return int(wanted[1]) if wanted and State.ranges and condition == tag else None

    def answer(self, status, length, headers=None):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("Content-Type", "application/octet-stream")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()

    def allowed(self, size):
        """How far the body may go by now."""
        path, to = State.hold or ("", 0)
        return size if path != self.path else min(to, size) if to >= 0 else size - 1

    def body(self, data, at):
        start, sent = time.monotonic(), 0
        while at < len(data):
            to = min(at + PIECE, self.allowed(len(data)))
            if to <= at:
                threading.Event().wait(0.005)
                continue
            n = self.request.send(data[at:to])
            at += n
            sent += n
            with State.lock:
                State.sent[self.path] = State.sent.get(self.path, 0) + n
            if State.rate:
                ahead = sent / State.rate - (time.monotonic() - start)
                threading.Event().wait(max(0, ahead))


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass


def obey(verb, *words):
    with State.lock:
        if verb == "cut":
            for s in State.sockets:
                try:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        elif verb == "stats":
            result = {"sent": dict(State.sent), "asked": dict(State.asked),
                      "conditions": dict(State.conditions)}
            State.sent, State.asked, State.conditions = {}, {}, {}
            return result
        else:
            setattr(State, verb, words[0])
    return None


server = Server(("", 80), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("null", flush=True)
for line in sys.stdin:
    print(json.dumps(obey(*json.loads(line))), flush=True)
