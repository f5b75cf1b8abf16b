// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/cli/inspect.hpp>

#include <cerrno>
#include <map>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <penstock/io/cli/exit_code.hpp>
#include <penstock/io/cli/terminal.hpp>
#include <penstock/io/files/descriptor.hpp>
#include <penstock/io/files/line_reader.hpp>
#include <penstock/io/json_writer.hpp>

namespace penstock::cli {
namespace {

/// What CloudEvents 1.0.2 recommends but does not demand: section 3 (names), section 5 (size
/// limits).
constexpr std::uint32_t kNameBytesShould = 20;
constexpr std::size_t kEventBytesShould = 64 * 1024;
constexpr std::size_t kPrintedBytes = 256 * 1024;  ///< results are written in pieces of about this

std::vector<std::string> warnings_of(std::string_view event, const Envelope& envelope) {
  std::vector<std::string> warnings;
  if (event.size() > kEventBytesShould)
    warnings.push_back("is longer than the 64 KiB that every intermediary forwards");
  for (unsigned i = 0; i < Envelope::kExtensionsInline && i < envelope.extensions_count; ++i) {
    const View name = envelope.extensions[i].name;
    if (name.length() > kNameBytesShould)
      warnings.push_back("attribute name \"" +
                         std::string(event.substr(name.offset, name.length())) +
                         "\" is longer than the recommended 20 characters");
  }
  return warnings;
}

struct Finding {
  bool accepted = true;
  std::string_view reason;  ///< stable name
  std::string attribute;
  std::string detail;
  std::vector<std::string> warnings;
};

class Inspection {
 public:
  Inspection(const InspectArguments& arguments, Decoder decoder)
      : arguments_(arguments),
        decoder_(std::move(decoder)),
        lines_(arguments.decoder.event_bytes_max),
        name_(arguments.path == "-" ? "stdin" : arguments.path) {}

  /// Returns an exit code.
  int run();

 private:
  int read_all(int descriptor);
  Finding look_at(const InputLine& line);
  void tell(std::uint64_t line, const Finding& finding);
  void tell_json(std::uint64_t line, const Finding& finding);
  void summarise();
  int flush();

  const InspectArguments& arguments_;
  Decoder decoder_;
  LineReader lines_;
  std::string name_;
  std::string out_;
  std::uint64_t accepted_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> refused_;  ///< by reason
};

int Inspection::run() {
  Descriptor file;
  if (arguments_.path != "-") {
    file = Descriptor(::open(arguments_.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail(system_error(ErrorCode::unavailable, name_, errno).value());
  }
  if (const int code = read_all(file ? file.number() : STDIN_FILENO); code != kFine) return code;
  summarise();
  if (const int code = flush(); code != kFine) return code;
  return refused_.empty() ? kFine : kCheckFailed;
}

int Inspection::read_all(int descriptor) {
  InputLine line;
  for (bool ended = false; !ended;) {
    const auto room = lines_.room();
    const ssize_t count = ::read(descriptor, room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {  // somebody else made standard input non-blocking
      pollfd wait{descriptor, POLLIN, 0};
      ::poll(&wait, 1, -1);
      continue;
    }
    if (count < 0) {
      const int failure = errno;
      if (const int code = flush(); code != kFine) return code;
      const ErrorCode code = failure == EISDIR ? ErrorCode::unavailable : ErrorCode::storage;
      return fail(system_error(code, name_, failure).value());
    }
    lines_.filled(static_cast<std::size_t>(count));
    ended = count == 0;
    if (ended) lines_.end();
    while (lines_.next(line)) {
      tell(line.number, look_at(line));
      if (out_.size() < kPrintedBytes) continue;
      if (const int code = flush(); code != kFine) return code;
    }
  }
  return kFine;
}

Finding Inspection::look_at(const InputLine& line) {
  Finding finding;
  Envelope envelope;
  DocumentIndex index;
  DecodeAnswer answer;
  decoder_.clear();
  if (line.too_long())
    answer.refusal = Refusal::too_large;
  else
    answer = decoder_.decode(line.bytes, envelope, index);
  if (answer.ok()) {
    ++accepted_;
    finding.warnings = warnings_of(line.bytes, envelope);
    return finding;
  }
  finding.accepted = false;
  finding.reason = to_string(answer.refusal);
  finding.detail = describe(answer, line.bytes);
  finding.attribute = answer.attribute;
  if (finding.attribute.empty() && answer.name.present())
    finding.attribute = line.bytes.substr(answer.name.offset, answer.name.length());
  ++refused_.try_emplace(std::string(finding.reason)).first->second;
  return finding;
}

void Inspection::tell(std::uint64_t line, const Finding& finding) {
  if (arguments_.json) return tell_json(line, finding);
  const std::string place = name_ + ':' + std::to_string(line) + ": ";
  if (!finding.accepted) out_ += place + "refused: " + finding.detail + '\n';
  for (const std::string& warning : finding.warnings)
    out_.append(place).append("warning: ").append(warning) += '\n';
}

void Inspection::tell_json(std::uint64_t line, const Finding& finding) {
  JsonWriter json;
  json.begin_object().member("line", line).member("accepted", finding.accepted);
  if (!finding.accepted) {
    json.member("reason", finding.reason).member("attribute", finding.attribute);
    json.member("detail", finding.detail);
  }
  json.member("warnings", finding.warnings).end_object();
  out_ += json.text() + '\n';
}

void Inspection::summarise() {
  std::uint64_t refused = 0;
  for (const auto& [reason, count] : refused_) refused += count;
  if (!arguments_.json) {
    out_ += with_commas(accepted_ + refused) + " events: " + with_commas(accepted_) +
            " accepted, " + with_commas(refused) + " refused\n";
    return;
  }
  JsonWriter json;
  json.begin_object().member("events", accepted_ + refused).member("accepted", accepted_);
  json.member("refused", refused).key("reasons").begin_object();
  for (const auto& [reason, count] : refused_) json.member(reason, count);
  json.end_object().end_object();
  out_ += json.text() + '\n';
}

int Inspection::flush() {
  const int code = print_result(out_);
  out_.clear();
  return code;
}

}  // namespace

int inspect(const InspectArguments& arguments) {
  auto decoder = Decoder::create(arguments.decoder);
  if (!decoder) return fail(decoder.error());
  return Inspection(arguments, *std::move(decoder)).run();
}

}  // namespace penstock::cli
