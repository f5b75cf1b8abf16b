// SPDX-License-Identifier: Apache-2.0
// Checks one value of a document against its row of the property table. Pure but for the
// environment, from which `${NAME:-default}` in texts is expanded.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include <penstock/io/config/document.hpp>
#include <penstock/io/config/table.hpp>

namespace penstock {

/// What is wrong with a value, and what was probably meant.
struct ValueProblem {
  std::string message;
  std::string suggestion;
};

/// Returns the value for the property's field.
[[nodiscard]] tl::expected<PropertyValue, ValueProblem> check_value(const Property& property,
                                                                    const DocumentNode& node);

/// Replaces each ${NAME} and ${NAME:-default} by the environment's value; the default stands for a
/// variable that is missing or empty, as in a shell; "$${" stands for "${". Errors: missing without
/// default, not closed, a "${" within a default.
[[nodiscard]] tl::expected<std::string, ValueProblem> expand_environment(std::string_view text);

}  // namespace penstock
