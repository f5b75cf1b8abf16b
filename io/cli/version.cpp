// SPDX-License-Identifier: Apache-2.0
// PENSTOCK_VERSION, PENSTOCK_BUILD_TYPE and PENSTOCK_PACKAGES come from the build as definitions.
#include <penstock/io/cli/version.hpp>

#include <string_view>

#include <penstock/io/cli/allocation_count.hpp>
#include <penstock/io/cli/arguments.hpp>
#include <penstock/io/cli/terminal.hpp>
#include <penstock/io/config/document.hpp>
#include <penstock/io/json_writer.hpp>
#include <penstock/pipeline/decode/decoder.hpp>

#if !defined(PENSTOCK_VERSION)
#define PENSTOCK_VERSION "unknown"
#endif
#if !defined(PENSTOCK_BUILD_TYPE)
#define PENSTOCK_BUILD_TYPE "unknown"
#endif
#if !defined(PENSTOCK_PACKAGES)
#define PENSTOCK_PACKAGES ""
#endif

namespace penstock::cli {
namespace {

#if defined(__clang__)
constexpr std::string_view kCompiler = "clang " __clang_version__;
#else
constexpr std::string_view kCompiler = "gcc " __VERSION__;
#endif

}  // namespace

int version(const VersionArguments& arguments) {
  const bool counts = allocation_counter() != nullptr;
  std::string packages = "toml++ " + toml_library_version() + ", CLI11 " + cli_library_version();
  if constexpr (sizeof(PENSTOCK_PACKAGES) > 1) packages += ", " PENSTOCK_PACKAGES;
  if (arguments.json) {
    JsonWriter json;
    json.begin_object().member("version", PENSTOCK_VERSION).member("build", PENSTOCK_BUILD_TYPE);
    json.member("compiler", kCompiler).member("packages", packages);
    json.member("decode_kernel", Decoder::kernel());
    json.member("counts_allocations", counts).end_object();
    return print_result(json.text() + '\n');
  }
  std::string text = "penstock " PENSTOCK_VERSION " (" PENSTOCK_BUILD_TYPE ")\n";
  text.append("compiler    ").append(kCompiler).append("\n");
  text.append("packages    ").append(packages).append("\n");
  text.append("decode      ").append(Decoder::kernel()).append("\n");
  text.append("allocations ").append(counts ? "counted" : "not counted in this build").append("\n");
  return print_result(text);
}

}  // namespace penstock::cli
