#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that CI runs: installs packages.txt and packages-dev.txt (apt; sudo if needed), then
# the rules of the house, the release, TSan and ASan + UBSan builds with all their tests.
#   ./test.sh           all of it; less than 30 minutes on two cores, quick where ccache knows it
#   ./test.sh --quick   the rules, the release build and its tests
#   ./test.sh --long    all of it and what takes longer than CI may
# Every step runs, whatever failed before it. The last line is "N passed, N failed": tests of all
# builds, one for each check of the rules, and one for each build that did not compile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

reports=$PWD/build/reports
passed=0
failed=0

main() {
  local presets=(release tsan asan)
  local long_checks=()
  case "${1:-}" in
    "") ;;
    --quick) presets=(release) ;;
    --long) long_checks=(clang_tidy mutants_all schedules_long seeds_and_stress_long) ;;
    *) sed -n '3,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]##*/}" >&2; exit 2 ;;
  esac

  heading "packages"
  .ci/install_packages packages.txt packages-dev.txt || {
    printf '\n0 passed, 1 failed\n'
    exit 69
  }
  rm -rf "$reports"
  mkdir -p "$reports"

  heading "rules"
  check python3 tests/tidy.py
  heading "format"
  check format_is_right
  local preset
  for preset in "${presets[@]}"; do
    heading "$preset: build"
    if build "$preset"; then
      heading "$preset: test"
      run_tests "$preset"
    else
      failed=$((failed + 1))
    fi
  done
  if [ "${#long_checks[@]}" -eq 0 ]; then
    heading "mutants of what changed"
    check mutants_of_what_changed
  fi
  local name
  for name in ${long_checks[@]+"${long_checks[@]}"}; do
    heading "$name"
    check "$name"
  done

  printf '\n== done (%d s in all)\n\n%d passed, %d failed\n' "$SECONDS" "$passed" "$failed"
  [ "$failed" -eq 0 ]
}

heading() { printf '\n== %s (at %d s)\n' "$1" "$SECONDS"; }

# check COMMAND ...: counts as one test.
check() {
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $*"
  fi
}

sources() { find runtime pipeline io bench tests examples -name '*.[ch]pp' | sort; }

format_is_right() {
  if sources | xargs clang-format --dry-run --Werror --ferror-limit=1; then
    return
  fi
  echo "to mend: find runtime pipeline io bench tests examples -name '*.[ch]pp' |"
  echo "  xargs clang-format -i"
  return 1
}

build() {
  # quickstart.sh leaves tests and benchmarks out of the same build tree.
  local options=(-DPENSTOCK_BUILD_TESTS=ON -DCMAKE_MESSAGE_LOG_LEVEL=WARNING)
  [ "$1" != release ] || options+=(-DPENSTOCK_BUILD_BENCH=ON)
  cmake --preset "$1" "${options[@]}" >/dev/null &&
    cmake --build --preset "$1" --parallel "$(nproc)"
}

# Counts from ctest's own report; a ctest that leaves none counts as one failure.
run_tests() {
  local report=$reports/$1.xml
  ctest --preset "$1" --parallel "$(nproc)" --output-junit "$report" || true
  local counts
  counts=$(python3 - "$report" <<'END'
import sys
import xml.etree.ElementTree as tree

try:
    suite = tree.parse(sys.argv[1]).getroot().attrib
except (OSError, tree.ParseError):
    print(0, 1)
else:
    total, bad = int(suite["tests"]), int(suite["failures"])
    # A test that did not run has not passed.
    absent = int(suite.get("disabled", 0)) + int(suite.get("skipped", 0))
    print(total - bad - absent, bad + absent if total else 1)
END
)
  passed=$((passed + ${counts% *}))
  failed=$((failed + ${counts#* }))
}

# Where much has changed, as many as fit into five minutes; the rest is told, and --long tries all.
mutants_of_what_changed() {
  local answer=0
  timeout 300 python3 -u tests/model/mutants.py --build build --changed |
    tee "$reports/mutants.txt" || answer=$?
  [ "$answer" -eq 124 ] || return "$answer"
  echo "not all of them were tried in five minutes: python3 tests/model/mutants.py --build build"
  ! grep -q WRONG "$reports/mutants.txt"
}

# Other seeds in each run; what fails prints the line that repeats it.
mutants_all() { python3 tests/model/mutants.py --build build; }
schedules_long() {
  local first
  first=$(date +%s)000000
  build/tests/model/penstock_model --all --times 4 --seed "$first" &
  local one=$!
  build/tests/model/penstock_model --all --times 4 --seed $((first + 500000000)) --random
  local answer=$?
  wait "$one" && [ "$answer" -eq 0 ]
}
seeds_and_stress_long() {
  build/tests/sim/penstock_sim --first "$(date +%s)000000" --seconds 300 &
  local seeds=$!
  PENSTOCK_STRESS_ROUNDS=300 PENSTOCK_STRESS_SEED=$(date +%s) build/tsan/tests/stress/test_stress
  local answer=$?
  wait "$seeds" && [ "$answer" -eq 0 ]
}

clang_tidy() {
  cmake --preset dev -DCMAKE_MESSAGE_LOG_LEVEL=WARNING >/dev/null || return
  # clang 14 does not know some of gcc's warnings.
  run-clang-tidy -quiet -p build/dev -extra-arg=-Wno-unknown-warning-option \
    "$PWD/(runtime|pipeline|io)/.*\.cpp$" >"$reports/clang_tidy.txt" 2>&1 && return
  grep -E 'warning:|error:' "$reports/clang_tidy.txt" | sort -u
  return 1
}

main "$@"
