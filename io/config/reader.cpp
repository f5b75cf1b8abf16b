// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/config/reader.hpp>

#include <algorithm>

#include <penstock/io/config/cross_check.hpp>
#include <penstock/io/config/suggest.hpp>
#include <penstock/io/config/value_check.hpp>

namespace penstock {
namespace {

constexpr std::string_view kLater = " is not in this version of Penstock";

/// True if the item says `use` or `kind` of a later version: its other keys are that version's too.
bool is_of_later_version(const Section& section, const DocumentNode& table) {
  for (const DocumentEntry& entry : table.entries)
    if (const Property* property = find_property(section.name, entry.key))
      if ((entry.key == "use" || entry.key == "kind") &&
          std::ranges::find(property->later, entry.value.text) != property->later.end())
        return true;
  return false;
}

}  // namespace

CheckedConfig ConfigReader::read(const DocumentNode& root) {
  answer_.config.path = name_;
  read_profile(root);
  for (const DocumentEntry& entry : root.entries) {
    const Section* section = find_section(entry.key);
    if (section == nullptr)
      refuse_unknown_section(entry);
    else
      read_section(*section, entry);
  }
  answer_.config.pipeline.stages_are_fixed = true;
  cross_check(root, answer_);
  std::ranges::stable_sort(
      answer_.problems, [](const ConfigProblem& left, const ConfigProblem& right) {
        return left.line != right.line ? left.line < right.line : left.column < right.column;
      });
  return std::move(answer_);
}

void ConfigReader::read_profile(const DocumentNode& root) {
  const DocumentEntry* section = root.find("pipeline");
  const DocumentEntry* entry = section == nullptr ? nullptr : section->value.find("profile");
  if (entry == nullptr) return;
  const auto profile = check_value(*find_property("pipeline", "profile"), entry->value);
  // What is wrong with it is told when its section is read.
  if (profile)
    apply_profile(static_cast<Profile>(std::get<std::uint64_t>(*profile)), answer_.config.pipeline);
}

void ConfigReader::read_section(const Section& section, const DocumentEntry& entry) {
  const DocumentNode& node = entry.value;
  const Place place = node.is_array_of_tables() ? node.items.front().place : node.place;
  if (section.later) return problem(place, in_quotes(section.header()).append(kLater));
  const bool is_table = node.kind == DocumentNode::Kind::table;
  if (section.repeats ? !node.is_array_of_tables() : !is_table)
    return problem(is_table || node.is_array_of_tables() ? place : entry.place,
                   in_quotes(section.name) + " is written " + section.header());
  if (!section.repeats) return read_item(section, node);
  for (const DocumentNode& item : node.items) read_item(section, item);
}

void ConfigReader::read_item(const Section& section, const DocumentNode& table) {
  Config& config = answer_.config;
  if (section.name == "segment") {
    read_keys(section, table, &config.pipeline.segments.emplace_back());
  } else if (section.name == "stage") {
    StageOptions& stage = config.pipeline.stages.emplace_back();
    read_keys(section, table, &stage);
    stage.place =
        name_ + ':' + std::to_string(table.place.line) + ':' + std::to_string(table.place.column);
  } else if (section.name == "source") {
    read_keys(section, table, &config.sources.emplace_back());
  } else if (section.name == "sink") {
    read_keys(section, table, &config.sinks.emplace_back());
  } else if (section.name == "rejects") {
    read_keys(section, table, &config.rejects.emplace());
  } else {
    read_keys(section, table, &config.pipeline);
  }
}

void ConfigReader::read_keys(const Section& section, const DocumentNode& table, void* object) {
  const bool later = is_of_later_version(section, table);
  for (const DocumentEntry& entry : table.entries) {
    const Property* property = find_property(section.name, entry.key);
    if (property == nullptr) {
      if (!later) refuse_unknown_key(section, table, entry);
      continue;
    }
    const auto value = check_value(*property, entry.value);
    if (value)
      property->access.set(object, *value);
    else
      problem(entry.value.place, value.error().message, value.error().suggestion);
  }
  for (const Property& property : properties())
    if (property.required && property.section == section.name &&
        table.find(property.key) == nullptr)
      problem(table.place, section.header() + " needs " + in_quotes(property.key));
}

void ConfigReader::refuse_unknown_section(const DocumentEntry& entry) {
  const bool is_table = entry.value.kind == DocumentNode::Kind::table;
  if (!is_table && !entry.value.is_array_of_tables()) {
    for (const Property& property : properties())
      if (property.key == entry.key)
        return problem(entry.place,
                       "key " + in_quotes(entry.key) + " stands outside of its section",
                       "under " + find_section(property.section)->header());
    return problem(entry.place, "unknown key " + in_quotes(entry.key));
  }
  std::vector<std::string_view> names;
  for (const Section& section : sections()) names.push_back(section.name);
  const std::string_view near = suggest(entry.key, names);
  const DocumentNode& node = entry.value;
  problem(
      is_table ? node.place : node.items.front().place,
      "unknown section " + in_quotes(is_table ? '[' + entry.key + ']' : "[[" + entry.key + "]]"),
      near.empty() ? std::string{} : in_quotes(find_section(near)->header()));
}

void ConfigReader::refuse_unknown_key(const Section& section, const DocumentNode& table,
                                      const DocumentEntry& entry) {
  const std::string where = in_quotes(entry.key) + " in " + describe_table(section, table);
  if (std::ranges::find(section.later_keys, entry.key) != section.later_keys.end())
    return problem(entry.place, where + std::string(kLater));
  std::vector<std::string_view> keys;
  for (const Property& property : properties())
    if (property.section == section.name) keys.push_back(property.key);
  std::string suggestion;
  if (const std::string_view near = suggest(entry.key, keys); !near.empty())
    suggestion = in_quotes(near);
  for (const Property& property : properties())
    if (suggestion.empty() && property.key == entry.key)
      suggestion = in_quotes(entry.key) + " under " + find_section(property.section)->header();
  problem(entry.place, "unknown key " + where, suggestion);
}

std::string ConfigReader::describe_table(const Section& section, const DocumentNode& table) {
  const DocumentEntry* name = section.repeats ? table.find("name") : nullptr;
  if (name == nullptr || name->value.text.empty()) return section.header();
  return std::string(section.name) + ' ' + in_quotes(name->value.text);
}

void ConfigReader::problem(const Place& place, std::string message, std::string suggestion) {
  answer_.problems.push_back(
      {place.line, place.column, place.column_end, std::move(message), std::move(suggestion)});
}

}  // namespace penstock
