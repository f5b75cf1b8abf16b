// SPDX-License-Identifier: Apache-2.0
// A config file, mistake by mistake: where it is told, in which words, with which suggestion; and
// that what is right arrives in the options.
#include <penstock/io/config/config.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/io/config/describe.hpp>

namespace penstock {
namespace {

using namespace std::chrono_literals;

/// Each problem as "line:column-end message" or "... -> suggestion".
std::vector<std::string> problems_of(std::string_view text) {
  std::vector<std::string> told;
  for (const ConfigProblem& problem : check_config(text, "test.toml").problems) {
    std::string line = std::to_string(problem.line) + ':' + std::to_string(problem.column) + '-' +
                       std::to_string(problem.column_end) + ' ' + problem.message;
    if (!problem.suggestion.empty()) line += " -> " + problem.suggestion;
    told.push_back(line);
  }
  return told;
}

std::string only_problem_of(std::string_view text) {
  const std::vector<std::string> told = problems_of(text);
  if (told.size() == 1) return told.front();
  std::string all = std::to_string(told.size()) + " problems";
  for (const std::string& problem : told) all += '\n' + problem;
  return all;
}

struct Mistake {
  const char* text;
  const char* told;
};

/// How a failing test names its mistake.
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.text; }

class ConfigMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(ConfigMistakes, is_told_with_place_and_suggestion) {
  EXPECT_EQ(only_problem_of(GetParam().text), GetParam().told);
}

// What is not TOML, and what is no key or section of ours.
constexpr Mistake kShape[] = {
    {"[ring]\nslots = 64\nslots = 128\n",
     "3:9-9 Error while parsing key-value pair: cannot redefine existing integer 'slots'"},
    {"[rings]\n", "1:1-8 unknown section \"[rings]\" -> \"[ring]\""},
    {"[[stages]]\n", "1:1-11 unknown section \"[[stages]]\" -> \"[[stage]]\""},
    {"[warehouse]\n", "1:1-12 unknown section \"[warehouse]\""},
    {"slots = 64\n", "1:1-6 key \"slots\" stands outside of its section -> under [ring]"},
    {"colour = 1\n", "1:1-7 unknown key \"colour\""},
    {"[[ring]]\nslots = 64\n", "1:1-9 \"ring\" is written [ring]"},
    {"[sink]\nkind = \"null\"\n", "1:1-7 \"sink\" is written [[sink]]"},
    {"ring = 5\n", "1:1-5 \"ring\" is written [ring]"},
    {"[ring]\nslot = 64\n", "2:1-5 unknown key \"slot\" in [ring] -> \"slots\""},
    {"[ring]\nevents = 64\n", "2:1-7 unknown key \"events\" in [ring] -> \"events\" under [batch]"},
    {"[[stage]]\nname = \"price\"\non_eror = \"drop\"\n",
     "3:1-8 unknown key \"on_eror\" in stage \"price\" -> \"on_error\""},
    {"[[sink]]\npath = \"x\"\n", "1:1-9 [[sink]] needs \"kind\""},
    {"[rejects]\n", "1:1-10 [rejects] needs \"path\""}};
INSTANTIATE_TEST_SUITE_P(shape, ConfigMistakes, testing::ValuesIn(kShape));

// Values of the wrong type, without unit, out of bounds.
constexpr Mistake kValue[] = {
    {"[ring]\nslots = 60_000\n", "2:9-15 ring.slots = 60000 is not a power of two -> 65536"},
    {"[ring]\nslots = 8\n", "2:9-10 ring.slots = 8 is less than 64, the least -> 64"},
    {"[ring]\nslots = -4\n", "2:9-11 ring.slots = -4 is less than 64, the least"},
    {"[ring]\nslots = 1_000_000_000\n",
     "2:9-22 ring.slots = 1000000000 is more than 16777216, the most -> 16777216"},
    {"[ring]\nslots = \"many\"\n", "2:9-15 ring.slots = \"many\" is not an integer"},
    {"[ring]\nslots = \"4k\"\n", "2:9-13 ring.slots = \"4k\" is a text, not an integer -> 4000"},
    {"[ring]\narena = \"100KiB\"\n",
     "2:9-17 ring.arena = \"100KiB\" is not a power of two -> \"128KiB\""},
    {"[ring]\narena = \"1MB\"\n",
     "2:9-14 ring.arena = \"1MB\" is not a size; units are B, KiB, MiB, GiB -> \"1MiB\""},
    {"[ring]\nevent_bytes_max = \"1KiB\"\n",
     "2:19-25 ring.event_bytes_max = \"1KiB\" is less than \"64KiB\", the least -> "
     "\"64KiB\""},
    {"[ring]\nevent_bytes_max = \"2GiB\"\n",
     "2:19-25 ring.event_bytes_max = \"2GiB\" is more than \"1GiB\", the most -> \"1GiB\""},
    {"[ring]\nhuge_pages = \"true\"\n",
     "2:14-20 ring.huge_pages = \"true\" is neither true nor false -> true"},
    {"[pipeline]\npartitions = \"some\"\n",
     "2:14-20 pipeline.partitions = \"some\" is not an integer and not \"auto\""},
    {"[pipeline]\nname = \"\"\n", "2:8-10 pipeline.name = \"\" is empty"},
    {"[pipeline]\nname = 5\n", "2:8-9 pipeline.name = 5 is not a text"},
    {"[pipeline]\nprofile = \"quick\"\n",
     "2:11-18 pipeline.profile = \"quick\" is none of latency, balanced, throughput, quiet "
     "-> \"quiet\""},
    {"[admission]\ntimeout = 5\n",
     "2:11-12 admission.timeout = 5 has no unit -> \"5ms\" or \"5s\""},
    {"[admission]\ntimeout = -5\n", "2:11-13 admission.timeout = -5 has no unit"},
    {"[ring]\narena = \"1.5MiB\"\n",
     "2:9-17 ring.arena = \"1.5MiB\" is not a size; units are B, KiB, MiB, GiB"},
    {"[pipeline]\nname = \"a\\u001bb\"\n",
     "2:8-18 pipeline.name = \"a\\u001bb\" has a control character"},
    {"[admission]\ntimeout = \"5\"\n",
     "2:11-14 admission.timeout = \"5\" has no unit -> \"5ms\" or \"5s\""},
    {"[admission]\ntimeout = \"5 parsecs\"\n",
     "2:11-22 admission.timeout = \"5 parsecs\" is not a duration; units are ns, us, ms, s, "
     "min, h"},
    {"[admission]\nhigh = 1.5\n", "2:8-11 admission.high = 1.5 is not a number from 0 to 1"},
    {"[admission]\nhigh = 80\n", "2:8-10 admission.high = 80 is not a number from 0 to 1 -> 0.8"},
    {"[threads]\npin = 2\n",
     "2:7-8 threads.pin = 2 is none of \"auto\", \"none\", a list of CPU numbers -> [2]"},
    {"[threads]\npin = [0, -1]\n", "2:7-14 threads.pin = -1 is not a CPU number from 0 to 1023"},
    {"[threads]\nwait = \"spin\"\n",
     "2:8-14 threads.wait = \"spin\" is none of busy_spin, adaptive, park -> "
     "\"busy_spin\""},
    {"[[segment]]\nname = \"a\"\nafter = \"b\"\n",
     "3:9-12 segment.after = \"b\" is not a list -> [\"b\"]"}};
INSTANTIATE_TEST_SUITE_P(value, ConfigMistakes, testing::ValuesIn(kValue));

// What does not go together.
constexpr Mistake kTogether[] = {
    {"[admission]\nlow = 0.9\n",
     "2:7-10 admission.low = 0.9 is not more than 0 and less than admission.high = 0.8"},
    {"[admission]\nlow_age = \"1s\"\n",
     "2:11-15 admission.low_age does nothing without admission.high_age"},
    {"[admission]\nlow_age = \"2s\"\nhigh_age = \"1s\"\n",
     "2:11-15 admission.low_age is not less than admission.high_age"},
    {"[[stage]]\nname = \"a\"\n[[stage]]\nname = \"a\"\n",
     "4:8-11 there is already a stage \"a\", in line 2"},
    {"[[segment]]\nname = \"one\"\n[[segment]]\nname = \"two\"\nafter = [\"own\"]\n",
     "5:10-15 there is no segment \"own\" -> \"one\""},
    {"[[segment]]\nname = \"one\"\nafter = [\"one\"]\n",
     "3:10-15 segment \"one\" cannot come after itself"},
    {"[[stage]]\nname = \"a\"\nsegment = \"mian\"\n",
     "3:11-17 there is no segment \"mian\" -> \"main\""},
    {"[[source]]\nkind = \"file\"\n", "1:1-11 a source of kind \"file\" needs \"path\""},
    {"[[source]]\nkind = \"file\"\npath = \"-\"\n",
     "3:8-11 source.path = \"-\" is no file -> kind = \"stdin\""},
    {"[[sink]]\nkind = \"null\"\npath = \"x\"\n",
     "3:1-5 a sink of kind \"null\" has no \"path\" -> kind = \"file\""},
    {"[[sink]]\nkind = \"stdout\"\nappend = true\n",
     "3:1-7 a sink of kind \"stdout\" has no \"append\" -> kind = \"file\""},
    {"[[source]]\nkind = \"stdin\"\n[[source]]\nkind = \"stdin\"\n",
     "3:1-11 standard input is read already, by the source in line 1"},
    {"[[source]]\nkind = \"file\"\npath = \"x\"\n[[sink]]\nkind = \"file\"\npath = "
     "\"./x\"\n",
     "6:8-13 sink.path = \"./x\" is the file of a source too"},
    {"[[sink]]\nkind = \"stdout\"\n[[sink]]\nkind = \"stdout\"\n",
     "3:1-9 standard output is the file of a sink too"},
    {"[[sink]]\nkind = \"stdout\"\n[rejects]\npath = \"/dev/stdout\"\n",
     "4:8-21 rejects.path = \"/dev/stdout\" is the file of a sink too"},
    {"[admission]\nlow = 0\n",
     "2:7-8 admission.low = 0 is not more than 0 and less than admission.high = 0.8"},
    {"[pipeline]\nkey = \"Foo Bar\"\n",
     "2:7-16 pipeline.key \"Foo Bar\" is no attribute name (a-z and 0-9) and does not begin with "
     "\"data.\""},
    {"[ring]\nreserve_slots = 3000\n",
     "2:17-21 ring.reserve_slots = 3000 is more than half of ring.slots = 4096"},
    {"[ring]\nreserve_slots = 3000\nslots = 100\n",
     "3:9-12 ring.slots = 100 is not a power of two -> 128"},
    {"[[segment]]\nname = \"one\"\nafter = [\"two\"]\n[[segment]]\nname = \"two\"\n",
     "3:10-15 segment \"two\" is declared further down; it must stand before those that come "
     "after it"}};
INSTANTIATE_TEST_SUITE_P(together, ConfigMistakes, testing::ValuesIn(kTogether));

// What a later version brings is known by name.
constexpr Mistake kLater[] = {
    {"[dedupe]\nwindow = 5\n", "1:1-9 \"[dedupe]\" is not in this version of Penstock"},
    {"[reorder]\nby = [\"subject\"]\n", "1:1-10 \"[reorder]\" is not in this version of Penstock"},
    {"[journal]\n", "1:1-10 \"[journal]\" is not in this version of Penstock"},
    {"[dlq]\n", "1:1-6 \"[dlq]\" is not in this version of Penstock"},
    {"[admission]\nwhen_full = \"shed\"\n",
     "2:13-19 admission.when_full = \"shed\" is not in this version of Penstock"},
    {"[[stage]]\nname = \"a\"\nuse = \"filter\"\nwhere = \"x\"\n",
     "3:7-15 stage.use = \"filter\" is not in this version of Penstock"},
    {"[[stage]]\nname = \"a\"\non_error = \"retry\"\n",
     "3:12-19 stage.on_error = \"retry\" is not in this version of Penstock"},
    {"[[stage]]\nname = \"a\"\nretry = { attempts = 5 }\n",
     "3:1-6 \"retry\" in stage \"a\" is not in this version of Penstock"},
    {"[[source]]\nkind = \"kafka\"\ntopic = \"x\"\n",
     "2:8-15 source.kind = \"kafka\" is not in this version of Penstock"}};
INSTANTIATE_TEST_SUITE_P(later, ConfigMistakes, testing::ValuesIn(kLater));

TEST(Config, tells_all_problems_at_once_as_compilers_do) {
  const auto config = parse_config(
      "[pipeline]\n"
      "\tname = 'caf\xC3\xA9'\n"
      "[ring]\n"
      "slots = 60_000\n"
      "[[stage]]\n"
      "name = \"price\"\n"
      "on_eror = \"drop\"\n",
      "broken.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::invalid_config);
  EXPECT_EQ(
      config.error().message,
      "broken.toml:4:9: ring.slots = 60000 is not a power of two (did you mean 65536?)\n"
      "      4 | slots = 60_000\n"
      "        |         ^~~~~~\n"
      "broken.toml:7:1: unknown key \"on_eror\" in stage \"price\" (did you mean \"on_error\"?)\n"
      "      7 | on_eror = \"drop\"\n"
      "        | ^~~~~~~\n"
      "2 errors");
}

TEST(Config, mark_stands_under_its_place_behind_tabs_and_wide_characters) {
  const std::string text = "[pipeline]\n\tname = 'caf\xC3\xA9'\n\tkey = 5 # \xC3\xA9\n";
  const auto config = parse_config(text, "t");
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().message.find("\n        | \t      ^\n"), std::string::npos)
      << config.error().message;
}

/// The lines below the message of an only problem.
std::vector<std::string> excerpt_of(const std::string& text) {
  const auto config = parse_config(text, "t");
  if (config) return {"no problem"};
  std::vector<std::string> lines;
  std::istringstream all(config.error().message);
  for (std::string line; std::getline(all, line);) lines.push_back(line);
  return lines.size() == 4 ? std::vector(lines.begin() + 1, lines.begin() + 3) : lines;
}

TEST(Config, long_line_is_shown_around_the_place_with_ellipses) {
  const std::string dots(30'000, '.');
  const std::string cut = "\xE2\x80\xA6";
  const std::string blanks(30'000, ' ');
  // The place is at the line's end, in its middle, at its begin; and the mark ends with what is
  // shown.
  EXPECT_EQ(excerpt_of("# " + dots + "\npipeline = {" + blanks + "nme = 1 }\n"),
            (std::vector<std::string>{"      2 | " + cut + std::string(40, ' ') + "nme = 1 }",
                                      "        | " + std::string(41, ' ') + "^~~"}));
  EXPECT_EQ(excerpt_of("pipeline = {" + blanks + "nme = 1 } # " + dots + "\n"),
            (std::vector<std::string>{"      1 | " + cut + std::string(40, ' ') + "nme = 1 } # " +
                                          std::string(48, '.') + cut,
                                      "        | " + std::string(41, ' ') + "^~~"}));
  EXPECT_EQ(
      excerpt_of("[pipeline]\npartitions = \"" + dots + "\"\n"),
      (std::vector<std::string>{"      2 | partitions = \"" + std::string(86, '.') + cut,
                                "        | " + std::string(13, ' ') + "^" + std::string(86, '~')}));
}

TEST(Config, line_that_a_terminal_holds_is_shown_whole_and_characters_are_counted_not_bytes) {
  const std::string cut = "\xE2\x80\xA6";
  const auto line_of = [](std::size_t count) {
    std::string line = "nme = '";
    for (std::size_t i = 8; i < count; ++i) line += "\xC3\xA9";
    return line + "'";
  };
  EXPECT_EQ(excerpt_of("[pipeline]\n" + line_of(100) + "\n")[0], "      2 | " + line_of(100));
  const std::string shown = excerpt_of("[pipeline]\n" + line_of(101) + "\n")[0];
  EXPECT_EQ(shown, "      2 | " + line_of(101).substr(0, line_of(101).size() - 1) + cut);
}

TEST(Config, message_that_names_something_long_keeps_its_begin_and_its_reason) {
  const std::string name(5'000, 'x');
  const auto config = parse_config("[pipeline]\n" + name + " = 1\n", "t");
  ASSERT_FALSE(config);
  const std::string message = config.error().message.substr(0, config.error().message.find('\n'));
  EXPECT_TRUE(message.starts_with("t:2:1: unknown key \"xxx")) << message;
  EXPECT_TRUE(message.ends_with("xxx\" in [pipeline]")) << message;
  EXPECT_LT(message.size(), 320U);
}

TEST(Config, missing_file_is_unavailable) {
  const auto config = load_config("no/such/file.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::unavailable);
  EXPECT_NE(config.error().message.find("no/such/file.toml: "), std::string::npos);
}

TEST(Config, values_arrive_in_the_options) {
  const auto config = parse_config(
      "[pipeline]\nname = \"orders\"\npartitions = 2\nkey = \"data.orderId\"\ndecode = "
      "\"envelope\"\n"
      "[ring]\nslots = 1024\narena = \"256KiB\"\nevent_bytes_max = 65536\ninline_bytes_max = "
      "\"4KiB\"\n"
      "[admission]\nwhen_full = \"drop_newest\"\ntimeout = \"5ms\"\nhigh_age = \"1min\"\n"
      "[threads]\npin = [2, 3]\nwait = \"park\"\nrunners = 1\n"
      "[batch]\nevents = 8\n"
      "[[segment]]\nname = \"a\"\n[[segment]]\nname = \"b\"\nafter = [\"a\"]\n"
      "[[stage]]\nname = \"price\"\nsegment = \"b\"\non_error = \"drop\"\n"
      "[[source]]\nkind = \"file\"\npath = \"in\"\n[[source]]\nkind = \"stdin\"\n"
      "[[sink]]\nkind = \"file\"\npath = \"out\"\nappend = true\n"
      "[rejects]\npath = \"bad\"\n",
      "t.toml");
  ASSERT_TRUE(config) << config.error().message;
  const PipelineOptions& options = config->pipeline;
  EXPECT_EQ(options.name, "orders");
  EXPECT_EQ(options.partitions, 2U);
  EXPECT_EQ(options.key, "data.orderId");
  EXPECT_EQ(options.decode, DecodeMode::envelope);
  EXPECT_EQ(options.ring.slots, 1024U);
  EXPECT_EQ(options.ring.arena_bytes, 256U * 1024);
  EXPECT_EQ(options.ring.event_bytes_max, 65536U);
  EXPECT_EQ(options.ring.inline_bytes_max, 4096U);
  EXPECT_EQ(options.admission.when_full, AdmissionPolicy::drop_newest);
  EXPECT_EQ(options.admission.timeout, 5ms);
  EXPECT_EQ(options.admission.high_age, 1min);
  EXPECT_EQ(options.threads.pin, PinKind::list);
  EXPECT_EQ(options.threads.cpus, (std::vector<unsigned>{2, 3}));
  EXPECT_EQ(options.threads.wait, WaitKind::park);
  EXPECT_EQ(options.batch.events, 8U);
  ASSERT_EQ(options.segments.size(), 2U);
  EXPECT_EQ(options.segments[1].after, std::vector<std::string>{"a"});
  ASSERT_EQ(options.stages.size(), 1U);
  EXPECT_EQ(options.stages[0].on_error, OnError::drop);
  EXPECT_EQ(options.stages[0].place, "t.toml:26:1");
  EXPECT_TRUE(options.stages_are_fixed);
  ASSERT_EQ(config->sources.size(), 2U);
  EXPECT_EQ(config->sources[1].kind, SourceKind::standard_input);
  ASSERT_EQ(config->sinks.size(), 1U);
  EXPECT_TRUE(config->sinks[0].append);
  EXPECT_EQ(config->rejects->path, "bad");
}

TEST(Config, profile_sets_defaults_that_keys_override_wherever_they_stand) {
  const auto config =
      parse_config("[ring]\nslots = 2048\n[pipeline]\nprofile = \"throughput\"\n", "t.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->pipeline.profile, Profile::throughput);
  EXPECT_EQ(config->pipeline.ring.slots, 2048U);
  EXPECT_EQ(config->pipeline.ring.arena_bytes, 4U << 20);
  EXPECT_EQ(config->pipeline.batch.events, 256U);
}

TEST(Config, key_of_very_many_parts_is_refused_before_it_is_parsed) {
  std::string parts = "a";
  for (int i = 0; i < 1'000'000; ++i) parts += ".a";
  const std::string expected = "2:1-0 a key of more than 64 parts";
  EXPECT_EQ(only_problem_of("\n[" + parts + "]\n"), expected);
  EXPECT_EQ(only_problem_of("\n" + parts + " = 1\n"), expected);
  const std::string dots(100, '.');
  EXPECT_EQ(only_problem_of("[pipeline]\nname = \"" + dots + "\"\n"),
            "2:8-110 pipeline.name has 100 bytes, more than 64")
      << "a value may have any number";
}

TEST(Config, other_spellings_of_a_file_are_the_same_file) {
  namespace fs = std::filesystem;
  std::string folder = (fs::temp_directory_path() / "penstock-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/in") << "{}";
  fs::create_symlink("in", folder + "/link");
  fs::create_hard_link(folder + "/in", folder + "/hard");
  ::setenv("PENSTOCK_TEST_FOLDER", folder.c_str(), 1);
  const std::string source = "[[source]]\nkind = \"file\"\npath = \"" + folder + "/in\"\n";
  for (const std::string& path :
       {std::string("/in"), "/../" + fs::path(folder).filename().string() + "/in",
        std::string("/link"), std::string("/hard")}) {
    const std::string sink =
        "[[sink]]\nkind = \"file\"\npath = \"${PENSTOCK_TEST_FOLDER}" + path + "\"\n";
    EXPECT_NE(only_problem_of(source + sink).find(" is the file of a source too"),
              std::string::npos)
        << path;
  }
  EXPECT_EQ(problems_of(source + "[rejects]\npath = \"${PENSTOCK_TEST_FOLDER}/new\"\n").size(), 0U);
  fs::remove_all(folder);
}

class ConfigEnvironment : public testing::Test {
 protected:
  // Tests of one binary run one after the other, on one thread.
  void SetUp() override {
    ::setenv("PENSTOCK_TEST_SET", "subject", 1);
    ::setenv("PENSTOCK_TEST_EMPTY", "", 1);
    ::unsetenv("PENSTOCK_TEST_UNSET");
  }
};

TEST_F(ConfigEnvironment, is_expanded_in_texts) {
  const auto config = parse_config(
      "[pipeline]\nkey = \"${PENSTOCK_TEST_SET}\"\nname = \"a-${PENSTOCK_TEST_UNSET:-b}-c\"\n"
      "[ring]\narena = \"${PENSTOCK_TEST_EMPTY:-64}KiB\"\n",
      "t.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->pipeline.key, "subject");
  EXPECT_EQ(config->pipeline.name, "a-b-c");
  EXPECT_EQ(config->pipeline.ring.arena_bytes, 64U * 1024);
}

TEST_F(ConfigEnvironment, variable_that_is_missing_is_an_error) {
  EXPECT_EQ(only_problem_of("[pipeline]\nkey = \"${PENSTOCK_TEST_UNSET}\"\n"),
            "2:7-31 environment variable \"PENSTOCK_TEST_UNSET\" is not set -> "
            "${PENSTOCK_TEST_UNSET:-default}");
}

TEST_F(ConfigEnvironment, written_twice_the_dollar_stands_for_itself) {
  const auto config = parse_config("[pipeline]\nname = \"$${PENSTOCK_TEST_SET} $$ $\"\n", "t.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->pipeline.name, "${PENSTOCK_TEST_SET} $$ $");
}

TEST_F(ConfigEnvironment, variable_inside_a_default_is_an_error) {
  EXPECT_EQ(only_problem_of("[pipeline]\nkey = \"${PENSTOCK_TEST_UNSET:-${B:-c}}\"\n"),
            "2:7-40 \"${\" inside of \"${PENSTOCK_TEST_UNSET:-...}\": a default is plain text");
}

TEST_F(ConfigEnvironment, connectors_are_checked_as_they_are_expanded) {
  EXPECT_EQ(only_problem_of("[[source]]\nkind = \"${PENSTOCK_TEST_UNSET:-file}\"\n"),
            "1:1-11 a source of kind \"file\" needs \"path\"");
  EXPECT_EQ(only_problem_of("[[source]]\nkind = \"file\"\npath = \"${PENSTOCK_TEST_EMPTY}\"\n"),
            "3:8-32 source.path = \"${PENSTOCK_TEST_EMPTY}\" is empty");
}

TEST_F(ConfigEnvironment, expression_that_is_not_closed_is_an_error) {
  EXPECT_EQ(only_problem_of("[pipeline]\nkey = \"${PENSTOCK_TEST_SET\"\n"),
            "2:7-28 \"${\" without \"}\" in \"${PENSTOCK_TEST_SET\"");
}

TEST(Config, description_read_again_is_the_same_config) {
  const auto config = parse_config(
      "[pipeline]\nprofile = \"quiet\"\nname = \"say \\\"hello\\\" $${x}\"\n[admission]\nhigh = "
      "0.123456789\n"
      "low = 0.1\n[threads]\npin = [1]\n"
      "[[segment]]\nname = \"a\"\n[[stage]]\nname = \"s\"\n[[source]]\nkind = \"stdin\"\n"
      "[[sink]]\nkind = \"null\"\n[rejects]\npath = \"bad\"\n",
      "t.toml");
  ASSERT_TRUE(config) << config.error().message;
  const std::string description = describe_config(*config);
  const auto again = parse_config(description, "t.toml");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(describe_config(*again), description);
}

}  // namespace
}  // namespace penstock
