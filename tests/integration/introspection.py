"""Does an object on the bus have exactly the interface that its XML in dbus/ describes?"""
import subprocess
import xml.etree.ElementTree as ElementTree

ANNOTATION = "org.freedesktop.DBus.Property.EmitsChangedSignal"


def members(interface):
    """{(kind, name): what identifies it}, free of order, comments and spelled-out defaults."""
    found = {}
    for m in interface:
        if m.tag == "property":
            notes = [a.get("value") for a in m.findall("annotation") if a.get("name") == ANNOTATION]
            value = (m.get("type"), m.get("access"), notes[0] if notes else "true")
        else:
            default = "out" if m.tag == "signal" else "in"
            value = [(a.get("name"), a.get("type"), a.get("direction", default))
                     for a in m.findall("arg")]
        others = sorted((a.get("name"), a.get("value")) for a in m.findall("annotation")
                        if a.get("name") != ANNOTATION)
        found[(m.tag, m.get("name"))] = (value, others)
    return found


def differences(address, name, path, xml_file):
    """Lines about what differs; empty: the same."""
    live = ElementTree.fromstring(subprocess.run(
        ["busctl", f"--address={address}", "--xml-interface", "introspect", name, path],
        check=True, capture_output=True, text=True).stdout)
    out = []
    for wanted in ElementTree.parse(xml_file).getroot().findall("interface"):
        here = live.find(f"interface[@name='{wanted.get('name')}']")
        if here is None:
            out.append(f"interface {wanted.get('name')} is missing")
            continue
        want, have = members(wanted), members(here)
        for key in sorted(want.keys() | have.keys()):
            if want.get(key) != have.get(key):
                out.append(f"{key}: described {want.get(key)}, live {have.get(key)}")
    return out
