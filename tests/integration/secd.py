"""ocf-secd in a network namespace of its own, and a plain CoAP client to ask it."""
import ctypes
import itertools
import os
import secrets
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

import cbor2

BUILD = os.environ["BUILD_DIR"]
SOURCE = os.environ["SOURCE_DIR"]
PROGRAM = f"{BUILD}/daemons/ocf-secd/ocf-secd"
DEADLINE = 30  # seconds for what should take milliseconds
REPEAT_S = 2   # after so long a request is sent again

GET, POST, DELETE = 1, 2, 4
PATH, FORMAT, QUERY, ACCEPT, BLOCK2, BLOCK1 = 11, 12, 15, 17, 23, 27
CBOR = 60
BLOCK, SZX, MORE = 1024, 6, 8  # octets, and in a block option
MESSAGE_IDS = itertools.count(secrets.randbelow(1 << 16))  # one that comes twice is a repeat


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def wait_for(condition, what):
    """Polls until the condition gives something true, and returns that."""
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        result = condition()
        if result:
            return result
        time.sleep(0.005)
    sys.exit(f"FAILED: no {what} within {DEADLINE} s")


def enter_namespace():
    """This process and its children get a network of their own: lo, and e0 with addresses."""
    if ctypes.CDLL(None, use_errno=True).unshare(0x40000000) != 0:  # CLONE_NEWNET
        sys.exit(f"FAILED: unshare: {os.strerror(ctypes.get_errno())}")
    # Addresses are good at once and do not change later.
    with open("/proc/sys/net/ipv6/conf/default/accept_dad", "w") as f:
        f.write("0")
    subprocess.run(["ip", "-batch", "-"], check=True, text=True, input="""
link set lo up
link add e0 type veth peer name e1
addr add 10.77.0.1/24 dev e0
addr add fd77::1/64 dev e0 nodad
link set e0 up
link set e1 up
""")


def join_namespace(name):
    """This process and its children move to a network namespace made with ip netns."""
    with open(f"/run/netns/{name}") as f:
        if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), 0x40000000) != 0:
            sys.exit(f"FAILED: setns: {os.strerror(ctypes.get_errno())}")


def uint(value):
    """The value of an option, RFC 7252 3.2."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def options(numbers):
    """[(number, bytes)] in the form of RFC 7252 3.1."""
    out, before = b"", 0
    for number, value in sorted(numbers, key=lambda o: o[0]):
        delta, before = number - before, number
        nibbles, more = [], b""
        for n in (delta, len(value)):
            nibbles.append(n if n < 13 else 13 if n < 269 else 14)
            more += b"" if n < 13 else bytes([n - 13]) if n < 269 else struct.pack(">H", n - 269)
        out += bytes([nibbles[0] << 4 | nibbles[1]]) + more + value
    return out


def message(code, path, query=(), body=None, kind=0, extra=(), accept=CBOR):
    """A body of bytes goes out as it is, anything else as CBOR; extra: options as (number, bytes);
    a format of None: no such option."""
    numbers = [(PATH, part.encode()) for part in path.strip("/").split("/")]
    numbers += [(QUERY, q.encode()) for q in query] + list(extra)
    if accept is not None:
        numbers.append((ACCEPT, uint(accept)))
    if body is not None and FORMAT not in dict(extra):
        numbers.append((FORMAT, bytes([CBOR])))
    numbers = [(n, v) for n, v in numbers if v is not None]
    if body is not None and not isinstance(body, bytes):
        body = cbor2.dumps(body)
    mid = struct.pack(">H", next(MESSAGE_IDS) & 0xffff)
    head = bytes([0x40 | kind << 4 | 4, code]) + mid + secrets.token_bytes(4)
    return head + options(numbers) + (b"\xff" + body if body else b"")


def dissect(octets):
    """([(option number, bytes)], payload or None) of a message."""
    at, number, found = 4 + (octets[0] & 15), 0, []
    while at < len(octets) and octets[at] != 0xff:
        sizes = []
        at, nibbles = at + 1, (octets[at] >> 4, octets[at] & 15)
        for n in nibbles:
            if n == 13:
                n, at = octets[at] + 13, at + 1
            elif n == 14:
                n, at = struct.unpack(">H", octets[at:at + 2])[0] + 269, at + 2
            sizes.append(n)
        number += sizes[0]
        found.append((number, octets[at:at + sizes[1]]))
        at += sizes[1]
    return found, octets[at + 1:] if at < len(octets) else None


def parse(octets):
    """(code as 205, {option number: bytes}, payload or None) of an answer."""
    found, payload = dissect(octets)
    return (octets[1] >> 5) * 100 + (octets[1] & 31), dict(found), payload


def decode(sent, answer):
    """(code as 205, decoded body or None) of an answer to what message() made."""
    check(answer[2:8] == sent[2:8], "the answer has another id or token")
    code, _, payload = parse(answer)
    return code, None if payload is None else cbor2.loads(payload)


def plain_socket(host, timeout=DEADLINE):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(timeout)
    s.connect((host, 5683))
    return s


def request(code, path, query=(), body=None, host="::1", timeout=None, extra=()):
    """(code as 205, decoded body or None); None when nothing comes back in `timeout`, or when the same
    message is sent again and again."""
    sent = message(code, path, query, body, extra=extra)
    with plain_socket(host, timeout or REPEAT_S) as s:
        for _ in range(1 if timeout else DEADLINE // REPEAT_S):
            try:
                s.send(sent)
                return decode(sent, s.recv(2048))
            except ConnectionRefusedError:
                return None
            except socket.timeout:
                pass
    return None


def transfer(exchange, code, path, query=(), body=None):
    """A request by exchange(octets), with bodies of any length either way (RFC 7959)."""
    octets = b"" if body is None else cbor2.dumps(body)
    last = max(0, len(octets) - 1) // BLOCK * BLOCK
    for at in range(0, last, BLOCK):
        exchange(message(code, path, query, octets[at:at + BLOCK],
                         extra=[(BLOCK1, uint(at // BLOCK << 4 | MORE | SZX))]))
    extra = [(BLOCK1, uint(last // BLOCK << 4 | SZX))] if last else []
    got, whole = exchange(message(code, path, query, octets[last:] or None, extra=extra)), b""
    while True:
        status, found, payload = parse(got)
        whole += payload or b""
        block = int.from_bytes(found.get(BLOCK2, b""), "big")
        if not block & MORE:
            return status, cbor2.loads(whole) if whole else None
        extra = [(BLOCK2, uint(((block >> 4) + 1) << 4 | block & 7))]
        got = exchange(message(code, path, query, extra=extra))


def fetch(path, *query, host="::1"):
    """As get(), for an answer of any length."""
    with plain_socket(host) as s:
        return transfer(lambda octets: s.send(octets) and s.recv(2048), GET, path, query)


def get(path, *query, **more):
    return request(GET, path, query, **more)


class Secd:
    """One ocf-secd with its own state, log and notification socket."""

    def __init__(self, config="", env=None, wrap=(), uid=0):
        self.dir = tempfile.mkdtemp(prefix="ocf-secd.")
        os.chmod(self.dir, 0o755)
        self.state, self.conf, self.log_path = (f"{self.dir}/{n}" for n in
                                                ("state", "secd.conf", "log"))
        os.mkdir(self.state, 0o700)
        os.chown(self.state, uid, uid)
        with open(self.conf, "w") as f:
            f.write(config)
        open(self.log_path, "w").close()
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(f"{self.dir}/notify")
        os.chmod(f"{self.dir}/notify", 0o666)
        self.notify.settimeout(DEADLINE)
        # A quiet directory of its own: waiting for a bus there costs nothing.
        os.mkdir(f"{self.dir}/nobus")
        self.env = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={self.dir}/nobus/bus")
        self.env.update(env or {}, NOTIFY_SOCKET=f"{self.dir}/notify")
        if uid:
            wrap = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", *wrap]
        self.argv = [*wrap, PROGRAM, "-c", self.conf, "-s", self.state]
        self.process = None

    def spawn(self, *options):
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen([*self.argv, *options], env=self.env, stderr=log,
                                            stdin=subprocess.DEVNULL)

    def start(self, *options):
        self.spawn(*options)
        try:
            while b"READY=1" not in self.notify.recv(256):
                pass
        except socket.timeout:
            sys.exit("FAILED: not ready: " + self.log())
        return self

    def drain_status(self):
        """Ten unread STATUS= lines fill the socket, and the service waits for whoever reads them."""
        while select.select([self.notify], [], [], 0)[0]:
            self.notify.recv(256)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(DEADLINE)
            status, self.process = self.process.returncode, None
            return status
        return None

    def log(self):
        with open(self.log_path) as f:
            return f.read()

    def wait_log(self, text):
        wait_for(lambda: text in self.log(), f"'{text}' in the log:\n{self.log()}")

    def __enter__(self):
        return self

    def __exit__(self, failed, *_):
        if self.process:
            self.process.kill()
            self.process.wait()
        if failed:
            sys.stderr.write(self.log())
        self.notify.close()
        wait_for(self._remove, "end of what still writes there")

    def _remove(self):
        """A display command may outlive the device that was killed."""
        shutil.rmtree(self.dir, ignore_errors=True)
        return not os.path.exists(self.dir)
