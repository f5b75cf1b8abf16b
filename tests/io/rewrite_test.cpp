// SPDX-License-Identifier: Apache-2.0
// Changes of a config's text: what is changed, what stays byte for byte, what is refused where.
#include <penstock/io/config/rewrite.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/io/config/describe.hpp>

namespace penstock {
namespace {

using Changes = std::vector<ConfigChange>;

ConfigChange set(std::string_view section, std::string_view key, PropertyValue value,
                 std::string comment = {}) {
  return {.section = section, .key = key, .value = std::move(value), .comment = std::move(comment)};
}

ConfigChange number(std::string_view section, std::string_view key, std::uint64_t value,
                    std::string comment = {}) {
  return set(section, key, PropertyValue(value), std::move(comment));
}

std::string rewritten(std::string_view text, const Changes& changes, std::string_view head = {}) {
  const auto done = rewrite_config(text, "x.toml", changes, head);
  return done ? *done : "refused: " + done.error().message;
}

TEST(Rewrite, value_is_replaced_where_it_stands_and_all_else_is_kept) {
  EXPECT_EQ(rewritten("# Mine.\n\n[ring]   # the ring\n  slots   = 4_096  # enough\n\n"
                      "[batch]\nevents = 0x40\n# end",
                      {number("ring", "slots", 16384)}),
            "# Mine.\n\n[ring]   # the ring\n  slots   = 16384  # enough\n\n"
            "[batch]\nevents = 0x40\n# end");
}

TEST(Rewrite, comment_goes_above_with_the_indent_of_its_line) {
  EXPECT_EQ(rewritten("[threads]\n\twait = 'adaptive'\n",
                      {number("threads", "wait", 2, "first line\nsecond line")}),
            "[threads]\n\t# first line\n\t# second line\n\twait = \"park\"\n");
}

TEST(Rewrite, key_goes_behind_the_last_one_of_its_section) {
  EXPECT_EQ(rewritten("[ring]\n  arena = \"2MiB\" # two\n  # a thought\n[batch]\n",
                      {number("ring", "slots", 64, "why"), number("batch", "events", 8)}),
            "[ring]\n  arena = \"2MiB\" # two\n  # why\n  slots = 64\n  # a thought\n[batch]\n"
            "events = 8\n");
}

TEST(Rewrite, text_without_end_of_line_keeps_having_none) {
  EXPECT_EQ(rewritten("[ring]", {number("ring", "slots", 64), number("ring", "arena", 1 << 16)}),
            "[ring]\nslots = 64\narena = \"64KiB\"");
  EXPECT_EQ(rewritten("[ring]\nslots = 128", {number("ring", "slots", 64)}), "[ring]\nslots = 64");
}

TEST(Rewrite, section_goes_to_the_end_with_all_its_keys) {
  EXPECT_EQ(rewritten("", {number("batch", "events", 8)}), "[batch]\nevents = 8\n");
  EXPECT_EQ(rewritten("[ring]\nslots = 64",
                      {number("batch", "events", 8, "fast"), number("threads", "wait", 0),
                       number("batch", "bytes", 1 << 20)}),
            "[ring]\nslots = 64\n\n[batch]\n# fast\nevents = 8\nbytes = \"1MiB\"\n\n"
            "[threads]\nwait = \"busy_spin\"\n");
}

TEST(Rewrite, ends_of_lines_stay_those_of_the_text) {
  EXPECT_EQ(rewritten("[ring]\r\nslots = 64\r\n",
                      {number("ring", "slots", 128, "more"), number("ring", "arena", 1 << 17),
                       number("batch", "events", 8)}),
            "[ring]\r\n# more\r\nslots = 128\r\narena = \"128KiB\"\r\n\r\n[batch]\r\n"
            "events = 8\r\n");
}

TEST(Rewrite, what_holds_already_is_not_touched) {
  const std::string text = "[pipeline]\nprofile = \"quiet\"\n[ring]\nslots = 0x400\n";
  EXPECT_EQ(rewritten(text, {number("ring", "slots", 1024, "no"),
                             number("threads", "wait", 2, "by the profile"),
                             number("batch", "events", 64, "by default")}),
            text);
  EXPECT_EQ(rewritten(text, {}), text);
}

TEST(Rewrite, inline_table_is_changed_and_added_to) {
  EXPECT_EQ(rewritten("ring = { arena = \"2MiB\", slots = 64 } # small\n",
                      {number("ring", "slots", 128, "why")}),
            "# why\nring = { arena = \"2MiB\", slots = 128 } # small\n");
  EXPECT_EQ(rewritten("ring = { arena = \"2MiB\" }\n",
                      {number("ring", "slots", 128), number("ring", "reserve_slots", 4)}),
            "ring = { slots = 128, reserve_slots = 4, arena = \"2MiB\" }\n");
  EXPECT_EQ(
      rewritten("batch = {}\n", {number("batch", "events", 8), number("batch", "bytes", 1 << 20)}),
      "batch = { events = 8 , bytes = \"1MiB\" }\n");
}

TEST(Rewrite, characters_of_several_bytes_count_as_one_column) {
  EXPECT_EQ(rewritten("\xEF\xBB\xBFpipeline = { name = 'n\xC3\xA4h', partitions = 2 }\n",
                      {number("pipeline", "partitions", 4)}),
            "\xEF\xBB\xBFpipeline = { name = 'n\xC3\xA4h', partitions = 4 }\n");
}

TEST(Rewrite, head_and_comments_stand_behind_a_byte_order_mark_with_the_lines_own_ends) {
  const Changes changes{number("ring", "slots", 64, "why")};
  EXPECT_EQ(rewritten("ring = { slots = 128 }\n", changes, "first\nsecond"),
            "# first\n# second\n\n# why\nring = { slots = 64 }\n");
  EXPECT_EQ(rewritten("\xEF\xBB\xBFring = { slots = 128 }\r\n", changes, "first\nsecond"),
            "\xEF\xBB\xBF# first\r\n# second\r\n\r\n# why\r\nring = { slots = 64 }\r\n");
  EXPECT_EQ(rewritten("\xEF\xBB\xBF[ring]\n", changes), "\xEF\xBB\xBF[ring]\n# why\nslots = 64\n");
}

TEST(Rewrite, dotted_key_is_changed_and_a_missing_one_refused_with_its_place) {
  EXPECT_EQ(rewritten("ring.slots = 64\n", {number("ring", "slots", 128)}), "ring.slots = 128\n");
  EXPECT_EQ(rewritten("batch.events = 8\nring.slots = 64\n", {number("ring", "arena", 1 << 17)}),
            "refused: x.toml:2:1: \"ring\" is written in dotted keys: write it as [ring] to have "
            "\"arena\" added\n      2 | ring.slots = 64\n        | ^~~~\n1 error");
}

TEST(Rewrite, item_of_a_repeated_section_is_found_by_its_number) {
  const std::string text = "[[stage]]\nname = \"a\"\n\n[[stage]]\nname = \"b\" # second\n";
  ConfigChange change = set("stage", "on_error", PropertyValue(std::uint64_t{1}));
  change.item = 1;
  EXPECT_EQ(rewritten(text, {change}), text + "on_error = \"drop\"\n");
  change.item = 0;
  EXPECT_EQ(rewritten(text, {change}),
            "[[stage]]\nname = \"a\"\non_error = \"drop\"\n\n[[stage]]\nname = \"b\" # second\n");
}

Changes split_before_second_stage() {
  Changes changes{set("segment", "name", std::string("main"), "split"),
                  set("segment", "name", std::string("rest")),
                  set("segment", "after", std::vector<std::string>{"main"}),
                  set("stage", "segment", std::string("rest"), "here")};
  for (std::size_t i = 1; i < changes.size(); ++i) changes[i].item = 1;
  return changes;
}

TEST(Rewrite, items_are_added_at_the_end) {
  const std::string text =
      "[[stage]]\nname = \"a\"\n[[stage]]\nname = \"b\"\n[[sink]]\n"
      "kind = \"null\"\n";
  EXPECT_EQ(rewritten(text, split_before_second_stage()),
            "[[stage]]\nname = \"a\"\n[[stage]]\nname = \"b\"\n# here\nsegment = \"rest\"\n"
            "[[sink]]\nkind = \"null\"\n\n[[segment]]\n# split\nname = \"main\"\n\n[[segment]]\n"
            "name = \"rest\"\nafter = [\"main\"]\n");
}

TEST(Rewrite, item_cannot_be_added_to_an_array_on_one_line) {
  ConfigChange change = set("segment", "name", std::string("b"));
  change.item = 1;
  EXPECT_EQ(rewritten("segment = [ { name = \"a\" } ]\n", {change}),
            "refused: x.toml:1:1: \"segment\" is written as one array: write [[segment]] for each "
            "item to have one added\n      1 | segment = [ { name = \"a\" } ]\n"
            "        | ^~~~~~~\n1 error");
}

TEST(Rewrite, key_that_is_taken_out_becomes_a_comment_and_its_default_holds) {
  EXPECT_EQ(rewritten("[pipeline]\nprofile = \"throughput\"\n[ring]\n  slots = 64 # few\n",
                      {{.section = "ring", .key = "slots", .comment = "why"}}),
            "[pipeline]\nprofile = \"throughput\"\n[ring]\n  # why\n#   slots = 64 # few\n");
  EXPECT_EQ(rewritten("ring = { slots = 64 }\n", {{.section = "ring", .key = "slots"}}),
            "refused: x.toml:1:10: \"slots\" has no line of its own: write [ring] as a table to "
            "have it taken out\n      1 | ring = { slots = 64 }\n        |          ^~~~~\n"
            "1 error");
}

TEST(Rewrite, items_that_are_taken_out_become_comments) {
  const std::string text =
      rewritten("[[stage]]\nname = \"a\"\n[[stage]]\nname = \"b\"\n", split_before_second_stage());
  EXPECT_EQ(rewritten(text, {{.section = "stage", .item = 1, .key = "segment"},
                             {.section = "segment", .item = 1, .key = "", .comment = "fused"},
                             {.section = "segment", .item = 0, .key = ""}}),
            "[[stage]]\nname = \"a\"\n[[stage]]\nname = \"b\"\n# here\n# segment = \"rest\"\n\n"
            "# [[segment]]\n# split\n# name = \"main\"\n\n# fused\n# [[segment]]\n"
            "# name = \"rest\"\n# after = [\"main\"]\n");
}

TEST(Rewrite, value_over_several_lines_or_from_the_environment_is_refused) {
  EXPECT_EQ(rewritten("[threads]\npin = [ 0,\n 1 ]\n",
                      {set("threads", "pin", std::vector<std::uint64_t>{0})}),
            "refused: x.toml:2:7: the value of \"pin\" goes over several lines: write it on one to "
            "have it changed\n      2 | pin = [ 0,\n        |       ^\n1 error");
  EXPECT_EQ(rewritten("[pipeline]\nkey = \"${KEY:-subject}\"\n",
                      {set("pipeline", "key", std::string("type"))}),
            "refused: x.toml:2:7: the value of \"key\" comes from the environment: write it out to "
            "have it changed\n      2 | key = \"${KEY:-subject}\"\n"
            "        |       ^~~~~~~~~~~~~~~~~\n1 error");
}

TEST(Rewrite, config_that_is_wrong_before_or_would_be_behind_is_refused_with_its_problems) {
  EXPECT_NE(rewritten("[ring]\nslot = 64\n", {number("ring", "slots", 64)}).find("unknown key"),
            std::string::npos);
  EXPECT_NE(rewritten("[ring]\nreserve_slots = 1024\n", {number("ring", "slots", 64)})
                .find("ring.reserve_slots = 1024 is more than half of ring.slots = 64"),
            std::string::npos);
}

/// Another value that the property can have.
PropertyValue other_than(const Property& property, const PropertyValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return !*flag;
  if (const auto* share = std::get_if<double>(&value)) return *share * 0.9;
  if (const auto* count = std::get_if<std::uint64_t>(&value)) {
    if (!property.choices.empty()) return (*count + 1) % property.choices.size();
    return *count == 0 ? std::max<std::uint64_t>(property.min, 1000) : *count * 2;
  }
  if (property.type == PropertyType::cpus) return std::vector<std::uint64_t>{0, 1};
  return std::string("subject");
}

TEST(Rewrite, every_key_arrives_in_the_options_whatever_the_text_looks_like) {
  for (const Property& property : properties()) {
    // low_age needs high_age, and a profile changes other keys.
    if (find_section(property.section)->repeats || property.section == "rejects" ||
        property.key == "low_age" || property.key == "profile")
      continue;
    const std::string section(property.section);
    const PipelineOptions defaults;
    const std::string value = show_value(property, property.access.get(&defaults));
    const std::string entry = std::string(property.key) + " = " + value;
    for (const std::string& text :
         {std::string("# nothing\n"), "[" + section + "]\n", "[" + section + "] # x\n" + entry,
          section + " = { " + entry + " }\n", section + "." + entry + "\n"}) {
      auto config = parse_config(text, "x.toml");
      ASSERT_TRUE(config) << config.error().message;
      const ConfigChange change =
          set(property.section, property.key,
              other_than(property, property.access.get(&config->pipeline)), "because");
      const auto done = rewrite_config(text, "x.toml", Changes{change});
      ASSERT_TRUE(done) << text << done.error().message;
      const auto read = parse_config(*done, "x.toml");
      ASSERT_TRUE(read) << read.error().message;
      EXPECT_NE(describe_config(*read), describe_config(*config)) << *done;
      apply_change(change, *config);
      EXPECT_EQ(describe_config(*read), describe_config(*config)) << *done;
      EXPECT_NE(done->find("# because\n"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace penstock
