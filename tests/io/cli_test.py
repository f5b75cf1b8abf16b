#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program `penstock` from outside: what it prints, where, and its exit codes.

Usage: cli_test.py PATH_TO_PENSTOCK [unittest arguments]
Nothing here measures time.
"""

import fcntl
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from from_outside import (  # noqa: E402
    BAD_CONFIG, CHECK_FAILED, FINE, STORAGE, UNAVAILABLE, USAGE, FromOutside, run)

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


class CliTest(FromOutside):
    def path(self, name):
        return str(self.folder / name)

    def write(self, name, text):
        mode = "wb" if isinstance(text, bytes) else "w"
        with open(self.path(name), mode) as file:
            file.write(text)
        return self.path(name)

    def generate(self, *arguments):
        self.call("generate", "orders", "--output", "in.ndjson", *arguments)
        return self.text("in.ndjson").splitlines()

    def config(self, source='kind = "file"\npath = "in.ndjson"',
               sink='kind = "file"\npath = "out.ndjson"', partitions=1, more=""):
        return self.write("test.toml", f"""
[pipeline]
name = "test"
partitions = {partitions}
key = "subject"
{more}
[[source]]
{source}
[[sink]]
{sink}
[rejects]
path = "rejects.ndjson"
""")


def is_valid(line):
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return False
    return "id" in event and event["time"] != "lunchtime" and not line.startswith('{"id":"twice"')


def by_subject(lines):
    found = {}
    for line in lines:
        found.setdefault(json.loads(line)["subject"], []).append(line)
    return found


class Verbs(CliTest):
    def test_unknown_verbs_and_options_are_usage_errors(self):
        for arguments in ([], ["fly"], ["run"], ["run", "x", "--fast"], ["demo", "--events", "few"],
                          ["plan", "x", "--partitions", "1000"], ["config", "--format", "yaml"],
                          ["generate", "orders", "--invalid", "2"],
                          ["generate", "orders", "--events", "5G"],
                          ["run", "x", "--stats-every", "2h"]):
            out, err = self.call(*arguments, code=USAGE)
            self.assertEqual(out, "", arguments)
            self.assertNotEqual(err, "", arguments)

    def test_unknown_option_is_named_with_the_one_that_was_meant(self):
        for arguments, told in ((["run", "x.toml", "--quite"],
                                 '"--quite" (did you mean "--quiet"?)'),
                                (["generate", "orders", "--event", "5"],
                                 '"--event" (did you mean "--events"?)')):
            _, err = self.call(*arguments, code=USAGE)
            self.assertIn("unknown option " + told, err)
        self.assertIn("Run penstock generate orders --help for", err)

    def test_unknown_verb_is_named_with_the_one_that_was_meant(self):
        _, err = self.call("rnu", "x.toml", code=USAGE)
        self.assertIn('unknown verb "rnu" (did you mean "run"?)', err)
        self.assertNotIn("did you mean", self.call("fly", code=USAGE)[1])

    def test_every_verb_has_help_with_an_example(self):
        for verb in (["run"], ["demo"], ["validate"], ["plan"], ["generate"],
                     ["generate", "orders"], ["inspect"], ["config"], ["version"], []):
            out, _ = self.call(*verb, "--help")
            self.assertIn("Example:\n  penstock ", out, verb)

    def test_version_names_packages(self):
        out, _ = self.call("version", "--format", "json")
        told = json.loads(out)
        self.assertIn("toml++", told["packages"])
        self.assertIn("toml++", self.call("version")[0])
        self.assertEqual(self.call("--version"), self.call("version"))

    def test_configuration_page_is_what_the_program_prints(self):
        out, _ = self.call("config", "--markdown")
        self.assertEqual(out, (DOCS / "configuration.md").read_text(encoding="utf-8"),
                         "write it again: penstock config --markdown > docs/configuration.md")

    def test_printed_config_is_valid_and_shows_effective_values(self):
        self.write("small.toml", '[pipeline]\nprofile = "quiet"\n[[sink]]\nkind = "null"\n')
        out, _ = self.call("config", "small.toml")
        self.assertIn("\nslots = 1024\n", out)
        self.write("printed.toml", out)
        self.call("validate", "printed.toml")
        values = json.loads(self.call("config", "small.toml", "--format", "json")[0])
        slots = [row for row in values["properties"] if row["key"] == "slots"]
        self.assertEqual(slots[0]["value"], "1024")
        every = json.loads(self.call("config", "--format", "json")[0])["properties"]
        self.assertEqual([row["required"] for row in every if row["section"] == "source"],
                         [True, False])

    def test_generate_is_deterministic(self):
        first, _ = self.call("generate", "orders", "--events", "1k", "--seed", "7")
        second, _ = self.call("generate", "orders", "--events", "1000", "--seed", "7")
        self.assertEqual(first, second)
        self.assertEqual(len(first.splitlines()), 1000)

    def test_generate_on_a_full_device_is_a_storage_error(self):
        _, err = self.call("generate", "orders", "--output", "/dev/full", code=STORAGE)
        self.assertIn("/dev/full: No space left on device", err)

    def test_demo_checks_its_result(self):
        out, _ = self.call("demo", "--events", "20k")
        self.assertIn("20,000 completed · 0 dead · 0 lost · 0 out of order", out)
        told = json.loads(self.call("demo", "--events", "20k", "--format", "json")[0])
        self.assertEqual((told["completed"], told["lost"], told["out_of_order"]), (20000, 0, 0))
        self.assertTrue(told["totals_right"])


class Configs(CliTest):
    BROKEN = '[ring]\nslots = 60_000\n[[stage]]\nname = "price"\non_eror = "drop"\n[reorder]\n'

    def test_mistakes_are_told_all_at_once(self):
        self.write("broken.toml", self.BROKEN)
        out, _ = self.call("validate", "broken.toml", code=BAD_CONFIG)
        self.assertEqual(out, """\
broken.toml:2:9: ring.slots = 60000 is not a power of two (did you mean 65536?)
      2 | slots = 60_000
        |         ^~~~~~
broken.toml:5:1: unknown key "on_eror" in stage "price" (did you mean "on_error"?)
      5 | on_eror = "drop"
        | ^~~~~~~
broken.toml:6:1: "[reorder]" is not in this version of Penstock
      6 | [reorder]
        | ^~~~~~~~~
3 errors
""")
        for verb in ("run", "plan", "config"):
            printed, err = self.call(verb, "broken.toml", code=BAD_CONFIG)
            self.assertEqual((printed, err), ("", out), verb)
        told = json.loads(self.call("validate", "broken.toml", "--format", "json",
                                    code=BAD_CONFIG)[0])
        self.assertFalse(told["valid"])
        self.assertEqual([p["line"] for p in told["problems"]], [2, 5, 6])

    def test_valid_config_with_handlers_is_valid_without_their_code(self):
        self.config(more='[[stage]]\nname = "price"')
        self.assertEqual(self.call("validate", "test.toml")[0],
                         "test.toml: valid · 1 source, 1 stage, 1 sink\n")
        out, _ = self.call("validate", "test.toml", "--format", "json")
        self.assertTrue(json.loads(out)["valid"])

    def test_run_refuses_handlers_that_nobody_fills(self):
        self.config(more='[[stage]]\nname = "price"')
        _, err = self.call("run", "test.toml", code=BAD_CONFIG)
        self.assertIn('"price"', err)

    def test_plan_tells_threads_memory_and_segments(self):
        self.config(partitions=2)
        out, _ = self.call("plan", "test.toml")
        for word in ("partitions", "memory", "segments"):
            self.assertIn(word, out)
        out, _ = self.call("plan", "test.toml", "--partitions", "4", "--format", "json")
        self.assertEqual(json.loads(out)["partitions"], 4)

    def test_missing_config_is_unavailable(self):
        for verb in ("run", "validate", "plan", "config"):
            _, err = self.call(verb, "no.toml", code=UNAVAILABLE)
            self.assertIn("no.toml: No such file or directory", err)


class Inspect(CliTest):
    def test_tells_line_and_reason_of_what_would_be_refused(self):
        lines = self.generate("--events", "200", "--invalid", "10%")
        bad = [number for number, line in enumerate(lines, 1) if not is_valid(line)]
        self.assertTrue(bad)
        out, _ = self.call("inspect", "in.ndjson", code=CHECK_FAILED)
        told = out.splitlines()
        self.assertEqual([int(line.split(":")[1]) for line in told[:-1]], bad)
        self.assertEqual(told[-1], f"200 events: {200 - len(bad)} accepted, {len(bad)} refused")

    def test_json_has_one_object_a_line_and_a_summary(self):
        self.generate("--events", "3")
        with open(self.path("in.ndjson"), "rb") as events:
            out, _ = self.call("inspect", "-", "--format", "json", stdin=events)
        told = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([line.get("accepted") for line in told[:-1]], [True] * 3)
        self.assertEqual(told[-1], {"events": 3, "accepted": 3, "refused": 0, "reasons": {}})

    def test_waits_for_a_pipe_that_does_not_block(self):
        lines = self.generate("--events", "3")
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        os.set_blocking(reader, False)
        with subprocess.Popen([self.PROGRAM, "inspect", "-"], stdin=reader,
                              stdout=subprocess.PIPE) as process:
            os.write(writer, (lines[0] + "\n").encode())
            while select.select([reader], [], [], 0)[0]:
                self.assertIsNone(process.poll())  # until it has read and finds nothing more
            os.write(writer, "\n".join(lines[1:]).encode())
            os.close(writer)
            out, _ = process.communicate(timeout=self.TIMEOUT_S)
        self.assertEqual(process.returncode, FINE)
        self.assertEqual(out.decode(), "3 events: 3 accepted, 0 refused\n")

    def test_missing_file_is_unavailable(self):
        self.call("inspect", "no.ndjson", code=UNAVAILABLE)
        self.call("inspect", ".", code=UNAVAILABLE)


class Run(CliTest):
    def report_of(self, out):
        report = json.loads(out.splitlines()[-1])
        self.assertEqual(report["offered"], report["accepted"] + sum(report["refused"].values()))
        self.assertEqual(report["accepted"],
                         report["completed"] + sum(report["dropped"].values()) + report["dead"] +
                         report["parked"] + report["in_flight"])
        return report

    def check_result(self, lines, out):
        """Every valid event once in the sink, in input order for each key; the others rejected."""
        valid = [line for line in lines if is_valid(line)]
        bad = [number for number, line in enumerate(lines, 1) if not is_valid(line)]
        written = self.text("out.ndjson").splitlines()
        self.assertEqual(sorted(written), sorted(valid))
        self.assertEqual(by_subject(written), by_subject(valid))
        rejects = [json.loads(line) for line in self.text("rejects.ndjson").splitlines()]
        self.assertEqual(sorted(reject["line"] for reject in rejects), bad)
        for reject in rejects:
            self.assertEqual((reject["kind"], reject["reason"]), ("refused", "invalid"))
            self.assertEqual(reject["bytes"], lines[reject["line"] - 1])
            self.assertNotEqual(reject["detail"], "")
        report = self.report_of(out)
        self.assertEqual(report["offered"], len(lines))
        self.assertEqual(report["completed"], len(valid))
        self.assertEqual(report["refused"], {"invalid": len(bad)} if bad else {})
        self.assertTrue(report["drained"])

    def test_file_through_1_2_and_4_partitions(self):
        lines = self.generate("--events", "20k", "--keys", "300", "--invalid", "0.5%")
        for partitions in (1, 2, 4):
            with self.subTest(partitions=partitions):
                self.config(partitions=partitions)
                out, err = self.call("run", "test.toml", "--format", "json")
                self.check_result(lines, out)
                self.assertIn("20,000 in = ", err)

    def test_pipe_through_1_2_and_4_partitions(self):
        lines = self.generate("--events", "20k", "--keys", "300", "--invalid", "0.5%")
        self.config(source='kind = "stdin"')
        for partitions in ("1", "2", "4"):
            with self.subTest(partitions=partitions):
                out, _ = self.call("run", "test.toml", "--format", "json", "--quiet",
                                   "--partitions", partitions, input="\n".join(lines).encode())
                self.check_result(lines, out)

    def test_fifo_by_its_path(self):
        lines = self.generate("--events", "2k")
        os.mkfifo(self.path("fifo"))
        self.config(source='kind = "file"\npath = "fifo"')
        with subprocess.Popen([self.PROGRAM, "run", "test.toml", "--format", "json"],
                              cwd=self.folder, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as process:
            with open(self.path("fifo"), "w", encoding="utf-8") as fifo:
                fifo.write("\n".join(lines) + "\n")
            out, _ = process.communicate(timeout=self.TIMEOUT_S)
        self.assertEqual(process.returncode, FINE)
        self.check_result(lines, out.decode())

    def test_events_go_to_stdout_only_if_the_sink_says_so(self):
        lines = self.generate("--events", "100")
        self.config(sink='kind = "stdout"')
        out, _ = self.call("run", "test.toml", "--format", "json")
        self.assertEqual(out.splitlines()[:-1], lines)
        self.config(sink='kind = "null"')
        self.assertEqual(self.call("run", "test.toml")[0], "")

    def test_lines_of_every_shape(self):
        good = self.generate("--events", "3")
        pretty = good[2].replace('"data":{', '"data": { ')
        text = (b"\xef\xbb\xbf" + good[0].encode() + b"\n"  # 1: byte order mark
                + good[0].encode() + b"\r\n\r\n  \n"        # 2: CRLF; 3, 4: blank
                + b"{\x00}\n" + b"\xff\xfe\n" + b"[1]\n"    # 5: NUL, 6: no UTF-8, 7: no object
                + b'{"a":"' + b"x" * 70000 + b'"}\n'        # 8: too long
                + good[1].encode() + b"\n" + pretty.encode())  # 9, 10: without newline
        self.write("in.ndjson", text)
        self.config(more='[ring]\nevent_bytes_max = "64KiB"')
        out, _ = self.call("run", "test.toml", "--format", "json")
        self.assertEqual(self.text("out.ndjson").splitlines(), [good[0], good[1], pretty])
        rejects = {reject["line"]: reject for reject in
                   map(json.loads, self.text("rejects.ndjson").splitlines())}
        self.assertEqual(sorted(rejects), [1, 5, 6, 7, 8])
        self.assertEqual(rejects[8]["reason"], "too_large")
        self.assertEqual(rejects[8]["bytes_total"], 70008)
        self.assertTrue(rejects[8]["truncated"])
        self.assertEqual(rejects[6]["bytes_base64"], "//4=")
        report = self.report_of(out)
        self.assertEqual(report["refused"], {"invalid": 4, "too_large": 1})
        self.call("run", "test.toml", "--strict", code=CHECK_FAILED)

    def test_empty_input_is_fine(self):
        self.write("in.ndjson", "")
        self.config()
        self.assertEqual(self.report_of(self.call("run", "test.toml", "--format", "json")[0])
                         ["offered"], 0)

    def test_what_is_kept_nowhere_is_told(self):
        self.write("in.ndjson", "broken\n")
        self.write("test.toml", '[[source]]\nkind = "file"\npath = "in.ndjson"\n')
        _, err = self.call("run", "test.toml")
        self.assertIn("penstock: no [[sink]]: events are only counted\n", err)
        self.assertIn("no [rejects]: nothing was kept of 1 refused or dead events\n", err)
        self.assertEqual(self.call("run", "test.toml", "--quiet")[1], "")
        self.config()
        self.assertNotIn("no [", self.call("run", "test.toml")[1])

    def test_missing_input_is_unavailable(self):
        self.config()
        _, err = self.call("run", "test.toml", code=UNAVAILABLE)
        self.assertIn("in.ndjson: No such file or directory (in the working directory "
                      f"{os.path.realpath(self.folder)})", err)
        self.config(source='kind = "file"\npath = "."')
        _, err = self.call("run", "test.toml", code=UNAVAILABLE)
        self.assertIn("Is a directory", err)

    def test_run_that_cannot_start_leaves_the_last_result_alone(self):
        self.generate("--events", "10")
        self.write("out.ndjson", "yesterday\n")
        self.config(more='[[sink]]\nkind = "file"\npath = "no/such/folder"')
        self.call("run", "test.toml", code=UNAVAILABLE)
        self.assertEqual(self.text("out.ndjson"), "yesterday\n")

    def test_sink_that_would_overwrite_the_input_is_refused(self):
        text = "\n".join(self.generate("--events", "10"))
        os.symlink("in.ndjson", self.path("out.ndjson"))
        self.config()
        for verb in ("validate", "run"):
            out, err = self.call(verb, "test.toml", code=BAD_CONFIG)
            self.assertIn("is the file of a source too", out + err)
        self.assertEqual(self.text("in.ndjson").rstrip("\n"), text)

    def test_mistakes_that_only_a_plan_shows_name_the_file(self):
        self.config(more='[[stage]]\nname = "price"')
        for verb in ("run",):
            _, err = self.call(verb, "test.toml", code=BAD_CONFIG)
            self.assertTrue(all(line.startswith("test.toml:") for line in err.splitlines()), err)

    def test_config_without_source_cannot_run(self):
        self.write("none.toml", '[[sink]]\nkind = "null"\n')
        self.call("run", "none.toml", code=BAD_CONFIG)

    def test_full_device_is_a_storage_error(self):
        self.generate("--events", "1k")
        self.config(sink='kind = "file"\npath = "/dev/full"')
        out, err = self.call("run", "test.toml", "--format", "json", code=STORAGE)
        self.assertEqual(err.count("/dev/full: No space left on device"), 1, err)
        self.assertIn("test: failed after ", err)
        self.assertIn("/dev/full", json.loads(out.splitlines()[-1])["failure"])

    def test_standard_stream_that_is_closed_is_told_before_anything_begins(self):
        self.generate("--events", "10")
        self.write("out.ndjson", "of yesterday")
        for closed, source, sink in (
                (0, 'kind = "stdin"', 'kind = "file"\npath = "out.ndjson"'),
                (1, 'kind = "file"\npath = "in.ndjson"', 'kind = "stdout"')):
            with self.subTest(closed=closed):
                self.config(source=source, sink=sink)
                _, err = self.call("run", "test.toml", code=UNAVAILABLE,
                                   preexec_fn=lambda number=closed: os.close(number))
                self.assertIn(("stdin", "stdout")[closed] + ": Bad file descriptor", err)
                self.assertEqual(self.text("out.ndjson"), "of yesterday")

    def test_broken_pipe_is_a_storage_error(self):
        self.generate("--events", "20k")
        self.config(sink='kind = "stdout"')
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([self.PROGRAM, "run", "test.toml"], cwd=self.folder, stdout=writer,
                              stderr=subprocess.PIPE, timeout=self.TIMEOUT_S)
        os.close(writer)
        self.assertEqual(done.returncode, STORAGE, done.stderr)
        self.assertIn("stdout: Broken pipe", done.stderr.decode())

    def test_signals_drain(self):
        lines = self.generate("--events", "2k")
        self.config(source='kind = "stdin"')
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=number):
                with subprocess.Popen([self.PROGRAM, "run", "test.toml", "--format", "json"],
                                      cwd=self.folder, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                    process.stdin.write(("\n".join(lines) + "\n").encode())
                    process.stdin.flush()
                    self.wait_until_written(len(lines), process)
                    process.send_signal(number)
                    out, err = process.communicate(timeout=self.TIMEOUT_S)
                self.assertEqual(process.returncode, FINE, err)
                told = r"^test: draining .* events \.\.\.\ntest: drained in .* · 2,000 in = "
                self.assertTrue(re.search(told, err.decode(), re.M), err)
                self.check_result(lines, out.decode())

    def test_second_signal_stops_at_once(self):
        """The sink is a pipe that nobody empties, so that draining never ends; more events are
        there than the ring takes, so that the source has not ended before the signal."""
        self.generate("--events", "20k")
        fifo = os.path.join(self.folder, "fifo")
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.config(sink='kind = "file"\npath = "fifo"')
        with subprocess.Popen([self.PROGRAM, "run", "test.toml"], cwd=self.folder,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            self.wait_until_readable(reader)  # it runs
            process.send_signal(signal.SIGINT)
            self.wait_until_told(b"draining", process)
            while process.poll() is None:  # one that comes too soon is taken for the same
                process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=self.TIMEOUT_S)
        self.assertEqual(process.returncode, 75, err)
        self.assertIn("stopped at once", err.decode())

    def test_two_signals_at_once_are_one(self):
        """As timeout(1) sends them. Both wait until the process may run again."""
        lines = self.generate("--events", "20k")
        os.mkfifo(self.path("fifo"))
        reader = os.open(self.path("fifo"), os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.config(sink='kind = "file"\npath = "fifo"')
        with subprocess.Popen([self.PROGRAM, "run", "test.toml", "--quiet"], cwd=self.folder,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            self.wait_until_readable(reader)  # it runs
            os.set_blocking(reader, True)
            process.send_signal(signal.SIGSTOP)
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGCONT)
            written = b""
            while part := os.read(reader, 1 << 20):
                written += part
            _, err = process.communicate(timeout=self.TIMEOUT_S)
        self.assertEqual(process.returncode, 0, err)
        self.assertNotIn("stopped at once", err.decode())
        self.assertTrue(set(written.decode().splitlines()) <= set(lines))

    def test_what_was_read_from_a_pipe_is_accounted_for_when_a_signal_comes(self):
        """Every byte that left the pipe is in the sink or in the rejects. The sink is a pipe that
        is emptied only after the signal, so that the source has much that is not yet published."""
        lines = self.generate("--events", "1500")
        text = ("\n".join(lines) + "\n").encode()
        os.mkfifo(self.path("fifo"))
        sink = os.open(self.path("fifo"), os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, sink)
        os.set_blocking(sink, True)
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 1 << 20)
        self.assertEqual(os.write(writer, text), len(text))
        self.config(source='kind = "stdin"', sink='kind = "file"\npath = "fifo"',
                    more='[ring]\nslots = 64\narena = "64KiB"')
        with subprocess.Popen([self.PROGRAM, "run", "test.toml", "--format", "json"],
                              cwd=self.folder, stdin=reader, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            self.wait_until_readable(sink)
            process.send_signal(signal.SIGTERM)
            self.wait_until_told(b"draining", process)
            written = b""
            while True:
                self.wait_until_readable(sink)
                piece = os.read(sink, 65536)
                if not piece:
                    break
                written += piece
            out, err = process.communicate(timeout=self.TIMEOUT_S)
        self.assertEqual(process.returncode, FINE, err)
        rejects = [json.loads(line) for line in self.text("rejects.ndjson").splitlines()]
        self.assertLessEqual(len(rejects), 1)
        begun = b""
        for reject in rejects:
            self.assertEqual((reject["kind"], reject["reason"]), ("refused", "closed"))
            begun = reject["bytes"].encode()
        os.set_blocking(reader, False)
        self.assertEqual(written + begun + os.read(reader, 1 << 20), text)
        self.assertGreater(len(begun), 0, "256 KiB end within a line of this text")
        self.assertEqual(self.report_of(out.decode())["refused"], {"closed": 1})

    def test_signal_ends_the_opening_of_a_fifo_that_nobody_reads(self):
        self.generate("--events", "10")
        os.mkfifo(self.path("fifo"))
        self.config(sink='kind = "file"\npath = "fifo"')
        with subprocess.Popen([self.PROGRAM, "run", "test.toml"], cwd=self.folder,
                              stderr=subprocess.PIPE) as process:
            # It sleeps in open(2); before, a signal would just end it.
            syscall = pathlib.Path(f"/proc/{process.pid}/syscall")
            flags = f"0x{os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC:x}"
            while syscall.read_text(encoding="utf-8").split()[3:4] != [flags]:
                self.assertIsNone(process.poll())
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=self.TIMEOUT_S)
        self.assertEqual(process.returncode, UNAVAILABLE, err)
        self.assertIn("fifo: Interrupted system call", err.decode())

    def wait_until_readable(self, descriptor):
        self.assertTrue(select.select([descriptor], [], [], self.TIMEOUT_S)[0], "nothing came")

    def wait_until_told(self, words, process):
        told = b""
        while words not in told:
            self.wait_until_readable(process.stderr)
            more = os.read(process.stderr.fileno(), 4096)
            self.assertTrue(more, told)
            told += more

    def wait_until_written(self, count, process):
        """The pipe stays open, so the run does not end by itself."""
        while process.poll() is None:
            try:
                if self.text("out.ndjson").count("\n") == count:
                    return
            except FileNotFoundError:
                pass
        self.fail(process.stderr.read())

    def test_report_has_the_keys_that_are_promised(self):
        self.generate("--events", "1k")
        self.config(partitions=2)
        report = self.report_of(self.call("run", "test.toml", "--format", "json")[0])
        self.assertEqual(list(report)[:15],
                         ["offered", "accepted", "refused", "completed", "dropped", "dead",
                          "parked", "in_flight", "redelivered", "seconds", "events_per_s",
                          "bytes_per_s",
                          "latency_ns", "allocations_per_event", "blocked_s"])
        self.assertEqual(list(report["latency_ns"]), ["p50", "p99", "p999", "max"])
        self.assertEqual(len(report["partitions"]), 2)

    def test_allocations_do_not_grow_with_the_events(self):
        version = json.loads(self.call("version", "--format", "json")[0])
        if not version["counts_allocations"]:
            self.skipTest("sanitizers bring an allocator of their own")
        made = []
        for count in (1000, 20000):
            self.generate("--events", str(count))
            self.config(partitions=2)
            report = self.report_of(self.call("run", "test.toml", "--format", "json")[0])
            self.assertEqual(report["completed"], count)
            made.append(round(report["allocations_per_event"] * count))
        # What a thread allocates at its start may differ by a few from run to run.
        self.assertLessEqual(abs(made[1] - made[0]), 8, made)

    def test_nothing_is_drawn_where_there_is_no_terminal(self):
        self.generate("--events", "1k")
        self.config()
        _, err = self.call("run", "test.toml", "--stats-every", "1ms")
        self.assertNotIn("\x1b", err)
        last = r"^test: done in .* · 1,000 in = 1,000 completed$"
        self.assertTrue(re.search(last, err, re.M), err)
        self.assertEqual(self.call("run", "test.toml", "--quiet")[1], "")


if __name__ == "__main__":
    run(__doc__)
