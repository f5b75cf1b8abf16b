// SPDX-License-Identifier: Apache-2.0
// The only file that includes CLI11. Each verb is set up in a function of its own, with an example
// in its help; what its options fill is handed out when its verb was the one called.
#include <penstock/io/cli/arguments.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include <penstock/io/cli/exit_code.hpp>
#include <penstock/io/cli/terminal.hpp>
#include <penstock/io/config/suggest.hpp>
#include <penstock/io/config/units.hpp>

namespace penstock::cli {
namespace {

constexpr std::uint64_t kEventBytesMax = 1 << 20;
constexpr std::uint64_t kHourNs = 3'600'000'000'000;
constexpr std::uint64_t kRateMax = 100'000'000;

/// The program's verbs and where their options go.
struct Parser {
  CLI::App app{"Penstock: an event pipeline runtime for CloudEvents."};
  Arguments chosen;
  RunArguments run;
  DemoArguments demo;
  ValidateArguments validate;
  PlanArguments plan;
  GenerateArguments generate;
  InspectArguments inspect;
  ConfigArguments config;
  BenchArguments bench;
  TuneArguments tune;
  VersionArguments version;

  template <class Verb>
  CLI::App& add(const char* name, const char* help, const char* example, Verb& verb) {
    CLI::App& sub = *app.add_subcommand(name, help);
    sub.footer(std::string("Example:\n  ") + example);
    sub.callback([this, &verb] { chosen = verb; });
    return sub;
  }
};

/// An option that a function turns into a number; it answers with nothing for what it does not
/// take.
void add_parsed(CLI::App& sub, const char* name, const char* help, std::string what,
                std::function<bool(const std::string&)> take) {
  sub.add_option_function<std::string>(
      name,
      [name, what = std::move(what), take = std::move(take)](const std::string& text) {
        if (!take(text)) throw CLI::ValidationError(name, '"' + text + "\" is not " + what);
      },
      help);
}

void add_count(CLI::App& sub, const char* name, const char* help, std::uint64_t& into,
               std::uint64_t least, std::uint64_t most) {
  add_parsed(sub, name, help, "a count within bounds, such as 1000, 10k or 1M",
             [&into, least, most](const std::string& text) {
               const auto count = parse_count(text);
               if (count) into = *count;
               return count && *count >= least && *count <= most;
             });
}

void add_format(CLI::App& sub, bool& json) {
  add_parsed(sub, "--format", "text or json", "a format: text, json",
             [&json](const std::string& text) {
               json = text == "json";
               return json || text == "text";
             });
}

void add_partitions(CLI::App& sub, std::optional<unsigned>& into) {
  add_parsed(sub, "--partitions", "instead of the config's: a number or auto",
             "auto or a number from 1 to 256", [&into](const std::string& text) {
               const auto count = text == "auto" ? 0 : parse_count(text);
               if (count) into = static_cast<unsigned>(*count);
               return count && *count <= 256 && (*count > 0 || text == "auto");
             });
}

/// "0.1%" or "0.001".
bool take_share(const std::string& text, double& into) {
  try {
    std::size_t used = 0;
    const double number = std::stod(text, &used);
    const bool percent = used + 1 == text.size() && text.back() == '%';
    into = percent ? number / 100 : number;
    return (percent || used == text.size()) && into >= 0 && into <= 1;
  } catch (const std::exception&) {
    return false;
  }
}

void add_run(Parser& parser) {
  CLI::App& sub =
      parser.add("run", "Drive a pipeline until its sources end, or SIGTERM or ^C drains it.",
                 "penstock run orders.toml --stats-every 1s --format json", parser.run);
  sub.add_option("config", parser.run.config, "config file")->required();
  add_partitions(sub, parser.run.partitions);
  add_parsed(sub, "--stats-every", "print live numbers so often",
             "a duration of at most 1h, such as 1s or 250ms",
             [&into = parser.run.stats_every](const std::string& text) {
               const auto duration_ns = parse_duration(text);
               if (duration_ns) into = std::chrono::nanoseconds(*duration_ns);
               return duration_ns && *duration_ns <= kHourNs;
             });
  sub.add_flag("--quiet", parser.run.quiet, "no progress line and no report in words");
  sub.add_flag("--strict", parser.run.strict, "exit 1 if events were refused or died");
  add_format(sub, parser.run.json);
}

void add_demo(Parser& parser) {
  CLI::App& sub =
      parser.add("demo", "Run generated orders through two partitions and check the result.",
                 "penstock demo --events 100k", parser.demo);
  add_count(sub, "--events", "how many (default 1M)", parser.demo.events, 1, 1'000'000'000);
  add_format(sub, parser.demo.json);
}

void add_validate(Parser& parser) {
  CLI::App& sub =
      parser.add("validate", "Tell every mistake of a config; opens nothing that it names.",
                 "penstock validate orders.toml", parser.validate);
  sub.add_option("config", parser.validate.config, "config file")->required();
  add_format(sub, parser.validate.json);
}

void add_plan(Parser& parser) {
  CLI::App& sub = parser.add("plan", "Tell threads, memory and segments of a pipeline, and why.",
                             "penstock plan orders.toml --partitions auto", parser.plan);
  sub.add_option("config", parser.plan.config, "config file")->required();
  add_partitions(sub, parser.plan.partitions);
  add_format(sub, parser.plan.json);
}

void add_generate(Parser& parser) {
  CLI::App& verb = *parser.app.add_subcommand("generate", "Make test events.");
  verb.require_subcommand(1);
  verb.footer(
      "Example:\n  penstock generate orders --events 1M --keys 10k --seed 7 > orders.ndjson");
  CLI::App& sub = *verb.add_subcommand("orders", "Order events as JSON CloudEvents, one a line.");
  sub.footer(
      "Example:\n  penstock generate orders --events 1M --invalid 0.01% --output orders.ndjson");
  sub.callback([&parser] { parser.chosen = parser.generate; });
  OrderOptions& orders = parser.generate.orders;
  add_count(sub, "--events", "how many (default 1000)", parser.generate.events, 0,
            OrderGenerator::kEventsMax);
  add_count(sub, "--keys", "different subjects (default 1000)", orders.keys, 1,
            OrderOptions::kKeysMax);
  add_count(sub, "--seed", "of the random numbers (default 1)", orders.seed, 0, ~0ULL);
  add_parsed(sub, "--bytes", "length of an event, about (default 500)", "a size up to 1GiB",
             [&orders](const std::string& text) {
               const auto bytes = parse_size(text);
               if (bytes) orders.event_bytes = *bytes;
               return bytes && *bytes <= 1ULL << 30;
             });
  add_parsed(sub, "--invalid", "share of events that are none, such as 0.1%",
             "a share of 1 or a percentage",
             [&orders](const std::string& text) { return take_share(text, orders.invalid_share); });
  sub.add_option("--output", parser.generate.output, "file (default: standard output)");
}

void add_inspect(Parser& parser) {
  CLI::App& sub = parser.add("inspect", "Tell which events of a file would be refused, and why.",
                             "penstock inspect orders.ndjson --format json", parser.inspect);
  sub.add_option("file", parser.inspect.path, "JSON lines; - for standard input")->required();
  add_parsed(sub, "--event-bytes-max", "longest event (default 1MiB)", "a size from 1B to 1GiB",
             [&options = parser.inspect.decoder](const std::string& text) {
               const auto bytes = parse_size(text);
               if (bytes) options.event_bytes_max = static_cast<std::uint32_t>(*bytes);
               return bytes && *bytes > 0 && *bytes <= 1ULL << 30;
             });
  add_parsed(sub, "--decode", "full or envelope", "a way to decode: full, envelope",
             [&options = parser.inspect.decoder](const std::string& text) {
               options.mode = text == "envelope" ? DecodeMode::envelope : DecodeMode::full;
               return text == "full" || text == "envelope";
             });
  add_format(sub, parser.inspect.json);
}

void add_config(Parser& parser) {
  CLI::App& sub = parser.add("config", "Print every key with its value, bounds and help.",
                             "penstock config > orders.toml", parser.config);
  sub.add_option("config", parser.config.config, "config file whose values to show");
  sub.add_flag("--markdown", parser.config.markdown, "as docs/configuration.md has it");
  add_format(sub, parser.config.json);
}

/// "5s", "250ms"; a bare number is in seconds.
void add_duration(CLI::App& sub, const char* name, const char* help, std::chrono::nanoseconds& into,
                  std::uint64_t least_ns) {
  const std::string bounds = least_ns == 0              ? "a duration of at most 1h, such as 250ms"
                             : least_ns < 1'000'000'000 ? "a duration from 100ms to 1h, such as 5s"
                                                        : "a duration from 1s to 1h, such as 90s";
  add_parsed(sub, name, help, bounds + " (a whole number of ms, s, min or h)",
             [&into, least_ns](const std::string& text) {
               const bool bare = text.find_first_not_of("0123456789") == std::string::npos;
               const auto duration_ns = parse_duration(bare ? text + 's' : text);
               if (duration_ns) into = std::chrono::nanoseconds(*duration_ns);
               return duration_ns && *duration_ns >= least_ns && *duration_ns <= kHourNs;
             });
}

/// "100k/s" or "100k".
bool take_rate(std::string text, double& into) {
  if (text.ends_with("/s")) text.resize(text.size() - 2);
  const auto rate = parse_count(text);
  if (rate) into = static_cast<double>(*rate);
  return rate && *rate >= 1 && *rate <= kRateMax;
}

void add_load(CLI::App& sub, LoadOptions& load) {
  add_parsed(sub, "--rate", "events a second (default 100k/s)",
             "a rate from 1/s to 100M/s, such as 100k/s (a whole number, k or M)",
             [&load](const std::string& text) { return take_rate(text, load.rate); });
  add_parsed(sub, "--shape", "when they are due: constant (default), poisson, bursts",
             "a shape: constant, poisson, bursts", [&load](const std::string& text) {
               const auto shape = load_shape_of(text);
               if (shape) load.shape = *shape;
               return shape.has_value();
             });
  add_parsed(sub, "--burst", "events of a burst (default 100)", "a count from 1 to 1M",
             [&load](const std::string& text) {
               const auto count = parse_count(text);
               if (count) load.burst = static_cast<std::uint32_t>(*count);
               return count && *count >= 1 && *count <= 1'000'000;
             });
  add_duration(sub, "--duration,--seconds", "how long it is measured (default 5s)", load.duration,
               100'000'000);
  add_duration(sub, "--warmup", "the same load before that (default 1s)", load.warmup, 0);
  add_count(sub, "--seed", "of random times and generated events (default 1)", load.seed, 0, ~0ULL);
}

/// An option that would be ignored beside another one is a mistake.
void exclude_what_is_not_asked(CLI::App& bench) {
  CLI::Option* const compare = bench.get_option("--compare");
  for (CLI::Option* const option : bench.get_options())
    if (option != compare && option != bench.get_help_ptr() && !option->check_lname("format"))
      compare->excludes(option);
}

void add_bench(Parser& parser) {
  CLI::App& sub =
      parser.add("bench",
                 "Load a pipeline by a schedule and measure latency from when each event was due.\n"
                 "Its sources are replaced; its stages, sinks and rejects do what they do in run.",
                 "penstock bench orders.toml --rate 100k/s --repeat 5 --out a.json --html a.html\n"
                 "  penstock bench orders.toml --find-max --slo p99.9=50us --seconds 2s\n"
                 "  penstock bench --compare a.json b.json",
                 parser.bench);
  sub.add_option("config", parser.bench.config, "config file");
  add_load(sub, parser.bench.load);
  add_parsed(sub, "--repeat", "runs, or searches, each with new pipelines (default 1)",
             "a count from 1 to 100", [&into = parser.bench.repeat](const std::string& text) {
               const auto count = parse_count(text);
               if (count) into = static_cast<unsigned>(*count);
               return count && *count >= 1 && *count <= 100;
             });
  sub.add_option("--events", parser.bench.events,
                 "file of events, one a line (default: the config's, else generated orders)");
  add_partitions(sub, parser.bench.partitions);
  sub.add_option("--slo", parser.bench.slo,
                 "limits such as p99.9=50us,max=1ms: exit 1 where they are not met");
  sub.add_flag("--find-max", parser.bench.find_max,
               "climb from --rate to the highest rate that meets --slo");
  sub.add_option("--compare", parser.bench.compare,
                 "instead of a run: is result B worse than A? exit 1 if it is")
      ->expected(2)
      ->type_name("A B");
  sub.add_option("--out", parser.bench.out, "file for the result as JSON, for --compare");
  sub.add_option("--html", parser.bench.html, "file for a report with plots");
  sub.add_option("--hgrm", parser.bench.hgrm, "file for the latencies, HdrHistogram percentiles");
  sub.add_option("--hlog", parser.bench.hlog, "file for the intervals, HdrHistogram log");
  add_format(sub, parser.bench.json);
  exclude_what_is_not_asked(sub);
}

std::vector<std::string> at_commas(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

void add_tune(Parser& parser) {
  TuneArguments& tune = parser.tune;
  CLI::App& sub = parser.add(
      "tune",
      "Look for a config that measures better here, and prove it or let this one stand.\n"
      "For throughput; with --slo and --rate for latency; with --slo for the rate.",
      "penstock tune orders.toml --slo p99.9=50us --rate 100k/s --out tuned.toml\n"
      "  penstock tune orders.toml --budget 5min --keep partitions",
      tune);
  sub.add_option("config", tune.config, "config file")->required();
  sub.add_option("--slo", tune.slo, "the latencies that count, such as p99.9=50us,max=1ms");
  add_parsed(sub, "--rate", "events a second at which they count (default: what the config holds)",
             "a rate from 1/s to 100M/s, such as 100k/s", [&tune](const std::string& text) {
               return take_rate(text, tune.tune.rate.emplace());
             });
  add_duration(sub, "--budget", "about how long it takes (default 60s; with --slo alone 180s)",
               tune.budget, 1'000'000'000);
  add_duration(sub, "--duration,--seconds", "of a run (default: from the budget and the SLO)",
               tune.duration, 100'000'000);
  sub.add_option_function<std::string>(
      "--keep", [&tune](const std::string& names) { tune.tune.keep = at_commas(names); },
      "what stays as it is: wait, batch, partitions, ring, segments");
  sub.add_option("--events", tune.events,
                 "file of events, one a line (default: the config's, else generated orders)");
  add_count(sub, "--seed", "of generated events (default 1)", tune.tune.seed, 0, ~0ULL);
  sub.add_option("--out", tune.out, "file for the new config, if there is one");
  add_format(sub, tune.json);
}

void add_version(Parser& parser) {
  CLI::App& sub = parser.add("version", "Print what this program is made of.",
                             "penstock version --format json", parser.version);
  add_format(sub, parser.version.json);
}

/// The call as a shell takes it.
std::string shell_line(int count, const char* const* arguments) {
  std::string line;
  for (int i = 0; i < count; ++i) {
    const std::string_view word = arguments[i];
    const bool is_plain = !word.empty() && std::ranges::all_of(word, [](unsigned char byte) {
      return std::isalnum(byte) != 0 ||
             std::string_view("-_./=,:%+@").find(char(byte)) != std::string_view::npos;
    });
    line += i == 0 ? "" : " ";
    if (!is_plain) line += '\'';
    for (const char byte : word) line += byte == '\'' ? std::string("'\\''") : std::string(1, byte);
    if (!is_plain) line += '\'';
  }
  return line;
}

/// An option without anything behind it, as a variable of a shell that is not set leaves it, is a
/// mistake: it would be as good as not given.
void refuse_empty_values(CLI::App& app) {
  const CLI::Validator not_empty(
      [](const std::string& value) { return value.empty() ? "is empty" : ""; }, "");
  for (CLI::App* const verb : app.get_subcommands([](const CLI::App*) { return true; }))
    for (CLI::Option* const option : verb->get_options())
      if (option->get_items_expected_max() > 0) option->check(not_empty);
}

/// Tells of a verb that does not exist: CLI11 would only say that one is required.
bool check_verb(const CLI::App& app, std::string_view written) {
  std::vector<std::string_view> verbs;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    verbs.push_back(verb->get_name());
  if (std::ranges::find(verbs, written) != verbs.end()) return true;
  const std::string_view near = suggest(written, verbs);
  tell("unknown verb " + in_quotes(written) +
       (near.empty() ? "" : " (did you mean " + in_quotes(near) + "?)") +
       "\nRun with --help for more information.");
  return false;
}

/// Tells of an option that does not exist, with the one that was meant: CLI11 would only say what
/// it did not expect. False if it was no option.
bool tell_unknown_option(const CLI::App& app) {
  const CLI::App* verb = &app;
  std::string call = "penstock";
  for (std::vector<CLI::App*> verbs = app.get_subcommands(); !verbs.empty();
       verbs = verb->get_subcommands()) {
    verb = verbs.back();
    call.append(" ").append(verb->get_name());
  }
  std::vector<std::string> names;
  for (const CLI::Option* const option : verb->get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  const std::vector<std::string_view> known(names.begin(), names.end());
  for (const std::string& extra : app.remaining(true)) {
    if (!extra.starts_with('-') || extra == "-") continue;
    const std::string_view written = std::string_view(extra).substr(0, extra.find('='));
    const std::string_view near = suggest(written, known);
    tell("unknown option " + in_quotes(written) +
         (near.empty() ? "" : " (did you mean " + in_quotes(near) + "?)") + "\nRun " + call +
         " --help for more information.");
    return true;
  }
  return false;
}

}  // namespace

tl::expected<Arguments, int> parse_arguments(int count, const char* const* arguments) {
  // Where everybody looks for it.
  const std::array<const char*, 2> version{count > 0 ? arguments[0] : "penstock", "version"};
  if (count == 2 && std::string_view(arguments[1]) == "--version") arguments = version.data();
  Parser parser;
  parser.inspect.decoder.event_bytes_max = kEventBytesMax;
  parser.app.require_subcommand(1);
  parser.app.footer("Example:\n  penstock demo\nEach verb has its own --help.");
  parser.app.failure_message(CLI::FailureMessage::simple);
  if (count > 0) parser.demo.program = arguments[0];
  parser.bench.command = parser.tune.command = shell_line(count, arguments);
  add_run(parser);
  add_demo(parser);
  add_validate(parser);
  add_plan(parser);
  add_generate(parser);
  add_inspect(parser);
  add_config(parser);
  add_bench(parser);
  add_tune(parser);
  add_version(parser);
  refuse_empty_values(parser.app);
  if (count > 1 && arguments[1][0] != '-' && !check_verb(parser.app, arguments[1]))
    return tl::unexpected(kUsage);
  try {
    parser.app.parse(count, arguments);
  } catch (const CLI::ExtrasError& mistake) {
    if (!tell_unknown_option(parser.app)) parser.app.exit(mistake);
    return tl::unexpected(kUsage);
  } catch (const CLI::ParseError& mistake) {
    return tl::unexpected(parser.app.exit(mistake) == 0 ? kFine : kUsage);
  }
  return parser.chosen;
}

std::string cli_library_version() { return CLI11_VERSION; }

}  // namespace penstock::cli
