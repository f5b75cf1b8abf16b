// SPDX-License-Identifier: Apache-2.0
// What the verbs that load a pipeline have in common: where their events come from, and that what
// they write goes over nothing that they need.
// The main thread only.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/io/config/config.hpp>
#include <penstock/io/load/event_pool.hpp>
#include <penstock/runtime/base/result.hpp>

namespace penstock::cli {

/// Those of the file `events`; if there is none, of the config's first file, if it can be read;
/// else generated ones. Files of the config that could not be read are told in `remarks`: a path
/// may be misspelt. Errors: those of EventPool::of_file().
[[nodiscard]] Result<EventPool> events_for(const std::string& events, const Config& config,
                                           std::uint64_t seed, std::vector<std::string>& remarks);

/// A file that is written, and the option that names it.
struct NamedFile {
  std::string_view option;
  std::string_view path;  ///< empty: none
};

/// Errors: usage, if one of `written` is the config, the file `events`, what the config reads and
/// writes, or another one of `written`.
[[nodiscard]] Status check_apart(const Config& config, const std::string& events,
                                 std::span<const NamedFile> written);

}  // namespace penstock::cli
