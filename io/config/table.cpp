// SPDX-License-Identifier: Apache-2.0
// The table's rows, and the few functions that look into it.
// A row's help is one sentence or two; bounds, choices and defaults are not repeated in it.
#include <penstock/io/config/table.hpp>

#include <algorithm>

#include <penstock/io/config/access.hpp>
#include <penstock/io/config/suggest.hpp>
#include <penstock/io/config/units.hpp>

namespace penstock {
namespace {

using Names = std::span<const std::string_view>;
using Type = PropertyType;

constexpr std::uint64_t kKiB = 1ULL << 10;
constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kGiB = 1ULL << 30;
constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kHour = 3'600'000 * kMillisecond;

// Each list stands in the order of its enumeration.
constexpr std::string_view kProfiles[] = {"latency", "balanced", "throughput", "quiet"};
constexpr std::string_view kOnMissingKey[] = {"source", "refuse"};
constexpr std::string_view kDecode[] = {"full", "envelope"};
constexpr std::string_view kWhenFull[] = {"block", "reject", "drop_newest"};
constexpr std::string_view kWait[] = {"busy_spin", "adaptive", "park"};
constexpr std::string_view kOnError[] = {"dead", "drop"};
constexpr std::string_view kUse[] = {"handler"};
constexpr std::string_view kSourceKinds[] = {"file", "stdin"};
constexpr std::string_view kSinkKinds[] = {"file", "stdout", "null"};

constexpr std::string_view kWhenFullLater[] = {"shed"};
constexpr std::string_view kOnErrorLater[] = {"retry"};
constexpr std::string_view kUseLater[] = {"filter", "plugin", "set", "route"};
constexpr std::string_view kConnectorsLater[] = {"http", "kafka", "nats", "journal"};
constexpr std::string_view kStageKeysLater[] = {"where", "path", "retry", "set", "timeout"};

constexpr Section kSections[] = {
    {"pipeline", "The pipeline as a whole."},
    {"ring", "The ring of each partition: event slots and the arena for their bytes."},
    {"admission", "What happens at the door of a full ring, and when fullness is told."},
    {"threads", "Which threads run the segments, where, and how they wait."},
    {"batch", "How much a runner takes at once."},
    {"segment", "Stages fused on one thread of control. Without any there is one, \"main\".", true},
    {"stage", "One named step; stages run in the order in which they stand.", true, false,
     kStageKeysLater},
    {"source", "Where events come from: one JSON CloudEvent a line. Each has its own thread.",
     true},
    {"sink", "Where events go to, one a line.", true},
    {"rejects", "Where refused and dead events go to, as JSON lines with their reason."},
    {"dedupe", "", false, true},
    {"reorder", "", false, true},
    {"journal", "", false, true},
    {"dlq", "", false, true},
};

using P = PipelineOptions;

// A row of a table stays together.
// clang-format off
constexpr Property kProperties[] = {
    {.section = "pipeline", .key = "name", .type = Type::text, .access = field<P, &P::name>(),
     .help = "In messages and thread names.", .min = 1, .max = 64},
    {.section = "pipeline", .key = "profile", .type = Type::choice,
     .access = field<P, &P::profile>(),
     .help = "A set of defaults; keys that are written out override it.", .choices = kProfiles},
    {.section = "pipeline", .key = "partitions", .type = Type::integer,
     .access = field<P, &P::partitions>(),
     .help = "Rings. \"auto\": one for each runner thread that the CPUs leave.", .max = 256,
     .zero = "auto"},
    {.section = "pipeline", .key = "key", .type = Type::text, .access = field<P, &P::key>(),
     .help = "What chooses the partition: an attribute, an extension, or a path such as "
             "\"data.orderId\". Events with one key keep their order.",
     .min = 1, .max = 256},
    {.section = "pipeline", .key = "on_missing_key", .type = Type::choice,
     .access = field<P, &P::on_missing_key>(),
     .help = "An event without the key is routed by its source attribute, or refused.",
     .choices = kOnMissingKey},
    {.section = "pipeline", .key = "key_seed", .type = Type::integer,
     .access = field<P, &P::key_seed>(),
     .help = "Of the hash of keys. The same seed routes alike in every run."},
    {.section = "pipeline", .key = "decode", .type = Type::choice, .access = field<P, &P::decode>(),
     .help = "\"full\" accepts only what is valid JSON to the last byte; \"envelope\" leaves data "
             "unread.",
     .choices = kDecode},
    {.section = "pipeline", .key = "drain_timeout", .type = Type::duration,
     .access = field<P, &P::drain_timeout>(),
     .help = "How long a stop waits for accepted events to reach their end.", .max = kHour,
     .reloadable = true},

    {.section = "ring", .key = "slots", .type = Type::integer,
     .access = field<P, &P::ring, &RingOptions::slots>(),
     .help = "Events that a partition can hold.", .min = 64, .max = 1 << 24, .power_of_two = true},
    {.section = "ring", .key = "arena", .type = Type::size,
     .access = field<P, &P::ring, &RingOptions::arena_bytes>(),
     .help = "Bytes of events that a partition can hold.", .min = 64 * kKiB, .max = 16 * kGiB,
     .power_of_two = true},
    {.section = "ring", .key = "event_bytes_max", .type = Type::size,
     .access = field<P, &P::ring, &RingOptions::event_bytes_max>(),
     .help = "A longer event is refused as too_large.", .min = 64 * kKiB, .max = kGiB},
    {.section = "ring", .key = "inline_bytes_max", .type = Type::size,
     .access = field<P, &P::ring, &RingOptions::inline_bytes_max>(),
     .help = "A longer event lies outside the arena. \"auto\": an eighth of the arena.",
     .max = kGiB, .zero = "auto"},
    {.section = "ring", .key = "spill_bytes_max", .type = Type::size,
     .access = field<P, &P::ring, &RingOptions::spill_bytes_max>(),
     .help = "Memory for events outside the arenas, for all partitions together.",
     .max = 256 * kGiB},
    {.section = "ring", .key = "reserve_slots", .type = Type::integer,
     .access = field<P, &P::ring, &RingOptions::reserve_slots>(),
     .help = "Slots kept for events that handlers emit. \"auto\": a sixteenth.", .max = 1 << 23,
     .zero = "auto"},
    {.section = "ring", .key = "huge_pages", .type = Type::boolean,
     .access = field<P, &P::ring, &RingOptions::huge_pages>(),
     .help = "Asks the system for huge pages; works without them."},

    {.section = "admission", .key = "when_full", .type = Type::choice,
     .access = field<P, &P::admission, &AdmissionOptions::when_full>(),
     .help = "Of a program's producers; sources always wait, and stop reading meanwhile.",
     .choices = kWhenFull, .later = kWhenFullLater},
    {.section = "admission", .key = "timeout", .type = Type::duration,
     .access = field<P, &P::admission, &AdmissionOptions::timeout>(),
     .help = "How long a publish waits under \"block\".", .max = kHour, .reloadable = true},
    {.section = "admission", .key = "high", .type = Type::share,
     .access = field<P, &P::admission, &AdmissionOptions::high>(),
     .help = "Share of slots or of arena bytes from which pressure is called high.",
     .reloadable = true},
    {.section = "admission", .key = "low", .type = Type::share,
     .access = field<P, &P::admission, &AdmissionOptions::low>(),
     .help = "Share under which it is called low again.", .reloadable = true},
    {.section = "admission", .key = "high_age", .type = Type::duration,
     .access = field<P, &P::admission, &AdmissionOptions::high_age>(),
     .help = "Age of the oldest event from which pressure is called high.", .max = kHour,
     .zero = "off", .reloadable = true},
    {.section = "admission", .key = "low_age", .type = Type::duration,
     .access = field<P, &P::admission, &AdmissionOptions::low_age>(),
     .help = "Age under which it is called low again. \"auto\": half of high_age.", .max = kHour,
     .zero = "auto", .reloadable = true},

    {.section = "threads", .key = "pin", .type = Type::cpus,
     .access = {set_pin, get_pin},
     .help = "CPUs, for runner threads first, then for sources. \"auto\" takes those that the "
             "process may use; \"none\" leaves it to the system.",
     .max = 1023},
    {.section = "threads", .key = "wait", .type = Type::choice,
     .access = field<P, &P::threads, &ThreadingOptions::wait>(),
     .help = "What a runner does without work: spin, spin for as long as a park costs, or park.",
     .choices = kWait},
    {.section = "threads", .key = "runners", .type = Type::integer,
     .access = field<P, &P::threads, &ThreadingOptions::runners>(),
     .help = "Runner threads. \"auto\": effective CPUs less source threads, at most one a "
             "partition.",
     .max = 1024, .zero = "auto"},

    {.section = "batch", .key = "events", .type = Type::integer,
     .access = field<P, &P::batch, &BatchOptions::events>(),
     .help = "Space goes back to producers once a batch.", .min = 1, .max = 4096},
    {.section = "batch", .key = "bytes", .type = Type::size,
     .access = field<P, &P::batch, &BatchOptions::bytes>(),
     .help = "A batch ends sooner at so many bytes.", .min = 4 * kKiB, .max = 64 * kMiB},

    {.section = "segment", .key = "name", .type = Type::text,
     .access = field<SegmentOptions, &SegmentOptions::name>(), .help = "For stages and `after`.",
     .min = 1, .max = 64, .required = true},
    {.section = "segment", .key = "after", .type = Type::names,
     .access = field<SegmentOptions, &SegmentOptions::after>(),
     .help = "Segments that come before. Without any it reads what producers publish.", .max = 64},

    {.section = "stage", .key = "name", .type = Type::text,
     .access = field<StageOptions, &StageOptions::name>(),
     .help = "In statistics and rejects, and for the code that fills it.", .min = 1, .max = 64,
     .required = true},
    {.section = "stage", .key = "use", .type = Type::choice, .access = {set_use, get_use},
     .help = "\"handler\": your program fills it by .stage(name, ...).", .choices = kUse,
     .later = kUseLater},
    {.section = "stage", .key = "segment", .type = Type::text,
     .access = field<StageOptions, &StageOptions::segment>(),
     .help = "Where it runs. Empty: with the stage before it; the first one in the first segment.",
     .max = 64},
    {.section = "stage", .key = "on_error", .type = Type::choice,
     .access = field<StageOptions, &StageOptions::on_error>(),
     .help = "What becomes of an event whose handler throws.", .choices = kOnError,
     .later = kOnErrorLater},

    {.section = "source", .key = "kind", .type = Type::choice,
     .access = field<SourceOptions, &SourceOptions::kind>(), .help = "What is read.",
     .choices = kSourceKinds, .later = kConnectorsLater, .required = true},
    {.section = "source", .key = "path", .type = Type::text,
     .access = field<SourceOptions, &SourceOptions::path>(),
     .help = "Of \"file\": a file, a FIFO or a device.", .max = 4096},

    {.section = "sink", .key = "kind", .type = Type::choice,
     .access = field<SinkOptions, &SinkOptions::kind>(),
     .help = "What is written; \"null\" only counts.", .choices = kSinkKinds,
     .later = kConnectorsLater, .required = true},
    {.section = "sink", .key = "path", .type = Type::text,
     .access = field<SinkOptions, &SinkOptions::path>(), .help = "Of \"file\".", .max = 4096},
    {.section = "sink", .key = "append", .type = Type::boolean,
     .access = field<SinkOptions, &SinkOptions::append>(),
     .help = "Of \"file\": keeps what the file holds and writes behind it."},

    {.section = "rejects", .key = "path", .type = Type::text,
     .access = field<RejectsOptions, &RejectsOptions::path>(), .help = "A file or a device.",
     .min = 1, .max = 4096, .required = true},
    {.section = "rejects", .key = "append", .type = Type::boolean,
     .access = field<RejectsOptions, &RejectsOptions::append>(),
     .help = "Keeps what the file holds and writes behind it."},
};
// clang-format on

constexpr ProfileDefault kProfileDefaults[] = {
    {Profile::latency, "threads", "wait", static_cast<std::uint64_t>(WaitKind::busy_spin),
     "a wake-up costs more than most handlers; one CPU per runner stays at 100 %"},
    {Profile::latency, "batch", "events", 16, "an event waits for fewer others"},
    {Profile::throughput, "threads", "wait", static_cast<std::uint64_t>(WaitKind::adaptive),
     "a busy pipeline hardly waits"},
    {Profile::throughput, "batch", "events", 256, "edges of a batch are paid less often"},
    {Profile::throughput, "batch", "bytes", 256 * kKiB, "room for 256 events of 1 KiB"},
    {Profile::throughput, "ring", "slots", 16384, "sources read ahead further"},
    {Profile::quiet, "threads", "wait", static_cast<std::uint64_t>(WaitKind::park),
     "no CPU without work, at 25 to 60 us for a wake-up"},
    {Profile::quiet, "ring", "slots", 1024, "a quarter of the slots' memory"},
    {Profile::quiet, "ring", "arena", 256 * kKiB, "a sixteenth of the memory"},
};

std::string show_number(const Property& property, std::uint64_t number) {
  if (number == 0 && !property.zero.empty()) return in_quotes(property.zero);
  switch (property.type) {
    case Type::size: return in_quotes(format_size(number));
    case Type::duration: return in_quotes(format_duration(number));
    case Type::choice: return in_quotes(property.choices[number]);
    default: return std::to_string(number);
  }
}

/// As it is to be written, so that nothing in it is taken for an environment variable.
std::string unexpanded(std::string text) {
  for (std::size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at + 3))
    text.insert(at, 1, '$');
  return text;
}

struct Shown {
  const Property& property;

  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::uint64_t value) const { return show_number(property, value); }
  std::string operator()(double value) const { return format_number(value); }
  std::string operator()(const std::string& value) const { return in_quotes(unexpanded(value)); }
  std::string operator()(const std::vector<std::uint64_t>& values) const {
    std::string out = "[";
    for (const std::uint64_t value : values)
      out += (out.size() > 1 ? ", " : "") + std::to_string(value);
    return out + "]";
  }
  std::string operator()(const std::vector<std::string>& values) const {
    std::string out = "[";
    for (const std::string& value : values)
      out += (out.size() > 1 ? ", " : "") + in_quotes(unexpanded(value));
    return out + "]";
  }
};

}  // namespace

std::string_view to_string(PropertyType type) noexcept {
  constexpr std::string_view kNames[] = {"text",     "boolean", "integer", "share",        "size",
                                         "duration", "choice",  "CPUs",    "list of names"};
  return kNames[static_cast<std::size_t>(type)];
}

std::span<const Section> sections() noexcept { return kSections; }
std::span<const Property> properties() noexcept { return kProperties; }
std::span<const ProfileDefault> profile_defaults() noexcept { return kProfileDefaults; }

std::string Section::header() const {
  const std::string in_brackets = '[' + std::string(name) + ']';
  return repeats ? '[' + in_brackets + ']' : in_brackets;
}

const Section* find_section(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kSections, name, &Section::name);
  return found == std::end(kSections) ? nullptr : found;
}

const Property* find_property(std::string_view section, std::string_view key) noexcept {
  const auto* found = std::ranges::find_if(kProperties, [&](const Property& property) {
    return property.section == section && property.key == key;
  });
  return found == std::end(kProperties) ? nullptr : found;
}

void apply_profile(Profile profile, PipelineOptions& options) {
  for (const ProfileDefault& row : kProfileDefaults)
    if (row.profile == profile)
      find_property(row.section, row.key)->access.set(&options, PropertyValue(row.value));
}

std::string show_value(const Property& property, const PropertyValue& value) {
  return std::visit(Shown{property}, value);
}

}  // namespace penstock
