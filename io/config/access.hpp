// SPDX-License-Identifier: Apache-2.0
// How rows of the property table reach the fields of options: field<Object, &Object::member,
// ...>(). For table.cpp alone. Values were checked before, so that conversions here cannot fail.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include <penstock/io/config/table.hpp>

namespace penstock {

template <auto First, auto... Rest, class Object>
constexpr auto& follow(Object& object) noexcept {
  if constexpr (sizeof...(Rest) == 0)
    return object.*First;
  else
    return follow<Rest...>(object.*First);
}

template <class Field>
void assign(Field& field, const PropertyValue& value) {
  if constexpr (std::is_same_v<Field, std::chrono::nanoseconds>)
    field = std::chrono::nanoseconds(std::get<std::uint64_t>(value));
  else if constexpr (std::is_same_v<Field, bool> || std::is_same_v<Field, double> ||
                     std::is_class_v<Field>)
    field = std::get<Field>(value);
  else
    field = static_cast<Field>(std::get<std::uint64_t>(value));
}

template <class Field>
PropertyValue fetch(const Field& field) {
  if constexpr (std::is_same_v<Field, std::chrono::nanoseconds>)
    return static_cast<std::uint64_t>(field.count());
  else if constexpr (std::is_same_v<Field, bool> || std::is_same_v<Field, double> ||
                     std::is_class_v<Field>)
    return field;
  else
    return static_cast<std::uint64_t>(field);
}

/// Access to the field that is reached from an Object through these members, one after the other.
template <class Object, auto... Members>
constexpr PropertyAccess field() noexcept {
  return {[](void* object, const PropertyValue& value) {
            assign(follow<Members...>(*static_cast<Object*>(object)), value);
          },
          [](const void* object) {
            return fetch(follow<Members...>(*static_cast<const Object*>(object)));
          }};
}

// threads.pin: a word or a list in the file, a kind and a list in the options.

inline void set_pin(void* object, const PropertyValue& value) {
  ThreadingOptions& threads = static_cast<PipelineOptions*>(object)->threads;
  threads.cpus.clear();
  if (const auto* word = std::get_if<std::string>(&value)) {
    threads.pin = *word == "none" ? PinKind::none : PinKind::automatic;
    return;
  }
  threads.pin = PinKind::list;
  for (const std::uint64_t cpu : std::get<std::vector<std::uint64_t>>(value))
    threads.cpus.push_back(static_cast<unsigned>(cpu));
}

inline PropertyValue get_pin(const void* object) {
  const ThreadingOptions& threads = static_cast<const PipelineOptions*>(object)->threads;
  if (threads.pin == PinKind::none) return std::string("none");
  if (threads.pin == PinKind::automatic) return std::string("auto");
  return std::vector<std::uint64_t>(threads.cpus.begin(), threads.cpus.end());
}

// stage.use: one choice in this version, a name in the options.

inline void set_use(void* object, const PropertyValue&) {
  static_cast<StageOptions*>(object)->use = "handler";
}

inline PropertyValue get_use(const void*) { return std::uint64_t{0}; }

}  // namespace penstock
