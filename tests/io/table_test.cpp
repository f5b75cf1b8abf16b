// SPDX-License-Identifier: Apache-2.0
// The property table against itself: defaults lie in their bounds, each row reaches its own field,
// and every enumerator has the name that the config file uses.
#include <penstock/io/config/table.hpp>

#include <set>
#include <string>

#include <gtest/gtest.h>

#include <penstock/io/config/suggest.hpp>
#include <penstock/io/config/units.hpp>

namespace penstock {
namespace {

/// One object of each section, as a row's access expects it.
struct Objects {
  PipelineOptions pipeline;
  SegmentOptions segment;
  StageOptions stage;
  SourceOptions source;
  SinkOptions sink;
  RejectsOptions rejects;

  void* of(std::string_view section) {
    if (section == "segment") return &segment;
    if (section == "stage") return &stage;
    if (section == "source") return &source;
    if (section == "sink") return &sink;
    if (section == "rejects") return &rejects;
    return &pipeline;
  }
};

TEST(Table, every_row_is_complete_and_stands_once) {
  std::set<std::string> seen;
  for (const Property& property : properties()) {
    const std::string name = std::string(property.section) + '.' + std::string(property.key);
    EXPECT_TRUE(seen.insert(name).second) << name;
    EXPECT_NE(find_section(property.section), nullptr) << name;
    EXPECT_FALSE(property.help.empty()) << name;
    EXPECT_NE(property.access.set, nullptr) << name;
    EXPECT_NE(property.access.get, nullptr) << name;
    EXPECT_EQ(property.type == PropertyType::choice, !property.choices.empty()) << name;
    EXPECT_LE(property.min, property.max) << name;
  }
}

TEST(Table, defaults_are_within_their_bounds) {
  Objects objects;
  for (const Property& property : properties()) {
    const PropertyValue value = property.access.get(objects.of(property.section));
    const auto* number = std::get_if<std::uint64_t>(&value);
    if (number == nullptr || (*number == 0 && !property.zero.empty())) continue;
    EXPECT_GE(*number, property.min) << property.key;
    EXPECT_LE(*number, property.max) << property.key;
    EXPECT_TRUE(!property.power_of_two || (*number & (*number - 1)) == 0) << property.key;
    EXPECT_TRUE(property.choices.empty() || *number < property.choices.size()) << property.key;
  }
}

/// Some other value that the row's field can hold.
PropertyValue other_than(const Property& property, const PropertyValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return !*flag;
  if (const auto* share = std::get_if<double>(&value)) return *share / 2;
  if (const auto* number = std::get_if<std::uint64_t>(&value))
    return std::uint64_t{*number == 1 ? 0U : 1U};
  if (property.type == PropertyType::cpus) return std::vector<std::uint64_t>{3, 4};
  if (property.type == PropertyType::names) return std::vector<std::string>{"a", "b"};
  return std::string("other");
}

TEST(Table, each_row_reaches_its_own_field_and_no_other) {
  for (const Property& changed : properties()) {
    if (changed.key == "use") continue;  // one choice only
    Objects before;
    Objects after;
    void* object = after.of(changed.section);
    const PropertyValue other = other_than(changed, changed.access.get(object));
    changed.access.set(object, other);
    for (const Property& property : properties()) {
      const PropertyValue value = property.access.get(after.of(property.section));
      const PropertyValue old = property.access.get(before.of(property.section));
      EXPECT_EQ(value == old, &property != &changed) << changed.key << " and " << property.key;
    }
    EXPECT_EQ(changed.access.get(object), other) << changed.key;
  }
}

std::string choice(std::string_view section, std::string_view key, std::uint64_t number) {
  return std::string(find_property(section, key)->choices[number]);
}

TEST(Table, choices_stand_in_the_order_of_their_enumerators) {
  const auto number = [](auto enumerator) { return static_cast<std::uint64_t>(enumerator); };
  EXPECT_EQ(choice("pipeline", "profile", number(Profile::throughput)), "throughput");
  EXPECT_EQ(choice("pipeline", "profile", number(Profile::quiet)), "quiet");
  EXPECT_EQ(choice("pipeline", "on_missing_key", number(OnMissingKey::refuse)), "refuse");
  EXPECT_EQ(choice("pipeline", "decode", number(DecodeMode::envelope)), "envelope");
  EXPECT_EQ(choice("admission", "when_full", number(AdmissionPolicy::block)), "block");
  EXPECT_EQ(choice("admission", "when_full", number(AdmissionPolicy::drop_newest)), "drop_newest");
  EXPECT_EQ(choice("threads", "wait", number(WaitKind::busy_spin)), "busy_spin");
  EXPECT_EQ(choice("threads", "wait", number(WaitKind::park)), "park");
  EXPECT_EQ(choice("stage", "on_error", number(OnError::drop)), "drop");
  EXPECT_EQ(choice("source", "kind", number(SourceKind::standard_input)), "stdin");
  EXPECT_EQ(choice("sink", "kind", number(SinkKind::null)), "null");
}

TEST(Table, profiles_set_what_they_say) {
  for (const ProfileDefault& row : profile_defaults()) {
    PipelineOptions options;
    apply_profile(row.profile, options);
    const PropertyValue value = find_property(row.section, row.key)->access.get(&options);
    EXPECT_EQ(value, PropertyValue(row.value)) << row.section << '.' << row.key;
  }
}

TEST(Units, sizes_are_read_and_written_in_binary_units) {
  EXPECT_EQ(parse_size("4096"), 4096U);
  EXPECT_EQ(parse_size("4096B"), 4096U);
  EXPECT_EQ(parse_size("64KiB"), 65536U);
  EXPECT_EQ(parse_size("2GiB"), 2U << 30);
  for (const char* wrong : {"", "KiB", "1MB", "1 MiB", "-1", "1.5MiB", "1MiBs", "99999999999GiB"})
    EXPECT_EQ(parse_size(wrong), std::nullopt) << wrong;
  EXPECT_EQ(format_size(65536), "64KiB");
  EXPECT_EQ(format_size(65537), "65537B");
  EXPECT_EQ(format_size(0), "0B");
}

TEST(Units, durations_need_a_unit) {
  EXPECT_EQ(parse_duration("5ms"), 5'000'000U);
  EXPECT_EQ(parse_duration("5us"), 5'000U);
  EXPECT_EQ(parse_duration("5\xC2\xB5s"), 5'000U);
  EXPECT_EQ(parse_duration("10min"), 600'000'000'000U);
  EXPECT_EQ(parse_duration("0"), 0U);
  for (const char* wrong : {"5", "5 ms", "ms", "5m", "-5ms", "9999999999999h"})
    EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
  EXPECT_EQ(format_duration(600'000'000'000), "10min");
  EXPECT_EQ(format_duration(1'500'000), "1500us");
  EXPECT_EQ(format_duration(0), "0s");
}

TEST(Units, nearest_power_of_two_is_the_larger_of_equally_near_ones) {
  EXPECT_EQ(nearest_power_of_two(60'000), 65536U);
  EXPECT_EQ(nearest_power_of_two(48), 64U);
  EXPECT_EQ(nearest_power_of_two(47), 32U);
  EXPECT_EQ(nearest_power_of_two(0), 1U);
  EXPECT_EQ(nearest_power_of_two(~0ULL), 1ULL << 63);
}

TEST(Suggest, takes_the_nearest_name_or_none) {
  constexpr std::string_view kNames[] = {"on_error", "name", "segment", "busy_spin"};
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(suggest("on_eror", kNames), "on_error");
  EXPECT_EQ(suggest("onerror", kNames), "on_error");
  EXPECT_EQ(suggest("spin", kNames), "busy_spin");
  EXPECT_EQ(suggest("zebra", kNames), "");
  EXPECT_EQ(suggest("", kNames), "");
}

}  // namespace
}  // namespace penstock
