"""What each row is made of."""
import os
import subprocess

BUILD = os.environ["BUILD_DIR"]
TMPFS, DISK = "/dev/shm", "/var/tmp"  # where state may be


def figure(name, unit, ours, floor, target, of="value", least=False):
    """`target` is for the median of `ours`, or with of="ratio" for that of ours / floor;
    None where others are measured for comparison."""
    return {"name": name, "unit": unit, "ours": ours, "floor": floor, "target": target, "of": of,
            "least": least}


def bench(program, *words, stderr=None):
    """Output of one of our programs, split into words."""
    p = subprocess.run([f"{BUILD}/tests/bench/bench_{program}", *map(str, words)], check=True,
                       stdout=subprocess.PIPE, stderr=stderr, text=True, timeout=120)
    return [line.split() for line in p.stdout.splitlines()]


def rounds_of(lines, name):
    """Our values and the floor's from the lines of that name, one for each round."""
    pairs = [(float(words[1]), float(words[2])) for words in lines if words[0] == name]
    return [p[0] for p in pairs], [p[1] for p in pairs]


def value_of(lines, name):
    return next(float(words[1]) for words in lines if words[0] == name)
