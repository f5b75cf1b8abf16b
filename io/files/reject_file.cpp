// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/files/reject_file.hpp>

#include <array>
#include <mutex>

#include <sys/uio.h>

#include <penstock/io/files/descriptor.hpp>

namespace penstock {
namespace {

class RejectFile final : public RejectSink {
 public:
  RejectFile(std::string path, bool append) : path_(std::move(path)), append_(append) {}

  [[nodiscard]] std::string_view name() const noexcept override { return path_; }

  Status open() override {
    auto file = open_output(path_, append_);
    if (!file) return tl::unexpected(file.error());
    file_ = *std::move(file);
    return {};
  }

  Status write(const Reject& reject) override {
    const std::scoped_lock guard(lock_);
    json_.clear();
    write_reject(reject, json_);
    const std::string& line = json_.text();
    char newline = '\n';
    std::array<iovec, 2> parts{iovec{const_cast<char*>(line.data()), line.size()},
                               iovec{&newline, 1}};
    return write_all(file_.number(), parts, path_);
  }

  Status close() override { return file_.close(path_); }

 private:
  // Fixed after open().
  std::string path_;
  bool append_;
  Descriptor file_;
  // Guarded by lock_.
  std::mutex lock_;
  JsonWriter json_;
};

}  // namespace

void write_reject(const Reject& reject, JsonWriter& json) {
  json.begin_object().member("source", reject.source).member("line", reject.line);
  json.member("kind", reject.dead ? "dead" : "refused").member("reason", reject.reason);
  json.member("stage", reject.stage).member("detail", reject.detail);
  // The beginning of a long line may end within a character; the bytes are kept exactly all the
  // same.
  if (is_utf8(reject.bytes))
    json.member("bytes", reject.bytes);
  else
    json.member("bytes_base64", base64(reject.bytes));
  if (reject.bytes_total > reject.bytes.size())
    json.member("bytes_total", reject.bytes_total).member("truncated", true);
  json.end_object();
}

std::unique_ptr<RejectSink> make_reject_file(std::string path, bool append) {
  return std::make_unique<RejectFile>(std::move(path), append);
}

}  // namespace penstock
