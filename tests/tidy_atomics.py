# SPDX-License-Identifier: Apache-2.0
# What tidy.py knows of atomics: that each operation says its orders, that each order says why, and
# that docs/memory-model.md is what the sources do. Read by tidy.py, whose self-test plants faults.
#
# An atomic is a variable of type std::atomic<>, Atomic<>, std::atomic_flag, or of a named type
# that holds one and stands in runtime/base or runtime/wait (Counter, Parker ...), also inside a
# container. An operation belongs to the atomic of the same name that is declared in the same file,
# else in its pair (x.hpp for x.cpp and x_inline.hpp), else in the only file that it includes, at
# any depth, which declares one. What cannot be attributed is a finding, never passed over.
# A reference or pointer is followed by the atomic's name in its initialiser, or in a comment on its
# line: `std::atomic<bool>& broken;  ///< is broken_`.
#
# What it cannot see, since it reads text and no types:
# 1. A read or write without a call: `if (flag)`, `a.flag = true` where `flag` also names something
#    plain. In the templates over Atomics these do not compile, since the explorer's type has none.
# 2. Operations inside macros, or on what a function returns.
# 3. Whether the words of a row are true: only names and orders are compared.
# 4. Which of the operations of one statement a comment on an order is about.
import bisect
import os
import re

DOCUMENT = "docs/memory-model.md"
WRAPPER_FOLDERS = ("runtime/base", "runtime/wait")
ORDER_COMMENT_LINES = 8  # how far above an operation the comment on its memory order may begin

# A block, and no value in braces, follows this.
BLOCK_BEFORE = re.compile(r"(?:[){};:]|\b(do|else|try|const|noexcept|override|mutable))\s*$")
BLOCK_BEFORE_CHARS = 40

TYPE = re.compile(r"\b(?:std::atomic|Atomic)\s*<|\bstd::atomic_flag\b")
# What follows a type: the rest of a container's arguments, a name, the end of the declaration.
DECLARED = re.compile(r"(?:\[\])?(?:\s*,[^;<>(){}]*)?\s*>*\s*(?:const\s*)?([&*]*)\s*(\w+)"
                      r"\s*(?=[;={,)])")
# What may follow it otherwise: a member of the type, an argument, a parameter, a call.
NO_DECLARATION = re.compile(r"(?:\[\])?\s*>*\s*(?:::|[&*(){])")
CLASS = re.compile(r"(?<![<,])(?<!, )\b(?:class|struct)\s+(?:alignas\([^)]*\)\s*)?(\w+)[^;{}()]*\{")
CALL = re.compile(r"(?:\.|->)\s*(load|store|exchange|fetch_(?:add|sub|and|or|xor)|"
                  r"compare_exchange_(?:weak|strong)|test_and_set|test|clear|wait|"
                  r"notify_(?:one|all))\s*\(")
PORT_CALL = re.compile(r"\b\w*Atomics::(wait|wake_all)\s*\(")
ORDER = re.compile(r"memory_order(?:_|::)(\w+)")
ONLY_OF_ATOMICS = re.compile(r"fetch_|compare_|test_and_set")
WITHOUT_ORDER = ("notify_one", "notify_all")
SHORT = {"compare_exchange_weak": "cas", "compare_exchange_strong": "cas",
         "notify_one": "wake", "notify_all": "wake", "wake_all": "wake"}


# ---- reading C++ --------------------------------------------------------------------------------

def partner(code, opening, pair="()"):
    """The offset of the bracket that closes the one at `opening`."""
    depth = 0
    for offset in range(opening, len(code)):
        depth += (code[offset] == pair[0]) - (code[offset] == pair[1])
        if depth == 0:
            return offset
    return len(code)


def arguments(code, opening):
    return code[opening + 1:partner(code, opening)]


def receiver(code, end):
    """The name of what stands before the `.` or `->` at `end`; None for what a function returns."""
    code = code[:end].rstrip()
    while code.endswith("]"):
        depth = 0
        for offset in range(len(code) - 1, -1, -1):
            depth += (code[offset] == "]") - (code[offset] == "[")
            if depth == 0:
                code = code[:offset].rstrip()
                break
        else:
            return None
    if code.endswith(")"):  # (*name), or a call
        match = re.search(r"(?<![\w>])\s*\(\s*\*?\s*(\w+)\s*\)$", code)
        return match.group(1) if match else None
    match = re.search(r"(\w+)$", code)
    return match.group(1) if match else None


class Atomics:
    """All declarations of the tree, and what is done with them."""

    def __init__(self, tree):
        self.tree = tree
        self.files = [file for file in tree.files.values() if file.product]
        self.declared = {}  # (path, name): line
        self.types = {}     # (path, name): the wrapper's name, for those that are no plain atomics
        self.aliases = {}   # (path, name): (line, atomic or None)
        self.orders = {}    # (path, name): {"load acquire", ...}
        self.faults = []    # (path, line, message)
        self.closures = {}
        wrappers = self.find_plain()
        self.find_wrapped(wrappers)
        methods = r"\b(load|store|exchange|wait|test|clear)\s*\([^;{}]*\)[^;{}()]*\{"
        self.own_methods = {match.group(1) for file in self.files
                            for match in re.finditer(r"[\w>&*\]]\s+" + methods, file.code)}
        for file in self.files:
            self.find_operations(file)

    def find_plain(self):
        """Declarations by a type that is spelled out. Returns the wrappers: {type: shown name}."""
        wrappers = {}
        for file in self.files:
            containers = []
            for match in TYPE.finditer(file.code):
                flag = match.group(0) == "std::atomic_flag"
                end = match.end() if flag else partner(file.code, match.end() - 1, "<>") + 1
                before = file.code[file.code.rfind("\n", 0, match.start()) + 1:match.start()]
                alias = re.match(r"\s*using\s+(\w+)\s*=", before)
                if alias:
                    containers += [alias.group(1)] if alias.group(1) != "Atomic" else []
                    continue
                if not (DECLARED.match(file.code, end) or NO_DECLARATION.match(file.code, end)):
                    self.faults.append((file.path, file.line_of(end), "an atomic whose name cannot "
                                        "be read here: declare its container by an alias"))
                self.declare(file, end)
                self.wrap(file, match.start(), end, wrappers)
            for name in containers:
                for match in re.finditer(rf"\b{name}\b", file.code):
                    self.declare(file, match.end())
                    self.wrap(file, match.start(), match.end(), wrappers)
        for file in self.files:  # using Counter = BasicCounter<StdAtomics>;
            for match in re.finditer(r"\busing\s+(\w+)\s*=\s*(?:\w+::)*(\w+)\s*<", file.code):
                if match.group(2) in wrappers:
                    wrappers[match.group(1)] = wrappers[match.group(2)]
        return wrappers

    def wrap(self, file, start, end, wrappers):
        """Notes the class around a declaration, if it is one to build others from."""
        declared = DECLARED.match(file.code, end)
        if file.folder not in WRAPPER_FOLDERS or not declared or declared.group(1):
            return
        around = [match.group(1) for match in CLASS.finditer(file.code, 0, start)]
        if around:
            wrappers[around[-1]] = re.sub(r"^Basic", "", around[-1])

    def declare(self, file, end, wrapper=None):
        match = DECLARED.match(file.code, end)
        if not match:
            return
        mark, name = match.groups()
        key, line = (file.path, name), file.line_of(match.start(2))
        if mark:
            if wrapper is None and file.code[match.end()] in ";=":  # not a parameter
                self.aliases[key] = (line, self.aliased(file, match, line))
        elif wrapper is None and key in self.declared:
            self.faults.append((file.path, line, f"a second atomic {name} in one file"))
        else:
            self.declared[key] = line
            if wrapper:
                self.types[key] = wrapper

    def aliased(self, file, match, line):
        """The atomic that a reference stands for, by its initialiser or by its comment."""
        said = re.search(r"//.*\bis (\w+)", file.lines[line - 1])
        if said:
            return said.group(1)
        initialiser = re.search(r"\w+", file.code[match.end():file.code.find(";", match.end())])
        return initialiser.group(0) if initialiser else None

    def find_wrapped(self, wrappers):
        for file in self.files:
            for name, shown in wrappers.items():
                for match in re.finditer(rf"\b{name}\b(?!\s*=)(\s*<)?", file.code):
                    end = match.end()
                    if match.group(1):
                        end = partner(file.code, end - 1, "<>") + 1
                    self.declare(file, end, shown)

    # ---- whose operation it is

    def closure(self, path):
        """All files of the product that a file includes, at any depth, itself too."""
        if path not in self.closures:
            seen, left = {path}, [path]
            while left:
                for _, _, header in self.tree.files[left.pop()].includes():
                    inside = header[len("penstock/"):] if header.startswith("penstock/") else ""
                    if inside in self.tree.files and inside not in seen:
                        seen.add(inside)
                        left.append(inside)
            self.closures[path] = seen
        return self.closures[path]

    def owner(self, file, name):
        """The key of the atomic that `name` means in a file; None if it means none; else a text."""
        if (file.path, name) in self.aliases:
            name = self.aliases[(file.path, name)][1]
            if name is None or not self.visible(file, name):
                return "say in a comment on the reference's line which atomic it is: // is NAME"
        stem = re.sub(r"_inline$", "", file.stem)
        for path in (file.path, os.path.join(file.folder, stem + ".hpp")):
            if (path, name) in self.declared:
                return (path, name)
        keys = self.visible(file, name)
        if len(keys) > 1:
            return f"{name} may be that of " + " or ".join(sorted(path for path, _ in keys))
        return keys[0] if keys else None

    def visible(self, file, name):
        reached = self.closure(file.path)
        return [key for key in self.declared if key[1] == name and key[0] in reached]

    def find_operations(self, file):
        for match in CALL.finditer(file.code):
            name = receiver(file.code, match.start())
            self.operation(file, match, name, arguments(file.code, match.end() - 1))
        for match in PORT_CALL.finditer(file.code):
            first = arguments(file.code, match.end() - 1).split(",")[0]
            if "&" in first:  # the definition
                continue
            name = re.search(r"(\w+)\s*$", first)
            key = self.owner(file, name.group(1)) if name else None
            if isinstance(key, tuple) and key not in self.types:
                self.orders.setdefault(key, set()).add(SHORT.get(match.group(1), match.group(1)))
            else:
                line = file.line_of(match.start())
                self.faults.append((file.path, line, f"{first} is no atomic that is known"))

    def operation(self, file, match, name, said):
        call, line = match.group(1), file.line_of(match.start(1))
        while "(" in said:  # the orders of operations among the arguments are theirs
            inner = re.sub(r"\([^()]*\)", "", said)
            said = inner if inner != said else ""
        orders = ORDER.findall(said)
        key = self.owner(file, name) if name else None
        if isinstance(key, tuple) and key in self.types:  # a method of the wrapper, if anything
            key = None
        if key is None and not orders:
            # No atomic; or one that this cannot see, by an operation that nothing else has.
            own = call in self.own_methods or not re.match("load|store|exchange", call)
            if ONLY_OF_ATOMICS.match(call) or not own:
                self.faults.append((file.path, line, f"{name}.{call}() without its memory_order"))
        elif not isinstance(key, tuple):
            why = key or "no atomic of that name is declared in what this file includes"
            self.faults.append((file.path, line, f"{name}.{call}(): {why}"))
        else:
            wanted = 2 if call.startswith("compare_") else 0 if call in WITHOUT_ORDER else 1
            if len(orders) != wanted:
                self.faults.append((file.path, line, f"{name}.{call}() without its memory_order"
                                    f"{' of success and of failure' if wanted == 2 else ''}"))
                return
            word = " ".join([SHORT.get(call, call), "/".join(orders)]).strip()
            self.orders.setdefault(key, set()).add(word)

    def shown_orders(self, key):
        if key in self.types:
            return f"as {self.types[key]}"
        return ", ".join(sorted(self.orders.get(key, ())))


def atomics_of(tree):
    """Read once a tree."""
    if not hasattr(tree, "atomics"):
        tree.atomics = Atomics(tree)
    return tree.atomics


# ---- rules --------------------------------------------------------------------------------------

def statement_ends(code):
    """Offsets of what ends a statement: a `;` outside (), and the braces of blocks, not of values.
    The end of a `do` block ends none: what follows it belongs to it."""
    ends, open_brackets = [], []
    for match in re.finditer(r"[;(){}]", code):
        at, sign = match.start(), match.group(0)
        if sign == ";":
            if not open_brackets or open_brackets[-1] != "(":
                ends.append(at)
        elif sign == "(":
            open_brackets.append(sign)
        elif sign == "{":
            block = BLOCK_BEFORE.search(code[max(0, at - BLOCK_BEFORE_CHARS):at])
            open_brackets.append(block.group(1) or "block" if block else "value")
            ends += [at] if block else []
        elif open_brackets and open_brackets.pop() not in ("(", "do", "value"):
            ends.append(at)
    return ends


def statement_comments(file, ends, offset):
    """The comments inside the statement around an offset and right above it, and on its line."""
    begin = max((end + 1 for end in ends[:bisect.bisect_left(ends, offset)]), default=0)
    line_end = file.code.find("\n", begin)
    if not file.code[begin:line_end].strip():  # what stands behind an end belongs to what ended
        begin = line_end
    end = file.text.find("\n", offset)
    near = file.text[begin:end if end >= 0 else None].split("\n")[-1 - ORDER_COMMENT_LINES:]
    return "\n".join(re.findall(r"//.*", "\n".join(near)))


def order_comment(file):
    """Every memory_order has a comment that starts with its name, above its statement, inside it
    or on its line."""
    if not file.product:
        return
    ends = statement_ends(file.code)
    more = r"(?:,\s*|\s+and\s+|\s*/\s*)"
    for match in ORDER.finditer(file.code):
        order, number = match.group(1), file.line_of(match.start())
        comments = statement_comments(file, ends, match.start())
        begin = rf"(?://+<?\s*|[.;]\s+)(?:\w+{more})*{order}(?:{more}\w+)*:\s*"
        if not re.search(begin + r"\S", comments):
            yield number, f'no comment "// {order}: why" above memory_order_{order}'
        elif re.search(begin + r"(?:\w+ )?(?:is (?:sufficient|enough)|suffices)\b", comments):
            yield number, f"that {order} suffices is no reason"


def default_order(file, tree):
    """Operations without an order, what hides behind operators, what cannot be attributed."""
    if not file.product:
        return
    atomics = atomics_of(tree)
    for path, line, message in atomics.faults:
        if path == file.path:
            yield line, message
    for match in re.finditer(r"\bstd::atomic_(?!flag\b|thread_fence|signal_fence)\w+", file.code):
        yield file.line_of(match.start()), f"{match.group(0)}: use a member of the atomic"
    pair = tree.files.get(os.path.join(file.folder, file.stem + ".hpp"), file)
    for path, name in atomics.declared:
        if (path, name) in atomics.types or path not in (file.path, pair.path):
            continue
        plain = (rf"^(?!.*(?:atomic|Atomic)<)\s*(?!return|else|delete)"
                 rf"[\w:<>,&* ]*[\w>&*] +{name}\s*[;={{]")
        if re.search(plain, file.code + pair.code, re.M):
            continue  # also the name of something else
        operator = (rf"(?:\+\+|--)\s*{name}\b|"
                    rf"(?<!\w)(?<!\w )(?<!> ){name}\s*(?:\+\+|--|[-+|&^]?=(?!=))")
        for match in re.finditer(operator, file.code):
            yield file.line_of(match.start()), f"an operator on the atomic {name} hides its order"


def rows_of(document):
    """(line, path, names, cells) of each row below a heading that is a file's path."""
    path = None
    for number, line in enumerate(document.split("\n"), 1):
        heading = re.match(r"#+\s+(.*?)\s*$", line)
        if heading:
            match = re.fullmatch(r"`?([\w/]+\.[hc]pp)`?", heading.group(1))
            path = match.group(1) if match else None
        elif path and line.startswith("|") and not re.match(r"\|[\s:|-]*$|\|\s*Atomic\s*\|", line):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            yield number, path, re.findall(r"`(\w+)`", cells[0]), cells


def memory_model(tree):
    """docs/memory-model.md has a row for each atomic, no other row, and the orders of the code."""
    document = tree.text(DOCUMENT)
    if document is None:
        return
    atomics = atomics_of(tree)
    found = set()
    for line, path, names, cells in rows_of(document):
        if len(cells) != 5 or not all(cells) or not names:
            yield DOCUMENT, line, "a row is: names | written by | read by | hands over | orders"
            continue
        for name in names:
            key = (path, name)
            if key in found:
                yield DOCUMENT, line, f"a second row for {name} of {path}"
            found.add(key)
            if key not in atomics.declared:
                yield DOCUMENT, line, f"there is no atomic {name} in {path}"
            elif cells[4] != atomics.shown_orders(key):
                yield DOCUMENT, line, (f"the orders of {name} of {path} are: "
                                       f"{atomics.shown_orders(key) or 'none, nothing uses it'}")
    for path, name in sorted(set(atomics.declared) - found):
        yield path, atomics.declared[(path, name)], (
            f"the atomic {name} has no row in {DOCUMENT} under {path} "
            f"(orders: {atomics.shown_orders((path, name))})")
    if "seq_cst" in str(atomics.orders) and "no sequentially consistent" in document:
        yield DOCUMENT, 1, "there are sequentially consistent operations"
