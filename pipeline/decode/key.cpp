// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/decode/key.hpp>

#include <array>
#include <charconv>
#include <utility>

#include <penstock/pipeline/decode/attribute.hpp>
#include <penstock/pipeline/event/data.hpp>

namespace penstock {
namespace {

constexpr std::array<std::pair<std::string_view, View Envelope::*>, 7> kAttributes = {{
    {"id", &Envelope::id},
    {"source", &Envelope::source},
    {"type", &Envelope::type},
    {"subject", &Envelope::subject},
    {"time", &Envelope::time},
    {"datacontenttype", &Envelope::datacontenttype},
    {"dataschema", &Envelope::dataschema},
}};

tl::unexpected<Error> malformed(std::string_view spec, std::string_view why) {
  std::string message = "key \"";
  message += spec;
  message += "\" ";
  message += why;
  return error(ErrorCode::invalid_config, std::move(message));
}

}  // namespace

Result<KeyReader> KeyReader::create(std::string_view spec) {
  constexpr std::string_view kData = "data";
  KeyReader reader;
  for (const auto& [name, view] : kAttributes)
    if (spec == name) {
      reader.attribute_ = view;
      return reader;
    }
  reader.attribute_ = nullptr;
  if (spec.empty()) return malformed(spec, "is empty: give an attribute or a path in data");
  if (spec == "specversion") return malformed(spec, "is the same in every event");
  if (spec == "data_base64") return malformed(spec, "is no JSON: give an attribute");
  if (spec == kData) return malformed(spec, "names no field: write \"data.<field>\"");
  if (!spec.starts_with("data.")) {
    if (!decoding::is_attribute_name(spec))
      return malformed(spec,
                       "is no attribute name (a-z and 0-9) and does not begin with \"data.\"");
    reader.extension_ = spec;
    return reader;
  }
  for (std::string_view rest = spec.substr(kData.size()); !rest.empty();) {
    rest.remove_prefix(1);  // the dot
    const std::string_view name = rest.substr(0, rest.find('.'));
    if (name.empty()) return malformed(spec, "has an empty step");
    Step step{.name = std::string(name)};
    const char* const end = name.data() + name.size();
    const auto [stop, problem] = std::from_chars(name.data(), end, step.element);
    if (problem != std::errc{} || stop != end) step.element = kNoElement;
    reader.steps_.push_back(std::move(step));
    rest.remove_prefix(name.size());
  }
  return reader;
}

std::optional<std::string_view> KeyReader::read(std::string_view document, const Envelope& envelope,
                                                DocumentIndex index,
                                                Decoder& decoder) const noexcept {
  if (attribute_ != nullptr) {
    const View view = envelope.*attribute_;
    if (!view.present()) return std::nullopt;
    return decoder.text(document, view);
  }
  if (needs_data()) return read_data(document, envelope, index, decoder);
  ValueKind kind{};
  const Extension found = decoder.find_extension(document, envelope, extension_, kind);
  if (!found.value.present()) return std::nullopt;
  return decoder.text(document, found.value);
}

std::optional<std::string_view> KeyReader::read_data(std::string_view document,
                                                     const Envelope& envelope, DocumentIndex index,
                                                     Decoder& decoder) const noexcept {
  if (envelope.data_kind != DataKind::json) return std::nullopt;
  if (index.offsets == nullptr && !decoder.index(document, index)) return std::nullopt;
  Data at = Data::of_event(document, index, envelope, decoder);
  for (const Step& step : steps_)
    at = step.element != kNoElement && at.type() == DataType::array ? at.at(step.element)
                                                                    : at[step.name];
  const DataType type = at.type();
  if (type == DataType::string) {
    const DataResult<std::string_view> text = at.get_string();
    return text ? std::optional(*text) : std::nullopt;
  }
  if (type != DataType::number && type != DataType::boolean) return std::nullopt;
  const DataResult<std::string_view> literal = at.raw();
  return literal ? std::optional(*literal) : std::nullopt;
}

}  // namespace penstock
