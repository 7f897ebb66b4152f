"""ocf-obt, against devices that are made of other software: see scripted.py."""
import json
import os
import re
import subprocess
import tempfile

from certificates import intermediate, root
from certs import TLS, Cert
from lab import ACL2, CRED, CSR, DEVICE4, DOXM, NIL, PSTAT, SDI, SP, among, check, same, wait_for
from lite_server import LiteDevice
from ownercred import VECTORS
from scripted import DELETE, GET, POST, SILENCE, Device
from secd import BUILD, SOURCE

OBT = f"{BUILD}/tools/ocf-obt/ocf-obt"
LITE = f"{BUILD}/tests/integration/lite_device"
RECORDED = f"{SOURCE}/tests/vectors/ocf/lite-just-works.exchanges"
OK, NOT_FOUND, DECLINED, REFUSED, SILENT, KEY = 0, 3, 4, 5, 6, 7
PIN = "12345678"
LITE_WORDS = ("--yes", "--timeout", "1", "--attempts", "1", "--method")
OPEN = (DOXM, "/oic/res", "/oic/d", "/oic/p")
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
# Requests of a transfer behind the handshake: what the tool calls them, and what they are.
STEPS = (("set-mode", POST, PSTAT), ("set-owner", POST, DOXM), ("set-uuid", POST, DOXM),
         ("own-doxm", POST, DOXM), ("own-acl2", POST, ACL2), ("own-pstat", POST, PSTAT),
         ("own-cred", POST, CRED), ("set-domain", POST, SDI), ("set-owned", POST, DOXM),
         ("enter-rfpro", POST, PSTAT), ("clear-acl", DELETE, ACL2), ("write-acl", POST, ACL2),
         ("enter-rfnop", POST, PSTAT))


class Tool:
    """One owner's state; run() gives the JSON value that a command prints."""

    def __init__(self, lab):
        self.dir = lab.stack.enter_context(tempfile.TemporaryDirectory())
        self.env = dict(os.environ, OCF_OBT_DIR=f"{self.dir}/state")

    def try_(self, *words, typed=""):
        p = subprocess.run([OBT, words[0], "--json", *words[1:]], env=self.env, input=typed, text=True,
                           capture_output=True, timeout=60)
        return p.returncode, json.loads(p.stdout) if p.stdout else None, p.stderr

    def run(self, *words, typed="", want=OK):
        code, value, said = self.try_(*words, typed=typed)
        same(f"{words}: {value} {said}", code, want)
        return value

    def own(self, device, *words, typed=PIN + "\n", want=OK):
        return self.run("own", "--yes", "--timeout", "1", *words, device.doxm["deviceuuid"], typed=typed,
                        want=want)

    def records(self):
        return [d["uuid"] for d in self.run("list")["devices"]]


def scripted(lab, **more):
    return lab.stack.enter_context(Device(lab.hosts, PIN, **more))


def writes(device):
    return [r for r in device.log if r.method != GET]


def line_039_key_of_a_pin(lab):
    d = scripted(lab)
    Tool(lab).own(d)  # the other side's key is made by Python's hashlib
    same("state", d.state(), 3)


def chain(lab, *path, ekus=None):
    """Files (chain, key) of a device, and of its root."""
    folder = lab.stack.enter_context(tempfile.TemporaryDirectory())
    cert = Cert("Lamp", path[-1], **({"ekus": ekus} if ekus else {}))
    return cert.save(f"{folder}/device"), path[0].save(f"{folder}/root")[0]


def three_tiers(lab):
    top = root("Maker")
    return chain(lab, top, intermediate(top))


def line_040_owner_credentials(lab):
    check(len(VECTORS) == 5, "the function of the test has been held against the vectors by the device's line")
    files, trust = three_tiers(lab)
    for more, words in (({}, ()), ({"chain": files}, ("--trust", trust))):
        d, tool = scripted(lab, **more), Tool(lab)
        uuid = tool.own(d, *words)["uuid"]
        same("a session by the device's credential", tool.run("get", uuid, PSTAT)["code"], "2.05")


def line_094_steps_of_cr_2935_in_order(lab):
    d = scripted(lab)
    Tool(lab).own(d)
    first = next(i for i, r in enumerate(d.log) if r.method != GET)
    for r in d.log[:first]:
        among(f"before oxmsel: {r}", r.path, OPEN)
    same("the group is asked first", (d.log[0].way, d.log[0].path), ("group", DOXM))
    check("owned=false" in d.log[0].query.lower(), d.log[0])
    same("writes", [(r.way, r.path, list(r.body)) for r in writes(d)[:4]],
         [("plain", DOXM, ["oxmsel"]), ("secured", PSTAT, ["om"]), ("secured", DOXM, ["devowneruuid"]),
          ("secured", DOXM, ["deviceuuid"])])
    same("om", writes(d)[1].body["om"], 4)


def line_095_asks_before_oxmsel(lab):
    d, tool = scripted(lab), Tool(lab)
    words = ("own", "--timeout", "1", d.doxm["deviceuuid"])
    for typed in ("no\n", ""):
        same("step", tool.run(*words, typed=typed, want=DECLINED)["step"], "approve")
    same("nothing was written", writes(d), [])
    tool.run(*words, typed=f"yes\n{PIN}\n")
    other = scripted(lab)
    Tool(lab).own(other)  # --yes
    same("state", (d.state(), other.state()), (3, 3))


def line_096_a_new_identity_each_time(lab):
    written, tool = [], Tool(lab)
    for _ in range(2):
        d = scripted(lab)
        for _ in range(2):
            uuid = tool.own(d)["uuid"]
            written.append(uuid)
            tool.run("reset", "--yes", "--timeout", "1", uuid)
            wait_for(lambda: d.state() == 1, "reset")
        temporal = d.uuids
        check(not set(written) & set(temporal), "none that the device chose")
    same("different ones", len(set(written)), 4)
    for uuid in written:  # the generator itself: unit test drbg
        check(UUID4.fullmatch(uuid) and 0 not in bytes.fromhex(uuid.replace("-", "")), uuid)


def line_097_the_owner_credential_is_kept(lab):
    d, tool = scripted(lab), Tool(lab)
    uuid = tool.own(d)["uuid"]
    same("under Df", (d.doxm["deviceuuid"], tool.records()), (uuid, [uuid]))
    same("a session with it", tool.run("get", uuid, PSTAT)["body"]["dos"]["s"], 3)


def refuse_nth_write(number, code):
    """A script that refuses this one of the writes over the session."""
    seen = []

    def script(r):
        if r.way == "secured" and r.method != GET:
            seen.append(r)
        return code if len(seen) == number + 1 and r is seen[number] else None
    return script


def line_098_what_the_device_refuses_ends_it(lab):
    tool = Tool(lab)
    d = scripted(lab, script=lambda r: 400 if r.path == DOXM and r.method == POST else None)
    error = tool.own(d, want=REFUSED)
    same("oxmsel", (error["step"], error["code"]), ("select-method", "4.00"))
    for number, (step, method, path) in enumerate(STEPS):
        code = (400, 401, 500, 503)[number % 4]
        d = scripted(lab, script=refuse_nth_write(number, code))
        error = tool.own(d, want=REFUSED)
        refused = [r for r in writes(d) if r.way == "secured"][number]
        same(step, (error["step"], error["code"]), (step, f"{code / 100:.2f}"))
        same(step, (refused.method, refused.path), (method, path))
        wait_for(lambda: d.sessions, f"closing of the session after {step}")
        same("no record", tool.records(), [])


def line_099_what_is_tolerated(lab):
    tool, silent = Tool(lab), []

    def script(r):
        if r.path == SDI:
            return 404
        if r.path == PSTAT and r.method == POST and r.body.get("dos") == {"s": 0}:
            silent.append(r)
            return SILENCE
        return None
    d = scripted(lab, script=script)
    uuid = tool.own(d)["uuid"]
    hrefs = [r["href"] for a in acl_of(d) for r in a["resources"]]
    check(SDI not in hrefs, hrefs)
    tool.run("reset", "--yes", "--timeout", "1", "--deadline", "4", uuid)
    check(silent, "s = 0 was sent")
    same("forgotten", tool.records(), [])


def acl_of(device):
    return [{k: v for k, v in ace.items() if k != "aceid"} for ace in device.aces.values()]


def line_100_no_other_access_rules(lab):
    d, tool = scripted(lab), Tool(lab)
    d.aces[7] = {"aceid": 7, "subject": {"conntype": "anon-clear"}, "resources": [{"wc": "*"}], "permission": 31}
    tool.own(d)
    owner = tool.run("list")["uuid"]
    same("entries", acl_of(d), [
        {"subject": {"uuid": owner}, "resources": [{"href": SP}], "permission": 14},
        {"subject": {"uuid": owner}, "resources": [{"href": CSR}], "permission": 2},
        {"subject": {"conntype": "anon-clear"}, "permission": 2,
         "resources": [{"href": h} for h in ("/oic/d", "/oic/p", "/oic/res", SDI)]}])
    same("state", d.state(), 3)


def line_101_ports_from_eps(lab):
    d = scripted(lab)
    port = d.near.getsockname()[1]
    check({port, d.plain.getsockname()[1]}.isdisjoint({5683, 5684}), "ephemeral")
    same("where it went", Tool(lab).own(d)["secure_address"], f"{DEVICE4}:{port}")


def line_102_never_deletes_by_subject(lab):
    tool, devices = Tool(lab), []
    for _ in range(2):
        d = scripted(lab)
        devices.append((d, tool.own(d)["uuid"]))
    uuids = [uuid for _, uuid in devices]
    tool.run("pair", *uuids)
    check(all(len(d.creds) == 2 for d, _ in devices), "they share a key")
    tool.run("unpair", *uuids)
    check(all(len(d.creds) == 1 for d, _ in devices), "and do no more")
    for uuid in uuids:
        tool.run("reset", "--yes", "--timeout", "1", uuid)
    deletes = [r.query for d, _ in devices for r in writes(d) if (r.method, r.path) == (DELETE, CRED)]
    check(deletes and all(q.startswith("credid=") for q in deletes), deletes)


def line_103_chains_that_are_not_good(lab):
    files, trust = three_tiers(lab)
    d = scripted(lab, chain=files)
    Tool(lab).own(d, "--trust", trust)
    same("three tiers", d.state(), 3)
    top = root("Maker")
    longest = chain(lab, top, intermediate(intermediate(top, path=1), "Second"))
    plain = chain(lab, top, intermediate(top), ekus=TLS)
    unknown = (files, root("Maker").save(f"{lab.stack.enter_context(tempfile.TemporaryDirectory())}/root")[0])
    for what, (device_files, anchor) in (("four tiers", longest), ("no identity purpose", plain),
                                         ("unknown root", unknown)):
        d, tool = scripted(lab, chain=device_files), Tool(lab)
        code, error, _ = tool.try_("own", "--yes", "--timeout", "1", "--trust", anchor, d.doxm["deviceuuid"])
        check(code not in (OK, 2), f"{what}: {code} {error}")
        same(what, ([r for r in d.log if r.way == "secured"], tool.records()), ([], []))


def line_104_looks_again_before_it_tries_again(lab):
    lost = []

    def script(r):
        if r.way == "secured" and not lost:
            lost.append(r)
            return SILENCE
        return None
    d, tool = scripted(lab, script=script), Tool(lab)
    uuid = tool.run("own", "--yes", "--timeout", "1", "--deadline", "6", typed=f"{PIN}\n{PIN}\n")["uuid"]
    same("in the end", (d.doxm["deviceuuid"], d.state()), (uuid, 3))
    selections = [i for i, r in enumerate(d.log) if r.way == "plain" and r.method == POST]
    same("attempts", len(selections), 2)
    between = d.log[selections[0] + 1:selections[1]]
    check(any(r.way == "group" and r.path == DOXM for r in between), between)
    check(len(d.uuids) >= 2 and NIL not in d.uuids, "the device had another identity by then")


def line_105_all_methods_with_foreign_peers(lab):
    files, trust = three_tiers(lab)
    for more, words, method in (({}, (), "random-pin"),
                                ({"chain": files}, ("--trust", trust), "manufacturer-certificate")):
        d = scripted(lab, **more)
        same(method, (Tool(lab).own(d, *words)["method"], d.state()), (method, 3))
    p = lab.stack.enter_context(subprocess.Popen(
        lab.hosts.command("dev", [LITE, RECORDED, "methods", "0"]), stdout=subprocess.PIPE, text=True))
    lab.stack.callback(p.kill)
    uuid = p.stdout.readline().split()[1]  # IoTivity-lite's answers, as recorded
    result = Tool(lab).run("own", "--yes", "--timeout", "1", uuid)
    same("just works", (result["method"], result["state"]), ("just-works", "RFNOP"))


def own_by_pin(tool, device, pin=None, want=OK):
    """With the PIN that the device displays, unless told another."""
    shown = device.pin()
    with subprocess.Popen([OBT, "own", "--json", *LITE_WORDS, "random-pin"], text=True, env=tool.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        wait_for(lambda: device.pin() != shown, "PIN")
        value, said = p.communicate(f"{pin or device.pin()}\n", timeout=60)
    same(f"random-pin: {value} {said}", p.returncode, want)
    return json.loads(value)


def light(tool, uuid, value):
    """What a resource of the device is set to, and was."""
    with open(f"{tool.dir}/body", "w") as f:
        json.dump({"value": value}, f)
    before = tool.run("get", uuid, "/switch")["body"]["value"]
    tool.run("post", "--body", f.name, uuid, "/switch")
    return before, tool.run("get", uuid, "/switch")["body"]["value"]


def line_105_against_iotivity_lite(lab):
    d, tool = LiteDevice(lab, "server_certification_tests"), Tool(lab)
    stranger = root("Maker").save(f"{d.dir}/other")[0]
    by_maker = ("own", *LITE_WORDS, "manufacturer-certificate", "--trust")
    tool.run(*by_maker, stranger, want=KEY)
    own_by_pin(tool, d, pin="00000000", want=KEY)
    same("no records", tool.records(), [])
    for method, own in (("just-works", lambda: tool.run("own", *LITE_WORDS, "just-works")),
                        ("random-pin", lambda: own_by_pin(tool, d)),
                        ("manufacturer-certificate", lambda: tool.run(*by_maker, d.trust))):
        result = own()
        same(method, [result.get(k) for k in ("method", "state", "attempts")], [method, "RFNOP", 1])
        uuid, owner = result["uuid"], f"device={tool.run('list')['uuid']}"
        tool.run("get", uuid, "/switch", want=REFUSED)
        tool.run("allow", uuid, owner, "read,update", "*")
        same(f"{method}: switch", light(tool, uuid, True), (False, True))
        tool.run("certify", "--role", "oic.role.friend", uuid)
        d.kill()
        d.start()
        same(f"{method}: credentials after a restart",
             sorted(c["credusage"].rpartition(".")[2] for c in tool.run("get", uuid, CRED)["body"]["creds"]
                    if "credusage" in c), ["cert", "mfgcert", "mfgtrustca", "rolecert", "trustca"])
        same(f"{method}: drift", tool.run("verify", uuid)["drift"], [])
        tool.run("reset", "--yes", uuid)


def line_105_iotivity_lite_devices_together(lab):
    devices, tool = [LiteDevice(lab), LiteDevice(lab)], Tool(lab)
    fleet = tool.run("own", "--all", *LITE_WORDS, "just-works")
    same("owned", (fleet["owned"], fleet["failed"]), (2, 0))
    Tool(lab).run("own", *LITE_WORDS, "just-works", want=NOT_FOUND)  # another owner
    uuids = tool.records()
    for command, creds in (("pair", 2), ("unpair", 1)):
        tool.run(command, *uuids)
        same(command, [len(tool.run("get", u, CRED)["body"]["creds"]) for u in uuids], [creds, creds])
        same(f"drift after {command}", [tool.run("verify", u)["drift"] for u in uuids], [[], []])
    for d in devices:  # RESET by whoever holds the device
        d.kill()
        d.forget()
        d.start()
    tool.run("verify", uuids[0], want=SILENT)
    same("owned again", tool.run("own", "--all", *LITE_WORDS, "just-works")["owned"], 2)
