// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/config/rewrite.hpp>

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

#include <penstock/io/config/describe.hpp>
#include <penstock/io/config/document.hpp>
#include <penstock/io/config/suggest.hpp>
#include <penstock/runtime/base/check.hpp>

namespace penstock {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  ///< in no line

/// Where the lines of a text begin and end.
class Lines {
 public:
  explicit Lines(std::string_view text)
      : text_(text), starts_{text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0} {
    for (std::size_t at = text.find('\n'); at != std::string_view::npos;
         at = text.find('\n', at + 1))
      starts_.push_back(at + 1);
  }

  [[nodiscard]] std::size_t start(std::uint32_t line) const noexcept { return starts_[line - 1]; }
  /// Where the next one begins, or the text ends.
  [[nodiscard]] std::size_t end(std::uint32_t line) const noexcept {
    return line < starts_.size() ? starts_[line] : text_.size();
  }
  /// Columns count characters.
  [[nodiscard]] std::size_t at(std::uint32_t line, std::uint32_t column) const noexcept {
    std::size_t byte = start(line);
    const auto continues = [this](std::size_t i) {
      return i < text_.size() && (static_cast<unsigned char>(text_[i]) & 0xC0) == 0x80;
    };
    for (; column > 1; --column) do
        ++byte;
      while (continues(byte));
    return byte;
  }
  [[nodiscard]] std::string_view indent(std::uint32_t line) const noexcept {
    const std::string_view rest = text_.substr(start(line));
    return rest.substr(0, std::min(rest.find_first_not_of(" \t"), rest.size()));
  }
  [[nodiscard]] std::string_view newline() const noexcept {
    const std::size_t end = text_.find('\n');
    return end != std::string_view::npos && end > 0 && text_[end - 1] == '\r' ? "\r\n" : "\n";
  }

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

const Property& property_of(const ConfigChange& change) {
  const Property* property = find_property(change.section, change.key);
  PENSTOCK_CHECK(property != nullptr);
  return *property;
}

/// What a change has to go into that is not in the text yet.
struct NewTable {
  const Section* section;
  std::size_t item;
  std::string lines;
};

/// One text and the edits that its changes come to.
class Rewriter {
 public:
  Rewriter(std::string_view text, std::string_view name, const DocumentNode& root)
      : text_(text), name_(name), root_(root), lines_(text) {}

  Status add(const ConfigChange& change);
  [[nodiscard]] std::string text(std::string_view head) const;

 private:
  struct Edit {
    std::size_t at;
    std::size_t bytes;  ///< that it replaces
    std::string text;
  };

  Status replace(const ConfigChange& change, const DocumentEntry& entry);
  Status insert(const ConfigChange& change, const DocumentEntry& section,
                const DocumentNode& table);
  Status append(const ConfigChange& change, const DocumentEntry* section);
  Status take_out_key(const ConfigChange& change, const DocumentNode& table);
  Status take_out_item(const ConfigChange& change, const DocumentNode& table);
  Status comment_out(const DocumentEntry& entry);
  [[nodiscard]] const DocumentNode* table_of(const ConfigChange& change,
                                             const DocumentEntry* section) const;
  [[nodiscard]] bool has_header(const DocumentNode& table) const noexcept {
    return text_[lines_.at(table.place.line, table.place.column)] == '[';
  }
  [[nodiscard]] std::string commented(const std::string& comment, std::string_view indent) const;
  [[nodiscard]] std::string line_of(const ConfigChange& change, std::string_view indent) const;
  [[nodiscard]] tl::unexpected<Error> refuse(const Place& place, std::string why) const {
    return error(ErrorCode::invalid_config,
                 format_problems({{place.line, place.column, place.column_end, std::move(why), {}}},
                                 text_, name_));
  }

  // Fixed after construction.
  std::string_view text_;
  std::string_view name_;
  const DocumentNode& root_;
  Lines lines_;
  // Filled by add().
  std::vector<Edit> edits_;
  std::vector<NewTable> new_tables_;
};

Status Rewriter::add(const ConfigChange& change) {
  const DocumentEntry* section = root_.find(change.section);
  const DocumentNode* table = table_of(change, section);
  if (change.key.empty()) return table == nullptr ? Status{} : take_out_item(change, *table);
  if (!change.value) return table == nullptr ? Status{} : take_out_key(change, *table);
  if (table == nullptr) return append(change, section);
  const DocumentEntry* entry = table->find(change.key);
  return entry == nullptr ? insert(change, *section, *table) : replace(change, *entry);
}

const DocumentNode* Rewriter::table_of(const ConfigChange& change,
                                       const DocumentEntry* section) const {
  if (section == nullptr) return nullptr;
  if (!find_section(change.section)->repeats) return &section->value;
  const std::vector<DocumentNode>& items = section->value.items;
  return change.item < items.size() ? &items[change.item] : nullptr;
}

std::string Rewriter::commented(const std::string& comment, std::string_view indent) const {
  std::string out;
  std::istringstream lines(comment);
  for (std::string line; std::getline(lines, line);)
    out.append(indent).append("# ").append(line).append(lines_.newline());
  return out;
}

std::string Rewriter::line_of(const ConfigChange& change, std::string_view indent) const {
  std::string out = commented(change.comment, indent);
  out.append(indent).append(change.key).append(" = ").append(change.value_text());
  return out.append(lines_.newline());
}

Status Rewriter::replace(const ConfigChange& change, const DocumentEntry& entry) {
  const DocumentNode& node = entry.value;
  if (node.place.column_end == 0)
    return refuse(node.place, "the value of " + in_quotes(change.key) +
                                  " goes over several lines: write it on one to have it changed");
  if (node.text.find("${") != std::string::npos)
    return refuse(node.place, "the value of " + in_quotes(change.key) +
                                  " comes from the environment: write it out to have it changed");
  const std::size_t begin = lines_.at(node.place.line, node.place.column);
  const std::size_t end = lines_.at(node.place.line, node.place.column_end);
  edits_.push_back({lines_.start(entry.place.line), 0,
                    commented(change.comment, lines_.indent(entry.place.line))});
  edits_.push_back({begin, end - begin, change.value_text()});
  return {};
}

Status Rewriter::insert(const ConfigChange& change, const DocumentEntry& section,
                        const DocumentNode& table) {
  const std::size_t begin = lines_.at(table.place.line, table.place.column);
  if (text_[begin] == '{') {
    edits_.push_back({lines_.start(table.place.line), 0,
                      commented(change.comment, lines_.indent(table.place.line))});
    const bool is_next =
        table.entries.empty() && std::ranges::count(edits_, begin + 1, &Edit::at) > 0;
    edits_.push_back({begin + 1, 0,
                      (is_next ? ", " : " ") + std::string(change.key) + " = " +
                          change.value_text() + (table.entries.empty() ? " " : ",")});
    return {};
  }
  if (!has_header(table))
    return refuse(section.place, in_quotes(change.section) +
                                     " is written in dotted keys: write it as " +
                                     find_section(change.section)->header() + " to have " +
                                     in_quotes(change.key) + " added");
  const DocumentEntry* last = table.entries.empty() ? nullptr : &table.entries.back();
  const bool behind_last = last != nullptr && last->value.place.column_end != 0;
  const std::uint32_t line = behind_last ? last->place.line : table.place.line;
  const std::size_t end = lines_.end(line);
  const bool ends = end > 0 && text_[end - 1] == '\n';
  const std::string_view indent = last == nullptr ? "" : lines_.indent(last->place.line);
  std::string added = line_of(change, indent);
  if (!ends) {  // the last line of the text keeps having no end
    added.insert(0, lines_.newline());
    added.resize(added.size() - lines_.newline().size());
  }
  edits_.push_back({end, 0, std::move(added)});
  return {};
}

Status Rewriter::append(const ConfigChange& change, const DocumentEntry* section) {
  if (section != nullptr && !has_header(section->value.items.front()))
    return refuse(section->place, in_quotes(change.section) + " is written as one array: write " +
                                      find_section(change.section)->header() +
                                      " for each item to have one added");
  const Section* const of = find_section(change.section);
  auto table = std::ranges::find_if(new_tables_, [&](const NewTable& made) {
    return made.section == of && made.item == change.item;
  });
  if (table == new_tables_.end())
    table = new_tables_.insert(table, {.section = of, .item = change.item, .lines = {}});
  table->lines += line_of(change, "");
  return {};
}

Status Rewriter::comment_out(const DocumentEntry& entry) {
  if (entry.value.place.column_end == 0)
    return refuse(entry.value.place,
                  "the value of " + in_quotes(entry.key) +
                      " goes over several lines: write it on one to have it taken out");
  edits_.push_back({lines_.start(entry.place.line), 0, "# "});
  return {};
}

Status Rewriter::take_out_key(const ConfigChange& change, const DocumentNode& table) {
  const DocumentEntry* entry = table.find(change.key);
  if (entry == nullptr) return {};
  if (!has_header(table))
    return refuse(entry->place, in_quotes(change.key) + " has no line of its own: write " +
                                    find_section(change.section)->header() +
                                    " as a table to have it taken out");
  edits_.push_back({lines_.start(entry->place.line), 0,
                    commented(change.comment, lines_.indent(entry->place.line))});
  return comment_out(*entry);
}

Status Rewriter::take_out_item(const ConfigChange& change, const DocumentNode& table) {
  if (!has_header(table))
    return refuse(table.place, in_quotes(change.section) + " is written as one array: write " +
                                   find_section(change.section)->header() +
                                   " for each item to have one taken out");
  edits_.push_back({lines_.start(table.place.line), 0, commented(change.comment, "")});
  edits_.push_back({lines_.start(table.place.line), 0, "# "});
  for (const DocumentEntry& entry : table.entries)
    if (Status out = comment_out(entry); !out) return out;
  return {};
}

std::string Rewriter::text(std::string_view head) const {
  std::vector<Edit> edits = edits_;
  if (!head.empty())
    edits.insert(edits.begin(),
                 {lines_.start(1), 0, commented(std::string(head), "").append(lines_.newline())});
  std::ranges::stable_sort(edits, {}, &Edit::at);
  std::string out;
  std::size_t done = 0;
  for (const Edit& edit : edits) {
    out.append(text_.substr(done, edit.at - done)).append(edit.text);
    done = edit.at + edit.bytes;
  }
  out.append(text_.substr(done));
  for (const NewTable& table : new_tables_) {
    if (!out.empty() && !out.ends_with('\n')) out += lines_.newline();
    if (!out.empty()) out += lines_.newline();
    out.append(table.section->header()).append(lines_.newline()).append(table.lines);
  }
  return out;
}

template <class Item>
Item& item_of(std::vector<Item>& items, std::size_t item) {
  PENSTOCK_CHECK(item <= items.size());
  return item < items.size() ? items[item] : items.emplace_back();
}

/// The object that a section fills.
void* object_of(const ConfigChange& change, Config& config) {
  if (change.section == "segment") return &item_of(config.pipeline.segments, change.item);
  if (change.section == "stage") return &item_of(config.pipeline.stages, change.item);
  if (change.section == "source") return &item_of(config.sources, change.item);
  if (change.section == "sink") return &item_of(config.sinks, change.item);
  if (change.section == "rejects")
    return config.rejects ? &*config.rejects : &config.rejects.emplace();
  return &config.pipeline;
}

/// What the key has where nobody sets it, profiles included.
PropertyValue default_of(const ConfigChange& change, const Config& config) {
  Config fresh;
  apply_profile(config.pipeline.profile, fresh.pipeline);
  ConfigChange first = change;
  first.item = 0;
  return property_of(change).access.get(object_of(first, fresh));
}

/// True if the options are already what the change would make them.
bool holds(const ConfigChange& change, Config& config) {
  if (change.key.empty() || !change.value) return false;
  const std::size_t items = change.section == "segment"  ? config.pipeline.segments.size()
                            : change.section == "stage"  ? config.pipeline.stages.size()
                            : change.section == "source" ? config.sources.size()
                            : change.section == "sink"   ? config.sinks.size()
                                                         : 1;
  if (change.item >= items || (change.section == "rejects" && !config.rejects)) return false;
  return property_of(change).access.get(object_of(change, config)) == *change.value;
}

void take_out(const ConfigChange& change, Config& config) {
  const auto erase = [&](auto& items) {
    PENSTOCK_CHECK(change.item < items.size());
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(change.item));
  };
  if (change.section == "segment") return erase(config.pipeline.segments);
  if (change.section == "stage") return erase(config.pipeline.stages);
  if (change.section == "source") return erase(config.sources);
  PENSTOCK_CHECK(change.section == "sink");
  erase(config.sinks);
}

}  // namespace

std::string ConfigChange::where() const {
  const bool repeats = find_section(section)->repeats;
  std::string text(section);
  if (repeats) text += ' ' + std::to_string(item + 1);
  if (!key.empty()) text.append(repeats ? " " : ".").append(key);
  return text;
}

std::string ConfigChange::value_text() const {
  return value ? show_value(property_of(*this), *value) : std::string{};
}

void apply_change(const ConfigChange& change, Config& config) {
  if (change.key.empty()) return take_out(change, config);
  const PropertyValue value = change.value ? *change.value : default_of(change, config);
  property_of(change).access.set(object_of(change, config), value);
}

Result<std::string> rewrite_config(std::string_view text, std::string_view name,
                                   std::span<const ConfigChange> changes, std::string_view head) {
  Result<Config> config = parse_config(text, name);
  if (!config) return tl::unexpected(std::move(config).error());
  const auto root = parse_document(text);
  PENSTOCK_CHECK(root.has_value());
  Rewriter rewriter(text, name, *root);
  for (const ConfigChange& change : changes) {
    if (holds(change, *config)) continue;
    apply_change(change, *config);
    if (Status added = rewriter.add(change); !added)
      return tl::unexpected(std::move(added).error());
  }
  std::string rewritten = rewriter.text(head);
  const Result<Config> read = parse_config(rewritten, name);
  if (!read) return tl::unexpected(read.error());
  if (describe_config(*read) != describe_config(*config))
    return error(ErrorCode::invalid_config,
                 std::string(name) +
                     ": is written in a way that a change would not be what it "
                     "says: write each section as a table of its own");
  return rewritten;
}

}  // namespace penstock
