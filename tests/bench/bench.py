"""The figures as a table. Started by tools/bench, which explains itself."""
import argparse
import json
import os
import signal
import statistics
import sys
import traceback

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.environ["SOURCE_DIR"], "tests/integration")]
import rows_fwupd  # noqa: E402
import rows_secd  # noqa: E402

ROWS = {
    "start": rows_secd.start,
    "get": rows_secd.get,
    "handshake": rows_secd.handshake,
    "acl": rows_secd.acl,
    "just-works": rows_secd.just_works,
    "pin": rows_secd.pin,
    "idle": rows_fwupd.idle,
    "memory": rows_fwupd.memory,
    "bus": rows_fwupd.bus,
    "download": rows_fwupd.download,
    "peak": rows_fwupd.peak,
    "reuse": rows_fwupd.reuse,
    "digests": rows_fwupd.digests,
    "verify": rows_fwupd.verify,
}
HEAD = ("row", "figure", "ours (range)", "floor (range)", "ratio", "target", "verdict",
        "load", "steal")


def cpu_ticks():
    """All time so far, and the part of it that the host took for others."""
    with open("/proc/stat") as f:
        ticks = [int(n) for n in f.readline().split()[1:9]]
    return sum(ticks), ticks[7]


def in_child(work):
    """What `work` returns; it may enter namespaces, and leaves them by ending."""
    r, w = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(r)
            with os.fdopen(w, "w") as pipe:
                json.dump(work(), pipe)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(w)
    try:
        with os.fdopen(r) as pipe:
            text = pipe.read()
    except BaseException:
        os.kill(pid, signal.SIGTERM)  # so that it, too, cleans up
        os.waitpid(pid, 0)
        raise
    return json.loads(text) if os.waitpid(pid, 0)[1] == 0 else None


def judge(f):
    """Adds what is computed: medians, ratio (of each pair of measurements) and verdict; what has no
    target gets none, and may be missing."""
    if not f["ours"]:
        f["verdict"] = "not installed"
        return
    f["median"] = statistics.median(f["ours"])
    if f["floor"]:
        f["floor_median"] = statistics.median(f["floor"])
        if f["floor_median"]:
            f["ratio"] = statistics.median(o / b for o, b in zip(f["ours"], f["floor"]))
    if f["target"] is None:
        f["verdict"] = "-"
        return
    value = f["ratio"] if f["of"] == "ratio" else f["median"]
    met = value >= f["target"] if f["least"] else value <= f["target"]
    f["verdict"] = "met" if met else "not met"


def measure(name, options):
    total, steal = cpu_ticks()
    figures = in_child(lambda: ROWS[name](options))
    now, steal_now = cpu_ticks()
    for f in figures or []:
        judge(f)
        f.update(row=name, load=os.getloadavg()[0],
                 steal=100 * (steal_now - steal) / max(now - total, 1))
    return figures


def number(x):
    return f"{x:.0f}" if x >= 1000 or x == int(x) else f"{x:.3g}"


def span(values):
    if not values:
        return "-"
    middle, low, high = (number(f(values)) for f in (statistics.median, min, max))
    return middle if low == high else f"{middle} ({low}-{high})"


def cells(f):
    limit = "-"
    if f["target"] is not None:
        limit = f"{'>=' if f['least'] else '<='} {number(f['target'])}{' x' if f['of'] == 'ratio' else ''}"
    return (f["row"], ", ".join(filter(None, (f["name"], f["unit"]))), span(f["ours"]), span(f["floor"]),
            f"{f['ratio']:.2f}" if "ratio" in f else "-",
            limit, f["verdict"], f"{f['load']:.1f}",
            f"{f['steal']:.0f} %")


def print_table(figures):
    rows = [HEAD] + [cells(f) for f in figures]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    for row in rows:
        print("  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip())


def main():
    parser = argparse.ArgumentParser(prog="tools/bench")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--size", type=int, action="append")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    options.size = options.size or [256, 1024]
    unknown = set(options.names) - set(ROWS)
    if unknown or options.rounds < 1 or min(options.size) < 16:
        parser.error(" ".join(unknown) or "a number is too small")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    figures, failed = [], []
    for name in options.names or ROWS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        got = measure(name, options)
        failed += [] if got else [name]
        figures += got or []
    if options.json:
        print(json.dumps({"figures": figures, "failed": failed}, indent=1))
    else:
        print_table(figures)
    sys.exit("could not be measured: " + " ".join(failed) if failed else 0)


main()
