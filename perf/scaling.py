#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# What an event costs as the work grows: partitions, event types, keys, bytes of an event.
#   scaling.py [--program build/penstock] [--only partitions,types,keys,bytes] [--rounds 7]
#              [--megabytes 500] [--folder /tmp] [--json FILE]
# Each point is `penstock run`, whole: from a file of events through the decoder to a null sink,
# with nothing but the grown thing different from the first point of its row. All points of a row
# run once a round, in turns, so that each is compared with the first point of the same round.
#   ns      time of the run by events, the median of the rounds
#   CPU ns  user and system time by events
#   ratio   of ns (in the row of bytes: of ns a byte) to the first point's in the same round:
#           median (least - most)
# A run that did not complete every event ends the program. The files are read once before the
# first round, so that they come from the page cache; --folder must have room for a row's files.
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

CONFIG = """[pipeline]
name = "scaling"
key = "subject"
partitions = {partitions}
[ring]
event_bytes_max = "2MiB"
[[source]]
kind = "file"
path = "{path}"
[[sink]]
kind = "null"
"""
HEAD = ('{{"specversion":"1.0","id":"{number}","source":"/","type":"t{type}","subject":"k{key}",'
        '"data":"')
TAIL = '"}\n'


class Point:
    def __init__(self, label, events, *, partitions=1, types=1, keys=1000, size=200):
        self.label, self.events = label, events
        self.partitions, self.types, self.keys, self.size = partitions, types, keys, size

    def file(self):
        """What its events differ by."""
        return f"events-{self.events}-{self.types}-{self.keys}-{self.size}.ndjson"


def rows(megabytes):
    """By name; the first point is what the others are compared with."""
    def events(size):
        return max(megabytes * 1_000_000 // size, 1000)

    small = events(200)
    return {
        "partitions": [Point(str(n), small, partitions=n) for n in (1, 2, 4, 8, 16, 32, 64)],
        "types": [Point(f"{n:,}", small, types=n) for n in (1, 10, 100, 1000, 10_000)],
        # Each key comes at least once: ten million of them take --megabytes 2000.
        "keys": [Point(f"{n:,}", small, keys=n) for n in (1, 1000, 100_000, 10_000_000)
                 if n <= small],
        "bytes": [Point(f"{n:,}", events(n), size=n)
                  for n in (100, 200, 500, 2000, 10_000, 100_000, 1_000_000)],
    }


def write_events(path, point):
    """Types and keys in an order that repeats only after all of them; each line of equal length."""
    # Steps that have no factor in common with powers of ten: all are met before one comes again.
    with open(path, "w", encoding="ascii", buffering=1 << 20) as out:
        for number in range(point.events):
            head = HEAD.format(number=number, type=number * 7919 % point.types,
                               key=number * 7919 % point.keys)
            rest = point.size - len(head) - len(TAIL)
            assert rest >= 0, f"{point.size} bytes are too few for {head}"
            out.write(head + "x" * rest + TAIL)


def measure(program, config, events):
    """Seconds and CPU seconds of one run."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        begin = time.monotonic()
        process = subprocess.Popen([program, "run", config, "--quiet", "--format", "json"],
                                   stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().strip()
    completed = re.search(r'"completed": ?(\d+)', text)
    if process.returncode != 0 or completed is None or int(completed.group(1)) != events:
        sys.exit(f"{config}: ended with {process.returncode}, not all of {events} events "
                 f"completed: {text[:500]}")
    return seconds, usage.ru_utime + usage.ru_stime


def run_row(program, folder, points, rounds):
    """For each point its seconds and CPU seconds an event, a round each."""
    configs = []
    for number, point in enumerate(points):
        path = os.path.join(folder, point.file())
        if not os.path.exists(path):
            write_events(path, point)
        configs.append(os.path.join(folder, f"{number}.toml"))
        with open(configs[-1], "w", encoding="utf-8") as out:
            out.write(CONFIG.format(partitions=point.partitions, path=path))
    results = [[] for _ in points]
    for turn in range(rounds + 1):
        for point, config, result in zip(points, configs, results):
            seconds, cpu = measure(program, config, point.events)
            if turn != 0:  # the first one fills the page cache
                result.append((seconds / point.events, cpu / point.events))
    return results


def told(name, points, results):
    """The row as a table, and what --json writes of it."""
    print(f"\n{name:<12} {'ns':>12} {'CPU ns':>12}   ratio{' a byte' * (name == 'bytes')}")
    said = []
    for point, result in zip(points, results):
        scale = points[0].size / point.size
        ratios = [one[0] / first[0] * scale for one, first in zip(result, results[0])]
        ns = statistics.median(one[0] for one in result) * 1e9
        cpu_ns = statistics.median(one[1] for one in result) * 1e9
        print(f"{point.label:<12} {ns:12.1f} {cpu_ns:12.1f}   {statistics.median(ratios):.2f} "
              f"({min(ratios):.2f} - {max(ratios):.2f})", flush=True)
        said.append({"point": point.label, "events": point.events, "ns": ns, "cpu_ns": cpu_ns,
                     "ratios": ratios})
    return said


def main():
    parser = argparse.ArgumentParser(description="The cost of an event as the work grows.")
    parser.add_argument("--program", default="build/penstock")
    parser.add_argument("--only", default="partitions,types,keys,bytes", metavar="ROWS")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--megabytes", type=int, default=500, help="of events, each point")
    parser.add_argument("--folder", help="for the files; a temporary one if not told")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    every = rows(options.megabytes)
    wanted = options.only.split(",")
    unknown = [name for name in wanted if name not in every]
    if unknown or options.rounds < 1 or options.megabytes < 1:
        parser.error(f"--only takes {', '.join(every)}" if unknown else
                     "--rounds and --megabytes begin at 1")
    if not os.access(options.program, os.X_OK):
        parser.error(f"no program {options.program}: build the release first")
    version = subprocess.run([options.program, "version"], capture_output=True, text=True,
                             check=True).stdout.strip()
    print(version)
    said = {}
    for name in wanted:
        with tempfile.TemporaryDirectory(prefix="penstock-scaling-", dir=options.folder) as folder:
            said[name] = told(name, every[name],
                              run_row(options.program, folder, every[name], options.rounds))
        if options.json:  # after each row: a run that is cut off keeps what it had
            with open(options.json, "w", encoding="utf-8") as out:
                json.dump({"version": version, "command": " ".join(sys.argv), "rows": said}, out,
                          indent=1)
                out.write("\n")


if __name__ == "__main__":
    main()
