"""README's commands, word for word: each block of shell lines that an answer follows gives that answer."""

import json
import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import requests
from harness import ROOT, binary

PRINTED = "127.0.0.1:8080"
EXAMPLES = re.findall(r"```sh\n((?:(?!```).)*?)```\n\n```json\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def demo():
    """The demo as README starts it, on a port of its own, in an empty folder."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % listener.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="datahall-readme-") as folder:
        process = subprocess.Popen([binary(), "demo", "--listen", address], cwd=folder, stdin=subprocess.DEVNULL)
        try:
            wait(process, address)
            yield Path(folder), address
        finally:
            process.terminate()
            process.wait(30)


def wait(process, address):
    for _ in range(1200):
        assert process.poll() is None, "the demo ended"
        try:
            if requests.get(f"http://{address}/readyz", timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the demo was never ready")


def test_every_example_answers_as_printed(demo):
    folder, address = demo
    assert len(EXAMPLES) >= 4
    for commands, printed in EXAMPLES:
        shell = ["bash", "-euo", "pipefail", "-c", commands.replace(PRINTED, address)]
        run = subprocess.run(shell, cwd=folder, capture_output=True, text=True, timeout=120, check=True)
        assert json.loads(run.stdout) == json.loads(printed), commands
