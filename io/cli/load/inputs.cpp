// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/cli/load/inputs.hpp>

#include <map>

#include <fmt/format.h>

#include <penstock/io/files/same_file.hpp>

namespace penstock::cli {

Result<EventPool> events_for(const std::string& events, const Config& config, std::uint64_t seed,
                             std::vector<std::string>& remarks) {
  const std::uint32_t bytes_max = config.pipeline.ring.event_bytes_max;
  if (!events.empty()) return EventPool::of_file(events, bytes_max);
  const auto instead = [&remarks](EventPool pool) {
    for (std::string& remark : remarks) remark += "; instead: " + pool.origin();
    return pool;
  };
  for (const SourceOptions& source : config.sources) {
    if (source.kind != SourceKind::file) continue;
    auto pool = EventPool::of_file(source.path, bytes_max);
    if (pool) return instead(*std::move(pool));
    remarks.push_back("no events from the config's source: " + pool.error().message);
  }
  return instead(EventPool::of_orders({.seed = seed}));
}

Status check_apart(const Config& config, const std::string& events,
                   std::span<const NamedFile> written) {
  std::map<std::string, std::string> used;
  const auto use = [&](const std::string& path, const std::string& as) {
    const std::string identity = path.empty() ? std::string{} : identity_of_file(path);
    if (!identity.empty()) used.emplace(identity, as);
  };
  use(config.path, "the config");
  use(events, "--events");
  for (const SourceOptions& source : config.sources) use(source.path, "a source");
  for (const SinkOptions& sink : config.sinks) use(sink.path, "a sink");
  if (config.rejects) use(config.rejects->path, "the rejects");
  for (const NamedFile& file : written) {
    const std::string identity =
        file.path.empty() ? std::string{} : identity_of_file(std::string(file.path));
    if (identity.empty()) continue;
    const auto [other, is_new] = used.emplace(identity, file.option);
    if (!is_new)
      return error(ErrorCode::usage, fmt::format("{} {} is the file of {} too", file.option,
                                                 file.path, other->second));
  }
  return {};
}

}  // namespace penstock::cli
