#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# What a program executed, instruction by instruction, with its source line:
#   instructions.py CALLGRIND_OUT DISASSEMBLY EVENTS [FUNCTION ...]
# CALLGRIND_OUT is of `valgrind --tool=callgrind --dump-instr=yes`, DISASSEMBLY of `objdump -dlC
# --no-show-raw-insn`. Prints how often an event executed each, of functions whose name contains
# one of the words, and a sum for each function.
import collections
import re
import sys


def costs(path):
    """Executions by address. The format: valgrind's manual, "Callgrind Format Specification"."""
    counts, address, inclusive = collections.Counter(), 0, False
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("calls="):
                inclusive = True  # the next line is what the callee cost
                continue
            match = re.match(r"(0x[0-9a-f]+|[+-]\d+|\*) \S+ (\d+)$", line)
            if not match:
                continue
            where = match.group(1)
            if where[0] in "+-":
                address += int(where)
            elif where != "*":
                address = int(where, 16)
            if not inclusive:
                counts[address] += int(match.group(2))
            inclusive = False
    return counts


def main():
    counts, events, words = costs(sys.argv[1]), int(sys.argv[3]), sys.argv[4:]
    shown, source, total = False, "", 0
    with open(sys.argv[2], encoding="utf-8") as file:
        for line in file:
            function = re.match(r"[0-9a-f]+ <(.*)>:$", line)
            code = re.match(r"\s+([0-9a-f]+):\t(.*)$", line)
            if function:
                if shown and total:
                    print(f"{total / events:9.3f} in all")
                total = 0
                shown = any(word in function.group(1) for word in words)
                if shown:
                    print(f"\n{function.group(1)}")
            elif code and shown:
                count = counts[int(code.group(1), 16)]
                total += count
                if count:
                    text = re.sub(r"\s+<.*|\s+#.*", "", code.group(2))
                    print(f"{count / events:9.3f}  {code.group(1)}  {text:40} {source}")
            elif re.search(r":\d+( \(discriminator \d+\))?$", line):
                source = line.rsplit("/", 1)[-1].split(" ")[0].strip()


if __name__ == "__main__":
    main()
