// SPDX-License-Identifier: Apache-2.0
#include <penstock/runtime/base/result.hpp>

#include <system_error>

namespace penstock {

tl::unexpected<Error> system_error(ErrorCode code, std::string_view what, int errno_value) {
  std::string message(what);
  message += ": ";
  message += std::generic_category().message(errno_value);
  return error(code, std::move(message));
}

}  // namespace penstock
