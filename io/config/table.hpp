// SPDX-License-Identifier: Apache-2.0
// The one table of properties: key, type, unit, default, bounds, help, reloadable. Reading
// (reader.cpp), `penstock config` and docs/configuration.md (describe.cpp) all walk it; nothing
// else knows a key.
// 1. Defaults stand in the options structs alone; the table reads them from a default object.
// 2. What a later version brings is in the table too, so that it is refused by name.
// Constant data, any thread.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <penstock/io/config/config.hpp>

namespace penstock {

enum class PropertyType : std::uint8_t {
  text,
  boolean,
  integer,
  share,     ///< a number from 0 to 1
  size,      ///< bytes
  duration,  ///< nanoseconds
  choice,    ///< one of a few names; its value is the number of the name
  cpus,      ///< "auto", "none", or a list of CPU numbers
  names,     ///< a list of texts
};
[[nodiscard]] std::string_view to_string(PropertyType type) noexcept;

/// A checked value on its way between a file and an option.
using PropertyValue = std::variant<bool, std::uint64_t, double, std::string,
                                   std::vector<std::uint64_t>, std::vector<std::string>>;

/// How a property reaches its field of the object that its section fills.
struct PropertyAccess {
  void (*set)(void* object, const PropertyValue& value) = nullptr;
  PropertyValue (*get)(const void* object) = nullptr;
};

struct Property {
  std::string_view section;
  std::string_view key;
  PropertyType type = PropertyType::text;
  PropertyAccess access = {};
  std::string_view help = {};
  std::uint64_t min = 0;  ///< in the type's unit; of a text: bytes
  std::uint64_t max = std::numeric_limits<std::int64_t>::max();
  std::span<const std::string_view> choices = {};
  std::span<const std::string_view> later = {};  ///< choices of a later version
  std::string_view zero = {};                    ///< the word for 0, for example "auto"
  bool power_of_two = false;
  bool required = false;
  bool reloadable = false;  ///< may change while the pipeline runs
};

struct Section {
  std::string_view name;
  std::string_view help;
  bool repeats = false;  ///< [[name]], as often as needed
  bool later = false;    ///< not in this version
  std::span<const std::string_view> later_keys = {};

  /// "[ring]", "[[stage]]".
  [[nodiscard]] std::string header() const;
};

/// A default that a profile sets instead of the table's.
struct ProfileDefault {
  Profile profile;
  std::string_view section;
  std::string_view key;
  std::uint64_t value;
  std::string_view reason;
};

[[nodiscard]] std::span<const Section> sections() noexcept;
[[nodiscard]] std::span<const Property> properties() noexcept;
[[nodiscard]] std::span<const ProfileDefault> profile_defaults() noexcept;

/// Returns nullptr if there is none.
[[nodiscard]] const Section* find_section(std::string_view name) noexcept;
[[nodiscard]] const Property* find_property(std::string_view section,
                                            std::string_view key) noexcept;

/// Sets what the profile says. Requires: `options` holds the defaults.
void apply_profile(Profile profile, PipelineOptions& options);

/// A value as it stands in a config file: quoted, in its largest unit.
[[nodiscard]] std::string show_value(const Property& property, const PropertyValue& value);

}  // namespace penstock
