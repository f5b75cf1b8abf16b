#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`penstock bench` from outside: short loads, their files, comparisons, mistakes, exit codes.

Usage: bench_cli_test.py PATH_TO_PENSTOCK [unittest arguments]
No test looks at how fast anything was: structure, counts and exit codes only.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as tree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from from_outside import (  # noqa: E402
    BAD_CONFIG, CHECK_FAILED, DRAIN_TIMED_OUT, FINE, STORAGE, UNAVAILABLE, USAGE, FromOutside, run)

SHORT = ["--seconds", "200ms", "--warmup", "50ms"]
CONFIG = """
[pipeline]
name = "loaded"
partitions = 1
[[source]]
kind = "file"
path = "in.ndjson"
[[stage]]
name = "price"
use = "handler"
[[sink]]
kind = "file"
path = "out.ndjson"
[rejects]
path = "rejects.ndjson"
"""


class BenchTest(FromOutside):
    def setUp(self):
        super().setUp()
        (self.folder / "x.toml").write_text(CONFIG, encoding="utf-8")


class Runs(BenchTest):
    def test_words_say_what_was_measured_and_what_is_not_what_it_seems(self):
        out, _ = self.call("bench", "x.toml", "--rate", "2k/s", *SHORT)
        for label in ("machine", "rate", "events", "latency", "load late", "hiccups", "where",
                      "costs"):
            self.assertRegex(out, rf"(?m)^{label} ")
        self.assertIn("20,000 generated orders", out)
        self.assertIn("stage price is code of its host: here it lets every event pass", out)

    def test_json_has_every_planned_event_and_the_sink_has_what_was_sent(self):
        out, _ = self.call("bench", "x.toml", "--rate", "4k/s", "--format", "json", *SHORT)
        result = json.loads(out)
        self.assertEqual(result["penstock_bench"], 1)
        self.assertEqual(len(result["runs"]), 1)
        run = result["runs"][0]
        counts = run["counts"]
        self.assertEqual(counts["sent"] + counts["unsent"], 1000)
        self.assertEqual(counts["completed"], counts["sent"])
        self.assertEqual(len(self.text("out.ndjson").splitlines()), counts["sent"])
        self.assertEqual([step["name"] for step in run["segments"][0]["steps"]],
                         ["decode", "price", "sinks"])
        self.assertIsNone(result["search"])

    def test_events_come_from_the_configs_file_or_the_one_that_is_named(self):
        self.call("generate", "orders", "--events", "30", "--output", "in.ndjson")
        self.call("generate", "orders", "--events", "40", "--output", "other.ndjson")
        load = ["--rate", "1k/s", "--format", "json", *SHORT]
        for named, told in (([], "30 events of in.ndjson"),
                            (["--events", "other.ndjson"], "40 events of other.ndjson")):
            out, _ = self.call("bench", "x.toml", *load, *named)
            self.assertEqual(json.loads(out)["events"]["from"], told)
        sent = set(self.text("out.ndjson").splitlines())
        self.assertLessEqual(sent, set(self.text("other.ndjson").splitlines()))

    def test_source_of_the_config_that_gives_no_events_is_told_with_its_path(self):
        load = ["--rate", "1k/s", "--format", "json", *SHORT]
        for content, why in ((None, "in.ndjson: No such file or directory"),
                             ("\n", "in.ndjson: has no event of at most")):
            if content is not None:
                (self.folder / "in.ndjson").write_text(content, encoding="utf-8")
            out, _ = self.call("bench", "x.toml", *load)
            told = [remark for remark in json.loads(out)["remarks"] if "in.ndjson" in remark]
            self.assertEqual(len(told), 1, out)
            self.assertIn("no events from the config's source: " + why, told[0])
            self.assertTrue(told[0].endswith("; instead: 20,000 generated orders"), told[0])
        self.call("generate", "orders", "--events", "30", "--output", "in.ndjson")
        out, _ = self.call("bench", "x.toml", *load)
        self.assertFalse([remark for remark in json.loads(out)["remarks"] if "in.ndjson" in remark])

    def test_invalid_events_are_refused_as_in_any_run(self):
        self.call("generate", "orders", "--events", "50", "--invalid", "20%", "--output",
                  "in.ndjson")
        out, _ = self.call("bench", "x.toml", "--rate", "5k/s", "--format", "json", *SHORT)
        counts = json.loads(out)["runs"][0]["counts"]
        self.assertEqual(counts["offered"], counts["completed"] + counts["refused"]["invalid"])
        self.assertEqual(len(self.text("rejects.ndjson").splitlines()),
                         counts["refused"]["invalid"])

    def test_every_shape_and_repeated_runs(self):
        for shape in ("constant", "poisson", "bursts"):
            out, _ = self.call("bench", "x.toml", "--shape", shape, "--burst", "10", "--rate",
                               "1k/s", "--repeat", "2", "--format", "json", *SHORT)
            result = json.loads(out)
            self.assertEqual(result["asked"]["shape"], shape)
            self.assertEqual(len(result["runs"]), 2)

    def test_events_that_the_drain_left_fail_the_run_and_are_counted(self):
        (self.folder / "x.toml").write_text(CONFIG.replace(
            "partitions = 1", "partitions = 1\ndrain_timeout = \"50ms\""), encoding="utf-8")
        os.mkfifo(self.folder / "out.ndjson")
        nobody_reads = os.open(self.folder / "out.ndjson", os.O_RDWR)
        self.addCleanup(os.close, nobody_reads)
        out, err = self.call("bench", "x.toml", "--rate", "5k/s", "--format", "json", *SHORT,
                             code=DRAIN_TIMED_OUT)
        run = json.loads(out)["runs"][0]
        self.assertGreater(run["counts"]["in_flight"], 0)
        self.assertFalse(run["kept_up"])
        self.assertIn("the drain timed out with", err)
        self.assertTrue(any("had not ended when the drain timed out" in remark
                            for remark in json.loads(out)["remarks"]))

    def test_slo_decides_the_exit_code(self):
        load = ["--rate", "500/s", "--seconds", "100ms", "--warmup", "0s"]
        _, err = self.call("bench", "x.toml", "--slo", "p50=1ns", *load, code=CHECK_FAILED)
        self.assertRegex(err, r"the SLO was not met: (p50 = .* > 1ns|did not keep up)")

    def test_search_that_cannot_succeed_says_so(self):
        out, _ = self.call("bench", "x.toml", "--find-max", "--slo", "p50=1ns", "--rate", "900/s",
                           "--seconds", "100ms", "--warmup", "0s", "--format", "json",
                           code=CHECK_FAILED)
        search = json.loads(out)["search"]
        self.assertIsNone(search["rate"])
        self.assertEqual([trial["rate_asked"] for trial in search["trials"]],
                         [900, 900, 450, 450, 225, 225])
        self.assertTrue(all(not trial["held"] for trial in search["trials"]))


    def test_repeated_searches_have_a_rate_each_and_fewer_than_three_are_not_compared(self):
        search = ["bench", "x.toml", "--find-max", "--slo", "p50=1ns", "--rate", "225/s",
                  "--seconds", "100ms", "--warmup", "0s"]
        self.call(*search, "--repeat", "2", "--out", "a.json", code=CHECK_FAILED)
        self.assertEqual(json.loads(self.text("a.json"))["search"]["rates"], [0, 0])
        _, err = self.call("bench", "--compare", "a.json", "a.json", code=USAGE)
        self.assertIn("a.json has 2 of the 3 searches", err)
        result = json.loads(self.text("a.json"))
        for rates, code in (([100, 101, 100], FINE), ([70, 71, 70], CHECK_FAILED)):
            result["search"]["rates"] = rates
            (self.folder / "b.json").write_text(json.dumps(result), encoding="utf-8")
            if code == FINE:
                (self.folder / "a.json").write_text(json.dumps(result), encoding="utf-8")
            out, _ = self.call("bench", "--compare", "a.json", "b.json", code=code)
            self.assertRegex(out, r"(?m)^rate found .*" + ("same" if code == FINE else "worse"))


class Files(BenchTest):
    def test_files_are_written_in_their_formats(self):
        self.call("bench", "x.toml", "--rate", "2k/s", "--out", "a.json", "--html", "a.html",
                  "--hgrm", "a.hgrm", "--hlog", "a.hlog", *SHORT)
        self.assertEqual(json.loads(self.text("a.json"))["pipeline"], "loaded")
        page = self.text("a.html")
        self.assertTrue(page.startswith("<!DOCTYPE html>\n"))
        root = tree.fromstring(page.split("\n", 1)[1])
        self.assertEqual(root.tag, "html")
        self.assertNotRegex(page, r"<script|src=|href=")
        count = json.loads(self.text("a.json"))["runs"][0]["latency_ns"]["count"]
        self.assertRegex(self.text("a.hgrm"), rf"Total count    = +{count}\]")
        log = self.text("a.hlog").splitlines()
        self.assertEqual(log[0], "#[Histogram log format version 1.3]")
        for line in log[3:]:
            self.assertRegex(line, r"^(Tag=hiccups,)?(\d+\.\d{3},){3}HIST[\w+/]+=*$")

    def test_command_that_a_shell_takes_stands_in_the_result(self):
        (self.folder / "it's a.toml").write_text(CONFIG, encoding="utf-8")
        self.call("bench", "it's a.toml", "--rate", "1k/s", "--out", "a.json", *SHORT)
        command = json.loads(self.text("a.json"))["command"]
        self.assertEqual(shlex.split(command),
                         [self.PROGRAM, "bench", "it's a.toml", "--rate", "1k/s", "--out", "a.json",
                          *SHORT])
        self.assertIn("--rate 1k/s --out a.json", command)  # no more quotes than it needs

    def test_log_begins_when_the_typical_run_began_to_be_measured(self):
        before_s = time.time()
        self.call("bench", "x.toml", "--rate", "1k/s", "--hlog", "a.hlog", "--seconds", "100ms",
                  "--warmup", "300ms")
        start = re.search(r"(?m)^#\[StartTime: ([\d.]+)", self.text("a.hlog"))
        self.assertGreaterEqual(float(start[1]), before_s + 0.299)

    def test_measured_runs_are_told_when_a_later_one_is_stopped(self):
        call = subprocess.Popen([self.PROGRAM, "bench", "x.toml", "--rate", "1k/s", "--repeat",
                                 "100", "--out", "a.json", *SHORT], cwd=self.folder,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        # The second run truncates what the first one wrote, which had 250 lines.
        sink = self.folder / "out.ndjson"
        most = 0
        while call.poll() is None:
            size = sink.stat().st_size if sink.exists() else 0
            if size < most:
                break
            most = max(most, size)
        call.send_signal(signal.SIGINT)
        out, err = call.communicate(timeout=self.TIMEOUT_S)
        self.assertEqual(call.returncode, DRAIN_TIMED_OUT, err.decode())
        self.assertIn("the measuring ended early", out.decode())
        result = json.loads(self.text("a.json"))
        self.assertGreaterEqual(len(result["runs"]), 1)
        self.assertTrue(result["interrupted"])

    def test_file_that_cannot_be_written_fails_before_the_first_run(self):
        _, err = self.call("bench", "x.toml", "--rate", "1k/s", "--html", "no/such/a.html", *SHORT,
                           code=UNAVAILABLE)
        self.assertIn("no/such/a.html", err)
        self.assertFalse((self.folder / "out.ndjson").exists())

    def test_files_that_nothing_was_written_to_are_not_left_behind(self):
        (self.folder / "old.html").write_text("old")
        self.call("bench", "x.toml", "--out", "a.json", "--html", "old.html", "--hgrm",
                  "no/such.txt", *SHORT, code=UNAVAILABLE)
        self.assertFalse((self.folder / "a.json").exists())
        self.assertEqual(self.text("old.html"), "old")

    def test_result_is_printed_though_a_file_could_not_take_it(self):
        out, err = self.call("bench", "x.toml", "--rate", "1k/s", "--out", "/dev/full", *SHORT,
                             code=STORAGE)
        self.assertIn("/dev/full", err)
        self.assertRegex(out, r"(?m)^latency ")


    def test_reports_go_over_nothing_that_the_run_needs(self):
        for option, path, other in (("--out", "x.toml", "the config"),
                                    ("--html", "./out.ndjson", "a sink"),
                                    ("--hgrm", "same.txt", "--out")):
            more = ["--out", "same.txt"] if other == "--out" else []
            before = self.text("x.toml")
            _, err = self.call("bench", "x.toml", "--rate", "1k/s", option, path, *more, *SHORT,
                               code=USAGE)
            self.assertIn(f"{option} {path} is the file of {other} too", err)
            self.assertEqual(self.text("x.toml"), before)


class Comparisons(BenchTest):
    def result(self, name, change=lambda run: None):
        """A result with three runs, changed by hand: comparing is about numbers, not about time."""
        if not (self.folder / "a.json").exists():
            self.call("bench", "x.toml", "--rate", "1k/s", "--repeat", "3", "--out", "a.json",
                      *SHORT)
        result = json.loads(self.text("a.json"))
        for number, run in enumerate(result["runs"]):
            run["rate_achieved"] = 1000 + number
            run["kept_up"] = True
            run["latency_ns"]["count"] = 10_000
            for key in ("p50", "p99", "p999"):
                run["latency_ns"][key] = 5000 + number
            run["cpu"]["s_per_million_events"] = 0.5 + number / 1000
            change(run)
        (self.folder / name).write_text(json.dumps(result), encoding="utf-8")
        return name

    def test_same_or_better_is_fine_and_worse_is_not(self):
        def slower(run):
            run["latency_ns"]["p99"] *= 1.5

        a, b = self.result("one.json"), self.result("two.json", slower)
        out, _ = self.call("bench", "--compare", a, a)
        self.assertNotIn("worse", out)
        out, _ = self.call("bench", "--compare", a, b, code=CHECK_FAILED)
        self.assertRegex(out, r"p99 .* worse")
        out, _ = self.call("bench", "--compare", b, a)
        self.assertRegex(out, r"p99 .* better")
        out, _ = self.call("bench", "--compare", a, b, "--format", "json", code=CHECK_FAILED)
        told = json.loads(out)
        self.assertTrue(told["worse"])
        p99 = next(measure for measure in told["measures"] if measure["name"] == "p99")
        self.assertGreater(p99["low"], 1.4)

    def test_what_is_no_result_is_told_with_its_name(self):
        a = self.result("one.json")
        (self.folder / "bad.json").write_text("{}", encoding="utf-8")
        _, err = self.call("bench", "--compare", a, "bad.json", code=UNAVAILABLE)
        self.assertIn('bad.json: is no result of penstock bench --format json: '
                      'it has no member "penstock_bench"', err)
        whole = self.text(a)
        for length in (len(whole) // 3, len(whole) - 2):
            (self.folder / "cut.json").write_text(whole[:length], encoding="utf-8")
            _, err = self.call("bench", "--compare", a, "cut.json", code=UNAVAILABLE)
            self.assertIn("cut.json: is no result", err)
        _, err = self.call("bench", "--compare", a, "gone.json", code=UNAVAILABLE)
        self.assertIn("gone.json", err)


class Mistakes(BenchTest):
    def test_mistakes_are_usage_errors_with_what_would_be_right(self):
        for arguments, told in (
                ([], "bench needs a config, or --compare with two results"),
                (["x.toml", "--rate", "fast"], "a rate from 1/s to 100M/s"),
                (["x.toml", "--rate", "0"], "a rate from 1/s to 100M/s"),
                (["x.toml", "--shape", "square"], "a shape: constant, poisson, bursts"),
                (["x.toml", "--seconds", "1ms"], "a duration from 100ms to 1h"),
                (["x.toml", "--repeat", "0"], "a count from 1 to 100"),
                (["x.toml", "--find-max"], "--find-max needs --slo"),
                (["x.toml", "--slo", "p99.9=1ms", "--rate", "500/s", "--seconds", "2s"],
                 "needs 10,000 events in a run, ten beyond its highest percentile, and would have "
                 "1,000; raise --rate or --seconds"),
                (["x.toml", "--slo", "p99"], "has no limit; write it as p99.9=50us"),
                (["x.toml", "--slo", ""], "--slo: is empty"),
                (["x.toml", "--out", ""], "--out: is empty"),
                (["--compare", "a.json"], "compare")):
            out, err = self.call("bench", *arguments, code=USAGE)
            self.assertEqual(out, "")
            self.assertIn(told, err)

    def test_misspelt_option_is_told_with_the_one_that_was_meant(self):
        for written, told in (
                (["--rat", "5"], '"--rat" (did you mean "--rate"?)'),
                (["--rat=5"], '"--rat" (did you mean "--rate"?)'),
                (["--find_max", "--slo", "p50=1s"], '"--find_max" (did you mean "--find-max"?)'),
                (["--zzzzzz"], '"--zzzzzz"\n')):
            for arguments in (["x.toml", *written], [*written, "x.toml"]):
                _, err = self.call("bench", *arguments, code=USAGE)
                self.assertIn("unknown option " + told, err)
                self.assertIn("penstock bench --help", err)
        _, err = self.call("bench", "x.toml", "y.toml", code=USAGE)
        self.assertIn("y.toml", err)

    def test_options_that_would_be_ignored_are_mistakes(self):
        for arguments in (["x.toml", "--compare", "a.json", "b.json"],
                          ["--compare", "a.json", "b.json", "--rate", "1k/s"],
                          ["--compare", "a.json", "b.json", "--slo", "p50=1s"],
                          ["--compare", "a.json", "b.json", "--out", "c.json"]):
            _, err = self.call("bench", *arguments, code=USAGE)
            self.assertIn("excludes", err)

    def test_time_is_called_duration_too(self):
        out, _ = self.call("bench", "x.toml", "--rate", "1k/s", "--duration", "150ms", "--warmup",
                           "0s", "--format", "json")
        self.assertEqual(json.loads(out)["asked"]["seconds"], 0.15)

    def test_config_and_events_that_are_not_there_are_named(self):
        _, err = self.call("bench", "gone.toml", code=UNAVAILABLE)
        self.assertIn("gone.toml", err)
        _, err = self.call("bench", "x.toml", "--events", "gone.ndjson", code=UNAVAILABLE)
        self.assertIn("gone.ndjson", err)

    def test_config_that_cannot_work_is_told_by_its_lines(self):
        (self.folder / "x.toml").write_text(CONFIG.replace("partitions", "partition"),
                                            encoding="utf-8")
        _, err = self.call("bench", "x.toml", code=BAD_CONFIG)
        self.assertRegex(err, r"x\.toml:4:\d+: ")

    def test_help_has_examples(self):
        out, _ = self.call("bench", "--help")
        self.assertIn("Example:\n  penstock bench ", out)
        self.assertEqual(len(re.findall(r"(?m)^  penstock bench ", out)), 3)


if __name__ == "__main__":
    run(__doc__)
