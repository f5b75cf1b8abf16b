// SPDX-License-Identifier: Apache-2.0
// A config file, read and checked: what a pipeline needs, as plain values.
// Parsing, checking, `penstock config` and docs/configuration.md all come from one table
// (table.hpp).
// 1. All problems are told at once, each as file:line:column with its source line and a suggestion.
// 2. Unknown keys are errors; sections of a later version are known by name and refused as such.
// 3. `${NAME:-default}` is expanded after parsing, in string values only.
// Paths in a config are relative to the working directory of the process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/pipeline/flow/options.hpp>
#include <penstock/runtime/base/result.hpp>

namespace penstock {

/// "file" and "stdin" in a config; `stdin` itself is a macro of the C library.
enum class SourceKind : std::uint8_t { file, standard_input };
/// "file", "stdout", "null".
enum class SinkKind : std::uint8_t { file, standard_output, null };

struct SourceOptions {
  SourceKind kind = SourceKind::file;
  std::string path;  ///< of a file, a FIFO or a device
};

struct SinkOptions {
  SinkKind kind = SinkKind::file;
  std::string path;
  bool append = false;  ///< false: what the file held is gone
};

struct RejectsOptions {
  std::string path;
  bool append = false;
};

struct Config {
  PipelineOptions pipeline;
  std::vector<SourceOptions> sources;
  std::vector<SinkOptions> sinks;
  std::optional<RejectsOptions> rejects;
  std::string path;  ///< as it was given, for messages
};

/// One thing that is wrong in a config file. Lines and columns count from 1, columns in characters.
struct ConfigProblem {
  std::uint32_t line = 0;  ///< 0: the file as a whole
  std::uint32_t column = 0;
  std::uint32_t column_end = 0;  ///< behind the last character; 0: unknown or on another line
  std::string message;
  std::string suggestion;  ///< empty, or what was probably meant
};

/// A config with everything that is wrong in it. Usable only if there are no problems.
struct CheckedConfig {
  Config config;
  std::vector<ConfigProblem> problems;  ///< by line, then column
};

/// Reads a file and checks it. Errors: unavailable (cannot be read), invalid_config with a message
/// of all problems, as format_problems() has it.
[[nodiscard]] Result<Config> load_config(const std::filesystem::path& path);
/// The same for a text; `name` stands for the file in messages.
[[nodiscard]] Result<Config> parse_config(std::string_view text, std::string_view name);

/// Checks a text and keeps the problems apart.
[[nodiscard]] CheckedConfig check_config(std::string_view text, std::string_view name);
/// The text of a file, for check_config. Errors: unavailable.
[[nodiscard]] Result<std::string> read_config_text(const std::filesystem::path& path);
/// `file:line:column: message (did you mean ...?)`, the source line (of a long one what stands
/// around the place, between ellipses), `^~~~` under the place; then "N errors". No newline at the
/// end.
[[nodiscard]] std::string format_problems(const std::vector<ConfigProblem>& problems,
                                          std::string_view text, std::string_view name);

}  // namespace penstock
