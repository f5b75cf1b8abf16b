# SPDX-License-Identifier: Apache-2.0
"""What the tests of a program from outside share: a folder for each test, the call, exit codes.

A test file ends with `run(__doc__)` and is called as FILE PATH_TO_PROGRAM [unittest arguments].
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

FINE, CHECK_FAILED, USAGE, UNAVAILABLE, STORAGE, DRAIN_TIMED_OUT, BAD_CONFIG = (
    0, 1, 2, 69, 74, 75, 78)


class FromOutside(unittest.TestCase):
    PROGRAM = ""
    # A program that hangs is killed then; far more than any takes under a sanitizer.
    TIMEOUT_S = 120

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="penstock-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def call(self, *arguments, code=FINE, stdin=subprocess.DEVNULL, **options):
        """Runs the program in the test's folder and checks its exit code."""
        done = subprocess.run([self.PROGRAM, *arguments], cwd=self.folder, timeout=self.TIMEOUT_S,
                              stdin=None if "input" in options else stdin, capture_output=True,
                              **options)
        out, err = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, code, f"{arguments}\n{out}\n{err}")
        return out, err

    def text(self, name):
        return (self.folder / name).read_text(encoding="utf-8")


def run(usage):
    if len(sys.argv) < 2:
        sys.exit(usage)
    FromOutside.PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(module="__main__", verbosity=1)
