# SPDX-License-Identifier: Apache-2.0
# Includes are written <penstock/runtime/...> everywhere, as a user writes them: inside the build
# tree the folders stand behind links, an installation has copies.
set(PENSTOCK_INCLUDE_DIR ${PROJECT_BINARY_DIR}/include)
file(MAKE_DIRECTORY ${PENSTOCK_INCLUDE_DIR}/penstock)
foreach(folder runtime pipeline io)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${PENSTOCK_INCLUDE_DIR}/penstock/${folder}
       SYMBOLIC)
endforeach()
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/io/penstock.hpp ${PENSTOCK_INCLUDE_DIR}/penstock/penstock.hpp
     SYMBOLIC)
