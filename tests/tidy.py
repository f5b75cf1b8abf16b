#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# The rules of the house that a program can check, over every file of the tree:
#   tidy.py               prints file:line: rule: what is wrong; exit 1 if anything is
#   tidy.py --self-test   plants a violation of each rule and checks that it is found, and only it
# Each rule is a function that takes a Tree or a File and yields (line, message); its name is the
# rule's. What concerns atomics stands in tidy_atomics.py.
import argparse
import os
import re
import sys
import tempfile

from tidy_atomics import arguments, default_order, memory_model, order_comment

COLUMNS_MAX = 100
FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 70
PROLOGUE_LINES_MAX = 12
FOLDER_FILES_MAX = 18  # "more than about 15"; a .hpp/.cpp pair counts once

LAYERS = ["runtime", "pipeline", "io"]  # each includes itself and what stands before it
MAY_INCLUDE_SIMDJSON = re.compile(r"pipeline/decode/|pipeline/event/simdjson_view\.hpp$")
SYSTEM_HEADER = re.compile(
    r"(sys|linux|net|netinet|arpa|asm)/|"
    r"(unistd|pthread|sched|poll|fcntl|signal|dlfcn|termios|dirent|semaphore|spawn)\.h$")
FORBIDDEN_SUFFIX = re.compile(r"(Impl|Manager|Helper|Util|Utils|Base|Info)$")
# What STYLE calls an Event, Runner, Ring, Producer, Partition, Outcome or Stage.
OTHER_WORD = re.compile(r"Message|Queue|Worker|Processor|Shard|Verdict|Publisher|Ticket|Disruptor|"
                        r"Barrier|Strategy|Operator|Metadata")
CONSTANT = re.compile(r"\bconstexpr\s+(?!static\b)(?:const\s+)?[\w:]+(?:<[^;{}()]*>)?"
                      r"(?:\s*\*\s*const)?\s+(\w+)(?:\[[^\]]*\])?\s*(?:=|\{)")
# Comments speak of what is, not of what it was before.
PAST = re.compile(r"\b(?:previously|formerly|used to (?:be|have|do)|(?:has|have) changed|"
                  r"(?:is|are|does|we) now|from now on)\b", re.I)
TOKEN = re.compile(
    r'R"(?P<tag>[^()\\ ]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|\b\d[\w\'.]*|'
    r"'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*.*?\*/", re.S)


def blanked(match):
    """A comment or a literal as spaces, so that what remains is code at its place."""
    text = match.group(0)
    if text[0].isdigit():
        return text
    return re.sub(r"[^\n]", " ", text)


class File:
    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            self.text = file.read()
        self.lines = self.text.split("\n")
        if self.lines and self.lines[-1] == "":
            self.lines.pop()
        self.folder, self.name = os.path.split(path)
        self.stem, self.extension = os.path.splitext(self.name)
        self.layer = path.split("/")[0]
        self.cpp = self.extension in (".hpp", ".cpp")
        self.product = self.cpp and self.layer in LAYERS
        self.code = TOKEN.sub(blanked, self.text) if self.cpp else self.text
        self.code_lines = self.code.split("\n")

    def line_of(self, offset):
        return self.code.count("\n", 0, offset) + 1

    def includes(self):
        for number, line in enumerate(self.lines, 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if match:
                yield number, match.group(1), match.group(2)


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = {}
        for folder, folders, names in os.walk(root):
            inside = os.path.relpath(folder, root)
            folders[:] = sorted(f for f in folders if f not in (".git", ".cache", "__pycache__") and
                                not (inside == "." and f.startswith("build")))
            for name in sorted(set(names) - {".git"}):  # a worktree's is a file
                path = os.path.normpath(os.path.join(inside, name))
                with open(os.path.join(root, path), "rb") as file:
                    if b"\0" not in file.read(4096):
                        self.files[path] = File(root, path)

    def text(self, path):
        return self.files[path].text if path in self.files else None

    def folders(self):
        return sorted({file.folder for file in self.files.values()})


# ---- rules about one file -----------------------------------------------------------------------

def is_source(file):
    return (file.extension in (".hpp", ".cpp", ".py", ".sh", ".cmake") or
            file.name == "CMakeLists.txt" or file.text.startswith("#!"))


def spdx(file):
    if not is_source(file):
        return
    first = file.lines[1:2] if file.text.startswith("#!") else file.lines[:1]
    if not first or "SPDX-License-Identifier: Apache-2.0" not in first[0]:
        yield 1, "the first line (behind #!) must be the SPDX line"


def prologue(file, tree):
    """A source beside its header, and a test named after what it tests, need none of their own."""
    if not file.product:
        return
    count = drawn = 0
    while count + 1 < len(file.lines) and file.lines[count + 1].startswith("//"):
        count += 1
        drawn += file.lines[count].startswith("//   ")
    pair = os.path.join(file.folder, file.stem + ".hpp")
    if count == 0 and (file.extension == ".hpp" or pair not in tree.files):
        yield 2, "no prologue: what this is, which threads use it, what must hold"
    if 0 < count < 3 and file.folder == "runtime/base" and file.extension == ".hpp":
        yield 2, f"a prologue of {count} lines, fewer than 3"
    if count - drawn > PROLOGUE_LINES_MAX:
        yield 2, f"a prologue of {count - drawn} lines of text, more than {PROLOGUE_LINES_MAX}"


def columns(file):
    if not is_source(file):
        return
    for number, line in enumerate(file.lines, 1):
        if len(line) > COLUMNS_MAX and 'R"' not in line:  # a raw string is what it is
            yield number, f"{len(line)} columns, more than {COLUMNS_MAX}"
        if line.endswith((" ", "\t", "\r")):
            yield number, "white space at the end of the line"


def file_length(file):
    if is_source(file) and len(file.lines) > FILE_LINES_MAX:
        yield len(file.lines), f"{len(file.lines)} lines, more than {FILE_LINES_MAX}"


def function_length(file):
    """Functions outside of classes, whose first line or brace stands at column 0."""
    if not file.cpp:
        return
    begin = None
    for number, line in enumerate(file.code_lines, 1):
        if re.match(r"[\w\[~:<]", line):
            word = re.match(r"(namespace|class|struct|enum|union|template|using|extern)\b", line)
            if word is None or word.group(1) == "template":
                begin = number if begin is None else begin
        if line.startswith("}") or line.rstrip().endswith(";") and not line.startswith(" "):
            if begin is not None and line.startswith("}"):
                length = number - begin + 1
                if length > FUNCTION_LINES_MAX and "(" in file.code_lines[begin - 1]:
                    yield begin, f"a function of {length} lines, more than {FUNCTION_LINES_MAX}"
            begin = None


def pragma_once(file):
    if file.extension == ".hpp" and "#pragma once" not in file.text:
        yield 1, "no #pragma once"


def include_form(file, tree):
    if not file.cpp:
        return
    for number, mark, header in file.includes():
        if mark == '"':
            beside = os.path.normpath(os.path.join(file.folder, header))
            if file.product or beside not in tree.files:
                yield number, f'include "{header}" is written <penstock/...>'
        elif header.startswith("penstock/") and header != "penstock/penstock.hpp":
            if header[len("penstock/"):] not in tree.files:
                yield number, f"there is no {header[len('penstock/'):]}"


def include_direction(file):
    if not file.product:
        return
    below = LAYERS[:LAYERS.index(file.layer) + 1]
    for number, _, header in file.includes():
        parts = header.split("/")
        if parts[0] != "penstock":
            continue
        if parts[1] not in below:
            yield number, f"{file.layer} must not include <{header}>: io -> pipeline -> runtime"
        elif header.startswith("penstock/io/cli/") and not file.path.startswith("io/cli/"):
            yield number, "only io/cli includes io/cli"


def simdjson_inside(file):
    if not file.product or MAY_INCLUDE_SIMDJSON.search(file.path):
        return
    for number, _, header in file.includes():
        if header.startswith("simdjson"):
            yield number, "simdjson appears in pipeline/decode/ and in one opt-in header"


def system_headers(file):
    if not file.product or file.extension != ".hpp":
        return
    for number, _, header in file.includes():
        if SYSTEM_HEADER.match(header):
            yield number, f"<{header}> in a header: Linux calls stand in .cpp files"


def main_function(file):
    if file.product and file.path != "io/cli/main.cpp":
        for match in re.finditer(r"^int main\(", file.code, re.M):
            yield file.line_of(match.start()), "main() is in io/cli/main.cpp"


def fences(file):
    if not file.product:
        return
    forbidden = r"atomic_(?:thread|signal)_fence|memory_order(?:_|::)consume"
    for match in re.finditer(forbidden, file.code):
        yield file.line_of(match.start()), f"{match.group(0)}: ThreadSanitizer cannot see it"


def volatile_data(file):
    if not file.cpp:
        return
    for match in re.finditer(r"\bvolatile\b", file.code):
        if not re.search(r"\b(asm|__asm__)\s*$", file.code[:match.start()]):
            yield file.line_of(match.start()), "volatile orders nothing between threads"


def names(file):
    if not file.cpp:
        return
    declared = (r"\b(?:class|struct|enum class|enum|concept|using|union)\s+"
                r"(?:alignas\([^)]*\)\s*)?(\w+)")
    for match in re.finditer(declared, file.code):
        name = match.group(1)
        if FORBIDDEN_SUFFIX.search(name) or re.match(r"I[A-Z][a-z]", name):
            yield file.line_of(match.start()), f"{name}: no I prefix, no {FORBIDDEN_SUFFIX.pattern}"
        if not re.match(r"[A-Z][A-Za-z0-9]*$", name) and file.product and (
                file.code[match.end():].lstrip().startswith(("{", ":")) and "using" not in
                match.group(0)):
            yield file.line_of(match.start()), f"{name}: types are PascalCase"
        if file.product and OTHER_WORD.search(name):
            yield file.line_of(match.start()), f"{name}: the house has another word for that"
    if file.product:
        for match in CONSTANT.finditer(file.code):
            if not re.match(r"k[A-Z]", match.group(1)):
                yield file.line_of(match.start()), f"{match.group(1)}: constants are kName"
        for match in re.finditer(r"\benum\s+[^;{}()]*\{([^}]*)\}", file.code):
            for name in re.findall(r"(\w+)\s*(?:=[^,]*)?(?:,|$)", match.group(1).strip()):
                if not re.fullmatch(r"[a-z0-9_]+|k[A-Z]\w*", name):
                    yield file.line_of(match.start()), f"{name}: enumerators are as in the config"
    if re.search(r"(^|_)(impl|manager|helpers?|utils?|base|info)$", file.stem):
        yield 1, f"{file.name} does not say what stands in it"


def using_namespace(file):
    if file.extension == ".hpp":
        for match in re.finditer(r"\busing\s+namespace\b", file.code):
            yield file.line_of(match.start()), "using namespace in a header"


def test_habits(file):
    """No sleeps, no assertions about elapsed time, no tests left out; names are behaviours."""
    if file.layer != "tests" or file.path == "tests/tidy.py":
        return
    shell = file.text.startswith("#!/bin/") or file.extension == ".sh"
    sleeps = r"^\s*sleep\b" if shell else (
        r"\b(?:sleep_for|sleep_until|usleep|(?:clock_)?nanosleep|time\.sleep)\b|\bsleep\s*\(")
    for match in re.finditer(sleeps, file.code, re.M):
        yield file.line_of(match.start()), "a sleep in a test"
    if not file.cpp:
        return
    for match in re.finditer(r"(?:EXPECT|ASSERT)_(?:LT|LE|GT|GE)\s*\(", file.code):
        said = arguments(file.code, match.end() - 1)
        if re.search(r"elapsed|_clock::now|steady_clock\(\)", said):
            yield file.line_of(match.start()), "an assertion about elapsed time"
    for match in re.finditer(r"\bGTEST_SKIP\b|\bDISABLED_", file.code):
        yield file.line_of(match.start()), "a test that is left out"
    for match in re.finditer(r"^(?:TYPED_)?TEST(?:_F|_P)?\(\w+,\s*(\w+)\)", file.code, re.M):
        if match.group(1) != match.group(1).lower():
            yield file.line_of(match.start()), f"{match.group(1)} is not a behaviour in snake_case"


def past_tense(file):
    if not file.cpp:
        return
    for number, line in enumerate(file.lines, 1):
        comment = re.search(r"//.*", line)
        match = PAST.search(comment.group(0)) if comment else None
        if match:
            yield number, f'"{match.group(0)}": a comment says what is, not what was'


def leftovers(file):
    unfinished = r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b"
    machine = r"(?<![\w.])/(?:wo" + r"rk|fa" + r"rm|ho" + r"me|ro" + r"ot)/\w"
    for number, line in enumerate(file.lines, 1):
        if re.search(unfinished, line):
            yield number, "unfinished work belongs into an issue"
        if re.search(machine, line):
            yield number, "a path of somebody's machine"


def cmake_form(file):
    if file.name != "CMakeLists.txt" and file.extension != ".cmake":
        return
    code = re.sub(r"#.*", "", file.text)
    for pattern, why in (
            (r"file\(\s*GLOB", "sources are listed, never globbed"),
            (r"\b(?:add_compile_options|add_link_options|add_definitions|link_libraries|"
             r"include_directories)\s*\(", "a flag for everything below: use a target"),
            (r"set\(\s*CMAKE_(?:CXX|C|EXE_LINKER)_FLAGS", "no global flags")):
        for match in re.finditer(pattern, code):
            yield code.count("\n", 0, match.start()) + 1, why


# ---- rules about the tree -----------------------------------------------------------------------

def listed_sources(tree):
    """A source that no CMakeLists.txt names is not built."""
    lists = {path: re.sub(r"#.*", "", file.text) for path, file in tree.files.items()
             if file.name == "CMakeLists.txt"}
    for path, file in tree.files.items():
        if file.extension != ".cpp" or "examples" == file.layer:
            continue
        named = False
        for place, text in lists.items():
            folder = os.path.dirname(place)
            inside = os.path.relpath(path, folder) if folder else path
            # penstock_tests() puts its folder before the names that it is given.
            ends = [inside[i + 1:] for i, byte in enumerate(inside) if byte == "/"]
            words = [inside] + (ends if file.layer == "tests" else [])
            if file.folder.startswith("tests/compile_fail"):
                words.append(file.stem)
            named = named or not inside.startswith("..") and any(
                re.search(rf"(?<![\w/.]){re.escape(word)}(?![\w/.])", text) for word in words)
        if not named:
            yield path, 1, "no CMakeLists.txt lists it"


def readmes(tree):
    """Folders of the product say what they are for and name their files; other top folders too."""
    for folder in tree.folders():
        parts = folder.split("/")
        if not folder or parts[0] in (".ci", "docs"):
            continue
        if len(parts) > 1 and parts[0] not in LAYERS + ["bench"]:
            continue
        text = tree.text(folder + "/README.md")
        if text is None:
            yield folder + "/README.md", 1, "each folder has a README"
            continue
        stems = {file.stem for file in tree.files.values() if file.folder == folder and file.cpp}
        for stem in sorted(stems):
            if parts[0] in LAYERS and not re.search(rf"\b{re.escape(stem)}\b", text):
                yield folder + "/README.md", 1, f"does not name {stem}"
        if len(stems) > FOLDER_FILES_MAX and parts[0] in LAYERS:
            yield folder, 1, f"{len(stems)} files, more than {FOLDER_FILES_MAX}: divide the folder"


def links(tree):
    """A link of a document leads to a file, and to a heading in it."""
    for path, file in tree.files.items():
        if file.extension != ".md":
            continue
        for match in re.finditer(r"\]\(([^)\s:]+)\)", file.text):
            line = file.text.count("\n", 0, match.start()) + 1
            target, _, anchor = match.group(1).partition("#")
            there = os.path.normpath(os.path.join(file.folder, target)) if target else path
            if there not in tree.files and there not in tree.folders():
                yield path, line, f"there is no {there}"
            elif anchor:
                headings = re.findall(r"^#+\s+(.*?)\s*$", tree.text(there) or "", re.M)
                if anchor not in [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
                                  for heading in headings]:
                    yield path, line, f"there is no heading #{anchor} in {there}"


FILE_RULES = [spdx, prologue, columns, file_length, function_length, pragma_once, include_form,
              include_direction, simdjson_inside, system_headers, main_function, order_comment,
              default_order, fences, volatile_data, names, using_namespace, test_habits, past_tense,
              leftovers,
              cmake_form]
TREE_RULES = [listed_sources, readmes, links, memory_model]


def findings(root):
    tree = Tree(root)
    for path in sorted(tree.files):
        file = tree.files[path]
        for rule in FILE_RULES:
            takes_tree = rule.__code__.co_argcount == 2
            for line, message in rule(file, tree) if takes_tree else rule(file):
                yield path, line, rule.__name__, message
    for rule in TREE_RULES:
        for path, line, message in rule(tree):
            yield path, line, rule.__name__, message


# ---- self-test ----------------------------------------------------------------------------------

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
HEADER = SPDX + "// A prologue.\n#pragma once\n"
CMAKE = "# SPDX-License-Identifier: Apache-2.0\n"

MODEL = """# Who may touch what
### runtime/ring.hpp
| Atomic | Written by | Read by | Hands over | Orders |
|---|---|---|---|---|
| `value_` | one | any | it | cas release/relaxed, load relaxed, store release, wait |
| `counts_` | one | any | nothing | as Count |
### runtime/base/count.hpp
| `count_` | one | any | nothing | fetch_add relaxed |
"""

CLEAN = {
    "CMakeLists.txt": CMAKE + "add_library(x runtime/ring.cpp)\n",
    "runtime/README.md": "ring and slot.\n",
    "runtime/ring.hpp": HEADER + """#include <atomic>
#include <penstock/runtime/slot.hpp>
class Ring {
 public:
  void add() {
    // relaxed: own value. release: pairs with get(): the item; "volatile" here is a word.
    value_.store(value_.load(std::memory_order_relaxed) + 1'000'000, std::memory_order_release);
    asm volatile("yield");
    map.store(1);
  }
  void take() {
    int old = 0;
    // release: pairs with add(). relaxed: on failure nothing is read.
    value_.compare_exchange_strong(old, 1, std::memory_order_release, std::memory_order_relaxed);
    StdAtomics::wait(value_, 1, 0);
  }
 private:
  struct Map {
    void store(int item) { item_ = item; }
  };
  std::atomic<int> value_{0};
  std::array<Count, 3> counts_;
};
""",
    "runtime/ring.cpp": SPDX + "#include <penstock/runtime/ring.hpp>\n#include <unistd.h>\n",
    "runtime/slot.hpp": HEADER,
    "runtime/base/README.md": "count.\n",
    "notes.md": "see [it](docs/memory-model.md#who-may-touch-what)\n",
    "runtime/base/count.hpp": SPDX + "// A prologue.\n// More.\n// More.\n" + """#pragma once
#include <array>
#include <atomic>
template <class Atomics>
class BasicCount {
 public:
  void add() {
    // relaxed: own value.
    count_.fetch_add(1, std::memory_order_relaxed);
  }
 private:
  typename Atomics::template Atomic<int> count_{0};
};
using Count = BasicCount<StdAtomics>;
""",
    "docs/memory-model.md": MODEL,
    "LICENSE": "any text\n",
}

# (rule, path, text, words of the message): each is added to the clean tree by itself.
PLANTED = [
    ("spdx", "runtime/slot.hpp", "// A prologue.\n// More.\n#pragma once\n"),
    ("spdx", "run.sh", "#!/bin/sh\ntrue\n"),
    ("prologue", "runtime/slot.hpp", SPDX + "#pragma once\n"),
    ("prologue", "runtime/slot.hpp", SPDX + "// line\n" * 13 + "#pragma once\n"),
    ("columns", "runtime/slot.hpp", HEADER + "// " + "x" * 98 + "\n"),
    ("columns", "runtime/slot.hpp", HEADER + "int x; \n"),
    ("file_length", "runtime/slot.hpp", HEADER + "\n" * 798),
    ("function_length", "runtime/slot.hpp", HEADER + "void f() {\n" + "  g();\n" * 69 + "}\n"),
    ("pragma_once", "runtime/slot.hpp", SPDX + "// A prologue.\n"),
    ("include_form", "runtime/slot.hpp", HEADER + '#include "ring.hpp"\n'),
    ("include_form", "runtime/slot.hpp", HEADER + "#include <penstock/runtime/gone.hpp>\n"),
    ("include_direction", "runtime/slot.hpp", HEADER + "#include <penstock/penstock.hpp>\n"),
    ("simdjson_inside", "runtime/slot.hpp", HEADER + "#include <simdjson.h>\n"),
    ("system_headers", "runtime/slot.hpp", HEADER + "#include <sys/mman.h>\n"),
    ("main_function", "runtime/slot.hpp", HEADER + "int main() { return 0; }\n"),
    ("order_comment", "runtime/slot.hpp", HEADER + "int x = (std::memory_order_acquire);\n"),
    ("order_comment", "runtime/slot.hpp",
     HEADER + "// release: not this one.\nint x = (std::memory_order_acquire);\n"),
    ("order_comment", "runtime/slot.hpp",
     HEADER + "// acquire: the release of that: it.\nint x = (std::memory_order_release);\n"),
    ("order_comment", "runtime/slot.hpp",
     HEADER + "// It says relaxed.\nint x = (std::memory_order_relaxed);\n"),
    ("order_comment", "runtime/slot.hpp",
     HEADER + "// relaxed: is sufficient.\nint x = (std::memory_order_relaxed);\n", "no reason"),
    ("order_comment", "runtime/slot.hpp",
     HEADER + "// relaxed: of x.\nint x = (std::memory_order_relaxed);\n"
     "int y = (std::memory_order_relaxed);\n"),
    ("order_comment", "runtime/slot.hpp",
     HEADER + "// relaxed: of x.\nint x{(std::memory_order_relaxed)};  // relaxed: of x.\n"
     "int y{(std::memory_order_relaxed)};\n"),
    ("order_comment", "runtime/slot.hpp",
     HEADER + "inline int f() {\n  // relaxed: of the condition.\n"
     "  if (g(std::memory_order_relaxed)) {\n    return g(std::memory_order_relaxed);\n  }\n"
     "  return 0;\n}\n"),
] + [
    ("default_order", "runtime/ring.cpp", SPDX + "#include <penstock/runtime/ring.hpp>\n" + text,
     words) for text, words in (
        ("int f(Ring& r) { return r.value_.load(); }\n", "value_.load() without"),
        ("int f(Ring& r) { return r.value_.load(order); }\n", "value_.load() without"),
        ("void f(Ring& r) { r.n.fetch_add(1); }\n", "n.fetch_add() without"),
        ("int f(Ring& r) { return r.n.load(); }\n", "n.load() without"),
        ("void f() { value_.compare_exchange_weak(a, b, "
         "std::memory_order_relaxed); }  // relaxed: so.\n", "of success and of failure"),
        ("int f(Ring& r) { return r.n.load(std::memory_order_relaxed); }  // relaxed: so.\n",
         "n.load(): no atomic of that name"),
        ("// relaxed: so.\nint x = y.count_.load(std::memory_order_relaxed);\n",
         "count_.load(): no atomic of that name is declared in what this file includes"),
        ("int f(std::atomic<int>& a) {\n  std::atomic<int>* b = &a;\n"
         "  // relaxed: so.\n  return b->load(std::memory_order_relaxed);\n}\n",
         "say in a comment"),
        ("void f() { StdAtomics::wake_all(other); }\n", "other is no atomic"),
        ("std::map<std::atomic<int>, std::vector<int>> m;\n", "whose name cannot be read"),
        ("int f() { return std::atomic_load(&value_); }\n", "use a member"),
        ("void Ring::f() { ++value_; }\n", "an operator"),
        ("void Ring::f() {\n  value_ = 1;\n}\n", "an operator"),
        ("void f(Ring& r) {\n  r.value_ = 1;\n}\n", "an operator"))
] + [
    ("fences", "runtime/ring.cpp", SPDX + "void f() { std::atomic_thread_fence(order); }\n"),
    ("volatile_data", "runtime/slot.hpp", HEADER + "inline volatile int x = 0;\n"),
    ("names", "runtime/slot.hpp", HEADER + "class SlotManager;\n"),
    ("names", "runtime/slot.hpp", HEADER + "struct ISlot;\n"),
    ("names", "tests/slot_util.hpp", HEADER),
    ("names", "runtime/slot.hpp", HEADER + "struct slot_place {};\n", "PascalCase"),
    ("names", "runtime/slot.hpp", HEADER + "class EventQueue;\n", "another word"),
    ("names", "runtime/slot.hpp", HEADER + "inline constexpr int slots_max = 1;\n", "kName"),
    ("names", "runtime/slot.hpp", HEADER + "enum class Wait : char { busySpin, park };\n",
     "busySpin: enumerators"),
    ("past_tense", "runtime/slot.hpp", HEADER + "int x;  // is now wider\n"),
    ("prologue", "runtime/base/count.hpp",
     CLEAN["runtime/base/count.hpp"].replace("// More.\n", ""), "fewer than 3"),
    ("links", "notes.md", "see [it](gone.md)\n"),
    ("links", "notes.md", "see [it](docs/memory-model.md#who)\n"),
    ("using_namespace", "runtime/slot.hpp", HEADER + "using namespace std;\n"),
    ("test_habits", "tests/x.hpp", HEADER + "void f() { std::this_thread::sleep_for(1s); }\n"),
    ("test_habits", "tests/x.hpp", HEADER + "void f() { EXPECT_LT(elapsed_ns, 5); }\n"),
    ("test_habits", "tests/x.hpp", HEADER + "void f() { GTEST_SKIP(); }\n"),
    ("test_habits", "tests/x.hpp", HEADER + "TEST(Ring, RefusesClaim) {}\n"),
    ("test_habits", "tests/x.sh", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\nsleep 1\n"),
    ("leftovers", "runtime/slot.hpp", HEADER + "// TO" + "DO: more\n"),
    ("leftovers", "notes.md", "see /wo" + "rk/main\n"),
    ("cmake_form", "docs/CMakeLists.txt", CMAKE + "file(GLOB sources *.cpp)\n"),
    ("cmake_form", "docs/CMakeLists.txt", CMAKE + "add_compile_options(-O3)\n"),
    ("listed_sources", "bench/lost.cpp", SPDX),
    ("readmes", "pipeline/gate.hpp", HEADER),
    ("readmes", "runtime/README.md", "ring alone.\n"),
] + [
    ("memory_model", "docs/memory-model.md", MODEL.replace(*change), words) for change, words in (
        (("| `counts_` | one | any | nothing | as Count |\n", ""), "counts_ has no row"),
        (("`value_`", "`values_`"), "there is no atomic values_"),
        (("### runtime/ring.hpp", "### runtime/ting.hpp"), "there is no atomic value_"),
        (("store release", "store relaxed"), "the orders of value_ of runtime/ring.hpp are: cas"),
        (("release/relaxed", "release/acquire"), "the orders of value_"),
        ((", wait", ""), "the orders of value_"),
        (("as Count", "as Counter"), "the orders of counts_ of runtime/ring.hpp are: as Count"),
        (("| it |", "|  |"), "a row is"),
        (("| `counts_`", "| `value_`"), "a second row for value_"))
] + [
    ("memory_model", "runtime/slot.hpp", HEADER + text, words) for text, words in (
        ("std::atomic<int> lost{0};\n", "the atomic lost has no row"),
        ("std::array<std::atomic<int>, 4> lost;\n", "the atomic lost has no row"),
        ("using Cells = std::array<std::atomic<int>, 4>;\nstd::unique_ptr<Cells> lost;\n",
         "the atomic lost has no row"),
        ("template <class A>\nstruct S {\n  typename A::template Atomic<int> lost{0};\n};\n",
         "the atomic lost has no row"),
        ("std::atomic_flag lost;\n", "the atomic lost has no row"),
        ("std::unique_ptr<std::atomic<int>[]> lost;\n", "the atomic lost has no row"),
        ("BasicCount<StdAtomics> lost;\n", "the atomic lost has no row"))
] + [
    # The code changes, and the row does not.
    ("memory_model", "runtime/ring.cpp", SPDX + "#include <penstock/runtime/ring.hpp>\n" + text,
     "the orders of value_ of runtime/ring.hpp are: ") for text in (
        "int f(Ring& r) {\n  // acquire: pairs with add().\n  return r.value_.load("
        "std::memory_order_acquire);\n}\n",
        "int f() {\n  std::atomic<int>& a = value_;\n  // acquire: so.\n"
        "  return a.load(std::memory_order_acquire);\n}\n",
        "int f(std::atomic<int>* a /*\n*/) {\n  std::atomic<int>* b = a;"
        "  // is value_\n  // acquire: so.\n  return b->load(std::memory_order_acquire);\n}\n",
        "int f() { return (*value_)[a[1]].load(std::memory_order_acquire); }  // acquire: so.\n",
        "void f() { StdAtomics::wake_all(ring.value_); }\n",
        "void f() { value_.notify_one(); }\n")
]


def write_tree(root, files):
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)


def self_test():
    failures = 0
    # What a planted file needs beside it; a README so that only the planted rule is broken.
    beside = {"tests": {"tests/README.md": "x\n"}, "bench": {"bench/README.md": "x\n"}}
    for rule, path, text, *words in [(None, "LICENSE", "any\n")] + PLANTED:
        with tempfile.TemporaryDirectory() as root:
            write_tree(root, {**CLEAN, **beside.get(path.split("/")[0], {}), path: text})
            found = list(findings(root))
        said = "\n".join(message for _, _, _, message in found)
        if {name for _, _, name, _ in found} != ({rule} if rule else set()) or (
                words and words[0] not in said):
            failures += 1
            print(f"self-test: {rule or 'a clean tree'} in {path}, {words}: {found}")
    untried = {rule.__name__ for rule in FILE_RULES + TREE_RULES} - {plant[0] for plant in PLANTED}
    for rule in sorted(untried):
        failures += 1
        print(f"self-test: no violation of {rule} is planted")
    print(f"self-test: {len(PLANTED) + 1} trees, {failures} failures")
    return failures == 0


def main():
    parser = argparse.ArgumentParser(description="Checks the rules of the house.")
    parser.add_argument("--self-test", action="store_true")
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--root", default=os.path.dirname(here))
    chosen = parser.parse_args()
    if chosen.self_test:
        return 0 if self_test() else 1
    count = 0
    for path, line, rule, message in findings(chosen.root):
        print(f"{path}:{line}: {rule}: {message}")
        count += 1
    print(f"tidy: {count} problems" if count else "tidy: nothing to say")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
