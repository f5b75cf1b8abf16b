// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/cli/config.hpp>

#include <penstock/io/cli/terminal.hpp>
#include <penstock/io/config/config.hpp>
#include <penstock/io/config/describe.hpp>

namespace penstock::cli {

int config(const ConfigArguments& arguments) {
  if (arguments.markdown) return print_result(describe_config_markdown());
  Config shown;
  if (!arguments.config.empty()) {
    auto loaded = load_config(arguments.config);
    if (!loaded) return fail(loaded.error());
    shown = *std::move(loaded);
  }
  return print_result(arguments.json ? describe_config_json(shown) + '\n' : describe_config(shown));
}

}  // namespace penstock::cli
