// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/decode/decoder.hpp>

#include <new>
#include <utility>

#include <penstock/pipeline/decode/attribute.hpp>
#include <penstock/pipeline/decode/attribute_scan.hpp>
#include <penstock/pipeline/decode/diagnosis.hpp>
#include <penstock/pipeline/decode/escapes.hpp>
#include <penstock/pipeline/decode/scratch.hpp>
#include <penstock/pipeline/decode/structural_index.hpp>
#include <penstock/pipeline/decode/walker.hpp>
#include <penstock/runtime/base/check.hpp>

namespace penstock {

using decoding::Diagnosis;
using decoding::Fault;
using decoding::Scratch;
using decoding::StructuralIndexer;
using decoding::Walker;

struct Decoder::State {
  State(const DecoderOptions& chosen, StructuralIndexer made)
      : options(chosen), indexer(std::move(made)), walker(chosen.mode), scratch(kScratchBytes) {}

  /// The whole answer to a document that was not accepted.
  DecodeAnswer refuse(std::string_view document, const Fault& fault) const noexcept;

  DecoderOptions options;
  StructuralIndexer indexer;
  Walker walker;
  Scratch scratch;
};

namespace {

constexpr std::uint32_t kDocumentBytesLimit = 1u << 30;  ///< offsets and lengths have 31 bits

std::string_view slice(std::string_view document, View view) noexcept {
  return {document.data() + view.offset, view.length()};
}

/// What a walker asks of an index.
bool is_braced(std::string_view document, DocumentIndex index) noexcept {
  return document[index.offsets[0]] == '{' && document[index.offsets[index.count - 1]] == '}';
}

}  // namespace

Decoder::Decoder(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;
Decoder::~Decoder() = default;

Result<Decoder> Decoder::create(const DecoderOptions& options) {
  PENSTOCK_CHECK(options.event_bytes_max > 0 && options.event_bytes_max <= kDocumentBytesLimit);
  Result<StructuralIndexer> indexer =
      StructuralIndexer::create(options.event_bytes_max, options.batch_bytes_max);
  if (!indexer) return tl::unexpected(std::move(indexer).error());
  auto state = std::make_unique<State>(options, std::move(*indexer));
  if (!state->scratch.ok())
    return error(ErrorCode::unavailable, "no memory for a decoder's scratch");
  return Decoder(std::move(state));
}

std::size_t Decoder::memory_bytes(const DecoderOptions& options) noexcept {
  return StructuralIndexer::memory_bytes(options.event_bytes_max, options.batch_bytes_max) +
         kScratchBytes + sizeof(State) + Walker::memory_bytes();
}

std::string Decoder::kernel() { return StructuralIndexer::kernel(); }

void Decoder::clear() noexcept {
  state_->indexer.clear();
  state_->scratch.clear();
}

bool Decoder::has_room(std::size_t document_bytes) const noexcept {
  return state_->indexer.has_room(document_bytes);
}

void Decoder::reserve(std::size_t document_bytes) noexcept {
  state_->indexer.reserve(document_bytes);
}

DecodeAnswer Decoder::decode(std::string_view document, Envelope& envelope,
                             DocumentIndex& index) noexcept {
  if (document.size() > state_->options.event_bytes_max) return {.refusal = Refusal::too_large};
  PENSTOCK_DCHECK(has_room(document.size()));
  if (state_->indexer.make(document, index)) [[likely]]
    return decode_indexed(document, index, envelope);
  return state_->refuse(document, {.refusal = Refusal::invalid_json});
}

DecodeAnswer Decoder::decode_indexed(std::string_view document, DocumentIndex index,
                                     Envelope& envelope) noexcept {
  if (!is_braced(document, index)) [[unlikely]]
    return state_->refuse(document, {.refusal = Refusal::invalid_json});
  const Fault fault = state_->walker.walk(document, index, envelope);
  if (fault.refusal == Refusal::none) [[likely]]
    return {};
  return state_->refuse(document, fault);
}

/// A document that is no JSON is refused as such, whichever attribute is wrong besides; so the
/// answer does not depend on where the walk ended. Data that is left unread cannot change the
/// answer.
DecodeAnswer Decoder::State::refuse(std::string_view document, const Fault& fault) const noexcept {
  if (fault.refusal == Refusal::invalid_json || options.mode == DecodeMode::full) {
    const Diagnosis diagnosis = decoding::diagnose(document);
    if (diagnosis.refusal != Refusal::none)
      return {.refusal = diagnosis.refusal, .offset = diagnosis.offset};
    // The walk and the diagnosis are two parsers of one grammar.
    PENSTOCK_DCHECK(fault.refusal != Refusal::invalid_json);
  }
  return {.refusal = fault.refusal,
          .offset = fault.offset,
          .attribute = decoding::name_of(fault.attribute),
          .name = fault.name};
}

bool Decoder::index(std::string_view document, DocumentIndex& index) noexcept {
  return document.size() <= state_->options.event_bytes_max &&
         state_->indexer.make_reserved(document, index);
}

std::string_view Decoder::text(std::string_view document, View view) noexcept {
  const std::string_view raw = slice(document, view);
  return view.escaped() ? state_->scratch.unescape(raw) : raw;
}

Extension Decoder::find_extension(std::string_view document, const Envelope& envelope,
                                  std::string_view name, ValueKind& kind) noexcept {
  const unsigned count = envelope.extensions_count;
  for (unsigned i = 0; i < count && i < Envelope::kExtensionsInline; ++i) {
    const Extension& extension = envelope.extensions[i];
    const std::string_view raw = slice(document, extension.name);
    if (extension.name.escaped() ? !decoding::means(raw, name) : raw != name) continue;
    kind = envelope.extension_kind(i);
    return extension;
  }
  if (count <= Envelope::kExtensionsInline) return {};
  // The scan knows no reserved names.
  if (decoding::find_attribute(name) != decoding::Attribute::extension) return {};
  return decoding::scan_for_extension(document, envelope, name, kind);
}

}  // namespace penstock
