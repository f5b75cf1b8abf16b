# SPDX-License-Identifier: Apache-2.0
# Where each package comes from. Those of the list are needed by whoever links Penstock too, and the
# installed package config looks for them; the rest are headers that only our own sources include.
set(PENSTOCK_PACKAGES Threads tl-expected fmt mimalloc simdjson ZLIB)
foreach(package IN LISTS PENSTOCK_PACKAGES)
  find_package(${package} REQUIRED)
endforeach()

# Used header-only (XXH_INLINE_ALL), by one source file.
find_path(PENSTOCK_XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
find_path(PENSTOCK_TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h REQUIRED)
mark_as_advanced(PENSTOCK_XXHASH_INCLUDE_DIR PENSTOCK_TOMLPLUSPLUS_INCLUDE_DIR)
