#!/usr/bin/python3
"""tools/check-layers finds each planted breach, and nothing in a clean tree."""

import pathlib
import subprocess
import sys
import tempfile

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check-layers"

CLEAN = {
    "lib/base/mem.h": "#include <stddef.h>",
    "lib/codec/cbr.c": '#include "codec/cbr.h"\n#include <cbor.h>\n#include "base/mem.h"',
    "lib/codec/cbr.h": '#include "base/mem.h"',
    "lib/svr/req.h": '#include "base/mem.h"',
    "lib/transport/server.c": '#include <coap3/coap.h>\n#include "svr/req.h"\n#include "dtls/x.h"',
    "lib/fw/verify.c": '#include <unistd.h>\n#include "crypto/hash.h"',
    "daemons/ocf-secd/app.c": '#include "app.h"\n#include "svr/device.h"\n#include <sys/stat.h>',
    "daemons/ocf-secd/app.h": '#include "transport/server.h"',
    "daemons/ocf-fw-fetch/http.c": "#include <curl/curl.h>",
}

PLANTED = {
    "upwards": ("lib/base/mem.c", '#include "codec/cbr.h"'),
    "core to adapter": ("lib/svr/route.c", '#include "store/store.h"'),
    "adapter to adapter": ("lib/store/store.c", '#include "bus/loop.h"'),
    "more of svr than req.h": ("lib/transport/a.c", '#include "svr/device.h"'),
    "wrong door": ("lib/fw/job.c", "#include <gnutls/gnutls.h>"),
    "curl in another daemon": ("daemons/ocf-fwupd/app.c", "#include <curl/curl.h>"),
    "library in a header": ("lib/crypto/hash.h", "#include <gnutls/crypto.h>"),
    "clock in the core": ("lib/obt/steps.c", "#include <time.h>"),
    "descriptor in svr": ("lib/svr/device.c", "#include <unistd.h>"),
    "unknown library": ("lib/base/log.c", "#include <glib.h>"),
    "unknown folder": ("lib/store/s.c", "#include <openssl/ssl.h>"),
    "path out of the tree of folders": ("daemons/ocf-secd/m.c", '#include "../ocf-fwupd/app.h"'),
    "daemon in a tool": ("tools/ocfctl/main.c", '#include "ocf-secd/app.h"'),
    "library without a row": ("lib/misc/misc.c", "#include <stdio.h>"),
    "spaces": ("lib/base/x.c", '  #  include   "svr/req.h"'),
}


def run(files):
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        return subprocess.run([sys.executable, TOOL, root], capture_output=True, text=True)


def main():
    clean = run(CLEAN)
    failures = [f"clean tree refused: {clean.stdout}"] if clean.returncode else []
    for name, (path, text) in PLANTED.items():
        result = run({**CLEAN, path: text})
        if result.returncode != 1 or result.stdout.count("\n") != 1 or path not in result.stdout:
            failures.append(f"{name}: exit {result.returncode}, said {result.stdout!r}")
    print("\n".join(failures) or f"{len(PLANTED)} breaches found, clean tree accepted")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
