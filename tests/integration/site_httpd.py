#!/usr/bin/python3
"""The site's web server: WWW/<Host>/<path>, with faults on demand.

usage: site_httpd.py WWW LOG

A file <path>.fault holds a JSON object: status (reply with it), type (Content-Type), cut (end the
connection after so many octets of the body), more (octets behind the body), mute (seconds of silence
before the head), stall (seconds of silence after the head and, with cut, the first octets), redirect
(Location)."""
import http.server
import json
import pathlib
import socket
import socketserver
import sys
import threading

WWW, LOG = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
PIECE = 64 * 1024


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        host = self.headers.get("Host", "").split(":")[0]
        with open(LOG, "a") as log:
            log.write(f"{host} {self.path}\n")
        file = WWW / host / self.path.lstrip("/").split("?")[0]
        marker = file.with_name(file.name + ".fault")
        fault = json.loads(marker.read_text()) if marker.is_file() else {}
        if "mute" in fault:
            threading.Event().wait(fault["mute"])
        if "redirect" in fault:
            self.head(302, 0, Location=fault["redirect"])
        elif "status" in fault:
            self.head(fault["status"], 0)
        elif not file.is_file():
            self.head(404, 0)
        else:
            self.body(file, fault)

    def head(self, status, length, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def body(self, file, fault):
        size = file.stat().st_size
        more = b"+" * fault.get("more", 0)
        self.head(200, size + len(more), Content_Type=fault.get("type", "application/octet-stream"))
        left = min(size, fault.get("cut", size))
        with open(file, "rb") as f:
            while left > 0:
                piece = f.read(min(PIECE, left))
                self.wfile.write(piece)
                left -= len(piece)
        self.wfile.write(more)
        if "stall" in fault:
            self.wfile.flush()
            threading.Event().wait(fault["stall"])
        if "cut" in fault or "stall" in fault:
            self.close_connection = True


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    address_family = socket.AF_INET6  # and IPv4
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass


server = Server(("", 80), Handler)
LOG.write_text("")
server.serve_forever()
