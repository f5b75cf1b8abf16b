// SPDX-License-Identifier: Apache-2.0
// Read with the same cursor that handlers read their events with.
#include <penstock/io/load/report/saved_result.hpp>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include <penstock/io/load/report/load_json.hpp>
#include <penstock/pipeline/decode/decoder.hpp>
#include <penstock/pipeline/event/data.hpp>

namespace penstock {
namespace {

constexpr std::size_t kBytesMax = 256 << 20;  ///< a hundred runs with their intervals are 10 MB

/// Takes members out of a document, and remembers the first one that was not there.
class Members {
 public:
  explicit Members(Data root) : root_(root) {}

  double number(Data from, std::string_view name, std::string_view within = {}) {
    const auto value = at(from, name, within).get_double();
    if (!value) note(name, within, value.error());
    return value.value_or(0);
  }
  std::string text(Data from, std::string_view name, std::string_view within = {}) {
    const auto value = at(from, name, within).get_string();
    if (!value) note(name, within, value.error());
    return std::string(value.value_or(""));
  }
  bool boolean(Data from, std::string_view name) {
    const auto value = from[name].get_bool();
    if (!value) note(name, {}, value.error());
    return value.value_or(false);
  }
  [[nodiscard]] Data root() const noexcept { return root_; }
  /// `"runs" "p50": no_such_field`; empty if all were there.
  [[nodiscard]] const std::string& missing() const noexcept { return missing_; }

 private:
  static Data at(Data from, std::string_view name, std::string_view within) {
    return within.empty() ? from[name] : from[within][name];
  }
  void note(std::string_view name, std::string_view within, DataError why) {
    if (!missing_.empty()) return;
    missing_.append("\"").append(within).append(within.empty() ? "" : ".").append(name);
    missing_.append("\": ").append(to_string(why));
  }

  Data root_;
  std::string missing_;
};

SavedRun run_of(Members& members, Data run) {
  return {.rate_achieved = members.number(run, "rate_achieved"),
          .p50_ns = members.number(run, "p50", "latency_ns"),
          .p99_ns = members.number(run, "p99", "latency_ns"),
          .p999_ns = members.number(run, "p999", "latency_ns"),
          .max_ns = members.number(run, "max", "latency_ns"),
          .events = members.number(run, "count", "latency_ns"),
          .cpu_s_per_million = members.number(run, "s_per_million_events", "cpu"),
          .kept_up = members.boolean(run, "kept_up")};
}

SavedResult result_of(Members& members) {
  const Data root = members.root();
  SavedResult result{.path = {},
                     .pipeline = members.text(root, "pipeline"),
                     .shape = members.text(root, "shape", "asked"),
                     .rate_asked = members.number(root, "rate", "asked"),
                     .seconds = members.number(root, "seconds", "asked"),
                     .burst = members.number(root, "burst", "asked"),
                     .warmup_s = members.number(root, "warmup_s", "asked"),
                     .partitions = members.number(root, "partitions", "plan"),
                     .slo = {},
                     .config = members.text(root, "config"),
                     .events = members.text(root, "from", "events"),
                     .cpu = members.text(root, "cpu", "machine"),
                     .kernel = members.text(root, "kernel", "machine"),
                     .compiler = members.text(root, "compiler", "machine"),
                     .build = members.text(root, "build", "machine"),
                     .revision = members.text(root, "revision", "machine")};
  result.interrupted = root["interrupted"].get_bool().value_or(false);
  const Data search = root["search"];
  result.is_search = search.type() == DataType::object;
  if (result.is_search) {
    for (const Data::Item item : search["rates"])
      result.rates_found.push_back(item.value.get_double().value_or(0));
    result.slo = members.text(search, "slo");
  }
  for (const Data::Item item : root["runs"]) result.runs.push_back(run_of(members, item.value));
  return result;
}

}  // namespace

Result<SavedResult> read_saved_result(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return system_error(ErrorCode::unavailable, path, errno);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto wrong = [&](const std::string& why) {
    return error(ErrorCode::unavailable,
                 path + ": is no result of penstock bench --format json: " + why);
  };
  if (file.bad()) return system_error(ErrorCode::storage, path, EIO);
  if (text.empty() || text.size() > kBytesMax)
    return wrong(text.empty() ? "it is empty" : "it is longer than 256 MiB");
  Result<Decoder> decoder =
      Decoder::create({.event_bytes_max = static_cast<std::uint32_t>(text.size())});
  if (!decoder) return tl::unexpected(std::move(decoder).error());
  decoder->clear();
  DocumentIndex index;
  if (!decoder->index(text, index)) return wrong("it is no JSON");
  const Data root(text, index, 0, *decoder);
  const auto version = root["penstock_bench"].get_int64();
  if (!version) return wrong("it has no member \"penstock_bench\"");
  if (*version != kLoadJsonVersion)
    return wrong("its version is " + std::to_string(*version) + ", this program reads " +
                 std::to_string(kLoadJsonVersion));
  if (!root["complete"].get_bool().value_or(false)) return wrong("it is cut off");
  Members members(root);
  SavedResult result = result_of(members);
  if (!members.missing().empty()) return wrong(members.missing());
  if (result.is_search ? result.rates_found.empty() : result.runs.empty())
    return wrong(result.is_search ? "it has no search's rate" : "it has no runs");
  result.path = path;
  return result;
}

}  // namespace penstock
