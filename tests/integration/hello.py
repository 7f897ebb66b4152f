"""A ClientHello made by hand, and what the device says to it in the clear (RFC 6347, 5246, 4279)."""
import os
import select
import socket
import struct
import time

from secd import GET, request

QUIET_S = 0.4
HANDSHAKE, ALERT = 22, 21
CLIENT_HELLO, SERVER_HELLO, VERIFY_REQUEST, KEY_EXCHANGE = 1, 2, 3, 12
JUST_WORKS, PSK = 0xFF00, 0xC037
CCM_SUITES = (0xC0AE, 0xC0AC, 0xC0AF, 0xC0AD)
OTHER_SUITES = (0xC018, 0xC009, 0xC00A, 0xC023, 0xC02B, 0xC035, 0x00AE, 0x008C, 0x00A8, 0xFF01)


def extensions():
    """secp256r1, uncompressed points, ecdsa_secp256r1_sha256, extended master secret."""
    out = b""
    for kind, body in ((10, b"\0\2\0\x17"), (11, b"\1\0"), (13, b"\0\2\4\3"), (23, b"")):
        out += struct.pack(">HH", kind, len(body)) + body
    return struct.pack(">H", len(out)) + out


def handshake(kind, sequence, body):
    size = len(body).to_bytes(3, "big")
    return bytes([kind]) + size + struct.pack(">H", sequence) + bytes(3) + size + body


def records(datagram):
    """(type, epoch, body) of each."""
    while len(datagram) >= 13:
        kind, _, epoch, _, _, size = struct.unpack(">BHHHIH", datagram[:13])
        yield kind, epoch, datagram[13:13 + size]
        datagram = datagram[13 + size:]


class Hello:
    """One port towards the device. offer() twice on it is a client that tries again."""

    def __init__(self, host, port=5684):
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.host = host
        self.socket.connect((host, port))
        self.messages, self.alert, self.number = {}, None, 0
        self.random = os.urandom(32)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, suites, cookie=b"", sequence=0):
        body = (b"\xfe\xfd" + self.random + b"\0" + bytes([len(cookie)]) + cookie +
                struct.pack(">H", 2 * len(suites)) + b"".join(struct.pack(">H", s) for s in suites) +
                b"\1\0" + extensions())
        octets = handshake(CLIENT_HELLO, sequence, body)
        self.socket.send(struct.pack(">BHHHIH", HANDSHAKE, 0xfeff, 0, 0, self.number, len(octets)) + octets)
        self.number += 1

    def listen(self, wanted, seconds=QUIET_S):
        """Until a message of the wanted kind or an alert has come; None: silence."""
        until = time.monotonic() + seconds
        while wanted not in self.messages and self.alert is None:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return None
            try:
                datagram = self.socket.recv(2048)
            except ConnectionRefusedError:
                return None
            for kind, _, body in records(datagram):
                if kind == ALERT:
                    self.alert = body[1]
                elif kind == HANDSHAKE:
                    self.messages[body[0]] = body[12:]
        return self.messages.get(wanted)

    def cookie(self, suites):
        """The cookie of the HelloVerifyRequest, or None."""
        self.send(suites)
        answer = self.listen(VERIFY_REQUEST)
        if answer is None and self.alert is None:  # was it silent, or slow?
            request(GET, "/oic/sec/doxm", host=self.host)
            answer = self.listen(VERIFY_REQUEST)
        return answer[3:3 + answer[2]] if answer else None

    def offer(self, *suites):
        """The suite that the device chooses; None: silence, or an alert (self.alert)."""
        cookie = self.cookie(suites)
        if cookie is None:
            return None
        self.send(suites, cookie, 1)
        answer = self.listen(SERVER_HELLO, 2)
        return answer and struct.unpack(">H", answer[35 + answer[34]:37 + answer[34]])[0]

    def hint(self):
        """The PSK identity hint, after offer()."""
        body = self.listen(KEY_EXCHANGE, 2)
        size = struct.unpack(">H", body[:2])[0]
        return body[2:2 + size]
