"""A site for ocf-fwupd: this process becomes the gateway, with a network, users and files of its
own; a second network namespace holds the site's DHCP, DNS and web servers."""
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import dbus
import dbus.bus

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bus import Bus  # noqa: E402
from netns import clean_up_when_told  # noqa: E402

BUILD = os.environ["BUILD_DIR"]
SOURCE = os.environ["SOURCE_DIR"]
DEADLINE = 40  # seconds for what should take milliseconds
NAME, PATH = "org.ocfgw.Firmware1", "/org/ocfgw/Firmware1"
MAKER, MODEL, DOMAIN = "maker.example", "gw-100", "site.example.test"
GATEWAY, SERVER, MANUFACTURER = "10.77.0.50", "10.77.0.1", "10.77.0.2"
NOBODY = "10.77.0.200"
USERS = {"ocf-fwupd": 64001, "ocf-fw-fetch": 64002, "ocf-fw-write": 64003, "ocf-fw-health": 64007}
PROGRAMS = ("ocf-fwupd", "ocf-fw-fetch", "ocf-fw-write", "ocf-fw-health")
OCF_MANIFEST = f"{BUILD}/tools/ocf-manifest/ocf-manifest"
LAYOUTS = ("firmware", "manifest")


def check(name, got, want):
    if got != want:
        raise AssertionError(f"{name}: got {got!r}, want {want!r}")


def wait_for(condition, what):
    """Polls until the condition gives something true, and returns that."""
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        result = condition()
        if result:
            return result
        time.sleep(0.005)
    raise AssertionError(f"no {what} within {DEADLINE} s")


def run(*words, **options):
    return subprocess.run([str(w) for w in words], check=True, text=True, **options)


def end(process):
    """By force, if it does not listen."""
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def unshare(flags):
    if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
        sys.exit(f"unshare: {os.strerror(ctypes.get_errno())}")


class Site:
    """with Site() as site: site.publish("2.0.0"); site.start(); site.install()"""

    def __init__(self, policy=None, memory=False):
        """`memory`: the files lie there, so that no disk is measured."""
        clean_up_when_told()
        unshare(0x20000 | 0x40000000)  # CLONE_NEWNS | CLONE_NEWNET
        run("mount", "--make-rprivate", "/")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ocf-site."))
        self.memory = memory
        if memory:
            run("mount", "-t", "tmpfs", "tmpfs", self.dir)
        self.dir.chmod(0o755)
        self.bin = self.dir / "bin"
        self.www = self.dir / "www"
        self.slots = self.dir / "slots"
        self.state = self.dir / "state"
        self.leases = self.dir / "leases"
        self.resolv = self.dir / "resolv.conf"
        self.log = self.dir / "fwupd.log"
        self.output = self.dir / "output.log"  # of all others
        self.policy = policy  # makes another policy file in the folder that it gets
        self.processes = []
        self.daemon = None
        self.sequence = 0

    def __enter__(self):
        try:
            self._files()
            self._network()
            self._servers()
            more = [self.policy(self.dir)] if self.policy else []
            self.bus = Bus([f"{SOURCE}/dbus/{NAME}.conf", *more]).__enter__()
            self.connection = dbus.bus.BusConnection(self.bus.address)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *failure):
        """Nothing is left running, whatever has gone wrong."""
        try:
            if failure and failure[0]:
                self._tell_logs()
            self.stop()
        finally:
            for p in reversed(self.processes + ([self.daemon] if self.daemon else [])):
                end(p)
            if hasattr(self, "bus"):
                self.bus.__exit__()
            if self.memory:
                subprocess.run(["umount", "-l", self.dir], check=False)
            shutil.rmtree(self.dir, ignore_errors=True)

    def _tell_logs(self):
        for log in (self.output, self.log):
            if log.exists():
                sys.stderr.write("".join(log.read_text(errors="replace").splitlines(True)[-60:]))

    # ---- what is there ----

    def _files(self):
        """Programs that the users can reach, the users themselves, keys, folders."""
        for d in (self.bin, self.www, self.slots, self.state, self.leases):
            d.mkdir()
        for p in PROGRAMS:
            shutil.copy(f"{BUILD}/daemons/{p}/{p}", self.bin)
        for name in ("passwd", "group"):
            extra = "".join(f"{u}:x:{i}:{i}::/:/bin/false\n" if name == "passwd"
                            else f"{u}:x:{i}:\n" for u, i in USERS.items())
            own = self.dir / name
            own.write_text(pathlib.Path(f"/etc/{name}").read_text() + extra)
            run("mount", "--bind", own, f"/etc/{name}")
        os.chown(self.slots, USERS["ocf-fw-write"], USERS["ocf-fw-write"])
        os.chown(self.state, USERS["ocf-fwupd"], USERS["ocf-fwupd"])
        self.state.chmod(0o700)
        self.resolv.write_text(f"nameserver {SERVER}\n")
        run("mount", "--bind", self.resolv, "/etc/resolv.conf")
        self.key, self.trust = self.dir / "release.jwk", self.dir / "trust.json"
        run(OCF_MANIFEST, "key", "generate", "--out", self.key, stdout=subprocess.DEVNULL)
        run(OCF_MANIFEST, "key", "trust", "--manufacturer", MAKER, self.trust, self.key,
            stdout=subprocess.DEVNULL)

    def _network(self):
        self.holder = self.spawn("unshare", "-n", "sleep", "infinity")
        ours = os.stat("/proc/self/ns/net").st_ino
        wait_for(lambda: os.stat(f"/proc/{self.holder.pid}/ns/net").st_ino != ours, "namespace")
        run("ip", "-batch", "-", input=f"""
link set lo up
link add e0 type veth peer name s0 netns {self.holder.pid}
link set e0 up
""")
        self.in_site("ip", "-batch", "-", input=f"""
link set lo up
addr add {SERVER}/24 dev s0
addr add {MANUFACTURER}/24 dev s0
link set s0 up
""")

    def _servers(self):
        conf = self.dir / "dnsmasq.conf"
        conf.write_text(f"""port=53
interface=s0
bind-interfaces
no-resolv
no-hosts
dhcp-authoritative
dhcp-range={GATEWAY},10.77.0.60,255.255.255.0,10m
dhcp-leasefile={self.dir}/dnsmasq.leases
dhcp-option=option:domain-name,{DOMAIN}
dhcp-option=option:dns-server,{SERVER}
address=/_firmware.{DOMAIN}/{SERVER}
address=/_firmware.dead.{DOMAIN}/{NOBODY}
address=/fw.{MAKER}/{MANUFACTURER}
address=/cdn.{MAKER}/{MANUFACTURER}
address=/loop.{MAKER}/127.0.0.1
""")
        self.spawn(*self.site_command("dnsmasq", "-k", "-C", conf, "--log-facility=/dev/null",
                                      f"--pid-file={self.dir}/dnsmasq.pid"))
        self.listens("-u", 53)
        self.httpd_log = self.dir / "httpd.log"
        self.httpd = self.spawn(*self.site_command("/usr/bin/python3",
                                                   f"{SOURCE}/tests/integration/site_httpd.py",
                                                   self.www, self.httpd_log))
        wait_for(self.httpd_log.exists, "web server")

    def nginx(self, **more):
        """In place of the web server of Python: with ranges, and with a log of what it sent, in
        octets. `more`: host=lines of configuration."""
        self.httpd.terminate()
        self.httpd.wait()
        self.sent = self.dir / "sent.log"
        hosts = "".join(f"server {{ listen 80; server_name {host}; root {self.www}/$host; {lines} }}\n"
                        for host, lines in more.items())
        conf = self.dir / "nginx.conf"
        conf.write_text(f"""daemon off;
pid {self.dir}/nginx.pid;
error_log stderr;
worker_processes 1;
user root;
events {{ }}
http {{
    log_format sent "$host $uri $status $bytes_sent";
    access_log {self.sent} sent;
    sendfile on;
    server {{ listen 80 default_server; root {self.www}/$host; }}
    {hosts}
}}
""")
        self.spawn(*self.site_command("nginx", "-c", conf, "-p", self.dir), stderr=subprocess.DEVNULL)
        self.listens("-t", 80)

    def lease(self):
        """A real DHCP client gets the address and leaves its lease file."""
        script = self.dir / "dhclient-script"
        script.write_text("#!/bin/sh\n[ -z \"$new_ip_address\" ] || "
                          "ip addr replace $new_ip_address/24 dev $interface\n")
        script.chmod(0o755)
        leases = self.leases / "dhclient.leases"
        client = self.spawn("dhclient", "-1", "-q", "-d", "-lf", leases,
                            "-pf", self.dir / "dhclient.pid", "-sf", script, "e0")
        wait_for(lambda: leases.exists() and leases.read_text().endswith("}\n"), "lease")
        client.kill()
        client.wait()
        leases.chmod(0o644)

    def address(self):
        """The same without DHCP."""
        run("ip", "addr", "replace", f"{GATEWAY}/24", "dev", "e0")

    def domain(self, name):
        """What resolv.conf says; None: nothing."""
        self.resolv.write_text((f"domain {name}\n" if name else "") + f"nameserver {SERVER}\n")

    # ---- processes ----

    def spawn(self, *words, **options):
        """Ours are not its stdout and stderr: what it leaves behind would hold them open."""
        with open(self.output, "a") as output:
            options = {"stdout": output, "stderr": output} | options
            p = subprocess.Popen([str(w) for w in words], stdin=subprocess.DEVNULL, **options)
        self.processes.append(p)
        return p

    def site_command(self, *words):
        return ["nsenter", "-t", str(self.holder.pid), "-n", *words]

    def listens(self, kind, port, holder=None):
        """A server there takes what comes, over TCP (-t) or UDP (-u)."""
        words = ("nsenter", "-t", str((holder or self.holder).pid), "-n", "ss", "-Hln", kind,
                 f"sport = {port}")
        wait_for(lambda: subprocess.run(words, check=True, capture_output=True).stdout,
                 f"server on port {port}")

    def in_site(self, *words, **options):
        return run(*self.site_command(*words), **options)

    def configure(self, **sections):
        """Writes both files; configure(Policy={"AllowDowngrade": "yes"}) changes the defaults."""
        fwupd = {
            "Device": {"Manufacturer": MAKER, "Model": MODEL},
            "Discovery": {"DomainSources": "dhclient resolv.conf",
                          "ManufacturerUrl": f"http://fw.{MAKER}",
                          "DhclientLeases": self.leases, "ResolvConf": self.resolv},
            "Trust": {"TrustStore": self.trust},
            "Policy": {"CheckInterval": "0"},
            "Trial": {"HealthSettle": "0", "HealthScripts": self.dir / "health.d"},
            "Helpers": {"Directory": self.bin, "FetchSocket": self.dir / "no-fetch.sock",
                        "WriteSocket": self.dir / "no-write.sock",
                        "HealthSocket": self.dir / "no-health.sock",
                        "WriteConfig": self.dir / "fw-write.conf"},
        }
        slots = {"Slots": {"Directory": self.slots} | sections.pop("Slots", {}),
                 "Boot": sections.pop("Boot", {})}
        for section, values in sections.items():
            fwupd[section] = fwupd[section] | values
        for name, content in (("fwupd.conf", fwupd), ("fw-write.conf", slots)):
            with open(self.dir / name, "w") as f:
                for section, values in content.items():
                    f.write(f"[{section}]\n" + "".join(f"{k}={v}\n" for k, v in values.items()))

    def start(self, wrap=(), **sections):
        self.configure(**sections)
        with open(self.log, "a") as log:
            self.daemon = subprocess.Popen(
                [*wrap, str(self.bin / "ocf-fwupd"), "-c", str(self.dir / "fwupd.conf"),
                 "-s", str(self.state)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.bus.env)
        wait_for(lambda: self.connection.name_has_owner(NAME), "name on the bus")

    def stop(self, how=signal.SIGTERM):
        if self.daemon:
            self.daemon.send_signal(how)
            status = self.daemon.wait(timeout=DEADLINE)
            self.daemon = None
            if how == signal.SIGTERM:
                check("exit status", status, 0)
            if hasattr(self, "connection"):
                wait_for(lambda: not self.connection.name_has_owner(NAME), "end on the bus")

    def helpers(self, name):
        """Processes of that program that descend from our daemon's starter."""
        found = []
        for p in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(p / "exe") == str(self.bin / name):
                    found.append(int(p.name))
            except OSError:
                pass
        return found

    # ---- publishing ----

    def image(self, version, size=100_000):
        return (f"image of {version}\n".encode() * (size // 16 + 1))[:size]

    def folder(self, host, layout="firmware"):
        return self.www / host / ".well-known" / layout / MAKER / MODEL

    def publish(self, version, host=f"_firmware.{DOMAIN}", layouts=LAYOUTS, image=None, key=None,
                sequence=None, digests=("sha256", "sha512"), extra=(), edit=None):
        """Signed by the release key and put where the host looks for it. `image`: octets, or the path
        of a file that will be linked. `edit` changes the members before they are signed."""
        body = self.image(version) if image is None else image
        work = self.dir / "work"
        work.mkdir(exist_ok=True)
        if isinstance(body, pathlib.Path):
            (work / "image.bin").unlink(missing_ok=True)
            os.link(body, work / "image.bin")
        else:
            (work / "image.bin").unlink(missing_ok=True)
            (work / "image.bin").write_bytes(body)
        (work / "image.bin.chunks").unlink(missing_ok=True)
        self.sequence += 1
        run(OCF_MANIFEST, "create", "--manufacturer", MAKER, "--model", MODEL, "--version", version,
            "--sequence", sequence or self.sequence, "--expires", "30d",
            *(f"--digest={d}" for d in digests), *extra, "--out", work / "m.json",
            work / "image.bin")
        if edit:
            members = json.loads((work / "m.json").read_text())
            edit(members)
            (work / "m.json").write_text(json.dumps(members))
        run(OCF_MANIFEST, "sign", "--key", key or self.key, "--out", work / "manifest.json",
            work / "m.json")
        for layout in layouts:
            folder = self.folder(host, layout)
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(work / "manifest.json", folder)
            for file in work.glob("image.bin*"):
                (folder / file.name).unlink(missing_ok=True)
                (os.link if isinstance(body, pathlib.Path) else shutil.copy)(file, folder / file.name)
        return body

    def publish_direct(self, version, host=f"_firmware.{DOMAIN}", change=lambda octets: octets,
                       **more):
        """One file with manifest and image, in both layouts; change() may damage it."""
        body = self.publish(version, host=host, layouts=(), extra=("--direct",), **more)
        manifest = (self.dir / "work" / "manifest.json").read_bytes()
        whole = b"OCFSIMG1" + len(manifest).to_bytes(4, "big") + manifest + body
        for layout in LAYOUTS:
            folder = self.folder(host, layout)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "firmware.img").write_bytes(change(whole))
        return body

    def fault(self, path, **what):
        """The web server does this instead; see site_httpd.py. Without anything: no more."""
        marker = self.www / (str(path) + ".fault")
        marker.parent.mkdir(parents=True, exist_ok=True)
        if what:
            marker.write_text(json.dumps(what))
        else:
            marker.unlink(missing_ok=True)

    def clear(self):
        """Nothing is published, nothing accepted, nothing installed."""
        for d in (self.www, self.slots, self.state):
            for entry in d.iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
        self.httpd_log.write_text("")

    def asked(self):
        """What the web server was asked for since the last call: host and path."""
        lines = self.httpd_log.read_text().splitlines()
        self.httpd_log.write_text("")
        return lines

    # ---- the bus ----

    def object(self, path=PATH):
        return self.connection.get_object(NAME, path, introspect=False)

    def prop(self, name, path=PATH, interface=NAME):
        return plain(self.object(path).Get(interface, name, dbus_interface=dbus.PROPERTIES_IFACE))

    def begin(self, method, **options):
        return str(getattr(self.object(), method)(
            dbus.Dictionary(options, signature="sv"), dbus_interface=NAME))

    def job(self, path):
        return plain(self.object(path).GetAll(NAME + ".Job", dbus_interface=dbus.PROPERTIES_IFACE))

    def finish(self, path):
        return wait_for(lambda: (lambda j: j if j["Result"] else None)(self.job(path)), "end of job")

    def check_now(self, **options):
        return self.finish(self.begin("Check", **options))

    def install(self, **options):
        return self.finish(self.begin("Install", **options))

    def history(self, n=100):
        return plain(self.object().GetHistory(dbus.UInt32(n), dbus_interface=NAME))

    def current(self):
        """Version and image of the slot that `current` leads to; None if there is none."""
        slot = self.slots / "current"
        if not slot.exists():
            return None
        version = re.search(r"^IMAGE_VERSION=(\S+)$", (slot / "os-release").read_text(), re.M)[1]
        return version, (slot / "firmware").read_bytes()


def plain(value):
    if isinstance(value, dbus.Array):
        return [plain(v) for v in value]
    if isinstance(value, dbus.Struct):
        return tuple(plain(v) for v in value)
    if isinstance(value, dbus.Dictionary):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (dbus.String, dbus.ObjectPath)):
        return str(value)
    if isinstance(value, dbus.Boolean):
        return bool(value)
    return float(value) if isinstance(value, dbus.Double) else int(value)
