"""CoAP over DTLS, octet by octet: a session of its own program, messages made by the test."""
import hashlib
import os
import subprocess
import uuid

from secd import DEADLINE, GET, check, decode, message, transfer, wait_for

PIPE = f"{os.environ['BUILD_DIR']}/tests/integration/dtls_pipe"
NOTIFY, LOCAL, ALERT, FAILED, PIN, CERT, TIMEOUT, IDLE, REPLACED = range(9)  # enum dtls_end
PIN_IDENTITY = b"oic.sec.doxm.rdp"
JUST_WORKS_LABEL, PIN_LABEL = "oic.sec.doxm.jw", "oic.sec.doxm.rdp"
MFG_LABEL = "oic.sec.doxm.mfgcert"


def pin_terms(pin, device):
    """The key is derived by another implementation than the device's."""
    key = hashlib.pbkdf2_hmac("sha256", pin.encode(), uuid.UUID(device).bytes, 1000, 16)
    return "pin", PIN_IDENTITY, key


def normal_terms(peer, key):
    return "normal", uuid.UUID(peer).bytes, key


class Session:
    """One UDP port towards the device; sessions on it one after the other."""

    def __init__(self, host, port=5684):
        self.process = subprocess.Popen([PIPE, host, str(port)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, bufsize=0)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.pending, self.events = b"", []
        self.port = int(self.expect("port"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(DEADLINE)
        self.process.stdout.close()

    def say(self, *lines):
        """Lines that are taken at once."""
        self.process.stdin.write("".join(line + "\n" for line in lines).encode())

    def poll(self):
        self.pending += self.process.stdout.read() or b""
        *lines, self.pending = self.pending.split(b"\n")
        self.events += [line.decode() for line in lines]
        return self.events

    def next(self):
        wait_for(self.poll, "event of the DTLS session")
        return self.events.pop(0)

    def expect(self, what):
        """The rest of the next event, which must be of this kind."""
        kind, _, rest = self.next().partition(" ")
        check(kind == what, f"{kind} {rest} instead of {what}")
        return rest

    @staticmethod
    def opening(profile, identity=None, key=None):
        return f"open {profile}" + (f" {identity.hex()} {key.hex()}" if key else "")

    def open_cert(self, *files):
        """(peer, suite): by the peer's certificate, and by ours if there are three files."""
        self.say(f"open {'cert' if len(files) == 3 else 'mfg'} " + " ".join(files))
        return self.expect("peer"), self.expect("open")

    def open(self, *terms):
        """The suite, in hexadecimal."""
        self.say(self.opening(*terms))
        return self.expect("open")

    def send(self, octets):
        self.say("send " + octets.hex())

    def exchange(self, octets):
        """The next message of the device, as octets."""
        self.send(octets)
        return bytes.fromhex(self.expect("data"))

    def request(self, code, path, query=(), body=None, **more):
        sent = message(code, path, query, body, **more)
        return decode(sent, self.exchange(sent))

    def get(self, path, *query):
        return self.request(GET, path, query)

    def transfer(self, code, path, query=(), body=None):
        """As request(), but with bodies of any length either way."""
        return transfer(self.exchange, code, path, query, body)

    def owner_key(self, label, obt, device):
        self.say(f"key {label} {obt} {device}")
        return bytes.fromhex(self.expect("key"))

    def close(self, how="close"):
        self.say(how)
        check(int(self.expect("end")) == LOCAL, "closed by us")
