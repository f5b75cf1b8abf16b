// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/files/reject_file.hpp>

#include <algorithm>
#include <mutex>
#include <string_view>

#include <penstock/io/files/output_file.hpp>
#include <penstock/io/json_writer.hpp>

namespace penstock {
namespace {

/// A line is written in pieces of about so many bytes, so that a long one needs no more memory.
constexpr std::size_t kPieceBytes = 16 * 1024;
constexpr std::size_t kBase64Group = 3;

/// The beginning of a text, of at most about a piece, that ends between two characters.
std::string_view whole_characters(std::string_view text) noexcept {
  std::size_t end = std::min(text.size(), kPieceBytes);
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return text.substr(0, end);
}

class RejectFile final : public RejectSink {
 public:
  RejectFile(std::string path, bool append) : file_(std::move(path), append) {}

  [[nodiscard]] std::string_view name() const noexcept override { return file_.path(); }
  Status open() override { return file_.open(); }
  Status begin() override { return file_.begin(); }
  Status write(const Reject& reject) override {
    const std::scoped_lock guard(lock_);
    return write_reject(reject, line_, [this](std::string_view piece) {
      return write_all(file_.number(), piece, file_.path());
    });
  }
  Status close() override { return file_.close(); }

 private:
  // Fixed after open().
  OutputFile file_;
  // Guarded by lock_.
  std::mutex lock_;
  std::string line_;
};

}  // namespace

Status write_reject(const Reject& reject, std::string& line, const TakePiece& take) {
  JsonWriter head;
  head.begin_object().member("source", reject.source).member("line", reject.line);
  head.member("kind", reject.dead ? "dead" : "refused").member("reason", reject.reason);
  head.member("stage", reject.stage).member("detail", reject.detail);
  // The beginning of a long line may end within a character; the bytes are kept exactly all the
  // same.
  const bool is_text = is_utf8(reject.bytes);
  line.assign(head.text()).append(is_text ? ",\"bytes\":\"" : ",\"bytes_base64\":\"");
  for (std::string_view rest = reject.bytes; !rest.empty();) {
    const std::string_view piece = is_text
                                       ? whole_characters(rest)
                                       : rest.substr(0, kPieceBytes / kBase64Group * kBase64Group);
    if (is_text)
      append_json_text(line, piece);
    else
      line += base64(piece);
    rest.remove_prefix(piece.size());
    if (line.size() < kPieceBytes) continue;
    if (Status taken = take(line); !taken) return taken;
    line.clear();
  }
  line += '"';
  if (reject.bytes_total > reject.bytes.size())
    line += ",\"bytes_total\":" + std::to_string(reject.bytes_total) + ",\"truncated\":true";
  line += "}\n";
  return take(line);
}

std::unique_ptr<RejectSink> make_reject_file(std::string path, bool append) {
  return std::make_unique<RejectFile>(std::move(path), append);
}

}  // namespace penstock
