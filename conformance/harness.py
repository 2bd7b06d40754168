"""A running Datahall for a test: the real binary on a free port, with folders of its own, stopped at the end."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import tomllib
from pathlib import Path

import requests

TOKEN = "conformance-admin-token"
READY_SECS = 120
ROOT = Path(__file__).parent.parent


def binary():
    """The server under test: `DATAHALL_BIN`, as `cargo xtask test` sets it."""
    path = os.environ.get("DATAHALL_BIN")
    if not path or not Path(path).is_file():
        raise RuntimeError("DATAHALL_BIN names no file: run these tests by `cargo xtask test`")
    return path


def is_long():
    """Whether `cargo xtask test --long` asked for more."""
    return os.environ.get("DATAHALL_LONG") == "1"


def flights():
    """Real flights: three million where they are, else the extract that the project carries."""
    whole = Path(os.environ.get("DATAHALL_DATA", "/nonexistent")) / "vega-datasets/data/flights-3m.parquet"
    return whole if whole.is_file() else ROOT / "crates/server/demo/flights.parquet"


class Server:
    """Use as a context manager; `config` is the text of its datasets.toml."""

    def __init__(self, config="", token=TOKEN):
        self.config = config
        self.token = token
        self.folder = Path(tempfile.mkdtemp(prefix="datahall-conformance-"))
        self.config_file = self.folder / "datasets.toml"
        self.log_file = self.folder / "log.txt"
        self.process = None
        self.session = requests.Session()

    def __enter__(self):
        try:
            tomllib.loads(self.config)
            self.config_file.write_text(self.config)
            self._start()
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.session.close()
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % listener.getsockname()[1]
        self.url = f"http://{self.address}"
        command = [binary(), "serve", "--config", self.config_file, "--data-dir", self.folder / "data", "--listen", self.address]
        # Nothing of the developer's own environment decides anything here.
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
        environment = kept | {"ADMIN_TOKEN": self.token, "RUST_BACKTRACE": "1"}
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _wait(self):
        deadline = time.monotonic() + READY_SECS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.log()}")
            try:
                if self.session.get(self.url + "/readyz", timeout=5).status_code == 200:
                    return
            except requests.ConnectionError:
                pass
            time.sleep(0.02)
        raise RuntimeError(f"the server was not ready within {READY_SECS} s:\n{self.log()}")

    def log(self):
        """What it has logged."""
        return self.log_file.read_text(errors="replace")[-8000:]

    def request(self, method, path, *, admin=False, **options):
        """One request; `path` from the root."""
        headers = {**({"X-Admin-Token": self.token} if admin else {}), **options.pop("headers", {})}
        return self.session.request(method, self.url + path, headers=headers, timeout=120, **options)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, json={} if body is None else body, **options)

    def rows(self, dataset, **query):
        """The rows of one JSON page, which must come."""
        return ok(self.post(f"/api/v1/datasets/{dataset}/query", query))["data"]

    def count(self, dataset, *predicates):
        return ok(self.post(f"/api/v1/datasets/{dataset}/count", {"predicates": list(predicates)}))["count"]

    def sql(self, statement):
        return ok(self.post("/api/v1/sql", {"sql": statement}))["data"]

    def register(self, name, kind, location, **more):
        body = {"name": name, "source": {"kind": kind, "location": str(location)}, **more}
        return self.post("/api/v1/datasets", body, admin=True)


def ok(answer):
    """The JSON of an answer, which must be a 2xx."""
    assert answer.ok, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:1000]}"
    return answer.json()


def refused(answer, status=400):
    """The message of an answer, which must be an error of that status in the one shape that errors have."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:1000]}"
    return answer.json()["error"]


def where(column, op, value=None):
    """One predicate."""
    return {"col": column, "op": op} | ({} if value is None else {"val": value})


def block(name, location, kind="parquet", more=""):
    """One `[[dataset]]` block of a datasets.toml."""
    return f"[[dataset]]\nname = \"{name}\"\n{more}\n[dataset.source]\nkind = \"{kind}\"\nlocation = '{location}'\n\n"
