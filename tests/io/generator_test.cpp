// SPDX-License-Identifier: Apache-2.0
// Generated orders: the same for the same options, of the length asked for, numbered by key, and
// valid or not as they say.
#include <penstock/io/load/order_generator.hpp>

#include <map>
#include <string>

#include <gtest/gtest.h>

#include <penstock/pipeline/decode/decoder.hpp>

namespace penstock {
namespace {

std::string text_of(const OrderOptions& options, int events) {
  OrderGenerator orders(options);
  std::string text;
  for (int i = 0; i < events; ++i) {
    orders.append(text);
    text += '\n';
  }
  return text;
}

TEST(OrderGenerator, same_options_give_the_same_bytes_and_another_seed_does_not) {
  const OrderOptions options{.keys = 50, .seed = 7, .invalid_share = 0.1};
  EXPECT_EQ(text_of(options, 500), text_of(options, 500));
  OrderOptions other = options;
  other.seed = 8;
  EXPECT_NE(text_of(options, 500), text_of(other, 500));
}

TEST(OrderGenerator, first_event_never_changes) {
  // Who keeps generated files compares them across versions.
  EXPECT_EQ(text_of({.keys = 10, .seed = 1, .event_bytes = 0}, 1),
            "{\"specversion\":\"1.0\",\"id\":\"event-0\",\"source\":\"/systemforge/shop\","
            "\"type\":\"com.systemforge.order.placed\",\"subject\":\"order-5\","
            "\"time\":\"2026-01-05T00:00:00.000Z\",\"datacontenttype\":\"application/json\","
            "\"sequence\":\"1\",\"sequencetype\":\"Integer\",\"data\":{\"orderId\":\"order-5\","
            "\"customer\":{\"id\":\"customer-0\",\"tier\":\"basic\"},\"items\":["
            "{\"sku\":\"sku-1422\",\"quantity\":3,\"price\":4.55},"
            "{\"sku\":\"sku-3489\",\"quantity\":2,\"price\":9.72}],\"totalAmount\":33.09,"
            "\"currency\":\"EUR\",\"express\":false,\"note\":\"\"}}\n");
}

TEST(OrderGenerator, events_have_the_length_that_was_asked_for_and_no_newline) {
  OrderGenerator orders({.event_bytes = 700});
  for (int i = 0; i < 1000; ++i) {
    std::string event;
    orders.append(event);
    ASSERT_EQ(event.size(), 700U);
    ASSERT_EQ(event.find('\n'), std::string::npos);
  }
}

TEST(OrderGenerator, decoder_agrees_about_valid_and_invalid) {
  auto decoder = Decoder::create({});
  ASSERT_TRUE(decoder) << decoder.error().message;
  OrderGenerator orders({.keys = 20, .seed = 3, .invalid_share = 0.25});
  std::map<std::uint64_t, std::uint32_t> sequences;
  int invalid = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string event;
    const MadeOrder made = orders.append(event);
    const std::size_t length = event.size();
    event.append(64, '\n');
    const std::string_view document(event.data(), length);
    Envelope envelope;
    DocumentIndex index;
    decoder->clear();
    const DecodeAnswer answer = decoder->decode(document, envelope, index);
    ASSERT_EQ(answer.ok(), made.valid) << document << '\n' << describe(answer, document);
    invalid += made.valid ? 0 : 1;
    if (!made.valid) continue;
    ASSERT_EQ(decoder->text(document, envelope.subject), "order-" + std::to_string(made.key));
    ASSERT_EQ(made.sequence, ++sequences[made.key]) << "numbers of a key have no gap";
  }
  EXPECT_GT(invalid, 800);
  EXPECT_LT(invalid, 1200);
}

}  // namespace
}  // namespace penstock
