#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Instructions that an event takes in the ring (claim, fill, publish, read, advance once in 16):
#   product      the ring as it is, over the Atomics policy
#   std::atomic  the same headers with std::atomic written in place of the policy, which must cost
#                the same but for an instruction of register allocation
#   by_hand      the same algorithm written out without templates and classes
# Each is the difference of two runs of different length, so that start and end do not count, and
# is repeatable to the instruction. Needs valgrind, and a tree that was built in build/.
#   perf/ring_cost.sh --lines    instead of that, each instruction of product and by_hand, how often
#                                an event executes it, and its source line
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if ! command -v valgrind >/dev/null; then
  echo "valgrind is missing; on Debian: apt-get install valgrind" >&2
  exit 69
fi
if [ ! -e build/runtime/libpenstock_runtime.a ]; then
  echo "build/ is missing; first: cmake --preset release && cmake --build --preset release" >&2
  exit 69
fi
few=16000
many=96000
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# program NAME INCLUDE_FOLDER: compiled as the release build does.
program() {
  g++ -g -std=c++20 -O3 -DNDEBUG -DPENSTOCK_DCHECKS=0 -I "$2" bench/micro/ring_cost.cpp \
    build/runtime/libpenstock_runtime.a -lfmt -lmimalloc -o "$folder/$1"
}

# instructions PROGRAM WHICH EVENTS
instructions() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$folder/$1" "$2" "$3" 2>&1 >/dev/null |
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

# report LABEL PROGRAM WHICH
report() {
  local a b
  a=$(instructions "$2" "$3" "$few")
  b=$(instructions "$2" "$3" "$many")
  awk -v which="$1" -v a="$a" -v b="$b" -v events=$((many - few)) \
    'BEGIN { printf "%-11s %.3f instructions an event\n", which, (b - a) / events }'
}

if [ "${1:-}" = --lines ]; then
  program product build/include
  objdump -dlC --no-show-raw-insn "$folder/product" >"$folder/product.s"
  for which in product by_hand; do
    printf '\n==== %s\n' "$which"
    valgrind --tool=callgrind --dump-instr=yes --callgrind-out-file="$folder/$which.out" \
      "$folder/product" "$which" "$many" >/dev/null 2>&1
    perf/instructions.py "$folder/$which.out" "$folder/product.s" "$many" \
      product_publish product_read Reader::advance hand_publish hand_read
  done
  exit
fi
mkdir -p "$folder/include/penstock"
cp -r runtime "$folder/include/penstock/"
find "$folder/include" -name '*.hpp' -exec sed -i \
  -e 's/typename Atomics::template Atomic</std::atomic</' -e '/Atomics::plain_/d' {} +
program product build/include
program twin "$folder/include"
report product product product
report std::atomic twin product
report by_hand product by_hand
