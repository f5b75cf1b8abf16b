// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/config/describe.hpp>

#include <string_view>
#include <vector>

#include <penstock/io/config/table.hpp>
#include <penstock/io/json_writer.hpp>

namespace penstock {
namespace {

constexpr std::size_t kCommentColumns = 98;

/// The objects that a section fills in a config: one, or as many as it repeats.
std::vector<const void*> objects_of(const Section& section, const Config& config) {
  std::vector<const void*> objects;
  const auto add_all = [&](const auto& items) {
    for (const auto& item : items) objects.push_back(&item);
  };
  if (section.name == "segment") {
    add_all(config.pipeline.segments);
  } else if (section.name == "stage") {
    add_all(config.pipeline.stages);
  } else if (section.name == "source") {
    add_all(config.sources);
  } else if (section.name == "sink") {
    add_all(config.sinks);
  } else if (section.name == "rejects") {
    if (config.rejects) objects.push_back(&*config.rejects);
  } else {
    objects.push_back(&config.pipeline);
  }
  return objects;
}

/// A config with one item of each kind, all defaults: what a section's defaults are read from.
const Config& defaults() {
  static const Config kDefaults = [] {
    Config config;
    config.pipeline.segments.emplace_back();
    config.pipeline.stages.emplace_back();
    config.sources.emplace_back();
    config.sinks.emplace_back();
    config.rejects.emplace();
    return config;
  }();
  return kDefaults;
}

std::string default_of(const Section& section, const Property& property) {
  if (property.required) return {};
  return show_value(property, property.access.get(objects_of(section, defaults()).front()));
}

std::string heading(const Section& section) {
  const std::string name(section.name);
  return section.repeats ? "[[" + name + "]]" : '[' + name + ']';
}

std::string list(std::span<const std::string_view> names, std::string_view between) {
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "" : between).append(name);
  return text;
}

/// "block | reject", "64 to 16777216, a power of two", or nothing where any value will do.
std::string bounds_of(const Property& property) {
  switch (property.type) {
    case PropertyType::choice: return list(property.choices, " | ");
    case PropertyType::share: return "0 to 1";
    case PropertyType::boolean: return "true | false";
    case PropertyType::cpus: return "auto | none | [cpu, ...]";
    case PropertyType::text:
    case PropertyType::names: return {};
    default: break;
  }
  const std::string least = show_value(property, PropertyValue(property.min));
  const std::string most = show_value(property, PropertyValue(property.max));
  std::string text = least;
  if (!property.zero.empty()) {
    Property plain = property;
    plain.zero = {};
    text += " or " + show_value(plain, PropertyValue(std::uint64_t{1}));
  }
  text += " to " + most;
  if (property.power_of_two) text += ", a power of two";
  return text;
}

void append_comment(std::string& out, std::string_view text) {
  while (!text.empty()) {
    std::size_t length = text.size();
    if (length > kCommentColumns) {
      length = text.rfind(' ', kCommentColumns);
      if (length == std::string_view::npos || length == 0) length = kCommentColumns;
    }
    out.append("# ").append(text.substr(0, length)).append("\n");
    text.remove_prefix(length);
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
}

void append_key(std::string& out, const Section& section, const Property& property,
                const void* object) {
  append_comment(out, property.help);
  std::string facts(to_string(property.type));
  if (const std::string bounds = bounds_of(property); !bounds.empty()) facts += ", " + bounds;
  facts += property.required ? "; required" : "; default " + default_of(section, property);
  append_comment(out, facts);
  std::string value = "\"...\"";
  if (object != nullptr)
    value = show_value(property, property.access.get(object));
  else if (!property.choices.empty())
    value = '"' + std::string(property.choices.front()) + '"';
  else if (!property.required)
    value = default_of(section, property);
  // What is empty was not given: written out it would be a mistake for some kinds.
  const bool is_off = object == nullptr || value == "\"\"" || value == "[]" ||
                      (section.name == "sink" && property.key == "append" && value == "false");
  out.append(is_off ? "# " : "").append(property.key).append(" = ").append(value).append("\n");
}

void append_object(std::string& out, const Section& section, const void* object) {
  out += '\n';
  append_comment(out, section.help);
  out.append(object == nullptr ? "# " : "").append(heading(section)).append("\n");
  for (const Property& property : properties())
    if (property.section == section.name) append_key(out, section, property, object);
}

std::string code(std::string_view text) {
  return text.empty() ? std::string{} : '`' + std::string(text) + '`';
}

/// A cell of a table: bars would end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char byte : text) {
    if (byte == '|') out += '\\';
    out += byte;
  }
  return out;
}

void append_markdown_section(std::string& out, const Section& section) {
  out += "\n## `" + heading(section) + "`\n";
  out.append(section.help).append("\n\n");
  out += "| Key | Type | Default | Bounds | Reload | What it does |\n";
  out += "|---|---|---|---|---|---|\n";
  for (const Property& property : properties()) {
    if (property.section != section.name) continue;
    const std::string value = property.required ? "required" : code(default_of(section, property));
    std::string help(property.help);
    if (!property.later.empty()) help += " Later: " + list(property.later, ", ") + '.';
    out += "| " + code(property.key) + " | " + std::string(to_string(property.type)) + " | " +
           value + " | " + cell(bounds_of(property)) + " | " +
           (property.reloadable ? "yes" : "no") + " | " + cell(help) + " |\n";
  }
  if (!section.later_keys.empty()) out += "\nLater: `" + list(section.later_keys, "`, `") + "`.\n";
}

void append_markdown_profiles(std::string& out) {
  out += "\n## Profiles\n";
  out += "`pipeline.profile` sets these defaults; keys that are written out override them. ";
  out += "`balanced` is the tables above.\n\n";
  out += "| Profile | Key | Default | Why |\n|---|---|---|---|\n";
  const Property& profile = *find_property("pipeline", "profile");
  for (const ProfileDefault& row : profile_defaults()) {
    const Property& property = *find_property(row.section, row.key);
    out += "| " + std::string(profile.choices[static_cast<std::size_t>(row.profile)]) + " | `" +
           std::string(row.section) + '.' + std::string(row.key) + "` | `" +
           show_value(property, PropertyValue(row.value)) + "` | " + std::string(row.reason) +
           " |\n";
  }
}

}  // namespace

std::string describe_config(const Config& config) {
  std::string out = "# Every key of a Penstock config with its value, type, bounds and default.\n";
  for (const Section& section : sections()) {
    if (section.later) continue;
    const std::vector<const void*> objects = objects_of(section, config);
    if (objects.empty()) append_object(out, section, nullptr);
    for (const void* object : objects) append_object(out, section, object);
  }
  return out;
}

std::string describe_config_markdown() {
  std::string out =
      "<!-- Written by `penstock config --markdown`; a test compares. Change io/config/table.cpp. "
      "-->\n"
      "# Configuration\n"
      "\n"
      "A pipeline's config is a TOML file. `penstock validate FILE` tells every mistake at once, "
      "with\n"
      "line, column and what was probably meant; `penstock config FILE` prints all keys with the "
      "values\n"
      "that are in effect. Unknown keys are errors.\n"
      "\n"
      "- Sizes are bytes or texts with a unit: `\"64KiB\"`, `\"1MiB\"`. Durations always have one: "
      "`\"5ms\"`,\n  `\"10s\"`, `\"10min\"`.\n"
      "- `${NAME}` and `${NAME:-default}` in texts are replaced from the environment, after "
      "parsing;\n  `$${` stands for `${`.\n"
      "- Paths are relative to the working directory of the process.\n"
      "- \"Reload: yes\" marks keys that may change while a pipeline runs. This version reads its "
      "config\n"
      "  once, at start.\n";
  for (const Section& section : sections())
    if (!section.later) append_markdown_section(out, section);
  append_markdown_profiles(out);
  out += "\n## Later\nKnown by name and refused with \"not in this version of Penstock\":";
  std::string between = " ";
  for (const Section& section : sections())
    if (section.later) {
      out += between + '`' + heading(section) + '`';
      between = ", ";
    }
  out += ".\n";
  return out;
}

std::string describe_config_json(const Config& config) {
  JsonWriter json;
  json.begin_object().key("properties").begin_array();
  for (const Section& section : sections()) {
    if (section.later) continue;
    std::vector<const void*> objects = objects_of(section, config);
    const bool given = !objects.empty();
    if (!given) objects.push_back(objects_of(section, defaults()).front());
    for (std::size_t i = 0; i < objects.size(); ++i)
      for (const Property& property : properties()) {
        if (property.section != section.name) continue;
        json.begin_object().member("section", section.name);
        if (section.repeats && given) json.member("index", i);
        json.member("key", property.key).member("type", to_string(property.type));
        if (given) json.member("value", show_value(property, property.access.get(objects[i])));
        if (!property.required) json.member("default", default_of(section, property));
        json.member("bounds", bounds_of(property)).member("reloadable", property.reloadable);
        json.member("required", property.required).member("help", property.help).end_object();
      }
  }
  json.end_array().end_object();
  return std::move(json).text();
}

}  // namespace penstock
