"""Gateways on one bridge, each a host of its own, and ocf-obt on another."""
import json
import os
import shutil
import subprocess
import tempfile

from netns import clean_up_when_told

BUILD = os.environ["BUILD_DIR"]
OBT, SECD = f"{BUILD}/tools/ocf-obt/ocf-obt", f"{BUILD}/daemons/ocf-secd/ocf-secd"


def batch(lines, *where):
    subprocess.run(["ip", *where, "-batch", "-"], input="\n".join(lines), text=True, check=True)


class Fleet:
    """Gateways as hosts on a bridge, and the tool on another one."""

    def __init__(self, devices, leisure="2s"):
        self.prefix, self.dir = f"of{os.getpid()}", tempfile.mkdtemp(prefix="obt-fleet.")
        self.numbers, self.leisure, self.secds = range(1, devices + 1), leisure, []

    def __enter__(self):
        clean_up_when_told()
        os.chmod(self.dir, 0o755)
        names = [f"{self.prefix}-{i}" for i in self.numbers] + [f"{self.prefix}-obt"]
        batch([f"netns add {self.prefix}-br"] + [f"netns add {n}" for n in names])
        batch(["link add br0 type bridge mcast_snooping 0", "link set br0 up"],
              "-n", f"{self.prefix}-br")
        batch([f"link add p{i} netns {self.prefix}-br type veth peer name eth0 netns {n}"
               for i, n in enumerate(names)])
        batch([f"link set p{i} master br0 up" for i in range(len(names))],
              "-n", f"{self.prefix}-br")
        for i, name in enumerate(names, 1):
            subprocess.run(["ip", "netns", "exec", name, "sysctl", "-qw",
                            "net.ipv6.conf.eth0.accept_dad=0"], check=True)
            batch(["link set lo up", f"addr add 10.78.{i >> 8}.{i & 255}/16 dev eth0",
                   "link set eth0 up", "route add 224.0.0.0/4 dev eth0"], "-n", name)
        for i in self.numbers:
            self.start(i)
        return self

    def start(self, i):
        state, conf = f"{self.dir}/s{i}", f"{self.dir}/c{i}"
        os.mkdir(state, 0o700)
        with open(conf, "w") as f:
            f.write(f"[Device]\nName=Gate {i}\n[Network]\nMulticastLeisure={self.leisure}\n")
        self.secds.append(subprocess.Popen(
            ["ip", "netns", "exec", f"{self.prefix}-{i}", SECD, "-c", conf, "-s", state],
            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
            env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nowhere")))

    def obt(self, *words, who="owner", **options):
        return subprocess.Popen(
            ["ip", "netns", "exec", f"{self.prefix}-obt", OBT, words[0], "--json", *words[1:]],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=dict(os.environ, OCF_OBT_DIR=f"{self.dir}/{who}"), **options)

    def run(self, *words, **options):
        p = self.obt(*words, **options)
        out, said = p.communicate(timeout=240)
        return p.returncode, json.loads(out), said

    def __exit__(self, *_):
        for p in self.secds:
            p.kill()
        for p in self.secds:
            p.wait()
        for i in [*self.numbers, "obt", "br"]:
            subprocess.run(["ip", "netns", "del", f"{self.prefix}-{i}"], check=False)
        shutil.rmtree(self.dir)
