// SPDX-License-Identifier: Apache-2.0
// Documents for the decoder's tests: events built from members, random valid events, and mutations.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/pipeline/decode/decoder.hpp>

namespace penstock::testing {

inline constexpr std::string_view kRequiredMembers =
    R"("specversion":"1.0","id":"a1","source":"/s","type":"t")";

/// A valid event with these members besides the required ones.
inline std::string event_with(std::string_view members) {
  std::string text = "{";
  text += kRequiredMembers;
  if (!members.empty()) text += ',';
  text += members;
  text += '}';
  return text;
}

inline Decoder make_decoder(DecodeMode mode = DecodeMode::full) {
  Result<Decoder> decoder = Decoder::create({.mode = mode});
  if (!decoder) std::abort();
  return std::move(*decoder);
}

struct Decoded {
  DecodeAnswer answer;
  Envelope envelope;
  DocumentIndex index;
};

/// Decodes the document alone in a batch.
inline Decoded decode(Decoder& decoder, std::string_view document) {
  Decoded decoded;
  decoder.clear();
  decoded.answer = decoder.decode(document, decoded.envelope, decoded.index);
  return decoded;
}

inline Refusal refusal_of(std::string_view document, DecodeMode mode = DecodeMode::full) {
  Decoder decoder = make_decoder(mode);
  return decode(decoder, document).answer.refusal;
}

/// The seed of a random test: PENSTOCK_TEST_SEED, or a new one; printed.
inline std::uint64_t test_seed() {
  const char* const given = std::getenv("PENSTOCK_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("PENSTOCK_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

/// How many documents a random test tries: PENSTOCK_TEST_DOCUMENTS, or as many as given.
inline std::uint64_t test_documents(std::uint64_t otherwise) {
  const char* const given = std::getenv("PENSTOCK_TEST_DOCUMENTS");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

/// Writes random events and breaks them.
class DocumentMaker {
 public:
  explicit DocumentMaker(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool once_in(std::uint64_t chances) { return below(chances) == 0; }
  std::string_view one_of(const std::vector<std::string_view>& choices) {
    return choices[below(choices.size())];
  }

  std::string valid_event() {
    std::vector<std::string> members = {R"("specversion":"1.0")", member("id", text(true)),
                                        member("source", text(true)), member("type", text(true))};
    if (!once_in(3)) members.push_back(member("subject", text(true)));
    if (!once_in(3)) members.push_back(member("time", quoted(timestamp())));
    if (!once_in(3)) members.push_back(member("datacontenttype", R"("application/json")"));
    if (once_in(4)) members.push_back(member("dataschema", R"("https://example.com/s")"));
    for (std::uint64_t i = below(6); i > 0; --i)
      members.push_back(member("ext" + std::to_string(i), extension_value()));
    if (once_in(8)) {
      members.push_back(member("data_base64", R"("AAECAw==")"));
    } else if (!once_in(8)) {
      members.push_back(member("data", value(0)));
    }
    std::shuffle(members.begin(), members.end(), random_);
    return wrap('{', members, '}');
  }

  /// One to three changes, of which most break the document.
  std::string mutated(std::string document) {
    for (std::uint64_t i = 1 + below(3); i > 0 && !document.empty(); --i) mutate(document);
    return document;
  }

  std::string value(unsigned depth) {
    switch (below(depth < 5 ? 9 : 6)) {
      case 0: return std::string(one_of({"true", "false", "null"}));
      case 1:
      case 2: return number();
      case 3:
      case 4:
      case 5: return text(false);
      case 6: return values('[', ']', depth);
      default: return values('{', '}', depth);
    }
  }

 private:
  std::string space() {
    return once_in(12) ? std::string(one_of({" ", "\n", "\t", "\r\n", "  ", "                 "}))
                       : std::string{};
  }

  std::string wrap(char open, const std::vector<std::string>& parts, char close) {
    std::string out = space() + open + space();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) out += space() + ',' + space();
      out += parts[i];
    }
    return out + space() + close + space();
  }

  std::string values(char open, char close, unsigned depth) {
    std::vector<std::string> parts;
    for (std::uint64_t i = below(6); i > 0; --i)
      parts.push_back(open == '{' ? member(key(), value(depth + 1)) : value(depth + 1));
    return wrap(open, parts, close);
  }

  std::string key() { return once_in(6) ? "id" : "k" + std::to_string(below(30)); }

  std::string member(std::string_view name, const std::string& value_text) {
    std::string out = "\"";
    if (once_in(25)) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x",
                    static_cast<unsigned>(static_cast<unsigned char>(name.front())));
      out += escape;
      name.remove_prefix(1);
    }
    return out + std::string(name) + '"' + space() + ':' + space() + value_text;
  }

  std::string quoted(std::string_view contents) { return '"' + std::string(contents) + '"'; }

  std::string text(bool attribute) {
    std::string out;
    for (std::uint64_t i = (attribute ? 1 : 0) + below(once_in(10) ? 60 : 12); i > 0; --i) {
      if (once_in(20)) {
        out += one_of({"\\\"", "\\\\", "\\/", "\\u0041", "\\ud83d\\ude00", "\xC3\xA4",
                       "\xE2\x82\xAC", "\xF0\x9F\x98\x80"});
      } else if (!attribute && once_in(20)) {
        out += one_of({"\\n", "\\u0000", "\\t", "{", "]", ":", ",", "\x7F", "\\uffff"});
      } else {
        out += static_cast<char>('a' + below(26));
      }
    }
    return quoted(out);
  }

  std::string number() {
    std::string out(one_of({"", "-"}));
    out += once_in(4) ? "0" : std::to_string(1 + below(once_in(3) ? 1000000000000 : 1000));
    if (once_in(2)) out += "." + std::to_string(below(1000));
    if (once_in(4)) out += std::string(one_of({"e", "E", "e+", "e-"})) + std::to_string(below(400));
    return out;
  }

  std::string timestamp() {
    char out[64];
    std::snprintf(out, sizeof(out), "2%03u-%02u-%02uT%02u:%02u:%02u",
                  static_cast<unsigned>(below(1000)), static_cast<unsigned>(1 + below(12)),
                  static_cast<unsigned>(1 + below(28)), static_cast<unsigned>(below(24)),
                  static_cast<unsigned>(below(60)), static_cast<unsigned>(below(60)));
    std::string time = out;
    if (once_in(2)) time += "." + std::to_string(below(1000000));
    return time + std::string(one_of({"Z", "+02:00", "-11:30", "z"}));
  }

  std::string extension_value() {
    switch (below(4)) {
      case 0: return std::string(one_of({"true", "false", "null", "\"\""}));
      case 1: return std::to_string(static_cast<std::int32_t>(random_()));
      default: return text(true);
    }
  }

  void mutate(std::string& document) {
    const std::size_t at = below(document.size());
    switch (below(8)) {
      case 0: document[at] = static_cast<char>(random_()); break;
      case 1: document.erase(at, 1 + below(4)); break;
      case 2: document.resize(at); break;
      case 3: document.insert(at, document.substr(below(document.size()), below(20))); break;
      case 4: document[at] = one_of({"\"", "{", "}", "[", "]", ",", ":", "\\", "0"})[0]; break;
      default: document.insert(at, one_of(kFragments)); break;
    }
  }

  inline static const std::vector<std::string_view> kFragments = {
      "\"",          "{",
      "}",           "[",
      "]",           ",",
      ":",           "\\",
      "\\u",         "0",
      "-",           ".",
      "e5",          "1e999",
      "true",        "null",
      "tru",         "\\ud800",
      " ",           "\n",
      "\x01",        "\x0C",
      "\x1A",        "\x7F",
      "\xC3",        "\xEF\xBB\xBF",
      "\xFF",        "\"id\":\"x\",",
      "\"data\":1,", "\"data_base64\":\"AA==\",",
      "\"ext1\":1,", "\"x\":1.5,",
      "\"x\":[],",   "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["};

  std::mt19937_64 random_;
};

}  // namespace penstock::testing
