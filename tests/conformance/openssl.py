"""An owner that shares no code with the device: OpenSSL's s_client, its secrets known to the test."""
import os
import select
import socket
import subprocess
import tempfile
import threading

from hello import SERVER_HELLO, records
from lab import DEVICE4, check, decode, message, wait_for

HANDSHAKE = 22


class Relay:
    """Datagrams back and forth; the ServerHello's random is read on the way."""

    def __init__(self):
        self.near, self.far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self.near.bind(("127.0.0.1", 0))
        self.far.connect((DEVICE4, 5684))
        self.port, self.random, self.stop = self.near.getsockname()[1], None, os.pipe()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        peer = None
        while True:
            ready = select.select([self.near, self.far, self.stop[0]], [], [])[0]
            if self.stop[0] in ready:
                return
            if self.near in ready:
                octets, peer = self.near.recvfrom(4096)
                self.far.send(octets)
            if self.far in ready:
                octets = self.far.recv(4096)
                for kind, epoch, body in records(octets):
                    if kind == HANDSHAKE and epoch == 0 and body[0] == SERVER_HELLO:
                        self.random = body[14:46]
                self.near.sendto(octets, peer)

    def close(self):
        os.write(self.stop[1], b"x")
        self.thread.join()
        for s in (self.near, self.far):
            s.close()
        for fd in self.stop:
            os.close(fd)


class OpenSsl:
    """As dtls_pipe.Session, as far as it is needed here."""

    def __init__(self, cipher, *auth):
        self.relay, self.log = Relay(), tempfile.NamedTemporaryFile("r")
        self.process = subprocess.Popen(
            ["openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{self.relay.port}", "-quiet",
             "-keylogfile", self.log.name, "-cipher", cipher + ":@SECLEVEL=0", *auth],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.relay.close()
        self.log.close()

    def request(self, code, path, query=(), body=None):
        sent = message(code, path, query, body)
        self.process.stdin.write(sent)
        check(select.select([self.process.stdout], [], [], 5)[0], f"an answer to {path}")
        return decode(sent, self.process.stdout.read(4096))

    def secrets(self):
        """(master secret, client random, server random)"""
        line = wait_for(lambda: next((row for row in open(self.log.name) if row.startswith("CLIENT_RANDOM")),
                                     None), "key log")
        client, master = (bytes.fromhex(word) for word in line.split()[1:])
        return master, client, self.relay.random
