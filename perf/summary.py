#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# The rows of README's table of ratios, from what penstock_peers --json wrote.
#   summary.py FILE.json...    of several files the last that has a case counts
# A ratio is the median of pairs from the same moments (least - most, pairs), near cores. Of fewer
# than seven pairs there is none.
import json
import sys

IN_PLACE = "penstock, 16 in place + Pace"
EIGHTHS = "lines alone, in eighths"
QUEUE = "ConcurrentQueue + simdjson"
ROWS = [  # what, case, ours, the other ones with what is asked for
    ("8 B, one at a time, 64K", "items8/65536", "penstock, single + Pace",
     [("ReaderWriterQueue, single", 1.5), ("boost spsc, single", 2.8), ("LMAX, single", 2),
      ("LMAX, single + Pace", 2)]),
    ("8 B, 16 in place, 64K", "items8/65536", IN_PLACE,
     [("boost spsc, bulk 16", 2.5), ("LMAX, batch 16", 2.3), ("LMAX, batch 16 + Pace", 2.3)]),
    ("8 B, 16 in place, 1K", "items8/1024", IN_PLACE,
     [("boost spsc, bulk 16", 2.5), ("LMAX, batch 16", 2.3), ("LMAX, batch 16 + Pace", 2.3)]),
    ("64 B, one at a time, 1K", "items64/1024", "penstock, single + Pace",
     [("ReaderWriterQueue, single", 1.6)]),
    ("64 B, coalesced, 1K", "items64/1024", "penstock, coalesced + Pace",
     [("ReaderWriterQueue, single", 2.8)]),
    ("64 B, 16 in place, 1K", "items64/1024", IN_PLACE, [(EIGHTHS, 0.5)]),
    ("64 B, 16 in place, 64K", "items64/65536", IN_PLACE, [(EIGHTHS, 0.5)]),
    ("512 B, 16 in place, 1K", "items512/1024", IN_PLACE, [(EIGHTHS, 0.7)]),
    ("512 B, 64 in place, 64K", "items512/65536", "penstock, 64 in place + Pace",
     [(EIGHTHS, 0.7)]),
    ("there and back", "ping_pong", "penstock", [("one cache line, no queue", 1 / 1.2)]),
    ("two producers, a ring each, 1K", "producers/1024", "penstock, fan-in, single",
     [("ConcurrentQueue, single", 2), ("LMAX multi, single", 1.5)]),
    ("the same, 16 in place", "producers/1024", "penstock, fan-in, 16 in place",
     [("ConcurrentQueue, single", 8)]),
    ("two producers, one ring, 64K", "producers/65536", "penstock, single",
     [("ConcurrentQueue, single", 2), ("LMAX multi, single", 1.5)]),
    ("the same, 16 at a time", "producers/65536", "penstock, batch 16",
     [("ConcurrentQueue, single", 8)]),
    ("bytes to a summed field", "end_to_end", "penstock pipeline",
     [("bare loop, simdjson", 0.97), ("bare loop, penstock's decoder", None), (QUEUE, 3.2),
      (QUEUE + ", attributes too", None), ("ConcurrentQueue + nlohmann::json", 33)]),
    ("500 B moved, one at a time", "transport", "penstock, single + Pace",
     [("byte ring, each published + Pace", 0.7)]),
    ("500 B moved, 16 at a time", "transport", "penstock, batch 16 + Pace",
     [("byte ring, every 16 published + Pace", 0.7)]),
    ("p99 at half of the queue's rate", "open_loop/p99", "penstock, latency profile",
     [(QUEUE, 2), (QUEUE + ", attributes too", None)]),
    ("p99.9 at half of the queue's rate", "open_loop/p99.9", "penstock, latency profile",
     [(QUEUE, None), (QUEUE + ", attributes too", None)]),
]


def read(files):
    cases, revisions = {}, set()
    for file in files:
        with open(file, encoding="utf-8") as text:
            found = json.load(text)
        revisions.add(found["machine"]["revision"])
        for case in found["cases"]:
            cases[case["name"]] = {one["name"]: one for one in case["implementations"]}
    if len(revisions) > 1:
        sys.exit(f"summary.py: the files are of different revisions: {', '.join(revisions)}")
    return cases


def measured(one):
    """What is compared, in ns, and of how many samples."""
    near = one.get("near", {})
    found = near.get("latency_ns") or near.get("ns_per_item") or {}
    return found.get("median"), found.get("samples", 0)


def ratio(other, name):
    near = other.get("near", {})
    pairs = (near.get("rate_of_ours_against_it") or near.get("its_latency_by_ours") or {}).get(name)
    if pairs and pairs["median"] is not None:
        return (f"{pairs['median']:.2f} ({pairs['min']:.2f} - {pairs['max']:.2f}, "
                f"{pairs['samples']})")
    return f"- ({pairs['samples'] if pairs else 0})"


def told(ns):
    return "-" if ns is None else f"{ns:,.0f}" if ns >= 100 else f"{ns:.3g}"


def main():
    cases = read(sys.argv[1:])
    print("| Near cores | ns | beside | ns | times its rate | asked for |")
    print("|---|---|---|---|---|---|")
    for label, case, name, others in ROWS:
        ours = cases.get(case, {}).get(name)
        for other, target in others:
            theirs = cases.get(case, {}).get(other)
            if ours is None or theirs is None:
                continue
            asked = "" if target is None else f"{target:.2g}"
            print(f"| {label} | {told(measured(ours)[0])} | {other} | {told(measured(theirs)[0])} "
                  f"| {ratio(theirs, name)} | {asked} |")


if __name__ == "__main__":
    main()
