// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/config/cross_check.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <penstock/io/config/suggest.hpp>
#include <penstock/io/config/table.hpp>
#include <penstock/io/files/same_file.hpp>

namespace penstock {
namespace {

/// The checks of one document, each in a function of its own.
class CrossCheck {
 public:
  CrossCheck(const DocumentNode& root, CheckedConfig& checked) : root_(root), checked_(checked) {}

  void run() {
    check_options();
    check_names("segment");
    check_names("stage");
    check_segments();
    check_connectors("source");
    check_connectors("sink");
    check_paths();
  }

 private:
  /// A [[source]] or [[sink]], with what its values expanded to.
  struct Connector {
    const DocumentNode& item;
    std::string_view kind;  ///< empty if it was refused
    const std::string& path;
  };

  void check_options();
  void check_names(std::string_view section);
  void check_segments();
  void check_segment_before(const DocumentNode& value, std::string_view name,
                            const std::vector<std::string_view>& known, std::size_t before);
  void check_segment_name(const DocumentNode& value, const std::vector<std::string_view>& known);
  void check_connectors(std::string_view section);
  void check_connector(std::string_view section, const Connector& connector);
  void check_paths();
  void check_path(const Place& place, const std::string& what, const std::string& path,
                  std::map<std::string, std::string>& used, const char* who);
  [[nodiscard]] std::vector<Connector> connectors(std::string_view section) const;

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

/// What the pipeline itself would say, at the place of the key that it names. What it says because
/// a refused value was replaced by its default is not told.
void CrossCheck::check_options() {
  for (const std::string& message : problems_of(checked_.config.pipeline)) {
    const DocumentNode* place = nullptr;
    bool follows_from_another = false;
    for (const Property& property : properties()) {
      const std::string name = std::string(property.section) + '.' + std::string(property.key);
      const std::size_t at = message.find(name + ' ');
      if (at == std::string::npos) continue;
      const DocumentNode* value = find(property.section, property.key);
      if (value != nullptr && (at == 0 || place == nullptr)) place = value;
      follows_from_another = follows_from_another || has_problem(value);
    }
    if (!follows_from_another) problem(place == nullptr ? Place{} : place->place, message);
  }
  const AdmissionOptions& admission = checked_.config.pipeline.admission;
  const DocumentNode* low_age = find("admission", "low_age");
  if (low_age == nullptr || admission.low_age.count() == 0 || admission.high_age.count() != 0 ||
      has_problem(find("admission", "high_age")))
    return;
  problem(low_age->place, "admission.low_age does nothing without admission.high_age");
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
  std::size_t before = 0;
  for (const DocumentNode& item : items("segment")) {
    const DocumentEntry* after = item.find("after");
    if (after != nullptr && after->value.kind == DocumentNode::Kind::array)
      for (const DocumentNode& name : after->value.items)
        check_segment_before(name, text_of(item, "name"), known, before);
    ++before;
  }
  for (const DocumentNode& item : items("stage"))
    if (const DocumentEntry* segment = item.find("segment"))
      check_segment_name(segment->value, known);
}

/// `before`: so many of the known segments stand before the one that comes after `value`.
void CrossCheck::check_segment_before(const DocumentNode& value, std::string_view name,
                                      const std::vector<std::string_view>& known,
                                      std::size_t before) {
  if (value.text.empty()) return;
  const auto found = std::ranges::find(known, value.text);
  if (value.text == name)
    problem(value.place, "segment " + in_quotes(value.text) + " cannot come after itself");
  else if (found == known.end())
    check_segment_name(value, known);
  else if (static_cast<std::size_t>(found - known.begin()) >= before)
    problem(value.place, "segment " + in_quotes(value.text) +
                             " is declared further down; it must " +
                             "stand before those that come after it");
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

std::vector<CrossCheck::Connector> CrossCheck::connectors(std::string_view section) const {
  const auto kinds = find_property(section, "kind")->choices;
  std::vector<Connector> all;
  const auto add = [&](const auto& options) {
    const std::vector<DocumentNode>& nodes = items(section);
    for (std::size_t i = 0; i < nodes.size() && i < options.size(); ++i) {
      const DocumentEntry* kind = nodes[i].find("kind");
      const bool known = kind != nullptr && !has_problem(&kind->value);
      all.push_back({nodes[i], known ? kinds[static_cast<std::size_t>(options[i].kind)] : "",
                     options[i].path});
    }
  };
  if (section == "source")
    add(checked_.config.sources);
  else
    add(checked_.config.sinks);
  return all;
}

void CrossCheck::check_connectors(std::string_view section) {
  const DocumentNode* first_stdin = nullptr;
  for (const Connector& connector : connectors(section)) {
    check_connector(section, connector);
    if (connector.kind != "stdin") continue;
    if (first_stdin != nullptr)
      problem(connector.item.place, "standard input is read already, by the source in line " +
                                        std::to_string(first_stdin->place.line));
    first_stdin = first_stdin == nullptr ? &connector.item : first_stdin;
  }
}

void CrossCheck::check_connector(std::string_view section, const Connector& connector) {
  const std::string what = std::string(section) + " of kind " + in_quotes(connector.kind);
  const DocumentEntry* path = connector.item.find("path");
  const DocumentEntry* append = connector.item.find("append");
  if (connector.kind.empty() || (path != nullptr && has_problem(&path->value))) return;
  if (connector.kind != "file") {
    if (path != nullptr) problem(path->place, "a " + what + " has no \"path\"", "kind = \"file\"");
    if (append != nullptr && section == "sink")
      problem(append->place, "a " + what + " has no \"append\"", "kind = \"file\"");
  } else if (path == nullptr) {
    problem(connector.item.place, "a " + what + " needs \"path\"");
  } else if (connector.path.empty()) {
    problem(path->value.place,
            std::string(section) + ".path = " + in_quotes(path->value.text) + " is empty");
  } else if (connector.path == "-") {
    problem(path->value.place, std::string(section) + ".path = \"-\" is no file",
            section == "source" ? "kind = \"stdin\"" : "kind = \"stdout\"");
  }
}

void CrossCheck::check_paths() {
  std::map<std::string, std::string> used;  // identity -> what has it
  for (const Connector& source : connectors("source"))
    if (source.kind == "file" && !source.path.empty())
      used.emplace(identity_of_file(source.path), "a source");
  for (const Connector& sink : connectors("sink")) {
    const DocumentEntry* path = sink.item.find("path");
    if (sink.kind == "stdout")
      check_path(sink.item.place, "standard output", "/dev/stdout", used, "a sink");
    else if (sink.kind == "file" && path != nullptr && !has_problem(&path->value))
      check_path(path->value.place, "sink.path = " + in_quotes(sink.path), sink.path, used,
                 "a sink");
  }
  const DocumentNode* path = find("rejects", "path");
  const std::optional<RejectsOptions>& rejects = checked_.config.rejects;
  if (path != nullptr && rejects && !has_problem(path))
    check_path(path->place, "rejects.path = " + in_quotes(rejects->path), rejects->path, used,
               "the rejects");
}

void CrossCheck::check_path(const Place& place, const std::string& what, const std::string& path,
                            std::map<std::string, std::string>& used, const char* who) {
  const std::string identity = path.empty() ? std::string{} : identity_of_file(path);
  if (identity.empty()) return;
  const auto [other, is_new] = used.emplace(identity, who);
  if (!is_new) problem(place, what + " is the file of " + other->second + " too");
}

}  // namespace

void cross_check(const DocumentNode& root, CheckedConfig& checked) {
  CrossCheck(root, checked).run();
}

}  // namespace penstock
