# SPDX-License-Identifier: Apache-2.0
# Warnings and sanitizers for Penstock's own targets: linked PRIVATE, never handed to embedders, and
# no global flags. A sanitizer must be known to every object of a program, so the tests link it as
# well.
add_library(penstock_flags INTERFACE)
target_compile_features(penstock_flags INTERFACE cxx_std_20)
target_compile_options(penstock_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  # Designated initializers leave the rest to their defaults, which is what they are for.
  -Wno-missing-field-initializers
  $<$<BOOL:${PENSTOCK_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # gcc 12 takes the headers of fmt and of std::string for overflows when it inlines them (bug
  # 105651).
  target_compile_options(penstock_flags INTERFACE -Wno-stringop-overflow -Wno-restrict)
endif()
if(PENSTOCK_SANITIZE)
  # What sanitizers add makes gcc 12 take libstdc++'s own regex for uninitialised.
  target_compile_options(penstock_flags INTERFACE -Wno-maybe-uninitialized)
  target_compile_options(penstock_flags INTERFACE -fsanitize=${PENSTOCK_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(penstock_flags INTERFACE -fsanitize=${PENSTOCK_SANITIZE})
endif()

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(PENSTOCK_CCACHE ccache)
  mark_as_advanced(PENSTOCK_CCACHE)
  if(PENSTOCK_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${PENSTOCK_CCACHE})
  endif()
endif()

# penstock_library(name source ...): one of the three libraries, with its alias.
function(penstock_library name)
  add_library(penstock_${name} ${ARGN})
  add_library(penstock::${name} ALIAS penstock_${name})
  set_target_properties(penstock_${name} PROPERTIES
    EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_compile_features(penstock_${name} PUBLIC cxx_std_20)
  target_include_directories(penstock_${name} PUBLIC
    $<BUILD_INTERFACE:${PENSTOCK_INCLUDE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(penstock_${name} PRIVATE $<BUILD_INTERFACE:penstock_flags>)
endfunction()
