// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/config/config.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

#include <sys/stat.h>

#include <penstock/io/config/document.hpp>
#include <penstock/io/config/reader.hpp>

namespace penstock {
namespace {

constexpr std::size_t kConfigBytesMax = 16 << 20;  ///< a config that is longer is not one
constexpr std::size_t kShownMax = 100;             ///< characters of a line: a terminal's
constexpr std::size_t kShownBefore = 40;           ///< those of them before the place, if it is cut
constexpr std::size_t kMessageFront = 200;         ///< of a message that names something long
constexpr std::size_t kMessageBack = 100;          ///< where the reason stands
constexpr std::string_view kCut = "\xE2\x80\xA6";  ///< an ellipsis, one character

std::string_view line_of(std::string_view text, std::uint32_t line) {
  for (std::uint32_t i = 1; i < line; ++i) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  std::string_view found = text.substr(0, text.find('\n'));
  if (found.ends_with('\r')) found.remove_suffix(1);
  return found;
}

/// Where the character of this number, from 0, begins; or the end.
std::size_t offset_of(std::string_view text, std::size_t number) noexcept {
  constexpr std::size_t kCharacterMax = 4;  // bytes; what goes on for longer is no UTF-8
  std::size_t begin = 0;
  for (; number > 0 && begin < text.size(); --number) {
    const std::size_t limit = std::min(begin + kCharacterMax, text.size());
    do ++begin;
    while (begin < limit && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80);
  }
  return begin;
}

/// What is shown of a line: all of it, or what stands around the place, with ellipses where it was
/// cut.
struct Shown {
  std::string text;
  std::uint32_t column = 0;  ///< of the place in it
  std::uint32_t column_end = 0;
};

Shown around(std::string_view line, const ConfigProblem& problem) {
  const std::size_t at = problem.column - 1;
  const bool whole = offset_of(line, kShownMax) == line.size();
  const std::size_t first = whole || at < kShownBefore ? 0 : at - kShownBefore;
  line.remove_prefix(offset_of(line, first));
  const std::size_t end = offset_of(line, kShownMax);
  const std::uint32_t shift = first > 0 ? 1 : 0;
  const auto shown_column = [&](std::uint32_t column) {
    return static_cast<std::uint32_t>(std::min(column - first, kShownMax + 1)) + shift;
  };
  return {.text = std::string(first > 0 ? kCut : "")
                      .append(line.substr(0, end))
                      .append(end < line.size() ? kCut : ""),
          .column = shown_column(problem.column),
          .column_end = problem.column_end < problem.column ? 0 : shown_column(problem.column_end)};
}

/// Begin and end of a message that is too long to be read.
std::string shortened(std::string_view message) {
  if (message.size() <= kMessageFront + kMessageBack) return std::string(message);
  std::size_t back = message.size() - kMessageBack;
  while (back < message.size() && (static_cast<unsigned char>(message[back]) & 0xC0) == 0x80)
    ++back;
  const std::string_view front = message.substr(0, offset_of(message, kMessageFront));
  if (front.size() >= back) return std::string(message);
  return std::string(front).append(kCut).append(message.substr(back));
}

/// Blanks up to the column, with the line's own tabs, so that the mark stands under its place.
std::string indent(std::string_view line, std::uint32_t column) {
  std::string blanks;
  std::uint32_t at = 1;
  for (const char byte : line) {
    if ((static_cast<unsigned char>(byte) & 0xC0) == 0x80) continue;  // within a character
    if (at++ >= column) break;
    blanks += byte == '\t' ? '\t' : ' ';
  }
  return blanks;
}

void append_problem(std::string& out, const ConfigProblem& problem, std::string_view text,
                    std::string_view name) {
  out += name;
  if (problem.line > 0)
    out += ':' + std::to_string(problem.line) + ':' + std::to_string(problem.column);
  out.append(": ").append(shortened(problem.message));
  if (!problem.suggestion.empty())
    out.append(" (did you mean ").append(problem.suggestion).append("?)");
  out += '\n';
  const std::string_view line = line_of(text, problem.line);
  if (problem.line == 0 || line.empty()) return;
  const std::string number = std::to_string(problem.line);
  constexpr std::size_t kNumberWidth = 7;
  out.append(number.size() < kNumberWidth ? kNumberWidth - number.size() : 0, ' ');
  const Shown shown = around(line, problem);
  out.append(number).append(" | ").append(shown.text).append("\n");
  out.append(kNumberWidth, ' ').append(" | ").append(indent(shown.text, shown.column)).append("^");
  if (shown.column_end > shown.column + 1) out.append(shown.column_end - shown.column - 1, '~');
  out += '\n';
}

}  // namespace

CheckedConfig check_config(std::string_view text, std::string_view name) {
  const auto root = parse_document(text);
  if (root) return ConfigReader(name).read(*root);
  CheckedConfig checked;
  checked.config.path = name;
  checked.problems.push_back(root.error());
  return checked;
}

std::string format_problems(const std::vector<ConfigProblem>& problems, std::string_view text,
                            std::string_view name) {
  std::string out;
  for (const ConfigProblem& problem : problems) append_problem(out, problem, text, name);
  out += problems.size() == 1 ? "1 error" : std::to_string(problems.size()) + " errors";
  return out;
}

Result<Config> parse_config(std::string_view text, std::string_view name) {
  CheckedConfig checked = check_config(text, name);
  if (checked.problems.empty()) return std::move(checked.config);
  return error(ErrorCode::invalid_config, format_problems(checked.problems, text, name));
}

Result<std::string> read_config_text(const std::filesystem::path& path) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return system_error(ErrorCode::unavailable, path.native(), errno);
  struct stat status {};
  if (fstat(fileno(file.get()), &status) == 0 && S_ISDIR(status.st_mode))
    return system_error(ErrorCode::unavailable, path.native(), EISDIR);
  std::string text;
  char chunk[16384];
  while (const std::size_t count = std::fread(chunk, 1, sizeof chunk, file.get())) {
    text.append(chunk, count);
    if (text.size() > kConfigBytesMax)
      return error(ErrorCode::invalid_config, path.native() + ": is longer than 16 MiB");
  }
  if (std::ferror(file.get()) != 0)
    return system_error(ErrorCode::unavailable, path.native(), errno);
  return text;
}

Result<Config> load_config(const std::filesystem::path& path) {
  const auto text = read_config_text(path);
  if (!text) return tl::unexpected(text.error());
  return parse_config(*text, path.native());
}

}  // namespace penstock
