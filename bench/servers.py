"""Starting the two servers on the same data, and reading what they cost."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

START_LIMIT_SECS = 300

PEER = """
import asyncio, sys
from datap_rs.datapress import DataPress, DataPressConfig, DatasetConfig
port, *sources = sys.argv[1:]
datasets = [DatasetConfig(name=name, source=path) for name, path in (source.split("=", 1) for source in sources)]
config = DataPressConfig(backend="datafusion", port=int(port), sql_enabled=True, explorer_enabled=False, swagger_enabled=False)
async def serve():
    await DataPress(config, datasets=datasets).run()
asyncio.run(serve())
"""


class Server:
    """A running server: its process, where it is, how long it took to be ready."""

    def __init__(self, name, process, port, started):
        self.name = name
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.start_secs = self._wait(started)

    def _wait(self, started):
        while time.monotonic() - started < START_LIMIT_SECS:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode} before it was ready")
            try:
                with urllib.request.urlopen(self.url + "/readyz", timeout=5) as answer:
                    if answer.status == 200:
                        return time.monotonic() - started
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.01)
        raise RuntimeError(f"{self.name} was not ready within {START_LIMIT_SECS} s")

    def memory_mib(self, field):
        """`VmHWM` (the most it ever held) or `VmRSS` (what it holds), in MiB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"no {field} for {self.name}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def running(name, command, port, log, **options):
    """Starts `command`, waits until it is ready, and stops it at the end, come what may."""
    with open(log, "wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)
        try:
            yield Server(name, process, port, started)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def peer(tables, folder):
    """datap-rs with its DataFusion backend, everything in memory, indexes as it chooses them, no line logged per request."""
    port = free_port()
    sources = [f"{name}={path}" for name, path in tables.items()]
    command = [sys.executable, "-c", PEER, str(port), *sources]
    return running("datap-rs", command, port, folder / "datap-rs.log", env=os.environ | {"RUST_LOG": "warn"})


def datahall(binary, tables, folder, token=None):
    """Datahall with its defaults, everything in memory, no line logged per request; `token` is its administrator's."""
    port = free_port()
    blocks = [f'[[dataset]]\nname = "{name}"\nsource = {{ kind = "parquet", location = "{path}" }}\n' for name, path in tables.items()]
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "datasets.toml"
    config.write_text("[sql]\nenabled = true\n\n" + "\n".join(blocks))
    command = [binary, "serve", "--config", config, "--data-dir", folder / "data", "--listen", f"127.0.0.1:{port}"]
    quiet = {name: value for name, value in os.environ.items() if name not in ("DATAPRESS_CONFIG_FILE", "DATASETS_CONFIG")}
    return running("datahall", [str(part) for part in command], port, folder / "datahall.log", env=quiet | {"RUST_LOG": "warn"} | ({"ADMIN_TOKEN": token} if token else {}))
