"""A real nginx of one's own on a free loopback port, with files of one's own."""
import os
import socket
import subprocess
import tempfile
import time

CONFIG = """
daemon off; master_process off; worker_processes 1; pid {d}/pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log {d}/log combined; client_body_temp_path {d}/t; proxy_temp_path {d}/t;
  fastcgi_temp_path {d}/t; uwsgi_temp_path {d}/t; scgi_temp_path {d}/t;
  default_type application/octet-stream;
  server {{ listen 127.0.0.1:{port}{tls}; root {d}/root; {server} }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Nginx:
    """`files`: name to octets; `certificate`: a folder with files cert and key."""

    def __init__(self, files, server="", certificate=None):
        self.directory = tempfile.TemporaryDirectory()
        d = self.directory.name
        os.chmod(d, 0o755)
        os.mkdir(f"{d}/root")
        for name, body in files.items():
            self.put(name, body)
        tls = ""
        if certificate:
            tls = f" ssl; ssl_certificate {certificate}/cert; ssl_certificate_key {certificate}/key"
        self.port = free_port()
        self.base = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        with open(f"{d}/conf", "w") as f:
            f.write(CONFIG.format(d=d, port=self.port, tls=tls, server=server))
        self.process = subprocess.Popen(["nginx", "-e", "stderr", "-c", f"{d}/conf"], stderr=subprocess.PIPE)
        self._wait()

    def _wait(self):
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
        raise AssertionError(f"nginx has not started: {self.close()}")

    def put(self, name, body):
        with open(f"{self.directory.name}/root/{name}", "wb") as f:
            f.write(body)

    def count(self, text, least):
        """How often it is in the log, which is written when a request is over: waits for `least`."""
        deadline = time.monotonic() + 40
        while True:
            with open(f"{self.directory.name}/log") as f:
                n = f.read().count(text)
            if n >= least or time.monotonic() > deadline:
                return n
            time.sleep(0.01)

    def close(self):
        self.process.terminate()
        _, errors = self.process.communicate(timeout=10)
        self.directory.cleanup()
        return errors.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
