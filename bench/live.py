"""What the scripts share that watch `wardgate run` follow a simulated organisation."""
import contextlib
import json
import os
import pathlib
import platform
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent


def release_binary():
    """Builds the release binary, and says where it is."""
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "wardgate"], cwd=ROOT, check=True)
    metadata = subprocess.run(["cargo", "metadata", "--format-version=1", "--no-deps"],
                              cwd=ROOT, check=True, capture_output=True, text=True)
    return pathlib.Path(json.loads(metadata.stdout)["target_directory"]) / "release" / "wardgate"


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                if line.startswith("model name")), platform.processor())
    return f"{os.cpu_count()} x {cpu}"


def http(url, body=None, method=None, headers=None):
    data = body.encode() if isinstance(body, str) else body
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read()


class Org:
    """A simulated organisation."""

    def __init__(self, url, token):
        self.url, self.token = url, token

    def state(self):
        return json.loads(http(f"{self.url}/_sim/state"))

    def append(self, event):
        http(f"{self.url}/_sim/append", json.dumps(event), "POST")

    def pause(self):
        http(f"{self.url}/_sim/live", "pause", "PUT")

    def uuids(self):
        """Of all events that were ever persisted."""
        found, state = [], self.state()
        while len(found) < state["events"]:
            lines = http(f"{self.url}/_sim/truth?from={len(found)}").splitlines()
            if not lines:
                break
            found += [json.loads(line)["uuid"] for line in lines]
        return found


@contextlib.contextmanager
def simulated(wardgate, *arguments):
    """An organisation for as long as it is needed."""
    command = [wardgate, "simulate", "--listen", "127.0.0.1:0", "--format", "json", *arguments]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)
    try:
        said = json.loads(process.stdout.readline())
        yield Org(said["url"], said["token"])
    finally:
        process.terminate()
        process.wait(timeout=30)


class Running:
    """`wardgate run`."""

    def __init__(self, process, log):
        self.process, self.log, self.url = process, log, None

    def wait_until_it_runs(self):
        for _ in range(300):
            for line in self.log.read_text().splitlines():
                told = json.loads(line)
                if told.get("message") == "running":
                    self.url = f"http://{told['address']}"
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"it does not run:\n{self.log.read_text()}")

    def metrics(self):
        """Values by name and labels, as they stand in the text."""
        lines = http(f"{self.url}/metrics").decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def memory_mib(self):
        """What it has for itself, and pages of files that the system may take back."""
        with open(f"/proc/{self.process.pid}/status") as status:
            lines = dict(line.split(":", 1) for line in status)
        return [int(lines[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile")]

    def stop(self):
        """Stops it, and says how many seconds that took."""
        begun = time.monotonic()
        self.process.terminate()
        if self.process.wait(timeout=60) != 0:
            sys.exit(f"it ended with {self.process.returncode}:\n{self.log.read_text()[-2000:]}")
        return time.monotonic() - begun


@contextlib.contextmanager
def running(wardgate, folder):
    """`wardgate run` with the wardgate.toml of a folder, for as long as it is needed."""
    log = folder / "log"
    with open(log, "w") as file:
        process = subprocess.Popen([wardgate, "run"], cwd=folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=file)
    run = Running(process, log)
    try:
        run.wait_until_it_runs()
        yield run
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
