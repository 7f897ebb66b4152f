"""The boot scripts of docs/integration, as they are, in a real GRUB and a real U-Boot in QEMU, and
ocf-fw-write on the very same disk and environment between the starts.

A disk has three partitions, the loader's and two slots, whose kernels only tell that they started
(bios.S, arm64.S). Whatever runs between two starts ends with a loss of power: the next start gets
a copy of the disk from under the mounted file system. Needs root."""
import contextlib
import hashlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
SOURCE = TESTS.parent
sys.path.insert(0, str(TESTS / "integration"))
import helper  # noqa: E402

MIB = 1 << 20
SECTOR = 512
PARTS = {"boot": (1, 8), "a": (9, 4), "b": (13, 4)}  # start and size in MiB
DEADLINE = 60  # of one start, on a machine that has much else to do


def check(name, got, want):
    assert got == want, f"{name}: got {got!r}, want {want!r}"


def run(*args, **options):
    return subprocess.run(args, check=True, capture_output=True, text=True, **options).stdout


def file_system(image, size, tree):
    """A new ext4 at `image` of `size` MiB with `tree`, {path: octets}."""
    with tempfile.TemporaryDirectory() as d:
        for path, octets in tree.items():
            at = pathlib.Path(d, path)
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_bytes(octets)
        run("mke2fs", "-q", "-F", "-t", "ext4", "-d", d, image, f"{size}M")


class Machine:
    """A machine that has version 1.0.0 in slot a."""

    starts = 0

    def __init__(self, directory):
        self.base = pathlib.Path(directory)
        self.disk, self.log = self.base / "disk", self.base / "serial"
        (self.base / "mnt").mkdir()
        (self.base / "slots").mkdir()
        (self.base / "os-release").write_text("IMAGE_VERSION=0.9.0\n")
        self.disk.touch()
        os.truncate(self.disk, 32 * MIB)
        run("sfdisk", "-q", self.disk, input="label: gpt\n" + "".join(
            f"start={at}MiB, size={size}MiB\n" for at, size in PARTS.values()))
        self.fill("boot", self.boot())
        self.fill("a", self.system("1.0.0"))
        self.running = None

    def fill(self, part, tree):
        at, size = PARTS[part]
        file_system(self.base / "part", size, tree)
        with open(self.disk, "r+b") as f:
            f.seek(at * MIB)
            f.write((self.base / "part").read_bytes())
        (self.base / "part").unlink()

    def kernel(self, version, source, *options):
        """What starts and tells `version`."""
        o, flat = self.base / "kernel.o", self.base / "kernel"
        run("clang-14", "-c", f'-DWHO="started {version} with "', *options, "-o", o,
            TESTS / "loaders" / source)
        run("objcopy", "-I", "elf32-little" if "-m32" in options else "elf64-little", "-O",
            "binary", "-j", ".text", o, flat)
        return flat.read_bytes()

    def image(self, tree):
        file_system(self.base / "image", 2, tree)
        return (self.base / "image").read_bytes()

    def power_on(self, *options):
        """QEMU with these, for the caller to wait for."""
        self.starts += 1
        self.log.unlink(missing_ok=True)
        return subprocess.Popen(
            [*self.qemu(), "-nodefaults", "-display", "none", "-serial", f"file:{self.log}",
             *options], stdin=subprocess.DEVNULL)

    def start(self):
        """(version, slot) of what starts, None if the loader resets instead."""
        with self.power_on("-no-reboot") as q:
            try:
                check("status", q.wait(DEADLINE), 0)
            except subprocess.TimeoutExpired:
                q.kill()
                raise AssertionError(f"the machine hangs:\n{self.text()}") from None
        started = self.started()
        assert len(started) < 2, started
        self.running = started[0][1].lower() if started else None
        return started[0] if started else None

    def started(self):
        return re.findall(r"started (\S+) with .*?ocfgw\.slot=(\w)", self.text(), re.S)

    def keeps_memory(self):
        """What a reset leaves in the memory: nothing that GRUB would start."""

    def environment(self):
        disk = self.disk.read_bytes()
        return b"".join(disk[at:at + size] for at, size in self.places())

    def set_environment(self, octets):
        places = self.places()
        with open(self.disk, "r+b") as f:
            for at, size in places:
                f.seek(at)
                f.write(octets[:size])
                octets = octets[size:]

    def text(self):
        return self.log.read_text(errors="replace").replace("\r", "") if self.log.exists() else ""

    @contextlib.contextmanager
    def system_up(self):
        """Until the power fails: ocf-fw-write where the slot that was started runs."""
        loops = {}
        after = self.base / "after"
        try:
            for part, (at, size) in PARTS.items():
                loops[part] = run("losetup", "-f", "--show", "-o", str(at * MIB), "--sizelimit",
                                  str(size * MIB), self.disk).strip()
            run("mount", loops["boot"], self.base / "mnt")
            (self.base / "cmdline").write_text(f"quiet ocfgw.slot={self.running}\n")
            (self.base / "fw-write.conf").write_text(
                f"[Slots]\nType=block\nDirectory={self.base}/slots\nDevicesA=firmware:{loops['a']}\n"
                f"DevicesB=firmware:{loops['b']}\nRelease={self.base}/os-release\n"
                f"[Boot]\nCommandLine={self.base}/cmdline\n{self.config()}")
            with helper.Helper("ocf-fw-write", str(self.base / "fw-write.conf")) as h:
                yield h
                shutil.copyfile(self.disk, after)
        finally:
            subprocess.run(["umount", self.base / "mnt"], check=False)
            for loop in loops.values():
                run("losetup", "-d", loop)
        after.replace(self.disk)


def say(h, message, **fields):
    h.send(message, **fields)
    return h.receive()["error"]


def send(h, version, body, octets=None):
    """The image, or only its first octets, after which the writer is on its own."""
    digest = helper.digests(sha256=hashlib.sha256(body).digest())
    check("begin", say(h, helper.BEGIN, model="m", version=version, images=1, size=len(body),
                       digests=digest), "")
    r, w = os.pipe()
    h.send(helper.IMAGE, fd=r, component="firmware", size=len(body), digests=digest)
    os.close(r)
    with os.fdopen(w, "wb") as pipe:
        pipe.write(body[:octets])
        if octets:
            return
    check("image", h.receive()["error"], "")


def install(m, version, attempts, tree=None):
    with m.system_up() as h:
        send(h, version, m.image(m.system(version) if tree is None else tree))
        check("commit", say(h, helper.COMMIT, attempts=attempts), "")


def confirm(m):
    with m.system_up() as h:
        check("confirm", say(h, helper.CONFIRM, slot=m.running), "")


class Grub(Machine):
    """GRUB 2 for BIOS, its environment in a file."""

    NEEDS = "sfdisk qemu-system-x86_64 grub-mkimage grub-editenv"
    FILES = ("/usr/lib/grub/i386-pc/lnxboot.img",)
    MODULES = ("biosdisk part_gpt ext2 normal linux loadenv test echo serial terminal reboot boot "
               "configfile").split()
    SCRIPT = SOURCE / "docs/integration/grub.cfg"
    FIRST_LINE = b"# GRUB Environment Block\n"
    BLOCK = "boot/grub/grubenv"
    trial = 1

    def boot(self):
        early, core, block = (self.base / n for n in ("early", "core", "grubenv"))
        early.write_text("serial\nterminal_output serial\n")
        run("grub-mkimage", "-O", "i386-pc", "-p", "(hd0,gpt1)/boot/grub", "-c", early, "-o", core,
            *self.MODULES)
        (self.base / "grub").write_bytes(pathlib.Path(self.FILES[0]).read_bytes()
                                         + core.read_bytes())
        self.provide(block)
        return {self.BLOCK: block.read_bytes(), "boot/grub/grub.cfg": self.SCRIPT.read_bytes()}

    def provide(self, block):
        """As the script's own words say."""
        words = re.search(r"grub-editenv grubenv (set .*)$", self.SCRIPT.read_text(), re.M)[1]
        run("grub-editenv", block, "create")
        run("grub-editenv", block, *shlex.split(words))

    def system(self, version):
        return {"boot/vmlinuz": self.kernel(version, "bios.S", "-m32"), "boot/initrd.img": b"none"}

    def qemu(self):
        return ["qemu-system-x86_64", "-m", "64", "-kernel", self.base / "grub",
                "-drive", f"if=virtio,file={self.disk},format=raw"]

    def config(self):
        return f"Type=grub\nGrubEnv={self.base}/mnt/{self.BLOCK}\n"

    def places(self):
        disk = self.disk.read_bytes()
        check("blocks on the disk", disk.count(self.FIRST_LINE), 1)
        return [(disk.index(self.FIRST_LINE), 1024)]

    def lost(self):
        """A starts, or B if A has no kernel; nothing is counted, and no version is taken until there
        is a block again."""
        self.fill("a", {"etc/none": b""})
        check("A without a kernel", self.start(), ("2.2.0", "B"))
        self.fill("a", self.system("1.0.0"))
        for _ in range(3):
            check("start", self.start(), ("1.0.0", "A"))
        with self.system_up() as h:
            check("problems", h.probe(), ["boot-loader"])
            self.provide(self.base / "mnt" / self.BLOCK)
            os.sync()
        check("provided again", self.start(), ("1.0.0", "A"))
        confirm(self)


class Uboot(Machine):
    """U-Boot for QEMU's arm64 machine, two copies of its environment on the card."""

    NEEDS = "sfdisk qemu-system-aarch64 mkimage fw_printenv fw_setenv"
    FILES = (os.environ.get("UBOOT") or "UBOOT=",)
    ENV = (0x40000, 0x60000)
    trial = 2

    def boot(self):
        (self.base / "fw_env.config").write_text(
            "".join(f"{self.disk} {at:#x} 0x4000\n" for at in self.ENV))
        script = self.base / "boot.scr"
        run("mkimage", "-A", "arm64", "-T", "script", "-d", SOURCE / "docs/integration/uboot.cmd",
            script)
        return {"boot.scr": script.read_bytes()}

    def system(self, version):
        tree = self.base / "board.dtb"
        run("qemu-system-aarch64", "-M", f"virt,dumpdtb={tree}", "-m", "256", "-display", "none")
        return {"boot/Image": self.kernel(version, "arm64.S", "--target=aarch64-linux-gnu"),
                "boot/board.dtb": tree.read_bytes()}

    def qemu(self):
        return ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57", "-m", "256",
                "-bios", self.FILES[0], "-drive", f"if=none,id=disk,format=raw,file={self.disk}",
                "-device", "sdhci-pci", "-device", "sd-card,drive=disk"]

    def places(self):
        return [(at, 0x4000) for at in self.ENV]

    def tool(self, *words, **options):
        run(words[0], "-c", self.base / "fw_env.config", *words[1:], **options)

    def keeps_memory(self):
        """A kernel that another start left in the memory is not started for one that is not there:
        A, which has one, then B, with resets that clear nothing."""
        self.tool("fw_setenv", "-s", "-", input="BOOT_ORDER=A B\nBOOT_A_LEFT=1\nBOOT_B_LEFT=1\n")
        until = time.monotonic() + DEADLINE
        with self.power_on() as q:
            while self.text().count("Executing script") < 3 and time.monotonic() < until:
                time.sleep(0.05)
            q.kill()
        check("started", self.started(), [("1.0.0", "A")])
        self.tool("fw_setenv", "-s", "-", input="BOOT_A_LEFT=3\nBOOT_B_LEFT=0\n")

    def lost(self):
        """As if it were new."""
        check("start", self.start()[1], "A")
        with self.system_up() as h:
            check("problems", h.probe(), [])

    def config(self):
        return f"Type=uboot\nEnvConfig={self.base}/fw_env.config\n"


def falls_back(m):
    """A version that nobody confirms, then one without a kernel, then the old one for good."""
    install(m, "2.0.0", m.trial)
    for _ in range(m.trial):
        check("trial", m.start(), ("2.0.0", "B"))
    check("tries are used up", m.start(), ("1.0.0", "A"))
    confirm(m)
    check("not again", m.start(), ("1.0.0", "A"))
    confirm(m)
    install(m, "2.1.0", m.trial, tree={"etc/none": b""})
    for _ in range(m.trial):
        check("no kernel", m.start(), None)
    check("after no kernel", m.start(), ("1.0.0", "A"))
    confirm(m)
    m.keeps_memory()


def stays(m):
    install(m, "2.2.0", m.trial)
    check("trial", m.start(), ("2.2.0", "B"))
    confirm(m)
    check("confirmed", m.start(), ("2.2.0", "B"))
    confirm(m)
    check("confirmed for good", m.start(), ("2.2.0", "B"))
    confirm(m)


def rejected(m):
    install(m, "3.0.0", m.trial)
    check("trial", m.start(), ("3.0.0", "A"))
    with m.system_up() as h:
        check("reject", say(h, helper.REJECT, slot="a"), "")
    check("rejected", m.start(), ("2.2.0", "B"))
    confirm(m)


def cut_short(m):
    """The power fails in an installation, and in each start after it before anything confirms."""
    body = m.image(m.system("3.1.0"))
    with m.system_up() as h:
        send(h, "3.1.0", body, len(body) // 2)
    for n in range(5):
        started = m.start() or m.start()
        check(f"start {n}", started, ("2.2.0", "B"))
    confirm(m)


def torn(m):
    """The power fails while the environment is written, by ocf-fw-write and by the loader."""
    body = m.image(m.system("4.0.0"))
    with m.system_up() as h:
        send(h, "4.0.0", body)
        old = m.environment()
        check("commit", say(h, helper.COMMIT, attempts=m.trial), "")
    cuts_of(m, old, ("4.0.0", "A"))
    old = m.environment()
    check("trial", m.start(), ("4.0.0", "A"))
    cuts_of(m, old, ("4.0.0", "A"))
    for _ in range(m.trial - 1):
        check("trial", m.start(), ("4.0.0", "A"))
    check("at the end", m.start(), ("2.2.0", "B"))
    confirm(m)


def cuts_of(m, old, chosen):
    """Starts with what a loss of power leaves of the change from `old`: all or nothing. In order,
    and, as a disk may, the other way round."""
    new, disk = m.environment(), m.disk.read_bytes()
    changed = [at for at in range(0, len(new), SECTOR)
               if new[at:at + SECTOR] != old[at:at + SECTOR]]
    assert changed, "no change"
    for at in {changed[0], changed[-1]}:
        for mixed in (new[:at] + old[at:], old[:at] + new[at:]):
            m.set_environment(mixed)
            started = m.start()
            assert started in (("2.2.0", "B"), chosen), f"cut at {at}: {started}"
            m.disk.write_bytes(disk)


def lost(m):
    m.set_environment(bytes(sum(size for _, size in m.places())))
    m.lost()


def course(m):
    check("factory", m.start(), ("1.0.0", "A"))
    confirm(m)
    for part in (falls_back, stays, rejected, cut_short, torn, lost):
        part(m)
        print(f"ok {part.__name__}", flush=True)


def missing(kind):
    return ([n for n in kind.NEEDS.split() if not shutil.which(n)]
            + [f for f in kind.FILES if not os.path.exists(f)])


def main():
    kinds = {"grub": Grub, "uboot": Uboot}
    names = sys.argv[1:] or [name for name, kind in kinds.items() if not missing(kind)]
    for name, kind in kinds.items():
        if missing(kind):
            print(f"without {name}, for want of: {' '.join(missing(kind))}", flush=True)
    if not names or any(missing(kinds[name]) for name in names):
        sys.exit(77)
    for name in names:
        with tempfile.TemporaryDirectory(prefix="ocf-loaders.", dir="/run") as d:
            begin = time.monotonic()
            m = kinds[name](d)
            course(m)
            print(f"ok {name}: {m.starts} starts in {time.monotonic() - begin:.0f} s", flush=True)


main()
