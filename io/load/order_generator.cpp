// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/order_generator.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <limits>

#include <penstock/runtime/base/check.hpp>

namespace penstock {
namespace {

constexpr std::uint64_t kMillisecondsPerDay = 86'400'000;
constexpr std::chrono::sys_days kFirstDay{std::chrono::January / 5 / 2026};
constexpr std::uint64_t kKeysPerCustomer = 10;

constexpr std::array<std::string_view, 4> kTypes{"placed", "paid", "shipped", "updated"};
constexpr std::array<std::string_view, 3> kTiers{"basic", "silver", "gold"};
constexpr std::string_view kWords =
    "please leave the parcel with the neighbour on the second floor or behind the green door if "
    "nobody answers the bell and send a short notice when the delivery has been made thank you ";

/// The longest event without its note: the texts below and every number with all its digits.
constexpr std::size_t kHeadBytesMax = 1024;

}  // namespace

/// Writes the head of an event into memory that is large enough; half of the time that
/// std::string::append takes for pieces this small.
class OrderGenerator::Writer {
 public:
  explicit Writer(char* begin) noexcept : at_(begin) {}

  void text(std::string_view text) noexcept {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void number(std::uint64_t number) noexcept { at_ = std::to_chars(at_, at_ + 20, number).ptr; }
  /// With leading zeros.
  void digits(std::uint64_t number, std::size_t width) noexcept {
    for (std::size_t i = width; i-- > 0; number /= 10)
      at_[i] = static_cast<char>('0' + number % 10);
    at_ += width;
  }
  void amount(std::uint64_t cents) noexcept {
    number(cents / 100);
    text(".");
    digits(cents % 100, 2);
  }
  [[nodiscard]] const char* end() const noexcept { return at_; }

 private:
  char* at_;
};

OrderGenerator::OrderGenerator(const OrderOptions& options)
    : options_(options), random_state_(options.seed) {
  PENSTOCK_CHECK(options.keys > 0 && options.keys <= OrderOptions::kKeysMax);
  PENSTOCK_CHECK(options.invalid_share >= 0 && options.invalid_share <= 1);
  constexpr double kRange = 18446744073709551616.0;  // 2^64
  invalid_below_ = options.invalid_share >= 1
                       ? std::numeric_limits<std::uint64_t>::max()
                       : static_cast<std::uint64_t>(options.invalid_share * kRange);
  sequences_.resize(options.keys);
  day_ = std::numeric_limits<std::uint64_t>::max();
}

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
std::uint64_t OrderGenerator::random() noexcept {
  std::uint64_t mixed = random_state_ += 0x9E3779B97F4A7C15;
  mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
  return mixed ^ mixed >> 31;
}

MadeOrder OrderGenerator::append(std::string& out) {
  MadeOrder order;
  order.key = random() % options_.keys;
  order.customer = order.key / kKeysPerCustomer;
  order.valid = invalid_below_ == 0 || random() >= invalid_below_;
  order.sequence = sequences_[order.key] + 1;
  const std::size_t begin = out.size();
  std::array<char, kHeadBytesMax> head;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  Writer writer(head.data());
  append_envelope(writer, order);
  append_data(writer, order);
  out.append(head.data(), static_cast<std::size_t>(writer.end() - head.data()));
  // {"note":"..."}: what is missing to the length that was asked for.
  constexpr std::size_t kEndBytes = 3;
  std::size_t missing = begin + options_.event_bytes;
  missing -= std::min(missing, out.size() + kEndBytes);
  for (; missing > 0; missing -= std::min(missing, kWords.size())) out += kWords.substr(0, missing);
  out += "\"}}";
  ++made_;
  if (order.valid) {
    sequences_[order.key] = order.sequence;
  } else {
    order.sequence = 0;
    spoil(out, begin, random());
  }
  return order;
}

void OrderGenerator::append_envelope(Writer& out, const MadeOrder& order) {
  out.text(R"({"specversion":"1.0","id":"event-)");
  out.number(made_);
  out.text(R"(","source":"/systemforge/shop","type":"com.systemforge.order.)");
  out.text(kTypes[std::min<std::size_t>(order.sequence, kTypes.size()) - 1]);
  out.text(R"(","subject":"order-)");
  out.number(order.key);
  out.text(R"(","time":")");
  append_time(out);
  out.text(R"(","datacontenttype":"application/json","sequence":")");
  out.number(order.sequence);
  out.text(R"(","sequencetype":"Integer",)");
}

/// One millisecond after the event before.
void OrderGenerator::append_time(Writer& out) {
  if (made_ / kMillisecondsPerDay != day_) {
    day_ = made_ / kMillisecondsPerDay;
    const std::chrono::year_month_day date(kFirstDay + std::chrono::days(day_));
    Writer writer(date_.data());
    writer.digits(static_cast<unsigned>(static_cast<int>(date.year())), 4);
    writer.text("-");
    writer.digits(static_cast<unsigned>(date.month()), 2);
    writer.text("-");
    writer.digits(static_cast<unsigned>(date.day()), 2);
  }
  const std::uint64_t milliseconds = made_ % kMillisecondsPerDay;
  out.text({date_.data(), date_.size()});
  out.text("T");
  out.digits(milliseconds / 3'600'000, 2);
  out.text(":");
  out.digits(milliseconds / 60'000 % 60, 2);
  out.text(":");
  out.digits(milliseconds / 1'000 % 60, 2);
  out.text(".");
  out.digits(milliseconds % 1'000, 3);
  out.text("Z");
}

void OrderGenerator::append_data(Writer& out, MadeOrder& order) {
  out.text(R"("data":{"orderId":"order-)");
  out.number(order.key);
  out.text(R"(","customer":{"id":"customer-)");
  out.number(order.customer);
  out.text(R"(","tier":")");
  out.text(kTiers[order.customer % kTiers.size()]);
  out.text(R"("},"items":[)");
  std::uint64_t bits = random();
  const unsigned items = 1 + static_cast<unsigned>(bits & 1);
  for (unsigned i = 0; i < items; ++i) {
    bits >>= 16;
    const std::uint64_t quantity = 1 + (bits & 3);
    const std::uint64_t cents = 100 + (bits >> 2 & 0x3FF);
    order.cents += quantity * cents;
    out.text(i == 0 ? R"({"sku":"sku-)" : R"(,{"sku":"sku-)");
    out.digits(bits & 0xFFF, 4);
    out.text(R"(","quantity":)");
    out.number(quantity);
    out.text(R"(,"price":)");
    out.amount(cents);
    out.text("}");
  }
  out.text(R"(],"totalAmount":)");
  out.amount(order.cents);
  out.text(R"(,"currency":"EUR","express":)");
  out.text((bits & 4) != 0 ? "true" : "false");
  out.text(R"(,"note":")");
}

/// Breaks one rule of CloudEvents or JSON; the text stays one line.
void OrderGenerator::spoil(std::string& out, std::size_t begin, std::uint64_t how) {
  switch (how % 5) {
    case 0:  // no "id", but an extension "ix"
      out[out.find("\"id\"", begin) + 2] = 'x';
      return;
    case 1: {
      const std::size_t time = out.find("\"time\":\"", begin) + 8;
      out.replace(time, out.find('"', time) - time, "lunchtime");
      return;
    }
    case 2:  // cut off
      out.resize(begin + (out.size() - begin) / 2);
      return;
    case 3: out.insert(begin + 1, R"("id":"twice",)"); return;
    default: out += " trailing";
  }
}

}  // namespace penstock
