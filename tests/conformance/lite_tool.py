"""IoTivity-lite's own programs: its onboarding tool, driven through its menu."""
import contextlib
import os
import pathlib
import queue
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from lab import check
from lite_server import programs

ANSWER_S = 20.0  # its own limits are shorter
DISCOVER, JUST_WORKS, ASK_FOR_PIN, RANDOM_PIN, CERTIFICATE = 1, 8, 9, 10, 11
PAIR, ACE, READ_CRED, READ_ACL = 12, 13, 15, 17
DELETE_ACE, ROLE_ACE, IDENTITY, ROLE, RESET = 18, 21, 22, 23, 97
ANON_CLEAR = 0
COAPS_PORT, ALERT = (5684).to_bytes(2, "big"), b"\x15"
RETRIEVE = (0, 1, 0, 0, 0)  # of create, retrieve, update, delete, notify


class Lost(Exception):
    """The tool has lost its thread."""


def patiently(lab, story, *words, tries=3):
    """The tool's two threads now and then lose a session to each other: it is begun anew then. A
    device that is at fault is so each time."""
    while True:
        tries -= 1
        try:
            with contextlib.ExitStack() as lab.stack:
                return story(*words)
        except Lost as lost:
            check(tries > 0, lost)


class Tool:
    """Its onboarding_tool on the host `obt`, with the root certificate of a maker or its own."""

    def __init__(self, lab, trust=None):
        self.dir = lab.stack.enter_context(tempfile.TemporaryDirectory())
        os.mkdir(f"{self.dir}/onboarding_tool_creds")
        shutil.copytree(programs() / "pki_certs", f"{self.dir}/pki_certs")
        if trust:
            shutil.copy(trust, f"{self.dir}/pki_certs/rootca1.pem")
        self.lines, self.said = queue.Queue(), []
        self.wire = lab.stack.enter_context(
            socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))  # ETH_P_ALL
        self.wire.bind(("eth0", 0))
        self.process = lab.stack.enter_context(subprocess.Popen(
            lab.hosts.command("obt", ["stdbuf", "-oL", programs() / "onboarding_tool"]),
            cwd=self.dir, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace"))
        lab.stack.callback(self.process.kill)
        threading.Thread(target=self.read, daemon=True).start()
        self.uuid = self.until(r"Started device with ID: (\S+)")

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip())

    def tell(self, *words):
        self.process.stdin.write("".join(f"{w}\n" for w in words))
        self.process.stdin.flush()

    def heard(self, pattern, within):
        """What the pattern found in the next line that has it, or None."""
        end = time.monotonic() + within
        while True:
            try:
                line = self.lines.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                return None
            self.said.append(line)
            found = re.search(pattern, line)
            if found:
                return next((g for g in found.groups() if g), found[0])

    def until(self, pattern):
        found = self.heard(pattern, ANSWER_S)
        if not found:
            raise Lost(f"no {pattern!r} from IoTivity-lite:\n" + "\n".join(self.said[-40:]))
        return found

    def parted(self):
        """Its session is over on both sides. It says that it is done before it closes the session,
        and forgets what it is told before it has dealt with the device's own close_notify."""
        self.wire.settimeout(ANSWER_S)
        while True:
            try:
                frame = self.wire.recv(2048)
            except TimeoutError:
                raise Lost("the session does not end") from None
            udp = frame[54:] if frame[12:14] == b"\x86\xdd" else frame[34:]
            if udp[:2] == COAPS_PORT and udp[8:9] == ALERT:
                break
        quiet = 0
        while quiet < 5:
            quiet = quiet + 1 if self.is_asleep() else 0
            time.sleep(0.02)

    def is_asleep(self):
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/stat")
        return all(t.read_text(encoding="utf-8").rpartition(") ")[2][0] == "S" for t in tasks)

    def do(self, *words, answer):
        self.wire.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.wire.recv(1)
        self.tell(*words)
        return self.until(answer)

    def done(self, *words):
        """Does it, and it is a success."""
        said = self.do(*words, answer=r"^(?:Successfully (?!issued)|ERROR).*")
        self.well(said)

    def own(self, *words):
        """The UUID of the device that is owned now."""
        said = self.do(*words, answer=r"^Successfully performed .* device (?:with UUID )?\S+|^ERROR.*")
        return self.well(said).split()[-1]

    def well(self, said):
        if not said.startswith("Successfully"):
            raise Lost(said)
        return said

    def discover(self):
        """The UUID of the device without an owner, once it is in the tool's list."""
        found, end = None, time.monotonic() + ANSWER_S
        while not found or "[0]" not in self.do(JUST_WORKS, answer=r"Please Re-discover|\[0\]: .* - "):
            if time.monotonic() > end:
                raise Lost("no device in the tool's list")
            if not found:  # its question is one datagram, which nobody repeats
                self.tell(DISCOVER)
                found = self.heard(r"Discovered unowned device: (\S+)", within=2.0)
        self.do(-1, answer="Invalid selection")
        return found
