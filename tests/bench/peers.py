"""The same image by RAUC and by SWUpdate, each in the way it is meant to be used: for comparison,
without a target."""
import hashlib
import os
import shutil
import subprocess
import time

from account import Account
from figure import figure
from fwupd import SERVER, run, wait_for

RAUC = {
    "backend": "#!/bin/sh\ncase $1 in get-primary) echo A ;; get-state) echo good ;; esac\n",
    "system.conf": """[system]
compatible=bench
bootloader=custom
statusfile={dir}/status
mountprefix={dir}/mnt
[handlers]
bootloader-custom-backend={dir}/backend
[keyring]
path={dir}/cert.pem
[slot.rootfs.0]
device={dir}/running
type=raw
bootname=A
[slot.rootfs.1]
device={dir}/slot
type=raw
bootname=B
install-same=true
""",
    "manifest.raucm": "[update]\ncompatible=bench\nversion=1\n[bundle]\nformat=plain\n"
                      "[image.rootfs]\nfilename=rootfs.img\n",
}
SW_DESCRIPTION = """software = {{
	version = "1.0.0";
	hardware-compatibility: ["1.0"];
	images: ({{ filename = "image.bin"; device = "{dir}/slot"; type = "raw";
		    installed-directly = true; sha256 = "{sha256}"; }});
}};
"""


class Peer:
    """What both have in common: a key of the maker, a place on the server, two slots in turns (else
    their pages are warmer than ours), and an account for the CPU of all that they start."""

    def __init__(self, site):
        self.site = site
        self.dir = site.dir / self.program
        self.image = site.dir / "image"
        self.slots = [site.slots / f"{self.program}-{i}" for i in range(2)]
        self.www = site.www / SERVER
        self.url = f"http://{SERVER}/{self.program}"
        self.processes = []
        self.seen = []

    def start(self):
        self.account = Account(self.program)
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir()
        self.www.mkdir(exist_ok=True)
        for slot in self.slots:
            run("fallocate", "-l", self.image.stat().st_size, slot)
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=maker", "-days", "30",
            "-keyout", self.dir / "key.pem", "-out", self.dir / "cert.pem", stderr=subprocess.DEVNULL)
        self.prepare()
        for _ in self.slots:
            self.install_ms()
            run("cmp", self.image, self.dir / "slot")

    def spawn(self, *words, out=subprocess.PIPE):
        p = subprocess.Popen([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=out,
                             stderr=subprocess.STDOUT, text=True, preexec_fn=lambda: self.account.add(0),
                             env=dict(self.site.bus.env, TMPDIR=str(self.dir)))
        self.processes.append(p)
        return p

    def counted(self, *words):
        p = self.spawn(*words)
        output, _ = p.communicate()
        if p.returncode:
            raise RuntimeError(f"{words}: {output}")

    def install_ms(self):
        """Wall clock until all is on the disk, and CPU."""
        self.slots.reverse()
        (self.dir / "slot").unlink(missing_ok=True)
        (self.dir / "slot").symlink_to(self.slots[0])
        before, begin = self.account.ms(), time.perf_counter()
        self.install()
        self.counted("sync", "-d", self.slots[0])  # SWUpdate leaves that to the kernel
        wall = time.perf_counter() - begin
        self.settle()
        return wall * 1000, self.account.ms() - before

    def settle(self):
        """What ends by itself after the installation has ended."""

    def close(self):
        for p in self.processes:
            p.terminate()
            p.wait()
        for slot in self.slots:
            slot.unlink(missing_ok=True)
        self.account.close()


class Rauc(Peer):
    """Downloads its bundle, which is not compressed, to a file first; then verifies, mounts, copies."""
    program, title = "rauc", "RAUC: curl, then rauc install"

    def prepare(self):
        content = self.dir / "content"
        content.mkdir()
        shutil.copy(self.image, content / "rootfs.img")
        for name, text in RAUC.items():
            (self.dir / name).write_text(text.format(dir=self.dir))
        (self.dir / "backend").chmod(0o755)
        (self.dir / "running").touch()
        (self.dir / "manifest.raucm").rename(content / "manifest.raucm")
        (self.www / "rauc").unlink(missing_ok=True)
        run("rauc", f"--cert={self.dir}/cert.pem", f"--key={self.dir}/key.pem",
            "--mksquashfs-args=-noI -noD -noF", "bundle", content, self.www / "rauc",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(content)
        with open(self.dir / "log", "w") as log:
            service = self.spawn("rauc", f"--conf={self.dir}/system.conf", "--override-boot-slot=A", "service",
                                 out=log)
        wait_for(lambda: service.poll() is not None or
                 self.site.connection.name_has_owner("de.pengutronix.rauc"), "RAUC")

    def install(self):
        self.bundle = self.site.slots / "bundle.raucb"
        self.counted("curl", "-sSf", "-o", self.bundle, self.url)
        self.counted("rauc", "install", self.bundle)

    def settle(self):
        self.bundle.unlink()


class SwUpdate(Peer):
    """Streams into the slot, as ours does."""
    program, title = "swupdate", "SWUpdate: swupdate -d, installed-directly"

    def prepare(self):
        with open(self.image, "rb") as f:
            sha256 = hashlib.file_digest(f, "sha256").hexdigest()
        description, signature = self.dir / "sw-description", self.dir / "sw-description.sig"
        description.write_text(SW_DESCRIPTION.format(dir=self.dir, sha256=sha256))
        run("openssl", "cms", "-sign", "-in", description, "-out", signature, "-outform", "DER", "-nosmimecap",
            "-binary", "-signer", self.dir / "cert.pem", "-inkey", self.dir / "key.pem")
        with open(self.www / "swupdate", "wb") as out:
            for path, name in ((description, None), (signature, None), (self.image, "image.bin"),
                               (os.devnull, "TRAILER!!!")):
                self.archive(out, path, name or path.name)

    @staticmethod
    def archive(out, path, name):
        """One member of a cpio archive of the "new" format."""
        out.write(b"070701" + b"%08X" * 13 % (1, 0o100644, 0, 0, 1, 0, os.path.getsize(path), 0, 0, 0, 0,
                                              len(name) + 1, 0) + name.encode() + b"\0")
        out.write(bytes(-out.tell() % 4))
        with open(path, "rb") as f:
            shutil.copyfileobj(f, out)
        out.write(bytes(-out.tell() % 4))

    def install(self):
        """Until it says so: its client asks once a second whether it is over."""
        self.running = self.spawn("swupdate", "-H", "bench:1.0", "-k", self.dir / "cert.pem", "-l", "1",
                                  "-d", f"-u {self.url}")
        lines = []
        for line in self.running.stdout:
            lines.append(line)
            if "SWUPDATE successful" in line:
                return
        raise RuntimeError("".join(lines))

    def settle(self):
        self.running.communicate()


class Peers:
    """with Peers(site) as peers: each round peers.install(); then peers.figures(...)."""

    def __init__(self, site):
        self.all = [Rauc(site), SwUpdate(site)]
        self.there = [p for p in self.all if shutil.which(p.program)]

    def __enter__(self):
        self.started = []
        try:
            for p in self.there:
                self.started.append(p)
                p.start()
            os.sync()  # else what the server got is written back during the first rounds
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for p in self.started:
            p.close()

    def install(self):
        for p in self.there:
            p.seen.append(p.install_ms())

    def figures(self, where, floor):
        """One for wall clock and one for CPU of each, also of those that are not installed."""
        return [figure(f"{p.title}, {where}{of}", "ms", [s[i] for s in p.seen],
                       [f[i] for f in floor] if p.seen else [], None, of="ratio")
                for p in self.all for i, of in ((0, ""), (1, ", CPU"))]
