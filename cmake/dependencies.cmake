# SPDX-License-Identifier: Apache-2.0
# Where each package comes from. find_package first; two of them ship only a .pc file or a bare
# header. The installed package config includes this file too, so that it finds what we were built
# with.
find_package(Threads REQUIRED)
find_package(tl-expected REQUIRED)
find_package(fmt REQUIRED)
find_package(mimalloc REQUIRED)
find_package(simdjson REQUIRED)

if(NOT TARGET penstock_xxhash)
  # Used header-only (XXH_INLINE_ALL), by one source file.
  find_path(PENSTOCK_XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
  mark_as_advanced(PENSTOCK_XXHASH_INCLUDE_DIR)
  find_path(PENSTOCK_TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h REQUIRED)
  mark_as_advanced(PENSTOCK_TOMLPLUSPLUS_INCLUDE_DIR)
endif()
