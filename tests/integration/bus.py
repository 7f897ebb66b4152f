"""A private system bus for tests: policy as in the stock system.conf, root may own anything."""
import os
import subprocess
import tempfile

CONF = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
 <type>system</type><listen>unix:path={dir}/bus</listen><auth>EXTERNAL</auth>
 <policy context="default">
  <allow user="*"/><deny own="*"/><deny send_type="method_call"/>
  <allow send_type="signal"/>
  <allow send_requested_reply="true" send_type="method_return"/>
  <allow send_requested_reply="true" send_type="error"/>
  <allow receive_type="method_call"/><allow receive_type="method_return"/>
  <allow receive_type="error"/><allow receive_type="signal"/>
  <allow send_destination="org.freedesktop.DBus"/>
 </policy>
 {includes}
 <policy user="root"><allow own="*"/><allow send_destination="*"/></policy>
</busconfig>
"""


class Bus:
    """with Bus([policy files]) as bus: ... bus.env has the address."""

    def __init__(self, policies=()):
        self.dir = tempfile.mkdtemp(prefix="ocf-bus.")
        os.chmod(self.dir, 0o755)
        includes = "".join(f"<include>{os.path.abspath(p)}</include>" for p in policies)
        with open(f"{self.dir}/bus.conf", "w") as f:
            f.write(CONF.format(dir=self.dir, includes=includes))
        self.address = f"unix:path={self.dir}/bus"
        self.env = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.address)

    def __enter__(self):
        self.process = subprocess.Popen(
            ["dbus-daemon", f"--config-file={self.dir}/bus.conf", "--nofork", "--nopidfile",
             "--nosyslog", "--print-address"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process.stdout.readline()  # it listens now
        os.chmod(f"{self.dir}/bus", 0o666)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        subprocess.run(["rm", "-rf", self.dir], check=True)
