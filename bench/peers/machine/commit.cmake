# SPDX-License-Identifier: Apache-2.0
# Writes HEADER with the commit of SOURCE, if it is not there already.
#   cmake -DSOURCE=folder -DHEADER=file -P commit.cmake
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit "unknown")
endif()
set(text "// Written by machine/commit.cmake.
#pragma once
namespace penstock::bench {
inline constexpr const char* kCommit = \"${commit}\";
}  // namespace penstock::bench
")
set(before "")
if(EXISTS ${HEADER})
  file(READ ${HEADER} before)
endif()
if(NOT text STREQUAL before)
  file(WRITE ${HEADER} "${text}")
endif()
