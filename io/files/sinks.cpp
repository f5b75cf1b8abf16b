// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/files/sinks.hpp>

#include <array>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <sys/uio.h>

#include <penstock/io/files/output_file.hpp>

namespace penstock {
namespace {

constexpr std::size_t kPartsMax = 256;  ///< in one system call; well under IOV_MAX, on the stack

class LineSink final : public Sink {
 public:
  LineSink(std::string path, std::string name, bool append)
      : name_(std::move(name)), file_(std::move(path), append) {}

  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  Status open() override { return file_.open(); }
  Status begin() override { return file_.begin(); }
  Status write(std::span<const std::string_view> events, unsigned partition) override;
  Status close() override { return file_.close(); }

 private:
  /// Bytes for one system call; guarded by lock_.
  struct Parts {
    std::array<iovec, kPartsMax> all;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    std::size_t count = 0;
  };
  Status add(Parts& parts, std::string_view bytes);
  Status add_with_blanks(Parts& parts, std::string_view line, std::size_t event_bytes);
  Status flush(Parts& parts);

  // Fixed after open().
  std::string name_;
  OutputFile file_;
  // Keeps the events of one write() together.
  std::mutex lock_;
};

Status LineSink::write(std::span<const std::string_view> events, unsigned) {
  Parts parts;
  const std::scoped_lock guard(lock_);
  for (const std::string_view event : events) {
    // With a newline of its padding. An event that was lent may have anything behind it.
    const bool newline_follows = event.data()[event.size()] == '\n';
    const std::string_view line(event.data(), event.size() + (newline_follows ? 1 : 0));
    const bool is_one_line = std::memchr(event.data(), '\n', event.size()) == nullptr;
    Status added = is_one_line ? add(parts, line) : add_with_blanks(parts, line, event.size());
    if (added && !newline_follows) added = add(parts, "\n");
    if (!added) return added;
  }
  return flush(parts);
}

Status LineSink::add(Parts& parts, std::string_view bytes) {
  // writev only reads; its structure serves reading too and so has no const.
  parts.all[parts.count++] = {const_cast<char*>(bytes.data()), bytes.size()};
  return parts.count == kPartsMax ? flush(parts) : Status{};
}

/// The line with a blank for each newline among its first `event_bytes`.
Status LineSink::add_with_blanks(Parts& parts, std::string_view line, std::size_t event_bytes) {
  for (;;) {
    const std::size_t newline = line.find('\n');
    if (newline >= event_bytes) return add(parts, line);
    if (Status added = add(parts, line.substr(0, newline)); !added) return added;
    if (Status added = add(parts, " "); !added) return added;
    line.remove_prefix(newline + 1);
    event_bytes -= newline + 1;
  }
}

Status LineSink::flush(Parts& parts) {
  const std::size_t count = std::exchange(parts.count, 0);
  return count == 0 ? Status{} : write_all(file_.number(), {parts.all.data(), count}, name_);
}

class NullSink final : public Sink {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "null"; }
  Status open() override { return {}; }
  Status write(std::span<const std::string_view>, unsigned) override { return {}; }
  Status close() override { return {}; }
};

}  // namespace

std::unique_ptr<Sink> make_file_sink(std::string path, bool append) {
  std::string name = path;
  return std::make_unique<LineSink>(std::move(path), std::move(name), append);
}

std::unique_ptr<Sink> make_stdout_sink() {
  return std::make_unique<LineSink>("/dev/stdout", "stdout", false);
}

std::unique_ptr<Sink> make_null_sink() { return std::make_unique<NullSink>(); }

}  // namespace penstock
