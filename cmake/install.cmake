# SPDX-License-Identifier: Apache-2.0
# The installation: libraries, headers, the package config that find_package(penstock) reads, a .pc
# file.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/penstock)
install(TARGETS penstock_runtime penstock_pipeline penstock_io penstock_all EXPORT penstockTargets)
if(TARGET penstock_program)
  install(TARGETS penstock_program)
endif()
foreach(folder runtime pipeline io)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}
          DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/penstock FILES_MATCHING PATTERN "*.hpp"
          PATTERN "cli" EXCLUDE)
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/io/penstock.hpp
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/penstock)

install(EXPORT penstockTargets NAMESPACE penstock:: DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/penstockConfig.cmake.in
  ${PROJECT_BINARY_DIR}/penstockConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/penstockConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/penstockConfig.cmake
              ${PROJECT_BINARY_DIR}/penstockConfigVersion.cmake
        DESTINATION ${package_dir})

# `cmake --install build --prefix elsewhere` does not configure again: the .pc file tells its prefix
# by where it lies itself.
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/penstock.pc.in ${PROJECT_BINARY_DIR}/penstock.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/penstock.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
