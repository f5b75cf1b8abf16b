#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What one event costs in each step of bench/micro: nanoseconds (Google Benchmark, the median of
# seven runs) and instructions (callgrind, repeatable to the instruction).
#   perf/instructions.sh [STEP ...]      all steps if none is named
# Needs valgrind (packages-bench.txt), and a release tree that was built in build/.
# valgrind does not know AVX-512, so that simdjson may choose another kernel there: told below.
# Instructions are the difference of two runs of different length, counted inside of the step alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
micro=build/bench/micro/penstock_micro
few=4
many=24

die() {
  echo "instructions.sh: $1" >&2
  exit 69
}
[ -x "$micro" ] || die "no $micro: build the release with PENSTOCK_BUILD_BENCH=ON"
command -v valgrind >/dev/null || die "no valgrind: install packages-bench.txt"

# collected STEP TURNS
collected() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect='*penstock_timed*' \
    "$micro" --step "$1" "$2" 2>&1 >/dev/null | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

# nanoseconds STEP: of one event
nanoseconds() {
  "$micro" --benchmark_filter="^$1/" --benchmark_min_time=0.05 --benchmark_repetitions=7 \
    --benchmark_report_aggregates_only=true --benchmark_format=json 2>/dev/null |
    python3 -c '
import json, sys
runs = json.load(sys.stdin)["benchmarks"]
print(next(run["per_event"] for run in runs if run.get("aggregate_name") == "median") * 1e9)'
}

all=$("$micro" --steps)
for step in "$@"; do
  grep -q "^$step " <<<"$all" || die "there is no step \"$step\": see $micro --steps"
done
printf '%-26s %12s %14s  %s\n' step ns/event instructions "what it is"
while read -r step events threads what; do
  [ $# -eq 0 ] || [[ " $* " == *" $step "* ]] || continue
  count=-
  if [ "$threads" = one_thread ]; then
    a=$(collected "$step" "$few")
    b=$(collected "$step" "$many")
    count=$(awk -v a="$a" -v b="$b" -v events=$(((many - few) * events)) \
      'BEGIN { printf "%.2f", (b - a) / events }')
  fi
  printf '%-26s %12.2f %14s  %s\n' "$step" "$(nanoseconds "$step")" "$count" "$what"
done <<<"$all"
printf 'simdjson'\''s kernel: %s when timed, %s when counted\n' "$("$micro" --kernel)" \
  "$(valgrind --quiet --tool=none "$micro" --kernel)"
