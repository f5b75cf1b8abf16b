#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Breaks the lock-free core on purpose and expects the explorer to notice each breakage.
#   mutants.py --build build                all of them; writes mutants.record if none survives
#   mutants.py --build build --changed      those of files that differ from mutants.record
#   mutants.py --build build --only WORDS   those whose name contains the words
# The mutants: every memory_order of runtime/ and pipeline/ that is not relaxed, weakened by one
# step, and what mutants.toml lists. Each is compiled with the explorer's cases and run: first a
# little of every case, then all that the test suite runs. It is killed when a case fails. A mutant
# that lives must be in mutants.toml with the reason (`survives`); one that has a reason and dies is
# an error, too, and so is one that does not compile or whose text is no longer in the source.
import argparse
import concurrent.futures
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RECORD = os.path.join(HERE, "mutants.record")
WEAKER = {"acquire": ["relaxed"], "release": ["relaxed"], "acq_rel": ["acquire", "release"],
          "seq_cst": ["acq_rel"]}
CASES = ["ring_cases.cpp", "typed_ring_cases.cpp", "wait_cases.cpp", "count_cases.cpp"]
QUICK_TIMES = "0.05"  # of what the test suite runs by seed: enough for most
SECONDS_MAX = 900


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


class Mutant:
    def __init__(self, name, edits, survives=None):
        self.name, self.edits, self.survives = name, edits, survives
        self.files = sorted({file for file, _, _ in edits})

    def texts(self):
        """The changed files, by path."""
        changed = {}
        for file, find, replace in self.edits:
            text = changed.get(file, read(file))
            if text.count(find) != 1:
                raise ValueError(f"its text stands {text.count(find)} times in {file}")
            changed[file] = text.replace(find, replace)
        return changed


def sources():
    for folder in ("runtime", "pipeline"):
        for path, _, names in sorted(os.walk(os.path.join(ROOT, folder))):
            for name in sorted(names):
                if name.endswith((".hpp", ".cpp")):
                    yield os.path.relpath(os.path.join(path, name), ROOT)


def order_mutants(reasons):
    """One for each step that a memory_order can be weakened by."""
    for file in sources():
        text = read(file)
        seen = {}
        for match in re.finditer(r"memory_order(?:_|::)(\w+)", text):
            begin = text.rfind("\n", 0, match.start()) + 1
            line = text[begin:text.find("\n", match.start())]
            if "//" in text[begin:match.start()] or match.group(1) not in WEAKER:
                continue
            what = line.strip()
            seen[what] = seen.get(what, 0) + 1
            times = f" ({seen[what]})" if seen[what] > 1 else ""
            for weaker in WEAKER[match.group(1)]:
                name = f"{file}: {match.group(1)} -> {weaker}: {what}{times}"
                # The whole text before and behind makes the place unique.
                yield Mutant(name, [(file, text, text[:match.start(1)] + weaker +
                                     text[match.end(1):])], reasons.pop(name, None))


def all_mutants():
    with open(os.path.join(HERE, "mutants.toml"), "rb") as file:
        listed = tomllib.load(file)
    reasons = {entry["name"]: entry["survives"] for entry in listed.get("order", [])}
    mutants = list(order_mutants(reasons))
    if reasons:
        sys.exit(f"mutants.toml gives reasons for what there is not: {sorted(reasons)}")
    for entry in listed["mutant"]:
        edits = [(edit["file"], edit["find"], edit["replace"]) for edit in entry["edits"]]
        mutants.append(Mutant(entry["name"], edits, entry.get("survives")))
    return mutants


def includers(build, files):
    """The sources of cases that include one of the files, by what the compiler noted."""
    chosen = []
    for case in CASES:
        depends = subprocess.run(
            ["g++", "-std=c++20", "-MM", "-I", os.path.join(build, "include"),
             os.path.join(HERE, case)], capture_output=True, text=True, check=True).stdout
        if any(file in depends for file in files):
            chosen.append(case)
    return chosen


class Trial:
    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.objects = os.path.join(self.build, "tests/model/CMakeFiles")
        self.includers = {}

    def object_of(self, case):
        return os.path.join(self.objects, "penstock_model_cases.dir", case + ".o")

    def compile(self, mutant, folder):
        """The program with the mutant in it, or None and what the compiler said."""
        include = os.path.join(folder, "penstock")
        os.makedirs(include)
        for part in ("runtime", "pipeline"):
            shutil.copytree(os.path.join(ROOT, part), os.path.join(include, part))
        for file, text in mutant.texts().items():
            with open(os.path.join(include, file), "w", encoding="utf-8") as out:
                out.write(text)
        key = tuple(mutant.files)
        if key not in self.includers:
            self.includers[key] = includers(self.build, key)
        objects = []
        for case in CASES:
            if case not in self.includers[key]:
                objects.append(self.object_of(case))
                continue
            objects.append(os.path.join(folder, case + ".o"))
            made = subprocess.run(
                ["g++", "-std=c++20", "-O1", "-w", "-I", folder, "-I", HERE, "-c",
                 os.path.join(HERE, case), "-o", objects[-1]], capture_output=True, text=True)
            if made.returncode != 0:
                return None, made.stderr
        program = os.path.join(folder, "model")
        linked = subprocess.run(
            ["g++", *objects, os.path.join(self.objects, "penstock_model_main.dir/main.cpp.o"),
             os.path.join(self.build, "tests/model/libpenstock_explorer.a"),
             os.path.join(self.build, "runtime/libpenstock_runtime.a"),
             "-lboost_context", "-lfmt", "-lmimalloc", "-lpthread", "-o", program],
            capture_output=True, text=True)
        return (program, "") if linked.returncode == 0 else (None, linked.stderr)

    def run(self, mutant):
        """"killed", "survived" or "broken", and by what."""
        if not mutant.files[0].endswith(".hpp"):
            return "survived", "no template over the Atomics policy"
        with tempfile.TemporaryDirectory(prefix="penstock-mutant-") as folder:
            try:
                program, said = self.compile(mutant, folder)
            except ValueError as problem:
                return "broken", str(problem)
            if program is None:
                return "broken", said
            for arguments in (["--random", "--times", QUICK_TIMES], []):
                try:
                    run = subprocess.run([program, "--all", "--first", *arguments],
                                         capture_output=True, text=True, timeout=SECONDS_MAX)
                except subprocess.TimeoutExpired:
                    return "killed", "no end"
                if run.returncode != 0:
                    failed = re.search(r"^(\S+) .*FAILED\n\n(.*)", run.stdout, re.M)
                    by = f"{failed.group(1)}: {failed.group(2)}" if failed else (
                        f"the program ended with {run.returncode} {run.stderr.strip()[:200]}")
                    return "killed", by
            return "survived", ""


def digest(file):
    return hashlib.sha256(read(file).encode()).hexdigest()[:16]


def recorded():
    if not os.path.exists(RECORD):
        return {}
    with open(RECORD, encoding="utf-8") as file:
        return dict(reversed(line.split()[:2]) for line in file if not line.startswith("#"))


def record(results):
    """What each file was when its mutants were tried."""
    lines = ["# Written by mutants.py when every mutant was killed or has its reason.",
             "# sha256  file  mutants  killed"]
    files = sorted({file for mutant, _ in results for file in mutant.files})
    for file in files:
        own = [verdict for mutant, verdict in results if mutant.files[0] == file]
        lines.append(f"{digest(file)}  {file}  {len(own)}  {own.count('killed')}")
    with open(RECORD, "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description="Mutation test of the lock-free core.")
    parser.add_argument("--build", required=True, help="the build tree of the release preset")
    parser.add_argument("--changed", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true")
    chosen = parser.parse_args()
    mutants = all_mutants()
    if chosen.only:
        mutants = [mutant for mutant in mutants if chosen.only in mutant.name]
    if chosen.changed:
        before = recorded()
        mutants = [mutant for mutant in mutants
                   if any(before.get(file) != digest(file) for file in mutant.files)]
    if chosen.list:
        print("\n".join(mutant.name for mutant in mutants))
        return 0
    begin = time.monotonic()
    trial = Trial(chosen.build)
    results, bad = [], 0
    with concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
        for mutant, (verdict, by) in zip(mutants, pool.map(trial.run, mutants)):
            results.append((mutant, verdict))
            right = verdict == ("survived" if mutant.survives else "killed")
            bad += not right
            mark = "" if right else "  <-- WRONG"
            print(f"{verdict:9} {mutant.name}{mark}")
            if verdict == "killed":
                print(f"            {by}")
            else:
                print(f"            {mutant.survives or by}")
            sys.stdout.flush()
    killed = sum(verdict == "killed" for _, verdict in results)
    reasons = sum(verdict == "survived" and bool(mutant.survives) for mutant, verdict in results)
    print(f"{killed} killed, {reasons} justified, {bad} wrong, of {len(results)} mutants "
          f"in {time.monotonic() - begin:.0f} s")
    if bad == 0 and not chosen.only and not chosen.changed:
        record(results)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
