"""The table: as Markdown, and in its place in BENCHMARKS.md."""

import datetime
import os
import platform
from pathlib import Path

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
HEAD = """\
| case | connections | Datahall req/s | datap-rs req/s | ratio | Datahall p50 / p99 ms | datap-rs p50 / p99 ms |
|---|---:|---:|---:|---:|---:|---:|"""
FRAME = """\
# Benchmarks

`cargo xtask bench` starts Datahall (release build) and PyPI `datap-rs` 0.8.6 (DataFusion backend) on the same two tables, all in
memory, and drives them with `wrk` in turn: only the server being measured is under load. Each figure is the median of three
rounds. Both must have given the same rows first. The cases are in `bench/cases.py`. No request carries `If-None-Match` or
`Accept-Encoding`, so neither 304 answers nor compression play a part; every request of a case is the same one.

"""


def line(case, connections, ours, peer):
    """One row of the table."""
    failed = f" ({peer.failed} failed)" if peer.failed else ""
    ratio = f"{ours.per_second / peer.per_second:.2f}" if peer.per_second else "-"
    return (
        f"| {case} | {connections} | {_rate(ours.per_second)} | {_rate(peer.per_second)}{failed} | {ratio} "
        f"| {ours.p50_ms:.1f} / {ours.p99_ms:.1f} | {peer.p50_ms:.1f} / {peer.p99_ms:.1f} |"
    )


def table(results, start, memory):
    """The whole report of one run."""
    (ours, peer), (ours_mib, peer_mib) = start.values(), memory.values()
    return "\n".join(
        [
            f"{datetime.date.today().isoformat()}, {machine()}\n",
            HEAD,
            *(line(*result) for result in results),
            "",
            "| | Datahall | datap-rs | ratio |",
            "|---|---:|---:|---:|",
            f"| from start to ready, s | {ours:.2f} | {peer:.2f} | {ours / peer:.2f} |",
            f"| most memory held (VmHWM), MiB | {ours_mib:.0f} | {peer_mib:.0f} | {ours_mib / peer_mib:.2f} |",
        ]
    )


def write(path, text):
    """Puts the report between the marks of the file, which is made when there is none."""
    old = path.read_text() if path.exists() else f"{FRAME}{BEGIN}\n{END}\n"
    before, rest = old.split(BEGIN, 1)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END, 1)[1]}")


def machine():
    """What it ran on."""
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "?")
    kib = int(Path("/proc/meminfo").read_text().split("MemTotal:")[1].split()[0])
    return f"{os.cpu_count()} cores of {model}, {kib / 1024 / 1024:.0f} GiB, {platform.system()} {platform.release().split('-')[0]}"


def _rate(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
