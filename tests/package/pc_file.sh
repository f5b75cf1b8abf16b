#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds and runs one program by the flags of the installed .pc file: PREFIX COMPILER SOURCE OUTPUT.
set -eu
found=$(find "$1" -name penstock.pc)
PKG_CONFIG_PATH=$(dirname "$found")
export PKG_CONFIG_PATH
# The installation lies elsewhere than where it was configured for.
flags=$(pkg-config --cflags --libs penstock)
# shellcheck disable=SC2086
"$2" "$3" -o "$4" $flags
"$4"
