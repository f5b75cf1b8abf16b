// SPDX-License-Identifier: Apache-2.0
// The program `penstock`: parses the command line and calls the verb.
#include <cstdio>
#include <exception>
#include <variant>

#include <penstock/io/cli/arguments.hpp>
#include <penstock/io/cli/exit_code.hpp>
#include <penstock/io/cli/signals.hpp>
#include <penstock/io/cli/terminal.hpp>

namespace {

using namespace penstock::cli;

struct Call {
  int operator()(const RunArguments& arguments) const { return run(arguments); }
  int operator()(const DemoArguments& arguments) const { return demo(arguments); }
  int operator()(const ValidateArguments& arguments) const { return validate(arguments); }
  int operator()(const PlanArguments& arguments) const { return plan(arguments); }
  int operator()(const GenerateArguments& arguments) const { return generate(arguments); }
  int operator()(const InspectArguments& arguments) const { return inspect(arguments); }
  int operator()(const ConfigArguments& arguments) const { return config(arguments); }
  int operator()(const BenchArguments& arguments) const { return bench(arguments); }
  int operator()(const TuneArguments& arguments) const { return tune(arguments); }
  int operator()(const VersionArguments& arguments) const { return version(arguments); }
};

}  // namespace

int main(int count, char** arguments) {
  try {
    hold_standard_streams();
    ignore_broken_pipes();
    const auto parsed = parse_arguments(count, arguments);
    return parsed ? std::visit(Call{}, *parsed) : parsed.error();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "penstock: %s\n", failure.what());
    return kUnavailable;  // No memory: nothing else throws.
  }
}
