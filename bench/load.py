"""Putting load on one server with wrk, and asking both the same question once."""

import io
import json
import os
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from cases import ARROW

LUA = Path(__file__).with_name("load.lua")


@dataclass
class Load:
    """What one run of wrk saw."""

    per_second: float
    p50_ms: float
    p99_ms: float
    failed: int
    """Requests that got no answer of status 200."""


def ask(server, case):
    """The rows of one answer, how long it took, and its headers."""
    request = urllib.request.Request(
        server.url + case.path,
        data=json.dumps(case.body).encode(),
        headers={"Content-Type": "application/json", "Accept": case.accept},
    )
    started = time.monotonic()
    with urllib.request.urlopen(request, timeout=120) as answer:
        body, headers = answer.read(), answer.headers
    seconds = time.monotonic() - started
    if case.accept == ARROW:
        import pyarrow.ipc

        return pyarrow.ipc.open_stream(io.BytesIO(body)).read_all().to_pylist(), seconds, headers
    value = json.loads(body)
    return value["data"] if "data" in value else [value], seconds, headers


def drive(server, case, connections, seconds):
    """Keeps `connections` connections busy for `seconds`."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as body:
        json.dump(case.body, body)
        body.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "120s", "-s", str(LUA)]
        environment = os.environ | {"BENCH_BODY": body.name, "BENCH_ACCEPT": case.accept}
        run = subprocess.run(
            [*command, server.url + case.path], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
        )
    line = next(line for line in run.stdout.splitlines() if line.startswith("BENCH "))
    requests, micros, refused, broken, p50, p99 = (int(word) for word in line.split()[1:])
    return Load((requests - refused) / (micros / 1e6), p50 / 1000, p99 / 1000, refused + broken)
