#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`penstock_peers` from outside: its file, its options, a rival whose process dies.

Usage: peers_test.py PATH_TO_PENSTOCK_PEERS [unittest arguments]
No test looks at how fast anything was. The classes named With... need what the build may lack.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from from_outside import FINE, USAGE, FromOutside, run  # noqa: E402

TINY = ["--seconds", "0.001", "--settle", "0"]


class PeersTest(FromOutside):
    TIMEOUT_S = 300

    def start(self, *arguments):
        run = subprocess.Popen([self.PROGRAM, *arguments], cwd=self.folder, text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        return run

    def found(self):
        return json.loads((self.folder / "found.json").read_text(encoding="utf-8"))


class Report(PeersTest):
    def test_a_run_that_measures_nothing_says_so_everywhere(self):
        out, err = self.call("--scenario", "ping_pong", *TINY, "--rounds", "1",
                             "--json", "found.json")
        self.assertIn("NOT A MEASUREMENT: samples are shorter than 5 ms", out)
        self.assertIn("NOT A MEASUREMENT: samples are shorter than 5 ms", err)
        found = self.found()
        self.assertTrue(found["complete"])
        self.assertIn("samples are shorter", " ".join(found["not_a_measurement"]))
        for fact in ("cpu", "kernel", "compiler", "build", "governor", "revision"):
            self.assertTrue(found["machine"][fact], fact)

    def test_no_ratio_of_fewer_than_seven_pairs(self):
        # As many rounds as may be, and all cores alike, so that there are some pairs.
        out, _ = self.call("--scenario", "ping_pong", *TINY, "--rounds", "6", "--near-from", "1e8",
                           "--far-from", "1e9", "--json", "found.json")
        self.assertNotRegex(out, r"\d \(\d+\.\d+–\d+\.\d+, [1-6]\)")
        ratios = [ratio for rival in self.found()["cases"][0]["implementations"]
                  for place in ("near", "far", "one_core") if place in rival
                  for ratio in rival[place].get("rate_of_ours_against_it", {}).values()]
        for ratio in ratios:
            self.assertIsNone(ratio["median"])
            self.assertLess(ratio["samples"], 7)

    def test_where_near_and_far_begin_is_the_users_choice(self):
        for bounds, place in ((("1", "2"), "far"), (("1e8", "1e9"), "one_core"),
                              (("1", "1e9"), "near")):
            seen = set()
            for _ in range(20):  # on a busy machine a round may give nothing that counts
                out, _ = self.call("--scenario", "transport", *TINY, "--rounds", "3",
                                   "--near-from", bounds[0], "--far-from", bounds[1],
                                   "--json", "found.json")
                self.assertIn(f"Round trips under {float(bounds[0]):g} ns", out)
                seen |= {distance for way in self.found()["cases"][0]["implementations"]
                         for distance in ("near", "far", "one_core") if distance in way}
                if seen:
                    break
            self.assertEqual(seen, {place})

    def test_mistakes_are_refused_before_any_work(self):
        (self.folder / "folder").mkdir()
        for arguments, words in (
                (["--near-from", "300"], "--far-from"),
                (["--json", "folder"], "no file to be written anew"),
                (["--scenario", "items7"], "items7")):
            _, err = self.call(*arguments, code=USAGE)
            self.assertIn(words, err)

    def test_the_file_has_every_case_that_was_done_when_the_run_is_killed(self):
        run = self.start("--scenario", "producers", *TINY, "--rounds", "1", "--json", "found.json")
        for line in run.stdout:
            if line.startswith("producers/65536:"):  # the file is written before the next table
                break
        run.kill()
        run.wait()
        found = self.found()
        self.assertEqual(found["cases"][0]["name"], "producers/1024")


class WithLmax(PeersTest):
    @staticmethod
    def pinned_jvm(run):
        """The process of the JVM, once both of its threads have their CPUs."""
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
        while run.poll() is None:
            for child in children.read_text().split():
                cpus = {}
                try:
                    for task in Path(f"/proc/{child}/task").iterdir():
                        status = dict(line.split(":\t", 1) for line in
                                      (task / "status").read_text().splitlines() if ":\t" in line)
                        cpus[status["Name"]] = status["Cpus_allowed_list"]
                except (FileNotFoundError, ProcessLookupError):
                    continue
                if all(cpus.get(name, "-").isdigit() for name in ("lmax-source", "lmax-consumer")):
                    return int(child)
        raise AssertionError("there was no JVM")

    def test_a_jvm_that_dies_has_no_rows_and_the_others_go_on(self):
        # So long that the JVM is asked for samples until it is killed.
        run = self.start("--scenario", "ping_pong", "--seconds", "0.001", "--rounds", "1",
                         "--settle", "200", "--json", "found.json")
        os.kill(self.pinned_jvm(run), signal.SIGKILL)
        out = run.stdout.read()
        self.assertEqual(run.wait(), FINE)
        reason = "its process was ended by signal 9"
        self.assertIn(f"LMAX: not measured: {reason}", out)
        case = self.found()["cases"][0]
        self.assertIn({"name": "LMAX", "reason": reason}, case["not_measured"])
        names = [way["name"] for way in case["implementations"]]
        self.assertNotIn("LMAX", names)
        self.assertIn("penstock", names)


if __name__ == "__main__":
    run(__doc__)
