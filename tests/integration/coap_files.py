"""A CoAP file server (RFC 7252, 7959) that does what it is told, right or wrong."""
import hashlib
import socket
import sys
import threading

HOST, ETAG, PATH, FORMAT, QUERY, ACCEPT, BLOCK2, SIZE2 = 3, 4, 11, 12, 15, 17, 23, 28


def uint(data):
    return int.from_bytes(data, "big")


def octets(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def parse(data):
    """(type, code, id, token, options as a list)"""
    length = data[0] & 15
    at, number, options = 4 + length, 0, []
    while at < len(data) and data[at] != 0xff:
        delta, size, at = data[at] >> 4, data[at] & 15, at + 1
        if delta == 13:
            delta, at = 13 + data[at], at + 1
        elif delta == 14:
            delta, at = 269 + uint(data[at:at + 2]), at + 2
        if size == 13:
            size, at = 13 + data[at], at + 1
        number += delta
        options.append((number, data[at:at + size]))
        at += size
    return data[0] >> 4 & 3, data[1], data[2:4], data[4:4 + length], options


def encode(kind, code, mid, token, options, payload):
    out, number = bytes([0x40 | kind << 4 | len(token), code]) + mid + token, 0
    for n, value in sorted(options):
        delta, extra = n - number, b""
        if delta > 12:
            delta, extra = 13, bytes([delta - 13])
        assert len(value) < 13
        out += bytes([delta << 4 | len(value)]) + extra + value
        number = n
    return out + (b"\xff" + payload if payload else b"")


class Request:
    def __init__(self, data):
        self.kind, self.code, self.id, self.token, self.options = parse(data)
        self.path = "/".join(v.decode() for n, v in self.options if n == PATH)
        block = uint(self.option(BLOCK2) or b"\x06")
        self.num, self.size, self.szx = block >> 4, 16 << (block & 7), block & 7

    def option(self, number):
        return next((v for n, v in self.options if n == number), None)


class Server:
    """`pages`: path to body, or to a function of the request that gives (code, options, payload),
    None for silence, or octets to send as they are."""

    def __init__(self, pages, host="127.0.0.1", port=0):
        self.pages, self.seen = pages, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((host, port))
        self.port = self.socket.getsockname()[1]
        self.base = f"coap://{host}:{self.port}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            data, peer = self.socket.recvfrom(2048)
            request = Request(data)
            if request.kind != 0:
                continue
            self.seen.append(request)
            answer = self.answer(request)
            if answer is None:
                continue
            if not isinstance(answer, bytes):
                code, options, payload = answer
                answer = encode(2, code // 100 << 5 | code % 100, request.id, request.token, options, payload)
            self.socket.sendto(answer, peer)

    def answer(self, request):
        page = self.pages.get(request.path)
        if page is None:
            return 404, [], b""
        return page(request) if callable(page) else block_of(request, page)


def block_of(request, body, szx=None, etag=b"tag1", fmt=42, size2=True):
    """The block that was asked for, or smaller ones."""
    szx = request.szx if szx is None else min(szx, request.szx)
    at, size = request.num * request.size, 16 << szx
    if at >= len(body) and at > 0:
        return 400, [], b"no such block"
    more = at + size < len(body)
    options = [(BLOCK2, octets((at // size) << 4 | more << 3 | szx))]
    options += [(ETAG, etag)] if etag else []
    options += [(FORMAT, octets(fmt))] if fmt is not None else []
    if size2 and request.option(SIZE2) is not None:
        options.append((SIZE2, octets(len(body))))
    return 205, options, body[at:at + size]


class Folder(Server):
    """Files below `root`, one folder for each Uri-Host; each path asked for is a line in `log`."""

    def __init__(self, root, log, host, port):
        self.file = None  # path, body and ETag of the one that was asked for last
        self.root, self.log = root, open(log, "a", buffering=1)
        super().__init__({}, host, port)

    def answer(self, request):
        name = (request.option(HOST) or b"").decode()
        if request.num == 0:
            self.log.write(f"{name} /{request.path}\n")
            self.file = None  # it may be another one by now
        try:
            path = f"{self.root}/{name}/{request.path}"
            if not self.file or self.file[0] != path:
                with open(path, "rb") as f:
                    body = f.read()
                self.file = path, body, hashlib.sha256(body).digest()[:8]
        except OSError:
            return 404, [], b""
        return block_of(request, self.file[1], etag=self.file[2],
                        fmt=50 if request.path.endswith(".json") else 42)


if __name__ == "__main__":
    Folder(sys.argv[1], sys.argv[2], sys.argv[3], 5683).thread.join()
