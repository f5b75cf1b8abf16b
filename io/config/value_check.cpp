// SPDX-License-Identifier: Apache-2.0
// One function per type of property; each answers in the words of the key that it is about.
#include <penstock/io/config/value_check.hpp>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <penstock/io/config/suggest.hpp>
#include <penstock/io/config/units.hpp>

namespace penstock {
namespace {

using Kind = DocumentNode::Kind;
using Checked = tl::expected<PropertyValue, ValueProblem>;

tl::unexpected<ValueProblem> problem(std::string message, std::string suggestion = {}) {
  return tl::unexpected(ValueProblem{std::move(message), std::move(suggestion)});
}

/// The value as a message tells it.
std::string shown(const DocumentNode& node) {
  switch (node.kind) {
    case Kind::text: return in_quotes(node.text);
    case Kind::integer: return std::to_string(node.integer);
    case Kind::number: return format_number(node.number);
    case Kind::boolean: return node.boolean ? "true" : "false";
    case Kind::array: return "[...]";
    case Kind::table: return "{...}";
    case Kind::date: return "a date";
  }
  return {};
}

bool is_control(char byte) noexcept {
  return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F;
}

/// "ring.slots = 60000"
std::string told(const Property& property, const DocumentNode& node) {
  std::string text(property.section);
  return text.append(".").append(property.key).append(" = ").append(shown(node));
}

std::string list(std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

Checked check_bounds(const Property& property, const DocumentNode& node, std::uint64_t number) {
  if (number == 0 && !property.zero.empty()) return PropertyValue(number);
  if (number < property.min || number > property.max) {
    const std::string bound =
        show_value(property, PropertyValue(number < property.min ? property.min : property.max));
    return problem(told(property, node) +
                       (number < property.min ? " is less than " : " is more than ") + bound +
                       (number < property.min ? ", the least" : ", the most"),
                   bound);
  }
  if (property.power_of_two && (number & (number - 1)) != 0) {
    const std::uint64_t near = std::clamp(nearest_power_of_two(number), property.min, property.max);
    return problem(told(property, node) + " is not a power of two",
                   show_value(property, PropertyValue(near)));
  }
  return PropertyValue(number);
}

Checked check_integer(const Property& property, const DocumentNode& node) {
  if (node.kind == Kind::integer && node.integer >= 0)
    return check_bounds(property, node, static_cast<std::uint64_t>(node.integer));
  if (node.kind == Kind::integer)
    return problem(told(property, node) + " is less than " + std::to_string(property.min) +
                   ", the least");
  if (node.kind == Kind::text && parse_count(node.text))
    return problem(told(property, node) + " is a text, not an integer",
                   std::to_string(*parse_count(node.text)));
  return problem(told(property, node) + " is not an integer" +
                 (property.zero.empty() ? "" : " and not " + in_quotes(property.zero)));
}

Checked check_size(const Property& property, const DocumentNode& node) {
  if (node.kind == Kind::integer && node.integer >= 0)
    return check_bounds(property, node, static_cast<std::uint64_t>(node.integer));
  if (node.kind != Kind::text) return problem(told(property, node) + " is not a size", "\"64KiB\"");
  if (const auto bytes = parse_size(node.text)) return check_bounds(property, node, *bytes);
  // "1MB", "1mib", "1 MiB", "1M": the digits and the first letter of the unit tell what was meant.
  std::string guess;
  for (const char byte : node.text)
    if (byte >= '0' && byte <= '9') guess += byte;
  const std::size_t unit = node.text.find_first_of("kKmMgG");
  if (unit != std::string::npos && !guess.empty())
    guess.append(1, static_cast<char>(node.text[unit] & ~0x20)).append("iB");
  const bool meant = unit != std::string::npos && parse_size(guess).has_value() &&
                     node.text.find_first_of(".-") == std::string::npos;
  return problem(told(property, node) + " is not a size; units are B, KiB, MiB, GiB",
                 meant ? in_quotes(guess) : std::string{});
}

/// Which unit was left out cannot be known, and a thousandth of what was meant would do harm.
std::string with_likely_units(const std::string& digits) {
  return in_quotes(digits + "ms") + " or " + in_quotes(digits + "s");
}

Checked check_duration(const Property& property, const DocumentNode& node) {
  if (node.kind == Kind::integer && node.integer == 0) return check_bounds(property, node, 0);
  if (node.kind == Kind::integer)
    return problem(
        told(property, node) + " has no unit",
        node.integer < 0 ? std::string{} : with_likely_units(std::to_string(node.integer)));
  if (node.kind == Kind::text)
    if (const auto duration_ns = parse_duration(node.text))
      return check_bounds(property, node, *duration_ns);
  const bool has_no_unit = node.kind == Kind::text && parse_size(node.text) &&
                           node.text.find_first_not_of("0123456789") == std::string::npos;
  return problem(
      told(property, node) +
          (has_no_unit ? " has no unit" : " is not a duration; units are ns, us, ms, s, min, h"),
      has_no_unit ? with_likely_units(node.text) : std::string{});
}

Checked check_share(const Property& property, const DocumentNode& node) {
  const bool is_number = node.kind == Kind::number || node.kind == Kind::integer;
  const double share = node.kind == Kind::integer ? static_cast<double>(node.integer) : node.number;
  if (is_number && share >= 0 && share <= 1) return PropertyValue(share);
  const bool is_percent = is_number && share >= 2 && share <= 100;
  return problem(told(property, node) + " is not a number from 0 to 1",
                 is_percent ? format_number(share / 100) : std::string{});
}

Checked check_choice(const Property& property, const DocumentNode& node) {
  if (node.kind == Kind::text) {
    const auto* choice = std::ranges::find(property.choices, node.text).base();
    if (choice != property.choices.data() + property.choices.size())
      return PropertyValue(static_cast<std::uint64_t>(choice - property.choices.data()));
    if (std::ranges::find(property.later, node.text) != property.later.end())
      return problem(told(property, node) + " is not in this version of Penstock");
  }
  const std::string_view near = suggest(node.text, property.choices);
  const std::string_view what = property.choices.size() > 1 ? " is none of " : " is not ";
  return problem(told(property, node).append(what) + list(property.choices),
                 near.empty() ? std::string{} : in_quotes(near));
}

Checked check_text(const Property& property, const DocumentNode& node) {
  if (node.kind != Kind::text) return problem(told(property, node) + " is not a text");
  if (node.text.size() < property.min) return problem(told(property, node) + " is empty");
  if (std::ranges::any_of(node.text, is_control))
    return problem(told(property, node) + " has a control character");
  if (node.text.size() > property.max)
    return problem(std::string(property.section).append(".").append(property.key) + " has " +
                   std::to_string(node.text.size()) + " bytes, more than " +
                   std::to_string(property.max));
  return PropertyValue(node.text);
}

Checked check_names(const Property& property, const DocumentNode& node) {
  std::vector<std::string> names;
  if (node.kind == Kind::text)
    return problem(told(property, node) + " is not a list", '[' + shown(node) + ']');
  if (node.kind != Kind::array) return problem(told(property, node) + " is not a list of names");
  if (node.items.size() > property.max)
    return problem(told(property, node) + " has more than " + std::to_string(property.max) +
                   " names");
  for (const DocumentNode& item : node.items) {
    if (item.kind != Kind::text) return problem(told(property, item) + " is not a name");
    auto name = expand_environment(item.text);
    if (!name) return tl::unexpected(name.error());
    names.push_back(*std::move(name));
  }
  return PropertyValue(std::move(names));
}

Checked check_cpus(const Property& property, const DocumentNode& node) {
  if (node.kind == Kind::text && (node.text == "auto" || node.text == "none"))
    return PropertyValue(node.text);
  if (node.kind != Kind::array || node.items.empty())
    return problem(told(property, node) + " is none of \"auto\", \"none\", a list of CPU numbers",
                   node.kind == Kind::integer ? '[' + shown(node) + ']' : std::string{});
  std::vector<std::uint64_t> cpus;
  for (const DocumentNode& item : node.items) {
    const bool fits = item.kind == Kind::integer && item.integer >= 0 &&
                      static_cast<std::uint64_t>(item.integer) <= property.max;
    if (!fits)
      return problem(told(property, item) + " is not a CPU number from 0 to " +
                     std::to_string(property.max));
    cpus.push_back(static_cast<std::uint64_t>(item.integer));
  }
  return PropertyValue(std::move(cpus));
}

Checked check_expanded(const Property& property, const DocumentNode& node) {
  if (node.kind == Kind::text && !property.zero.empty() && node.text == property.zero)
    return PropertyValue(std::uint64_t{0});
  switch (property.type) {
    case PropertyType::text: return check_text(property, node);
    case PropertyType::boolean:
      if (node.kind == Kind::boolean) return PropertyValue(node.boolean);
      return problem(told(property, node) + " is neither true nor false",
                     node.text == "true" || node.text == "false" ? node.text : std::string{});
    case PropertyType::integer: return check_integer(property, node);
    case PropertyType::share: return check_share(property, node);
    case PropertyType::size: return check_size(property, node);
    case PropertyType::duration: return check_duration(property, node);
    case PropertyType::choice: return check_choice(property, node);
    case PropertyType::cpus: return check_cpus(property, node);
    case PropertyType::names: return check_names(property, node);
  }
  return problem("a property of no type");
}

}  // namespace

Checked check_value(const Property& property, const DocumentNode& node) {
  if (node.kind != Kind::text) return check_expanded(property, node);
  auto text = expand_environment(node.text);
  if (!text) return tl::unexpected(text.error());
  if (*text == node.text) return check_expanded(property, node);
  DocumentNode expanded = node;
  expanded.text = *std::move(text);
  return check_expanded(property, expanded);
}

tl::expected<std::string, ValueProblem> expand_environment(std::string_view text) {
  std::string out;
  for (;;) {
    const std::size_t begin = text.find("${");
    out += text.substr(0, begin);
    if (begin == std::string_view::npos) return out;
    if (begin > 0 && text[begin - 1] == '$') {  // "$${" is written for "${"
      out.back() = '$';
      out += '{';
      text.remove_prefix(begin + 2);
      continue;
    }
    const std::size_t end = text.find('}', begin);
    if (end == std::string_view::npos) return problem("\"${\" without \"}\" in " + in_quotes(text));
    const std::string_view inside = text.substr(begin + 2, end - begin - 2);
    const std::size_t split = inside.find(":-");
    const std::string name(inside.substr(0, split));
    if (inside.find("${") != std::string_view::npos)
      return problem("\"${\" inside of \"${" + name + ":-...}\": a default is plain text");
    // Not safe beside setenv in another thread; a config is read before there are any.
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    if (value != nullptr && *value != '\0')
      out += value;
    else if (split != std::string_view::npos)
      out += inside.substr(split + 2);
    else if (value == nullptr)
      return problem("environment variable " + in_quotes(name) + " is not set",
                     "${" + name + ":-default}");
    text.remove_prefix(end + 1);
  }
}

}  // namespace penstock
