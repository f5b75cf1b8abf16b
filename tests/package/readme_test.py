#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles the first C++ program of README.md against the installed prefix, as its reader would,
runs it at the root of the tree, and compares what it prints with the block that follows it.

Usage: readme_test.py ROOT PREFIX COMPILER WORKING_FOLDER
"""

import os
import pathlib
import re
import subprocess
import sys


def main():
    root, prefix, compiler, work = sys.argv[1:]
    readme = (pathlib.Path(root) / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```cpp\n(.*?)```\s*```\n(.*?)```", readme, re.S)
    if not found:
        sys.exit("README.md has no C++ program followed by its output")
    code, expected = found.groups()
    os.makedirs(work, exist_ok=True)
    source = os.path.join(work, "readme.cpp")
    with open(source, "w", encoding="utf-8") as file:
        file.write(code)
    pc_file = next(pathlib.Path(prefix).rglob("penstock.pc"))
    environment = dict(os.environ, PKG_CONFIG_PATH=str(pc_file.parent))
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "penstock"], env=environment,
                           check=True, capture_output=True, text=True).stdout
    program = os.path.join(work, "readme")
    subprocess.run([compiler, source, "-o", program, *flags.split()], check=True)
    printed = subprocess.run([program], cwd=root, check=True, capture_output=True, text=True).stdout
    if printed != expected:
        sys.exit(f"README.md says:\n{expected}the program says:\n{printed}")


main()
