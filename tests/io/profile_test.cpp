// SPDX-License-Identifier: Apache-2.0
// perf/profiles/*.toml: each loads, has the values of the built-in profile of its name, and writes
// out every key that a profile sets.
#include <string>

#include <gtest/gtest.h>

#include <penstock/io/config/config.hpp>
#include <penstock/io/config/document.hpp>
#include <penstock/io/config/table.hpp>

namespace penstock {
namespace {

class Profiles : public testing::TestWithParam<std::string_view> {
 protected:
  [[nodiscard]] static std::string path() {
    return PENSTOCK_PROFILES "/" + std::string(GetParam()) + ".toml";
  }
};

TEST_P(Profiles, file_has_the_values_of_the_built_in_one) {
  const auto file = load_config(path());
  ASSERT_TRUE(file) << file.error().message;
  const std::string name(GetParam());
  const auto built_in =
      parse_config("[pipeline]\nname = '" + name + "'\nprofile = '" + name + "'\n", "built-in");
  ASSERT_TRUE(built_in) << built_in.error().message;
  for (const Property& property : properties()) {
    if (find_section(property.section)->repeats || property.section == "rejects") continue;
    EXPECT_EQ(property.access.get(&file->pipeline), property.access.get(&built_in->pipeline))
        << property.section << '.' << property.key;
  }
}

TEST_P(Profiles, file_writes_out_every_key_that_a_profile_sets) {
  const auto text = read_config_text(path());
  ASSERT_TRUE(text);
  const auto root = parse_document(*text);
  ASSERT_TRUE(root);
  for (const ProfileDefault& row : profile_defaults()) {
    const DocumentEntry* section = root->find(row.section);
    ASSERT_NE(section, nullptr) << row.section;
    EXPECT_NE(section->value.find(row.key), nullptr) << row.section << '.' << row.key;
  }
}

INSTANTIATE_TEST_SUITE_P(all, Profiles,
                         testing::ValuesIn(find_property("pipeline", "profile")->choices),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace penstock
