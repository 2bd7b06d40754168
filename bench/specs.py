"""Measures data packages from upload to the end of their flow, beside frictionless doing the same to the same files."""

import copy
import json
import secrets
import statistics
import time
from pathlib import Path

import frictionless

import platform_api
import servers

# Small flows are many; the middle one counts.
SMALL = 15
LARGE_MB = 1000
# Tables of the Vega data sets whose rows break their schema: the whole-server tests list them, each with the reason.
BROKEN = 9
# What the large one may take above the idle server, in MiB.
ROOM_MIB = 400


def measure(options, folder):
    """Rows of the table: what, ours, theirs (milliseconds each); lines below it; what was wrong."""
    token = secrets.token_hex(16)
    times, megabytes = (3, LARGE_MB // 20) if options.quick else (SMALL, LARGE_MB)
    rows, lines, wrong = [], [], []
    with servers.datahall(options.binary, {}, folder, token) as server:
        registry = Registry(server, token)
        # First, while the server is as idle as one that was just started.
        large(registry, options.cache, megabytes, rows, lines, wrong)
        small(registry, folder, times, rows, wrong)
        if options.data:
            vega(registry, options.data / "vega-datasets", folder, rows, lines, wrong)
    return rows, lines, wrong


class Registry(platform_api.Api):
    """A server's registry, asked as its administrator."""

    def run(self, name, location, resources):
        """Uploads a package and waits for the end of its flow: the status, and the time it took in milliseconds."""
        spec = {
            "meta": {"owner": "bench", "ownerid": "bench", "dataset": name, "version": 1, "findability": "published"},
            "inputs": [{"kind": "datapackage", "url": f"{location}/datapackage.json", "parameters": {"descriptor": {"name": name, "resources": resources}}}],
        }
        started = time.perf_counter()
        flow = self.ask("/source/upload", spec)
        if not flow["success"]:
            raise RuntimeError(f"{name}: {flow['errors']}")
        pause = 0.005
        while True:
            status = self.ask("/source/" + flow["flow_id"])
            if status["state"] in ("SUCCEEDED", "FAILED"):
                return status, (time.perf_counter() - started) * 1000
            time.sleep(pause)
            pause = min(pause * 1.2, 0.5)

    def vega(self, location, resources, wrong):
        """The time that these take. Some of its tables break their own schema; they are checked and told all the same."""
        status, ms = self.run("vega", location, resources)
        failed = {name for name, one in status["pipelines"].items() if one["status"] == "FAILED" and name.endswith("_csv")}
        if len(status["pipelines"]) < len(resources) or len(failed) != BROKEN:
            wrong.append(f"vega: {len(status['pipelines'])} pipelines, of which failed {sorted(failed)}")
        return ms


def theirs(resources, location, folder):
    """What frictionless takes to describe, check and convert the same tables, in milliseconds."""
    started = time.perf_counter()
    with frictionless.system.use_context(trusted=True):
        for descriptor in resources:
            descriptor = copy.deepcopy(descriptor)
            descriptor["path"] = str(Path(location) / descriptor["path"])
            frictionless.describe(descriptor["path"])
            resource = frictionless.resources.TableResource.from_descriptor(descriptor)
            resource.validate()
            for ending in ("csv", "json"):
                target = folder / f"theirs.{ending}"
                resource.write(frictionless.resources.TableResource(path=str(target)))
                target.unlink()
    return (time.perf_counter() - started) * 1000


def schema(fields):
    return {"fields": [{"name": name, "type": kind} for name, kind in fields]}


def small(registry, folder, times, rows, wrong):
    data = folder / "small"
    data.mkdir(parents=True)
    (data / "people.csv").write_text("id,name,born\n" + "".join(f"{i},name {i},{1950 + i % 50}-01-02\n" for i in range(1000)))
    people = [{"name": "people", "path": "people.csv", "schema": schema([("id", "integer"), ("name", "string"), ("born", "date")])}]
    taken = []
    for _ in range(times):
        status, ms = registry.run("small", data, people)
        taken.append(ms)
    if status["state"] != "SUCCEEDED" or status["stats"]["count_of_rows"] != 1000:
        wrong.append(f"small: {status['state']} {status['stats']}")
    peer = statistics.median(theirs(people, data, folder) for _ in range(5))
    rows.append(("one table of 1,000 rows, from upload to the end", statistics.median(taken), peer, "frictionless"))


def vega(registry, package, folder, rows, lines, wrong):
    """The package but for its largest table, which the peer takes too long for; then all of it."""
    descriptor = json.loads((package / "datapackage.json").read_text())
    whole, location = descriptor["resources"], package / "data"
    resources = [one for one in whole if one["name"] != "flights_3m"]
    ms = registry.vega(location, resources, wrong)
    tables = [one for one in resources if "schema" in one and Path(one["path"]).suffix in (".csv", ".tsv", ".json")]
    name = f"the Vega data sets, {len(resources)} resources (the peer: their {len(tables)} tables that are text)"
    rows.append((name, ms, theirs(tables, location, folder), "frictionless"))
    ms = registry.vega(location, whole, wrong)
    lines.append(f"All {len(whole)} resources, with the 3,000,000 flights as CSV, JSON and table: {ms / 1000:.1f} s.")


def large(registry, cache, megabytes, rows, lines, wrong):
    """A CSV of 1 GB: memory above what the idle server holds at most. The peer is given a twentieth of it, and that time counts as often."""
    data = cache / "package"
    data.mkdir(parents=True, exist_ok=True)
    count = written(data / f"large-{megabytes}.csv", megabytes)
    part = written(data / f"part-{megabytes}.csv", max(megabytes // 20, 1))
    fields = schema([("id", "integer"), ("city", "string"), ("amount", "number"), ("at", "datetime"), ("note", "string")])
    server = registry.server
    idle = server.memory_mib("VmRSS")
    platform_api.reset_peak(server.process.pid)
    status, ms = registry.run("large", data, [{"name": "large", "path": f"large-{megabytes}.csv", "schema": fields}])
    above = server.memory_mib("VmHWM") - idle
    if status["state"] != "SUCCEEDED" or status["stats"]["count_of_rows"] != count:
        wrong.append(f"large: {status['state']} {status['stats']} {status['error_log']}")
    if above > ROOM_MIB:
        wrong.append(f"large: {above:.0f} MiB above idle are more than {ROOM_MIB}")
    peer = theirs([{"name": "part", "path": f"part-{megabytes}.csv", "schema": fields}], data, cache) * count / part
    rows.append((f"one table of {megabytes} MB", ms, peer, "frictionless, by a twentieth of it"))
    lines.append(f"That one took {above:.0f} MiB of memory above those of the idle server at its most.")


def written(path, megabytes):
    """The file, made when it is not there; how many rows it has."""
    count = path.with_suffix(".rows")
    if not count.is_file():
        lines = 0
        with path.open("w", newline="") as file:
            file.write("id,city,amount,at,note\n")
            while file.tell() < megabytes * 1_000_000:
                for _ in range(1000):
                    moment = f"2024-{1 + lines % 12:02}-{1 + lines % 28:02}T12:34:{lines % 60:02}"
                    file.write(f'{lines},city {lines % 977},{lines % 100_000}.{lines % 100:02},{moment},"a note, with a comma {lines * 7919 % 1_000_003}"\n')
                    lines += 1
        count.write_text(str(lines))
    return int(count.read_text())


def table(rows, lines):
    """The table as Markdown, and what is to be said below it."""
    head = ["", "| Data packages | Datahall ms | peer ms | peer | ratio (below 1: faster) |", "|---|---:|---:|---|---:|"]
    body = [f"| {name} | {ours:.0f} | {peer_ms:.0f} | {peer} | {ours / peer_ms:.3f} |" for name, ours, peer_ms, peer in rows]
    return "\n".join([*head, *body, "", *lines])
