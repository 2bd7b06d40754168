"""Measures Datahall side by side with its peer on the same data, and writes the table into BENCHMARKS.md."""

import argparse
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import compare
import load
import platform_api as platform
import report
import servers
import specs
from cases import CASES

CONNECTIONS = (1, 16)


def main():
    # Ended from outside, it still ends the servers that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = arguments()
    tables = prepare(options)
    print(f"rounds of {options.seconds} s, {options.rounds} each, the two servers in turn\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="datahall-bench-") as folder:
        with servers.peer(tables, Path(folder)) as peer, servers.datahall(options.binary, tables, Path(folder)) as ours:
            results, wrong = measure(options, ours, peer)
            start = {server.name: server.start_secs for server in (ours, peer)}
            memory = {server.name: server.memory_mib("VmHWM") for server in (ours, peer)}
            text = report.table(results, start, memory)
        if options.only.lower() in "platform":
            rows, above, more = platform.measure(options, tables, Path(folder) / "platform")
            text, wrong = text + "\n" + platform.table(rows, above), wrong + more
        if options.only.lower() in "specs":
            rows, above, more = specs.measure(options, Path(folder) / "specs")
            text, wrong = text + "\n" + specs.table(rows, above), wrong + more
    print(text)
    for message in wrong:
        print(message, file=sys.stderr)
    if not options.quick and not options.only and not wrong:
        report.write(options.report, text)
        print(f"written to {options.report}")
    return 1 if wrong else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True, type=Path, help="the datahall binary, built for release")
    parser.add_argument("--cache", required=True, type=Path, help="where generated data is kept between runs")
    parser.add_argument("--data", type=Path, help="a folder that holds vega-datasets/data/flights-3m.parquet")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--quick", action="store_true", help="one short round, nothing written")
    options = parser.parse_args()
    options.rounds, options.seconds = (1, 2) if options.quick else (3, 5)
    options.report = Path(__file__).parent.parent / "BENCHMARKS.md"
    return options


def prepare(options):
    """Both tables: the flights as they come, TPC-H's lineitem at scale 1 as its generator writes it."""
    flights = (options.data or options.cache) / "vega-datasets/data/flights-3m.parquet"
    if not flights.is_file():
        sys.exit(f"{flights} is missing: unpack the npm package vega-datasets 3.2.1 into the folder that --data names")
    folder = options.cache / "tpch-sf1"
    lineitem = folder / "lineitem.parquet"
    if not lineitem.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        generator = Path(sys.executable).with_name("tpchgen-cli")
        command = [generator, "parquet", "-s", "1", "--tables", "lineitem", "--output-dir", folder]
        subprocess.run([str(word) for word in command], check=True, stdin=subprocess.DEVNULL)
    return {"flights": flights.resolve(), "lineitem": lineitem.resolve()}


def measure(options, ours, peer):
    """Per case and number of connections the median round of each server; and what was wrong."""
    results, wrong = [], []
    for case in (case for case in CASES if options.only.lower() in case.name.lower()):
        answers = {server.name: load.ask(server, case) for server in (ours, peer)}
        difference = compare.differ(case, answers[ours.name][0], answers[peer.name][0])
        if difference:
            wrong.append(f"{case.name}: not the same rows: {difference}")
            continue
        for connections in CONNECTIONS:
            rounds = {ours.name: [], peer.name: []}
            for _ in range(options.rounds):
                for server in (peer, ours):
                    # Long enough that every connection gets several answers, however slow the case is.
                    seconds = max(options.seconds, 3 * connections * answers[server.name][1])
                    rounds[server.name].append(load.drive(server, case, connections, seconds))
            median = {name: middle(runs) for name, runs in rounds.items()}
            results.append((case.name, connections, median[ours.name], median[peer.name]))
            print(report.line(*results[-1]), flush=True)
            if median[ours.name].failed:
                wrong.append(f"{case.name}: {median[ours.name].failed} requests to datahall failed")
    return results, wrong


def middle(runs):
    rate = statistics.median_low(run.per_second for run in runs)
    return next(run for run in runs if run.per_second == rate)


if __name__ == "__main__":
    sys.exit(main())
