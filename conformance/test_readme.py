"""The commands of README and of the pages of docs, word for word: each block of shell lines that an answer follows gives that answer."""

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
# What is another one each time.
MOVING = {"id", "created_at", "updated_at", "imported_at", "granted_at", "computed_at", "timestamp"}


def examples(page):
    """The blocks of commands and the answers that follow them."""
    return re.findall(r"```sh\n((?:(?!```).)*?)```\n\n```json\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


@pytest.fixture
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


def settled(value):
    """An answer with what is another one each time put aside: moments, and ids that are texts."""
    if isinstance(value, list):
        return [settled(item) for item in value]
    if isinstance(value, dict):
        return {key: key if key in MOVING and isinstance(item, str) else settled(item) for key, item in value.items()}
    return value


@pytest.mark.parametrize(("page", "least"), [("README.md", 4), ("docs/upload-and-mask.md", 10), ("docs/data-packages.md", 7)])
def test_every_example_answers_as_printed(demo, page, least):
    folder, address = demo
    assert len(examples(page)) >= least
    for commands, printed in examples(page):
        shell = ["bash", "-euo", "pipefail", "-c", commands.replace(PRINTED, address)]
        run = subprocess.run(shell, cwd=folder, capture_output=True, text=True, timeout=120, check=True)
        assert settled(json.loads(run.stdout)) == settled(json.loads(printed)), commands
