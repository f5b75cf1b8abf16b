// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/config/config.hpp>

#include <cerrno>
#include <cstdio>
#include <memory>

#include <sys/stat.h>

#include <penstock/io/config/document.hpp>
#include <penstock/io/config/reader.hpp>

namespace penstock {
namespace {

constexpr std::size_t kConfigBytesMax = 16 << 20;  ///< a config that is longer is not one

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
  out.append(": ").append(problem.message);
  if (!problem.suggestion.empty())
    out.append(" (did you mean ").append(problem.suggestion).append("?)");
  out += '\n';
  const std::string_view line = line_of(text, problem.line);
  if (problem.line == 0 || line.empty()) return;
  const std::string number = std::to_string(problem.line);
  constexpr std::size_t kNumberWidth = 7;
  out.append(number.size() < kNumberWidth ? kNumberWidth - number.size() : 0, ' ');
  out.append(number).append(" | ").append(line).append("\n");
  out.append(kNumberWidth, ' ').append(" | ").append(indent(line, problem.column)).append("^");
  if (problem.column_end > problem.column + 1)
    out.append(problem.column_end - problem.column - 1, '~');
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
