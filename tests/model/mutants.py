#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Breaks the lock-free core on purpose and expects the explorer to notice each breakage.
#   mutants.py --build build                all of them; writes mutants.record if none survives
#   mutants.py --build build --changed      those of files that differ from mutants.record, or all
#                                           if anything else that decides does; a weak sign suffices
#   mutants.py --build build --only WORDS   those whose name contains the words
#   mutants.py --build build --list         names them, and what no mutant is made of
# The mutants: every memory_order of runtime/ and pipeline/ that is not relaxed, weakened by one
# step, and what mutants.toml lists. Each is compiled with the explorer's cases, and those whose
# source it changes are run: first a little of each, then what the test suite runs. The control is
# the core as it is, compiled and run in the same way: no case is run with a mutant before it has
# passed without, and that takes the time with which the mutant's is compared.
#   killed    a case fails: by a race, a check, a deadlock, ...; or, where no case does, by a weak
#             sign: it does not come to a point that it names, makes two stores that nothing orders,
#             or takes over ten times as long as without the mutant. These are counted apart, and
#             without --changed the other cases are run all the same, for a better sign.
#   survived  must be in mutants.toml with the reason (`survives`); one that has a reason and dies
#             is wrong, too
#   broken    it does not compile, or the program ends as neither a pass nor a defect does: wrong
# A mutant whose text is not in the source, once, ends the run before anything is tried.
import argparse
import concurrent.futures
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RECORD = os.path.join(HERE, "mutants.record")
EVERYTHING_ELSE = "everything-else"
WEAKER = {"acquire": ["relaxed"], "release": ["relaxed"], "acq_rel": ["acquire", "release"],
          "seq_cst": ["acq_rel"]}
ORDER = re.compile(r"memory_order(?:_|::)(\w+)")
CASES = ["cases/ring_cases.cpp", "cases/typed_ring_cases.cpp", "cases/wait_cases.cpp",
         "cases/count_cases.cpp"]
# A little of each case: enough for most. Then all that the test suite runs.
ROUNDS = [["--random", "--times", "0.05"], []]
SLOWER = 10       # so many times what the control took is no end
SECONDS_MIN = 20  # and at least this, since a short case may meet a busy machine
NO_ENDS_MAX = 3   # cases without an end, until the others are not tried any more
# What a breakage may do to a case that is no defect: any other way to fail says more.
WEAK_SIGNS = ["not reached", "unordered", "no end"]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# ---- what is broken

class Mutant:
    def __init__(self, name, edits, survives=None):
        self.name, self.edits, self.survives = name, edits, survives
        self.files = sorted({file for file, _, _ in edits})

    def texts(self):
        """The changed files, by path."""
        changed = {}
        for file, find, replace in self.edits:
            text = changed.get(file) or read(file)
            if text.count(find) != 1:
                raise ValueError(f"its text stands {text.count(find)} times in {file}")
            changed[file] = text.replace(find, replace)
        return changed


def code_orders(text):
    """Each memory_order that is not in a comment."""
    for match in ORDER.finditer(text):
        begin = text.rfind("\n", 0, match.start()) + 1
        if "//" not in text[begin:match.start()]:
            yield match, text[begin:text.find("\n", match.start())].strip()


def with_orders():
    """The sources of runtime/ and pipeline/ that name a memory_order."""
    for folder in ("runtime", "pipeline"):
        for path, _, names in sorted(os.walk(os.path.join(ROOT, folder))):
            for name in sorted(names):
                file = os.path.relpath(os.path.join(path, name), ROOT)
                if name.endswith((".hpp", ".cpp")) and any(code_orders(read(file))):
                    yield file


def order_mutants(file, reasons):
    """One for each step that a memory_order can be weakened by."""
    text = read(file)
    seen = {}
    for match, line in code_orders(text):
        if match.group(1) not in WEAKER:
            continue
        seen[line] = seen.get(line, 0) + 1
        times = f" ({seen[line]})" if seen[line] > 1 else ""
        for weaker in WEAKER[match.group(1)]:
            name = f"{file}: {match.group(1)} -> {weaker}: {line}{times}"
            # The whole text before and behind makes the place unique.
            yield Mutant(name, [(file, text, text[:match.start(1)] + weaker +
                                 text[match.end(1):])], reasons.pop(name, None))


class Listed:
    """Every mutant, and the sources whose orders the explorer can't run."""
    def __init__(self, explored):
        with open(os.path.join(HERE, "mutants.toml"), "rb") as file:
            toml = tomllib.load(file)
        self.problems = []
        reasons = {entry["name"]: entry["survives"] for entry in toml.get("order", [])}
        self.outside = {entry["file"]: entry for entry in toml.get("outside", [])}
        self.mutants = []
        not_found = set(self.outside)
        for file in with_orders():
            # Only what is a template over the Atomics policy runs in the explorer.
            runs = file in explored and "std::atomic<" not in read(file)
            if runs and file not in self.outside:
                self.mutants += order_mutants(file, reasons)
                continue
            not_found.discard(file)
            self.check_outside(file, runs)
        self.problems += [f"mutants.toml: {file} is [[outside]] and names no order"
                          for file in sorted(not_found)]
        self.problems += [f"mutants.toml gives a reason for what there is not: {name}"
                          for name in sorted(reasons)]
        for entry in toml["mutant"]:
            edits = [(edit["file"], edit["find"], edit["replace"]) for edit in entry["edits"]]
            self.mutants.append(Mutant(entry["name"], edits, entry.get("survives")))
        self.check_mutants()

    def check_outside(self, file, runs):
        if file not in self.outside:
            self.problems.append(f"{file} names orders and is not explored: say why, and how it is "
                                 "covered, in an [[outside]] of mutants.toml")
            return
        if runs:
            self.problems.append(f"mutants.toml: {file} is [[outside]], but the explorer runs it")
        orders = [match.group(1) for match, _ in code_orders(read(file))]
        strong = sum(order in WEAKER for order in orders)
        self.outside[file]["orders"] = len(orders)
        if strong != self.outside[file]["strong"]:
            self.problems.append(f"mutants.toml: {file} has {strong} orders that could be "
                                 f"weakened, not {self.outside[file]['strong']}")

    def check_mutants(self):
        names = set()
        for mutant in self.mutants:
            if mutant.name in names:
                self.problems.append(f"there are two mutants by the name: {mutant.name}")
            names.add(mutant.name)
            try:
                if any(text == read(file) for file, text in mutant.texts().items()):
                    self.problems.append(f"{mutant.name}: it changes nothing")
            except (ValueError, OSError) as problem:
                self.problems.append(f"{mutant.name}: {problem}")

    def print_outside(self):
        for file, entry in sorted(self.outside.items()):
            print(f"outside   {file}: {entry['orders']} orders, {entry['strong']} of them could be "
                  f"weakened\n            {entry['why']} {entry['covered']}")


# ---- trying it

def dependencies(build, source):
    """The files of the tree that a source is compiled from, itself included."""
    said = subprocess.run(
        ["g++", "-std=c++20", "-MM", "-I", os.path.join(build, "include"), "-I", HERE,
         os.path.join(HERE, source)], capture_output=True, text=True, check=True).stdout
    paths = said.split(":", 1)[1].replace("\\\n", " ").split()
    found = {os.path.relpath(os.path.realpath(path), ROOT) for path in paths}
    return {path for path in found if not path.startswith("..")}


def names_of_cases(source):
    return re.findall(r'^    \{"(\w+)",', read(os.path.join("tests/model", source)), re.M)


def run_case(program, arguments, case, limit):
    """How it ended, what it said, and how long that took."""
    begin = time.monotonic()
    try:
        run = subprocess.run([program, case, *arguments], capture_output=True, text=True,
                             timeout=limit)
    except subprocess.TimeoutExpired:
        return "no end", f"over {limit:.0f} s", limit
    return (*how_it_ended(run), time.monotonic() - begin)


class ControlFailed(Exception):
    pass


class Control:
    """The core as it is. Each case is run once, when it is first asked for."""
    def __init__(self, program):
        self.program = program
        self.lock = threading.Lock()
        self.runs = {}  # by round and case: the lock of that run, and its seconds

    def seconds(self, number, case):
        with self.lock:
            run = self.runs.setdefault((number, case), [threading.Lock(), None])
        with run[0]:
            if run[1] is None:
                how, said, run[1] = run_case(self.program, ROUNDS[number], case, None)
                if how != "passed":
                    raise ControlFailed(f"the core as it is fails: {case}: {how}: {said}")
        return run[1]


class Trial:
    def __init__(self, build, explored, looks_further):
        self.build = os.path.abspath(build)
        self.looks_further = looks_further  # behind a weak sign
        self.objects = os.path.join(self.build, "tests/model/CMakeFiles")
        self.explored = explored
        self.control = None

    def sources_of(self, mutant):
        return [case for case in CASES if self.explored[case] & set(mutant.files)]

    def make_control(self, mutants, folder):
        sources = {source for mutant in mutants for source in self.sources_of(mutant)}
        program, said = self.compile({}, sources, folder)
        if program is None:
            raise ControlFailed("the core as it is does not compile as mutants are compiled:\n" +
                                said)
        self.control = Control(program)

    def compile(self, texts, sources, folder):
        """The program with other texts of some files, of which these sources of cases are compiled
        anew; or None and what the compiler said."""
        include = os.path.join(folder, "penstock")
        os.makedirs(include)
        for part in ("runtime", "pipeline"):
            shutil.copytree(os.path.join(ROOT, part), os.path.join(include, part))
        for file, text in texts.items():
            with open(os.path.join(include, file), "w", encoding="utf-8") as out:
                out.write(text)
        objects = []
        for case in CASES:
            if case not in sources:
                objects.append(os.path.join(self.objects, "penstock_model_cases.dir", case + ".o"))
                continue
            objects.append(os.path.join(folder, os.path.basename(case) + ".o"))
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
        """"killed", "survived" or "broken", and how."""
        cases = [case for source in self.sources_of(mutant) for case in names_of_cases(source)]
        if not cases:
            return "broken", "no case is compiled from what it changes"
        with tempfile.TemporaryDirectory(prefix="penstock-mutant-") as folder:
            program, said = self.compile(mutant.texts(), self.sources_of(mutant), folder)
            if program is None:
                return "broken", "it does not compile:\n" + said
            return self.run_cases(program, cases)

    def run_cases(self, program, cases):
        weak = {}  # by case
        no_ends = 0
        for number, arguments in enumerate(ROUNDS):
            for case in cases:
                if case in weak:
                    continue
                control = self.control.seconds(number, case)
                how, said, _ = run_case(program, arguments, case,
                                        max(SLOWER * control, SECONDS_MIN))
                if how == "no end":
                    said += f", {control:.1f} s without the mutant"
                    no_ends += 1
                if how in WEAK_SIGNS:
                    weak[case] = f"{how}: {case}: {said}"
                    if no_ends == NO_ENDS_MAX or not self.looks_further:
                        return "killed", best_of(weak)
                elif how == "broken":
                    return "broken", f"{case}: {said}"
                elif how != "passed":
                    return "killed", f"{how}: {case}: {said}"
        return ("killed", best_of(weak)) if weak else ("survived", "")


def best_of(weak):
    """Of what was seen in cases, by WEAK_SIGNS' order."""
    return min(weak.values(), key=lambda sign: WEAK_SIGNS.index(sign.split(":")[0]))


def how_it_ended(run):
    """In one word what a program said of the case it ran, and its words."""
    if run.returncode == 0:
        return "passed", ""
    if run.returncode < 0:
        said = f"signal {-run.returncode} {run.stderr.strip()[:200]}"
        return ("assertion" if "PENSTOCK" in run.stderr else "crash"), said
    failed = re.search(r"^\S+ .*FAILED\n\n(.*)", run.stdout, re.M)
    if run.returncode != 1 or failed is None:
        return "broken", f"it ended with {run.returncode}: {run.stderr.strip()[:200]}"
    said = failed.group(1)
    for how, words in (("race", "data race"), ("check", "check failed"), ("deadlock", "deadlock"),
                       ("livelock", "livelock"), ("not reached", "no schedule came to"),
                       ("unordered", "two stores to one atomic")):
        if said.startswith(words):
            return how, said
    return "broken", f"it failed as nothing that is known: {said}"


# ---- what was tried

def everything_else(explored, mutants):
    """What decides about the mutants beside the sources that they change."""
    files = set().union(*explored.values())
    for path, _, names in os.walk(HERE):
        files |= {os.path.relpath(os.path.join(path, name), ROOT) for name in names
                  if name.endswith((".hpp", ".cpp", ".py", ".toml", ".txt")) and
                  not name.endswith("_test.cpp")}
    files -= {file for mutant in mutants for file in mutant.files}
    return digest("".join(f"{file} {digest(read(file))}\n" for file in sorted(files)))


def recorded():
    if not os.path.exists(RECORD):
        return {}
    with open(RECORD, encoding="utf-8") as file:
        return dict(reversed(line.split()[:2]) for line in file if not line.startswith("#"))


def record(results, rest):
    """What each file was when its mutants were tried."""
    lines = ["# Written by mutants.py when every mutant was killed or has its reason.",
             "# sha256  file  mutants  killed", f"{rest}  {EVERYTHING_ELSE}"]
    for file in sorted({file for mutant, _ in results for file in mutant.files}):
        own = [verdict for mutant, verdict in results if mutant.files[0] == file]
        lines.append(f"{digest(read(file))}  {file}  {len(own)}  {own.count('killed')}")
    with open(RECORD, "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")


def chosen_of(listed, options, rest):
    mutants = listed.mutants
    if options.only:
        mutants = [mutant for mutant in mutants if options.only in mutant.name]
    if options.changed:
        before = recorded()
        if before.get(EVERYTHING_ELSE) == rest:
            mutants = [mutant for mutant in mutants
                       if any(before.get(file) != digest(read(file)) for file in mutant.files)]
    return mutants


def try_all(trial, mutants, jobs):
    results, bad, ways = [], [], {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        trials = [pool.submit(trial.run, mutant) for mutant in mutants]
        for mutant, one in zip(mutants, trials):
            try:
                verdict, how = one.result()
            except ControlFailed:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
            results.append((mutant, verdict))
            right = verdict == ("survived" if mutant.survives else "killed")
            if not right:
                bad.append(mutant.name)
            print(f"{verdict:9} {mutant.name}{'' if right else '  <-- WRONG'}")
            print(f"            {how or mutant.survives or 'and has no reason to'}")
            if verdict == "killed":
                way = how.split(":")[0]
                ways[way] = ways.get(way, 0) + 1
            sys.stdout.flush()
    return results, bad, ways


def split_of(ways):
    """How many were killed in which way, and how many by weak signs alone."""
    strong = [f"{count} by {way}" for way, count in sorted(ways.items()) if way not in WEAK_SIGNS]
    weak = [(way, ways[way]) for way in WEAK_SIGNS if way in ways]
    told = "".join(f"; {way}: {count}" for way, count in weak)
    return ", ".join([*strong, f"{sum(count for _, count in weak)} by weak signs{told}"])


def main():
    parser = argparse.ArgumentParser(description="Mutation test of the lock-free core.")
    parser.add_argument("--build", required=True, help="the build tree of the release preset")
    parser.add_argument("--changed", action="store_true",
                        help="only those of sources that differ from mutants.record")
    parser.add_argument("--only", metavar="WORDS", help="only those whose name contains the words")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    parser.add_argument("--list", action="store_true", help="name them, try none")
    options = parser.parse_args()
    if not os.path.exists(os.path.join(options.build, "tests", "model", "penstock_model")):
        print(f"{options.build} has no tests/model/penstock_model: build the release preset with "
              "-DPENSTOCK_BUILD_TESTS=ON first", file=sys.stderr)
        return 2
    explored = {case: dependencies(options.build, case) for case in CASES}
    listed = Listed(set().union(*explored.values()))
    if listed.problems:
        print("\n".join(listed.problems), file=sys.stderr)
        return 2
    rest = everything_else(explored, listed.mutants)
    mutants = chosen_of(listed, options, rest)
    if options.list:
        print("\n".join(mutant.name for mutant in mutants))
        listed.print_outside()
        print(f"{len(mutants)} mutants")
        return 0
    if not mutants:
        if options.only:
            print(f"no mutant's name contains {options.only}", file=sys.stderr)
            return 2
        print(f"none of {len(listed.mutants)} mutants: nothing differs from mutants.record")
        return 0
    begin = time.monotonic()
    trial = Trial(options.build, explored, looks_further=not options.changed)
    with tempfile.TemporaryDirectory(prefix="penstock-control-") as folder:
        try:
            trial.make_control(mutants, folder)
            results, bad, ways = try_all(trial, mutants, options.jobs)
        except ControlFailed as problem:
            print(problem, file=sys.stderr)
            return 2
    print(f"control   passed: {len({case for _, case in trial.control.runs})} cases")
    listed.print_outside()
    killed = sum(verdict == "killed" for _, verdict in results)
    justified = [mutant for mutant, verdict in results if verdict == "survived" and mutant.survives]
    print(f"{killed} of {len(results)} killed ({split_of(ways)}), {len(justified)} justified, "
          f"{len(bad)} wrong, in {time.monotonic() - begin:.0f} s")
    for mutant in justified:
        print(f"justified: {mutant.name}: {mutant.survives}")
    for name in bad:
        print(f"wrong: {name}")
    if not bad and not options.only and not options.changed:
        record(results, rest)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
