# SPDX-License-Identifier: Apache-2.0
# Run at each build (cmake -P): writes a source file with the git revision, only if it differs from
# what is there, so that nothing else is built again. -DSOURCE_DIR= -DOUTPUT=
execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --abbrev=12 --exclude=*
                OUTPUT_VARIABLE revision ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT revision)
  set(revision unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[
// Written by cmake/revision.cmake.
#include <penstock/runtime/machine/facts.hpp>
const char* penstock::source_revision() noexcept { return "@revision@"; }
]] @ONLY)
