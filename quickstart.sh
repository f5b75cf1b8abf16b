#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh clone to a running pipeline: installs what packages.txt lists (apt; sudo if needed),
# builds the release, runs the demo. The second time it only builds what changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

say() { printf '\n== %s\n' "$*"; }

say "1/3 packages"
.ci/install_packages packages.txt

say "2/3 build (release)"
cmake --preset release -DPENSTOCK_BUILD_TESTS=OFF -DPENSTOCK_BUILD_BENCH=OFF \
  -DCMAKE_MESSAGE_LOG_LEVEL=WARNING >/dev/null
cmake --build --preset release --target penstock_program --parallel "$(nproc)"

say "3/3 demo"
build/penstock demo

printf '\n  in C++: examples/embed      every test: ./test.sh\n'
