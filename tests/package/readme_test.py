#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles the first C++ programs of README.md and of docs/benchmarking.md against the installed
prefix, as their readers would, and runs them: what README.md's prints is the block that follows it,
and what the other one saves is a result.

Usage: readme_test.py ROOT PREFIX COMPILER WORKING_FOLDER
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys


class Reader:
    def __init__(self, root, prefix, compiler, work):
        self.root, self.compiler, self.work = pathlib.Path(root), compiler, pathlib.Path(work)
        self.work.mkdir(parents=True, exist_ok=True)
        pc_file = next(pathlib.Path(prefix).rglob("penstock.pc"))
        environment = dict(os.environ, PKG_CONFIG_PATH=str(pc_file.parent))
        self.flags = subprocess.run(["pkg-config", "--cflags", "--libs", "penstock"],
                                    env=environment, check=True, capture_output=True,
                                    text=True).stdout.split()

    def find(self, document, pattern):
        text = (self.root / document).read_text(encoding="utf-8")
        found = re.search(pattern, text, re.S)
        if not found:
            sys.exit(f"{document} has no C++ program as it should")
        return found.groups()

    def run(self, name, code, folder):
        """Compiles a program and returns what it prints, run in a folder."""
        source, program = self.work / f"{name}.cpp", self.work / name
        source.write_text(code, encoding="utf-8")
        subprocess.run([self.compiler, source, "-o", program, *self.flags], check=True)
        return subprocess.run([program], cwd=folder, check=True, capture_output=True,
                              text=True).stdout


def main():
    reader = Reader(*sys.argv[1:])
    code, expected = reader.find("README.md", r"```cpp\n(.*?)```\s*```\n(.*?)```")
    printed = reader.run("readme", code, reader.root)
    if printed != expected:
        sys.exit(f"README.md says:\n{expected}the program says:\n{printed}")

    code, = reader.find("docs/benchmarking.md", r"```cpp\n(.*?)```")
    shutil.copy(reader.root / "examples/embed/orders.toml", reader.work / "orders.toml")
    saved = reader.work / "mine.json"
    saved.unlink(missing_ok=True)
    printed = reader.run("own_stages", code, reader.work)
    result = json.loads(saved.read_text(encoding="utf-8"))
    if not printed.startswith("orders ") or len(result["runs"]) != 3:
        sys.exit(f"docs/benchmarking.md's program printed:\n{printed}")
    steps = [step["name"] for step in result["runs"][0]["segments"][0]["steps"]]
    if "price" not in steps or not all(run["counts"]["completed"] for run in result["runs"]):
        sys.exit(f"docs/benchmarking.md's program measured {steps}, {result['runs'][0]['counts']}")


main()
