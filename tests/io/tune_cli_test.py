#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`penstock tune` from outside: short searches, what they write and leave alone, mistakes.

Usage: tune_cli_test.py PATH_TO_PENSTOCK [unittest arguments]
No test looks at how fast anything was, or at what was found: either finding must be told in full.
"""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from from_outside import (  # noqa: E402
    BAD_CONFIG, CHECK_FAILED, DRAIN_TIMED_OUT, UNAVAILABLE, USAGE, FromOutside, run)

KNOBS = "wait,batch,partitions,ring,segments"
SHORT = ["--budget", "12s", "--seconds", "100ms"]
CONFIG = """# by hand
[pipeline]
name = "tuned"   # a name
key  = "subject"

[batch]
events = 1       # one by one
[[stage]]
name = "price"
[[sink]]
kind = "file"
path = "out.ndjson"
"""


class TuneTest(FromOutside):
    TIMEOUT_S = 240

    def setUp(self):
        super().setUp()
        (self.folder / "x.toml").write_text(CONFIG, encoding="utf-8")


class Searches(TuneTest):
    def check_finding(self, out, err):
        """Either the new config is there, loads, and has what was told; or there is none."""
        told = json.loads(out)
        self.assertEqual(told["penstock_tune"], 1)
        self.assertIn(told["finding"], ("pays", "stands"))
        self.assertEqual(self.text("x.toml"), CONFIG)
        new = self.folder / "new.toml"
        if told["finding"] == "stands":
            self.assertFalse(new.exists())
            self.assertIsNone(told["written"])
            return told
        self.assertEqual(told["written"], "new.toml")
        self.assertIn("new.toml has the new config", err)
        self.call("validate", "new.toml")
        text = self.text("new.toml")
        self.assertTrue(text.startswith("# Tuned for "))
        self.assertIn("# command  ", text)
        self.assertGreater(len(told["changes"]), 0)
        shown, _ = self.call("config", "new.toml", "--format", "json")
        values = {f"{p['section']}.{p['key']}": p.get("value")
                  for p in json.loads(shown)["properties"]}
        for change in told["changes"]:
            self.assertEqual(values[change["where"]], change["value"])
        # What was not changed stands as it stood.
        for line in ("# by hand", 'name = "tuned"   # a name', 'name = "price"'):
            self.assertIn(line + "\n", text)
        return told

    def test_throughput(self):
        out, err = self.call("tune", "x.toml", "--out", "new.toml", "--format", "json", *SHORT)
        told = self.check_finding(out, err)
        self.assertEqual(told["unit"], "events/s")
        self.assertGreater(told["rate"], 0)
        self.assertGreaterEqual(len(told["trials"]), 1)
        self.assertTrue(any(reason.startswith("segments: the stages are code of their host")
                            for reason in told["untried"]))

    def test_latency_at_a_rate(self):
        out, err = self.call("tune", "x.toml", "--slo", "p50=1ms", "--rate", "2k/s", "--out",
                             "new.toml", "--format", "json", *SHORT)
        told = self.check_finding(out, err)
        self.assertEqual(told["objective"], "p50 at 2.0 k/s")
        self.assertEqual(told["unit"], "ns")

    def test_words_say_what_was_tried(self):
        out, _ = self.call("tune", "x.toml", "--keep", "ring,wait,partitions", *SHORT)
        for label in ("for", "machine", "program", "note", "untried", "batch", "finding"):
            self.assertRegex(out, rf"(?m)^{label} ")
        self.assertIn("ring: kept as it is, as told", out)

    def test_nothing_to_turn_leaves_the_config_as_it_is(self):
        out, err = self.call("tune", "x.toml", "--keep", KNOBS, "--out", "new.toml", *SHORT)
        self.assertIn("the config stands: there is nothing to turn", out)
        self.assertEqual(err, "")
        self.assertFalse((self.folder / "new.toml").exists())

    def test_slo_that_no_rate_holds_is_told(self):
        out, _ = self.call("tune", "x.toml", "--slo", "p50=1ns", "--format", "json", *SHORT,
                           code=CHECK_FAILED)
        told = json.loads(out)
        self.assertEqual(told["finding"], "no rate")
        self.assertIn("holds p50=1ns at no rate", told["why"])

    def begin(self, *arguments):
        """One that goes on until it is stopped."""
        return subprocess.Popen([self.PROGRAM, "tune", "x.toml", "--budget", "10min", *arguments],
                                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def test_signal_while_a_rate_is_looked_for_ends_it_with_a_report(self):
        call = self.begin("--slo", "p99=1s", "--seconds", "1s")
        sink = self.folder / "out.ndjson"
        while call.poll() is None and not (sink.exists() and sink.stat().st_size > 0):
            pass
        call.send_signal(signal.SIGINT)
        out, err = call.communicate(timeout=self.TIMEOUT_S)
        self.assertEqual(call.returncode, DRAIN_TIMED_OUT, err.decode())
        self.assertRegex(out.decode(), r"(?m)^stopped +the run was stopped")

    def test_signal_ends_it_with_nothing_written(self):
        call = self.begin("--out", "new.toml", "--seconds", "100ms")
        # Each run truncates what the one before wrote: the third one is the search's.
        sink = self.folder / "out.ndjson"
        most, runs = 0, 0
        while call.poll() is None and runs < 4:
            size = sink.stat().st_size if sink.exists() else 0
            runs, most = (runs + 1, 0) if size < most else (runs, size)
        call.send_signal(signal.SIGINT)
        out, err = call.communicate(timeout=self.TIMEOUT_S)
        self.assertEqual(call.returncode, DRAIN_TIMED_OUT, err.decode())
        self.assertRegex(out.decode(), r"(?m)^stopped +the run was stopped")
        self.assertFalse((self.folder / "new.toml").exists())
        self.assertEqual(self.text("x.toml"), CONFIG)


class Mistakes(TuneTest):
    def test_mistakes_are_usage_errors_with_what_would_be_right(self):
        for arguments, told in (
                ([], "config is required"),
                (["x.toml", "--rate", "1k/s"], "--rate needs --slo"),
                (["x.toml", "--rate", "fast"], "a rate from 1/s to 100M/s"),
                (["x.toml", "--slo", "p99"], "has no limit; write it as p99.9=50us"),
                (["x.toml", "--keep", "rings"],
                 '--keep "rings": there is no such knob (did you mean "ring"?); they are wait, '
                 "batch, partitions, ring, segments"),
                (["x.toml", "--budget", "2s"], "has no room for 28 runs of 0.46 s each, which one "
                 "candidate and the confirmation need; raise it to 16s"),
                (["x.toml", "--slo", "p99.9=1ms", "--rate", "500/s"], "or raise --rate"),
                (["x.toml", "--slo", "p99.9=1ms", "--rate", "500/s", "--seconds", "2s"],
                 "needs 10000 events in a run, ten beyond its highest percentile"),
                (["x.toml", "--out", "./x.toml"], "--out ./x.toml is the file of the config too"),
                (["x.toml", "--out", "out.ndjson"], "is the file of a sink too")):
            out, err = self.call("tune", *arguments, code=USAGE)
            self.assertEqual(out, "")
            self.assertIn(told, err)
        self.assertEqual(self.text("x.toml"), CONFIG)
        self.assertFalse((self.folder / "out.ndjson").exists())

    def test_file_that_cannot_be_written_fails_before_the_first_run(self):
        for path in ("no/such/new.toml", "."):
            _, err = self.call("tune", "x.toml", "--out", path, code=UNAVAILABLE)
            self.assertIn(path, err)
        self.assertFalse((self.folder / "out.ndjson").exists())

    def test_config_that_is_not_there_or_wrong_is_told_by_its_name_and_lines(self):
        _, err = self.call("tune", "gone.toml", code=UNAVAILABLE)
        self.assertIn("gone.toml", err)
        (self.folder / "x.toml").write_text(CONFIG.replace("key ", "kay "), encoding="utf-8")
        _, err = self.call("tune", "x.toml", code=BAD_CONFIG)
        self.assertRegex(err, r"x\.toml:4:\d+: ")

    def test_help_has_examples(self):
        out, _ = self.call("tune", "--help")
        self.assertEqual(len(re.findall(r"(?m)^  penstock tune ", out)), 2)


if __name__ == "__main__":
    run(__doc__)
