"""IoTivity-lite's own servers as devices."""
import contextlib
import os
import pathlib
import re
import subprocess
import tempfile

from certs import Cert, intermediate, root
from lab import Skip, wait_for

GROUP_PORT = ":1633 "  # 5683, as in /proc/net/udp
END = "-----END CERTIFICATE-----\n"


def programs():
    """The folder of the programs that tools/iotivity-lite has built."""
    folder = os.environ.get("IOTIVITY_LITE_DIR")
    if not folder:
        raise Skip("no IoTivity-lite: see tools/iotivity-lite")
    return pathlib.Path(folder)


class LiteDevice:
    """A server that keeps its state over start() and kill()."""

    def __init__(self, lab, name="server"):
        self.hosts, self.name, self.program = lab.hosts, name, programs() / name
        self.dir = lab.stack.enter_context(tempfile.TemporaryDirectory())
        self.state = f"{self.dir}/{name}_creds"
        os.mkdir(self.state)
        self.make_certificates()
        self.start()
        lab.stack.callback(self.kill)

    def make_certificates(self):
        """Those of server_certification_tests; the ones it comes with are out of date."""
        prefix, top = f"{self.dir}/pki_certs/certification_tests", root("Maker")
        middle = intermediate(top)
        leaf = Cert("Lamp", middle)
        os.mkdir(f"{self.dir}/pki_certs")
        for name, text in (("ee", leaf.pem().partition(END)[0] + END), ("key", leaf.key_pem()),
                           ("subca1", middle.pem()), ("rootca1", top.pem())):
            with open(f"{prefix}_{name}.pem", "w") as f:
                f.write(text)
        self.trust = f"{prefix}_rootca1.pem"

    def start(self):
        with open(f"{self.dir}/said", "w") as said:
            self.process = subprocess.Popen(
                self.hosts.command("dev", ["stdbuf", "-oL", self.program]), cwd=self.dir,
                stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT)
        wait_for(self.listens, f"{self.name} of IoTivity-lite")

    def listens(self):
        """It is in the groups."""
        folder = f"/proc/{self.process.pid}"
        with open(f"{folder}/net/udp6") as f:
            sockets = {f"socket:[{line.split()[9]}]" for line in f if GROUP_PORT in line}
        for entry in os.scandir(f"{folder}/fd"):
            with contextlib.suppress(FileNotFoundError):  # it has closed this one meanwhile
                if os.readlink(entry) in sockets:
                    return True
        return False

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()

    def forget(self):
        """All but what its maker gave it, as RESET does."""
        for entry in os.scandir(self.state):
            os.unlink(entry)

    def pin(self):
        """The one displayed last."""
        with open(f"{self.dir}/said") as f:
            shown = re.findall(r"Random PIN: (\d+)\n", f.read())
        return shown[-1] if shown else None
