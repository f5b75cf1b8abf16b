// SPDX-License-Identifier: Apache-2.0
// Sinks and the reject file against the system: what is written, and each way in which writing
// fails.
#include <penstock/io/files/sinks.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <penstock/io/files/descriptor.hpp>
#include <penstock/io/files/reject_file.hpp>
#include <penstock/io/json_writer.hpp>

namespace penstock {
namespace {

/// Events as a ring has them: 64 newlines behind each.
class Events {
 public:
  explicit Events(const std::vector<std::string>& events) {
    texts_.reserve(events.size());
    for (const std::string& event : events) {
      texts_.push_back(event + std::string(64, '\n'));
      views_.emplace_back(texts_.back().data(), event.size());
    }
  }
  [[nodiscard]] std::span<const std::string_view> views() const { return views_; }

 private:
  std::vector<std::string> texts_;
  std::vector<std::string_view> views_;
};

class SinkTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    std::string name = (std::filesystem::temp_directory_path() / "penstock-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const char* name) const { return (folder_ / name).string(); }

  static std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::filesystem::path folder_;
};

TEST_F(SinkTest, writes_one_line_an_event) {
  const auto sink = make_file_sink(path("out"), false);
  ASSERT_TRUE(sink->open());
  ASSERT_TRUE(sink->write(Events({"{\"a\":1}", "{}"}).views(), 0));
  ASSERT_TRUE(sink->write(Events({"{\"b\":2}"}).views(), 1));
  ASSERT_TRUE(sink->close());
  EXPECT_EQ(contents(path("out")), "{\"a\":1}\n{}\n{\"b\":2}\n");
}

TEST_F(SinkTest, truncates_or_appends) {
  for (const bool append : {false, false, true, true}) {
    const auto sink = make_file_sink(path("out"), append);
    ASSERT_TRUE(sink->open());
    ASSERT_TRUE(sink->begin());
    ASSERT_TRUE(sink->write(Events({"{}"}).views(), 0));
    ASSERT_TRUE(sink->close());
  }
  EXPECT_EQ(contents(path("out")), "{}\n{}\n{}\n");
}

TEST_F(SinkTest, what_was_there_stays_until_the_pipeline_begins) {
  std::ofstream(path("out")) << "before";
  const auto sink = make_file_sink(path("out"), false);
  ASSERT_TRUE(sink->open());
  EXPECT_EQ(contents(path("out")), "before");
  ASSERT_TRUE(sink->begin());
  EXPECT_EQ(contents(path("out")), "");
}

TEST_F(SinkTest, append_ends_a_line_that_somebody_left_unfinished) {
  for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
           {"", "{}\n"}, {"[]\n", "[]\n{}\n"}, {"{\"a\":", "{\"a\":\n{}\n"}}) {
    std::ofstream(path("out"), std::ios::trunc) << before;
    const auto sink = make_file_sink(path("out"), true);
    ASSERT_TRUE(sink->open());
    ASSERT_TRUE(sink->begin());
    ASSERT_TRUE(sink->write(Events({"{}"}).views(), 0));
    ASSERT_TRUE(sink->close());
    EXPECT_EQ(contents(path("out")), after);
  }
}

TEST_F(SinkTest, descriptor_of_the_process_is_written_where_it_stands) {
  const Descriptor log(::open(path("log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_TRUE(write_all(log.number(), "words\n", "log"));
  const auto rejects = make_reject_file("/dev/fd/" + std::to_string(log.number()), false);
  ASSERT_TRUE(rejects->open());
  ASSERT_TRUE(rejects->begin());
  ASSERT_TRUE(rejects->write(Reject{}));
  ASSERT_TRUE(rejects->close());
  ASSERT_TRUE(write_all(log.number(), "more words\n", "log"));
  const std::string text = contents(path("log"));
  EXPECT_TRUE(text.starts_with("words\n{\"source\"")) << text;
  EXPECT_TRUE(text.ends_with("}\nmore words\n")) << text;
}

TEST_F(SinkTest, newlines_inside_become_blanks) {
  std::string many = "{";
  for (int i = 0; i < 1000; ++i) many += '\n';
  const auto sink = make_file_sink(path("out"), false);
  ASSERT_TRUE(sink->open());
  ASSERT_TRUE(sink->write(Events({"{}", "{\n\"a\":\n1}", "[]", "\n{}\n", many + "}"}).views(), 0));
  ASSERT_TRUE(sink->close());
  EXPECT_EQ(contents(path("out")), "{}\n{ \"a\": 1}\n[]\n {} \n{" + std::string(1000, ' ') + "}\n");
}

TEST_F(SinkTest, event_without_newlines_behind_is_a_line_too) {
  // What was lent has only readable bytes behind it.
  const std::string lent = "{\"a\":1}{\"a\":\n2}" + std::string(64, '?');
  const std::array<std::string_view, 2> events{std::string_view(lent).substr(0, 7),
                                               std::string_view(lent).substr(7, 8)};
  const auto sink = make_file_sink(path("out"), false);
  ASSERT_TRUE(sink->open());
  ASSERT_TRUE(sink->write(events, 0));
  ASSERT_TRUE(sink->close());
  EXPECT_EQ(contents(path("out")), "{\"a\":1}\n{\"a\": 2}\n");
}

TEST_F(SinkTest, batch_larger_than_one_system_call_keeps_its_order) {
  std::vector<std::string> events;
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    events.push_back(std::to_string(i));
    expected += events.back() + '\n';
  }
  const auto sink = make_file_sink(path("out"), false);
  ASSERT_TRUE(sink->open());
  ASSERT_TRUE(sink->write(Events(events).views(), 0));
  ASSERT_TRUE(sink->close());
  EXPECT_EQ(contents(path("out")), expected);
}

TEST_F(SinkTest, partitions_that_write_at_the_same_time_keep_lines_whole) {
  const auto sink = make_file_sink(path("out"), false);
  ASSERT_TRUE(sink->open());
  constexpr int kBatches = 200;
  std::vector<std::thread> threads;
  for (unsigned partition = 0; partition < 3; ++partition)
    threads.emplace_back([&sink, partition] {
      const std::string event(100 + partition, static_cast<char>('a' + partition));
      const Events events({event, event});
      for (int i = 0; i < kBatches; ++i) EXPECT_TRUE(sink->write(events.views(), partition));
    });
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(sink->close());
  std::istringstream lines(contents(path("out")));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    ASSERT_EQ(line.size(), 100U + static_cast<unsigned>(line[0] - 'a'));
    ASSERT_EQ(line.find_first_not_of(line[0]), std::string::npos);
  }
  EXPECT_EQ(count, 3 * 2 * kBatches);
}

TEST_F(SinkTest, full_device_is_a_storage_error_with_its_name) {
  const auto sink = make_file_sink("/dev/full", false);
  ASSERT_TRUE(sink->open());
  const Status status = sink->write(Events({"{}"}).views(), 0);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::storage);
  EXPECT_EQ(status.error().message, "/dev/full: No space left on device");
}

TEST_F(SinkTest, folder_that_is_missing_fails_the_open) {
  const auto sink = make_file_sink(path("no/such/out"), false);
  const Status status = sink->open();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::unavailable);
  EXPECT_EQ(status.error().message, path("no/such/out") + ": No such file or directory");
}

TEST_F(SinkTest, null_sink_takes_everything) {
  const auto sink = make_null_sink();
  EXPECT_TRUE(sink->open());
  EXPECT_TRUE(sink->write(Events({"{}"}).views(), 0));
  EXPECT_TRUE(sink->close());
}

TEST_F(SinkTest, broken_pipe_is_a_storage_error) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ::close(ends[0]);
  const Descriptor writer(ends[1]);
  const Status status = write_all(writer.number(), "x", "pipe");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::storage);
  EXPECT_EQ(status.error().message, "pipe: Broken pipe");
}

TEST_F(SinkTest, short_writes_and_a_full_pipe_lose_nothing) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor reader(ends[0]);
  Descriptor writer(ends[1]);
  ::fcntl(writer.number(), F_SETPIPE_SZ, 4096);
  ASSERT_EQ(::fcntl(writer.number(), F_SETFL, O_NONBLOCK), 0);  // EAGAIN instead of waiting
  std::string sent;
  for (int i = 0; i < 20'000; ++i) sent += std::to_string(i) + ' ';
  std::string received;
  std::thread reading([&] {
    std::array<char, 333> piece{};
    while (true) {
      const ssize_t count = ::read(reader.number(), piece.data(), piece.size());
      if (count <= 0) return;
      received.append(piece.data(), static_cast<std::size_t>(count));
    }
  });
  const Status written = write_all(writer.number(), sent, "pipe");
  ASSERT_TRUE(writer.close("pipe"));
  reading.join();
  EXPECT_TRUE(written);
  EXPECT_EQ(received, sent);
}

TEST_F(SinkTest, reject_is_written_when_write_returns) {
  const auto rejects = make_reject_file(path("bad"), false);
  ASSERT_TRUE(rejects->open());
  Reject reject;
  reject.source = "in.ndjson";
  reject.line = 3;
  reject.stage = "decode";
  reject.reason = "invalid";
  reject.detail = "\"id\" is missing";
  reject.bytes = "{\"a\":\"\xC3\xA9\"}";
  reject.bytes_total = reject.bytes.size();
  ASSERT_TRUE(rejects->write(reject));
  EXPECT_EQ(contents(path("bad")),
            "{\"source\":\"in.ndjson\",\"line\":3,\"kind\":\"refused\",\"reason\":\"invalid\","
            "\"stage\":\"decode\",\"detail\":\"\\\"id\\\" is missing\","
            "\"bytes\":\"{\\\"a\\\":\\\"\xC3\xA9\\\"}\"}\n");
  ASSERT_TRUE(rejects->close());
}

/// The line of a reject, and how many pieces it came in.
std::pair<std::string, int> line_of(const Reject& reject) {
  std::pair<std::string, int> told;
  std::string memory;
  EXPECT_TRUE(write_reject(reject, memory, [&](std::string_view piece) {
    told.first += piece;
    ++told.second;
    EXPECT_LT(piece.size(), 128U * 1024);
    return Status{};
  }));
  return told;
}

TEST_F(SinkTest, reject_keeps_bytes_that_are_no_text_and_says_what_is_missing) {
  Reject reject;
  reject.dead = true;
  reject.reason = "dead";
  reject.bytes = std::string_view("\xFF\x00\x01", 3);
  reject.bytes_total = 1000;
  EXPECT_EQ(line_of(reject).first,
            "{\"source\":\"\",\"line\":0,\"kind\":\"dead\",\"reason\":\"dead\",\"stage\":\"\","
            "\"detail\":\"\",\"bytes_base64\":\"/wAB\",\"bytes_total\":1000,\"truncated\":true}\n");
}

TEST_F(SinkTest, long_reject_is_the_same_in_pieces) {
  std::string text;
  while (text.size() < 300'000)
    text += "\x01\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80" + std::string(text.size() % 7, 'a');
  Reject reject;
  reject.bytes = text;
  const auto [line, pieces] = line_of(reject);
  EXPECT_GT(pieces, 10);
  EXPECT_EQ(nlohmann::json::parse(line)["bytes"].get<std::string>(), text);
  text += '\xFF';
  reject.bytes = text;
  EXPECT_EQ(nlohmann::json::parse(line_of(reject).first)["bytes_base64"].get<std::string>(),
            base64(text));
}

TEST_F(SinkTest, piece_that_cannot_be_written_ends_the_reject) {
  const std::string text(100'000, 'x');
  Reject reject;
  reject.bytes = text;
  std::string memory;
  int calls = 0;
  const Status status = write_reject(reject, memory, [&](std::string_view) -> Status {
    ++calls;
    return error(ErrorCode::storage, "full");
  });
  EXPECT_FALSE(status);
  EXPECT_EQ(calls, 1);
}

TEST_F(SinkTest, rejects_on_a_full_device_are_a_storage_error) {
  const auto rejects = make_reject_file("/dev/full", false);
  ASSERT_TRUE(rejects->open());
  const Status status = rejects->write(Reject{});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::storage);
}

}  // namespace
}  // namespace penstock
