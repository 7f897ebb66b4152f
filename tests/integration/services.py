"""The services around ocf-fwupd, faked: NetworkManager, systemd-resolved, ocf-secd."""
import json
import os
import pathlib
import subprocess

from fwupd import check

NM = "org.freedesktop.NetworkManager"
RESOLVED = "org.freedesktop.resolve1"
SECURITY = "org.ocfgw.Security1"


class Services:
    """The fakes of fakes.py, each on a connection of its own, in a process of their own."""

    def __init__(self, address):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", f"{os.environ['SOURCE_DIR']}/tests/integration/fakes.py", address],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, *words):
        """Done when it returns."""
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        check(f"{words}", self.process.stdout.readline(), "done\n")

    def appear(self, name):
        self.tell("appear", name)

    def vanish(self, name):
        self.tell("vanish", name)

    def network_manager(self, **options):
        """Options of a lease by version: v4={...}, v6={...}."""
        self.tell("network_manager", options)

    def resolved(self, *domains):
        self.tell("resolved", domains)

    def hosts(self, names):
        """What the links resolve: addresses by name, and nothing else; None: they do not."""
        self.tell("hosts", names)

    def security(self, state, onboarding):
        self.tell("security", state, onboarding)

    def metered(self, value):
        """As NetworkManager says it: 1 yes, 2 no, 3 and 4 by guess."""
        self.tell("metered", value)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def open_policy(directory):
    """Anyone may call the fakes, as the policies of the real ones allow."""
    path = pathlib.Path(directory) / "open.conf"
    allowed = "".join(f'<allow send_destination="{n}"/>' for n in (NM, RESOLVED, SECURITY))
    path.write_text(f'<busconfig><policy context="default">{allowed}</policy></busconfig>')
    return str(path)
