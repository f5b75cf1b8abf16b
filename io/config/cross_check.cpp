// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/config/cross_check.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <penstock/io/config/suggest.hpp>

namespace penstock {
namespace {

/// The checks of one document, each in a function of its own.
class CrossCheck {
 public:
  CrossCheck(const DocumentNode& root, CheckedConfig& checked) : root_(root), checked_(checked) {}

  void run() {
    check_water_marks();
    check_names("segment");
    check_names("stage");
    check_segments();
    check_connectors("source");
    check_connectors("sink");
    check_paths();
  }

 private:
  void check_water_marks();
  void check_names(std::string_view section);
  void check_segments();
  void check_segment_name(const DocumentNode& value, const std::vector<std::string_view>& known);
  void check_connectors(std::string_view section);
  void check_paths();
  void check_path(const DocumentNode& item, std::string_view section,
                  std::map<std::string, std::string>& written);

  [[nodiscard]] const std::vector<DocumentNode>& items(std::string_view section) const {
    static const std::vector<DocumentNode> kNone;
    const DocumentEntry* entry = root_.find(section);
    return entry != nullptr && entry->value.is_array_of_tables() ? entry->value.items : kNone;
  }
  [[nodiscard]] static std::string text_of(const DocumentNode& table, std::string_view key) {
    const DocumentEntry* entry = table.find(key);
    return entry == nullptr ? std::string{} : entry->value.text;
  }
  [[nodiscard]] const DocumentNode* find(std::string_view section, std::string_view key) const {
    const DocumentEntry* table = root_.find(section);
    const DocumentEntry* entry = table == nullptr ? nullptr : table->value.find(key);
    return entry == nullptr ? nullptr : &entry->value;
  }
  /// True if the value was refused already, so that the config has its default instead.
  [[nodiscard]] bool has_problem(const DocumentNode* value) const {
    return value != nullptr &&
           std::ranges::any_of(checked_.problems, [&](const ConfigProblem& problem) {
             return problem.line == value->place.line && problem.column == value->place.column;
           });
  }
  void problem(const Place& place, std::string message, std::string suggestion = {}) {
    checked_.problems.push_back(
        {place.line, place.column, place.column_end, std::move(message), std::move(suggestion)});
  }

  const DocumentNode& root_;
  CheckedConfig& checked_;
};

void CrossCheck::check_water_marks() {
  const AdmissionOptions& admission = checked_.config.pipeline.admission;
  const DocumentNode* low = find("admission", "low");
  const DocumentNode* high = find("admission", "high");
  const bool is_given = low != nullptr || high != nullptr;
  if (admission.low >= admission.high && is_given && !has_problem(low) && !has_problem(high))
    problem((low != nullptr ? low : high)->place, "admission.low must be less than admission.high");
  const DocumentNode* low_age = find("admission", "low_age");
  if (low_age == nullptr || admission.low_age.count() == 0) return;
  if (admission.high_age.count() == 0)
    problem(low_age->place, "admission.low_age does nothing without admission.high_age");
  else if (admission.low_age >= admission.high_age)
    problem(low_age->place, "admission.low_age must be less than admission.high_age");
}

void CrossCheck::check_names(std::string_view section) {
  std::map<std::string, std::uint32_t> lines;
  for (const DocumentNode& item : items(section)) {
    const DocumentEntry* name = item.find("name");
    if (name == nullptr || name->value.text.empty()) continue;
    const auto [first, is_new] = lines.emplace(name->value.text, name->value.place.line);
    if (!is_new)
      problem(name->value.place, "there is already a " + std::string(section) + ' ' +
                                     in_quotes(first->first) + ", in line " +
                                     std::to_string(first->second));
  }
}

void CrossCheck::check_segments() {
  std::vector<std::string_view> known;
  for (const SegmentOptions& segment : checked_.config.pipeline.segments)
    known.push_back(segment.name);
  if (known.empty()) known.emplace_back("main");
  for (const DocumentNode& item : items("segment")) {
    const DocumentEntry* after = item.find("after");
    if (after == nullptr || after->value.kind != DocumentNode::Kind::array) continue;
    for (const DocumentNode& name : after->value.items) {
      if (!name.text.empty() && name.text == text_of(item, "name"))
        problem(name.place, "segment " + in_quotes(name.text) + " cannot come after itself");
      else
        check_segment_name(name, known);
    }
  }
  for (const DocumentNode& item : items("stage"))
    if (const DocumentEntry* segment = item.find("segment"))
      check_segment_name(segment->value, known);
}

void CrossCheck::check_segment_name(const DocumentNode& value,
                                    const std::vector<std::string_view>& known) {
  // A name from the environment is checked by build(), which sees it expanded.
  if (value.text.empty() || value.text.find("${") != std::string::npos ||
      std::ranges::find(known, value.text) != known.end())
    return;
  const std::string_view near = suggest(value.text, known);
  problem(value.place, "there is no segment " + in_quotes(value.text),
          near.empty() ? std::string{} : in_quotes(near));
}

void CrossCheck::check_connectors(std::string_view section) {
  const DocumentNode* first_stdin = nullptr;
  for (const DocumentNode& item : items(section)) {
    const std::string kind = text_of(item, "kind");
    const std::string what = std::string(section) + " of kind " + in_quotes(kind);
    const DocumentEntry* path = item.find("path");
    const DocumentEntry* append = item.find("append");
    if (kind == "file") {
      if (path == nullptr)
        problem(item.place, "a " + what + " needs \"path\"");
      else if (path->value.kind == DocumentNode::Kind::text && path->value.text.empty())
        problem(path->value.place, std::string(section) + ".path = \"\" is empty");
      else if (path->value.text == "-")
        problem(path->value.place, std::string(section) + ".path = \"-\" is no file",
                section == "source" ? "kind = \"stdin\"" : "kind = \"stdout\"");
    } else if (kind == "stdin" || kind == "stdout" || kind == "null") {
      if (path != nullptr)
        problem(path->place, "a " + what + " has no \"path\"", "kind = \"file\"");
      if (append != nullptr && section == "sink")
        problem(append->place, "a " + what + " has no \"append\"", "kind = \"file\"");
    }
    if (kind != "stdin") continue;
    if (first_stdin != nullptr)
      problem(item.place, "standard input is read already, by the source in line " +
                              std::to_string(first_stdin->place.line));
    first_stdin = first_stdin == nullptr ? &item : first_stdin;
  }
}

void CrossCheck::check_paths() {
  std::map<std::string, std::string> written;  // path -> what has it
  for (const SourceOptions& source : checked_.config.sources)
    if (!source.path.empty())
      written.emplace(std::filesystem::path(source.path).lexically_normal().string(), "a source");
  for (const DocumentNode& item : items("sink")) check_path(item, "sink", written);
  if (const DocumentEntry* rejects = root_.find("rejects"))
    check_path(rejects->value, "rejects", written);
}

void CrossCheck::check_path(const DocumentNode& item, std::string_view section,
                            std::map<std::string, std::string>& written) {
  const DocumentEntry* entry = item.find("path");
  // Devices may be written by many: /dev/null, /dev/stderr.
  if (entry == nullptr || entry->value.text.empty() || entry->value.text.starts_with("/dev/"))
    return;
  const std::string path = std::filesystem::path(entry->value.text).lexically_normal().string();
  const auto [other, is_new] = written.emplace(path, section == "sink" ? "a sink" : "the rejects");
  if (!is_new)
    problem(entry->value.place, std::string(section) + ".path = " + in_quotes(path) +
                                    " is the file of " + other->second + " too");
}

}  // namespace

void cross_check(const DocumentNode& root, CheckedConfig& checked) {
  CrossCheck(root, checked).run();
}

}  // namespace penstock
