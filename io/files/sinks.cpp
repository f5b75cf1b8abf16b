// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/files/sinks.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <optional>
#include <string_view>

#include <sys/uio.h>
#include <unistd.h>

#include <penstock/io/files/descriptor.hpp>

namespace penstock {
namespace {

constexpr std::size_t kPartsMax = 256;  ///< in one system call; well under IOV_MAX, on the stack

class LineSink final : public Sink {
 public:
  /// Without a path: standard output.
  LineSink(std::optional<std::string> path, bool append)
      : path_(std::move(path)), name_(path_ ? *path_ : "stdout"), append_(append) {}

  [[nodiscard]] std::string_view name() const noexcept override { return name_; }

  Status open() override {
    if (!path_) return {};
    auto file = open_output(*path_, append_);
    if (!file) return tl::unexpected(file.error());
    file_ = *std::move(file);
    return {};
  }

  Status write(std::span<const std::string_view> events, unsigned partition) override;

  Status close() override { return file_.close(name_); }

 private:
  Status write_with_blanks(std::string_view event);
  [[nodiscard]] int descriptor() const noexcept { return path_ ? file_.number() : STDOUT_FILENO; }

  // Fixed after open().
  std::optional<std::string> path_;
  std::string name_;
  bool append_;
  Descriptor file_;
  // Guarded by lock_, which also keeps a batch together.
  std::mutex lock_;
  std::string line_;
};

Status LineSink::write(std::span<const std::string_view> events, unsigned) {
  std::array<iovec, kPartsMax> parts;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  std::size_t count = 0;
  Status status;
  const std::scoped_lock guard(lock_);
  const auto flush = [&] {
    if (count > 0 && status) status = write_all(descriptor(), {parts.data(), count}, name_);
    count = 0;
  };
  for (const std::string_view event : events) {
    if (std::memchr(event.data(), '\n', event.size()) != nullptr) [[unlikely]] {
      flush();
      if (status) status = write_with_blanks(event);
      continue;
    }
    // writev only reads; its structure serves reading too and so has no const.
    parts[count++] = {const_cast<char*>(event.data()), event.size() + 1};
    if (count == kPartsMax) flush();
  }
  flush();
  return status;
}

Status LineSink::write_with_blanks(std::string_view event) {
  line_.assign(event);
  std::ranges::replace(line_, '\n', ' ');
  line_ += '\n';
  return write_all(descriptor(), line_, name_);
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
  return std::make_unique<LineSink>(std::move(path), append);
}

std::unique_ptr<Sink> make_stdout_sink() { return std::make_unique<LineSink>(std::nullopt, false); }

std::unique_ptr<Sink> make_null_sink() { return std::make_unique<NullSink>(); }

}  // namespace penstock
