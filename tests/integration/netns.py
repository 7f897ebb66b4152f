"""Two hosts as network namespaces on a cable: `dev` and `obt`."""
import os
import signal
import subprocess
import sys


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def clean_up_when_told():
    """SIGTERM, as at the end of a time limit, leaves what an exception leaves: nothing."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end"))


class Hosts:
    """with Hosts() as hosts: hosts.popen("dev", [...]), hosts.run("obt", [...])"""

    ADDRESSES = {"dev": ("fd77::2/64", "10.77.0.2/24"), "obt": ("fd77::1/64", "10.77.0.1/24")}

    def __init__(self):
        self.names = {host: f"ocf{os.getpid()}-{host}" for host in self.ADDRESSES}

    def __enter__(self):
        clean_up_when_told()
        for name in self.names.values():
            if os.path.exists(f"/run/netns/{name}"):  # of a process that was killed and had our number
                ip("netns", "del", name)
            ip("netns", "add", name)
        ip("link", "add", "eth0", "netns", self.names["dev"], "type", "veth",
           "peer", "name", "eth0", "netns", self.names["obt"])
        for host, name in self.names.items():
            self.run(host, ["sysctl", "-qw", "net.ipv6.conf.eth0.accept_dad=0"], check=True)
            ip("-n", name, "link", "set", "lo", "up")
            for address in self.ADDRESSES[host]:
                ip("-n", name, "addr", "add", address, "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "route", "add", "224.0.0.0/4", "dev", "eth0")
        return self

    def __exit__(self, *_):
        for name in self.names.values():
            subprocess.run(["ip", "netns", "del", name], check=False)

    def command(self, host, argv):
        return ["ip", "netns", "exec", self.names[host], *argv]

    def run(self, host, argv, **options):
        return subprocess.run(self.command(host, argv), **options)

    def popen(self, host, argv, **options):
        return subprocess.Popen(self.command(host, argv), **options)
