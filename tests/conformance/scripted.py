"""A device made by the test, for the tool: its CoAP is Python, its DTLS is OpenSSL's s_server, and
nothing of ours is in it. All its ports are ephemeral but 5683 of the group."""
import ctypes
import os
import select
import socket
import struct
import subprocess
import tempfile
import threading
import uuid
from collections import namedtuple

import cbor2

from dtls_pipe import MFG_LABEL, PIN_LABEL, pin_terms
from hello import SERVER_HELLO, records
from lab import DEVICE4, NIL, check, wait_for
from ownercred import owner_credential
from secd import FORMAT, PATH, QUERY, dissect, join_namespace, options, uint

HANDSHAKE = 22
CON, NON, ACK = 0, 1, 2
GET, POST, DELETE = 1, 2, 4
OCF_CBOR, VERSION = 10000, (2053, b"\x08\x00")
PIN, MFG = 1, 2
PSK_SUITE, CCM_SUITE = "ECDHE-PSK-AES128-CBC-SHA256", "ECDHE-ECDSA-AES128-CCM8"
END = "-----END CERTIFICATE-----\n"
SILENCE = 0  # in the place of a code
Request = namedtuple("Request", "way method path query body")


def fresh_uuid():
    """Version 4 without a zero octet."""
    while True:
        u = uuid.uuid4()
        if 0 not in u.bytes:
            return str(u)


def within(namespace, make):
    """make() in another network namespace; what it opened stays there."""
    with open("/proc/thread-self/ns/net") as here:
        join_namespace(namespace)
        try:
            return make()
        finally:
            check(ctypes.CDLL(None).setns(here.fileno(), 0x40000000) == 0, "back home")


class Device:
    """with Device(hosts, pin="12345678") as d: d.log has all requests; script(request) may give the
    code of the answer instead: 400 ..., SILENCE, or None."""

    def __init__(self, hosts, pin="12345678", script=None, chain=None):
        self.hosts, self.pin, self.script, self.chain = hosts, pin, script, chain
        self.dir = tempfile.TemporaryDirectory()
        self.log, self.sessions, self.key, self.uuids = [], [], None, []
        self.server = self.random = None
        within(hosts.names["dev"], self.open_sockets)
        self.stop = os.pipe()
        self.seen = {}
        self.reset()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def open_sockets(self):
        def udp(address):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(address)
            return s
        self.group, self.plain, self.near = udp(("224.0.1.187", 5683)), udp((DEVICE4, 0)), udp((DEVICE4, 0))
        self.group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack(
            "4s4s", socket.inet_aton("224.0.1.187"), socket.inet_aton(DEVICE4)))
        self.far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with udp(("127.0.0.1", 0)) as s:  # a port that is free
            self.inner = s.getsockname()[1]
        self.far.connect(("127.0.0.1", self.inner))
        self.far.setblocking(False)  # send() may take the error that was to be read

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.write(self.stop[1], b"x")
        self.thread.join()
        self.end_server()
        for s in (self.group, self.plain, self.near, self.far):
            s.close()
        for fd in self.stop:
            os.close(fd)
        self.dir.cleanup()

    # ---- what it is ----

    def reset(self):
        self.doxm = {"oxms": [MFG] if self.chain else [PIN], "oxmsel": 4, "sct": 1, "owned": False,
                     "devowneruuid": NIL, "deviceuuid": fresh_uuid(), "rowneruuid": NIL}
        self.pstat = {"dos": {"s": 1, "p": False}, "isop": False, "cm": 2, "tm": 0, "om": 4, "sm": 4,
                      "rowneruuid": NIL}
        self.key, self.creds, self.aces = None, {}, {}
        self.uuids.append(self.doxm["deviceuuid"])

    def state(self):
        return self.pstat["dos"]["s"]

    # ---- DTLS: one s_server a session ----

    def start_server(self):
        self.keylog, self.random = f"{self.dir.name}/keys{len(self.sessions)}", None
        open(self.keylog, "w").close()
        if self.key:
            auth = ["-nocert", "-psk", self.key.hex(), "-cipher", PSK_SUITE + ":@SECLEVEL=0"]
        elif self.chain:
            chain, key = self.chain
            issuers = f"{self.dir.name}/issuers.pem"
            with open(chain) as whole, open(issuers, "w") as f:
                f.write("".join(whole.read().partition(END)[2]))
            auth = ["-cert", chain, "-cert_chain", issuers, "-key", key, "-cipher", CCM_SUITE + ":@SECLEVEL=0"]
        else:
            _, identity, key = pin_terms(self.pin, self.doxm["deviceuuid"])
            auth = ["-nocert", "-psk", key.hex(), "-psk_identity", identity.decode(),
                    "-psk_hint", "oic.sec.doxm.rdp:", "-cipher", PSK_SUITE + ":@SECLEVEL=0"]
        self.server = subprocess.Popen(self.hosts.command("dev", [
            "openssl", "s_server", "-dtls1_2", "-listen", "-naccept", "1", "-quiet", "-no_ticket", "-accept",
            f"127.0.0.1:{self.inner}", "-keylogfile", self.keylog, *auth]), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        wait_for(self.listens, "s_server")

    def listens(self):
        port = f":{self.inner:04X} "
        with open(f"/proc/{self.server.pid}/net/udp") as f:
            return any(port in line for line in f)

    def end_server(self):
        if self.server:
            self.server.kill()
            self.server.wait()
            self.server.stdin.close()
            self.server.stdout.close()
            self.server = None

    def session_over(self):
        """Closed by the tool, or a handshake that failed."""
        self.end_server()
        self.sessions.append("over")
        if self.state() < 2:
            self.reset()
        else:
            self.start_server()

    def derive(self):
        with open(self.keylog) as f:
            line = next(line for line in f if line.startswith("CLIENT_RANDOM"))
        client, master = (bytes.fromhex(w) for w in line.split()[1:])
        label, block = (MFG_LABEL, 40) if self.chain else (PIN_LABEL, 96)
        return owner_credential(master, client, self.random, label, block, self.doxm["devowneruuid"],
                                self.doxm["deviceuuid"])

    # ---- what it answers ----

    def links(self):
        def endpoint(scheme, s):
            return {"ep": f"{scheme}://{DEVICE4}:{s.getsockname()[1]}"}
        eps = [endpoint("coaps", self.near)]
        if self.state() == 1:
            eps.append(endpoint("coap", self.plain))
        return [{"anchor": f"ocf://{self.doxm['deviceuuid']}", "href": "/oic/sec/doxm", "rt": ["oic.r.doxm"],
                 "if": ["oic.if.rw", "oic.if.baseline"], "p": {"bm": 1}, "eps": eps}]

    def read(self, path):
        device = {"di": self.doxm["deviceuuid"], "n": "Lamp", "icv": "ocf.2.2.5", "dmv": "ocf.res.1.3.0",
                  "piid": NIL}
        owner = {"rowneruuid": self.doxm["rowneruuid"]}
        known = {"/oic/sec/cred": {"creds": list(self.creds.values()), **owner},
                 "/oic/sec/acl2": {"aclist2": list(self.aces.values()), **owner}, "/oic/sec/doxm": self.doxm, "/oic/sec/pstat": self.pstat, "/oic/res": self.links(),
                 "/oic/d": device, "/oic/p": {"pi": NIL, "mnmn": "test"}}
        return (205, known[path]) if path in known else (404, None)

    def write(self, r):
        if r.path == "/oic/sec/doxm":
            self.doxm.update(r.body)
            if "oxmsel" in r.body:
                self.end_server()
                self.start_server()
        elif r.path == "/oic/sec/pstat":
            body = dict(r.body)
            self.pstat["dos"] = {"s": body.pop("dos", self.pstat["dos"])["s"], "p": False}
            self.pstat.update(body)
        elif r.path == "/oic/sec/cred":
            for cred in r.body.get("creds", ()):
                if not cred["privatedata"]["data"]:
                    self.key = self.derive()
                number = cred.get("credid", len(self.creds) + 1)
                self.creds[number] = {**cred, "credid": number,
                                      "privatedata": {**cred["privatedata"], "data": b""}}
        elif r.path == "/oic/sec/acl2":
            for ace in r.body.get("aclist2", ()):
                number = ace.get("aceid", max(self.aces, default=0) + 1)
                self.aces[number] = {**ace, "aceid": number}
        return 204, None

    def delete(self, r):
        entries = self.creds if r.path == "/oic/sec/cred" else self.aces
        key, _, value = r.query.partition("=")
        if key in ("credid", "aceid"):
            return (202, None) if entries.pop(int(value), None) else (404, None)
        entries.clear()
        return 202, None

    def answer(self, r):
        """(code, body), or None for silence."""
        self.log.append(r)
        code = self.script(r) if self.script else None
        if code is not None:
            return (code, None) if code != SILENCE else None
        if r.way == "plain" and self.is_open():
            return 401, None
        if r.method == GET:
            return self.read(r.path)
        return self.write(r) if r.method == POST else self.delete(r)

    def is_open(self):
        """A handshake has begun."""
        return self.server is not None and self.random is not None

    def handle(self, octets, way):
        """The datagram to send back, or None."""
        kind, size = octets[0] >> 4 & 3, octets[0] & 15
        if kind not in (CON, NON) or not 1 <= octets[1] <= 4:
            return None
        repeat = (way, octets[2:4 + size])
        if repeat not in self.seen:
            found, payload = dissect(octets)
            path = "/" + "/".join(v.decode() for n, v in found if n == PATH)
            query = "&".join(v.decode() for n, v in found if n == QUERY)
            self.seen[repeat] = None
            if way == "group" and (self.state() != 1 or self.is_open()):
                return None
            got = self.answer(Request(way, octets[1], path, query, payload and cbor2.loads(payload)))
            if got:
                code, body = got
                head = bytes([0x40 | (ACK if kind == CON else NON) << 4 | size, code // 100 << 5 | code % 100])
                numbers = [] if body is None else [(FORMAT, uint(OCF_CBOR)), VERSION]
                tail = b"" if body is None else b"\xff" + cbor2.dumps(body)
                self.seen[repeat] = head + octets[2:4 + size] + options(numbers) + tail
        return self.seen[repeat]

    def run(self):
        peer = None
        while True:
            waiting = [self.stop[0], self.group, self.plain, self.near, self.far]
            if self.server:
                waiting.append(self.server.stdout)
            ready = select.select(waiting, [], [])[0]
            if self.stop[0] in ready:
                return
            for s, way in ((self.group, "group"), (self.plain, "plain")):
                if s in ready:
                    octets, source = s.recvfrom(4096)
                    reply = self.handle(octets, way)
                    if reply:
                        self.plain.sendto(reply, source)
            if self.near in ready:
                octets, peer = self.near.recvfrom(4096)
                # what is left of a session that is over is not for the next one
                if self.server and (self.is_open() or octets[0] == HANDSHAKE):
                    self.relay_on(octets)
            if self.far in ready:
                self.relay_back(peer)
            if self.server and self.server.stdout in ready:
                octets = self.server.stdout.read(4096)
                if not octets:
                    self.session_over()
                    continue
                reply = self.handle(octets, "secured")
                if reply:
                    self.server.stdin.write(reply)

    def relay_on(self, octets):
        try:
            self.far.send(octets)
        except ConnectionRefusedError:
            pass  # it ended at the first of several closing alerts

    def relay_back(self, peer):
        try:
            octets = self.far.recv(4096)
        except (BlockingIOError, ConnectionRefusedError):
            return
        for kind, epoch, body in records(octets):
            if kind == HANDSHAKE and epoch == 0 and body[0] == SERVER_HELLO:
                self.random = body[14:46]
        self.near.sendto(octets, peer)
