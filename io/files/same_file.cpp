// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/files/same_file.hpp>

#include <filesystem>
#include <system_error>

#include <sys/stat.h>

#include <penstock/io/files/output_file.hpp>

namespace penstock {

std::string identity_of_file(const std::string& path) {
  if (const int number = descriptor_named_by(path); number >= 0)
    return "descriptor " + std::to_string(number);
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) return {};
    return "file " + std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino);
  }
  std::error_code failure;
  const std::filesystem::path whole =
      std::filesystem::weakly_canonical(std::filesystem::absolute(path, failure), failure);
  return failure ? path : whole.string();
}

}  // namespace penstock
