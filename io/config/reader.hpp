// SPDX-License-Identifier: Apache-2.0
// From the tree of a document to a Config, by the property table; collects every problem on the
// way. One thread; used for one document.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/io/config/document.hpp>
#include <penstock/io/config/table.hpp>

namespace penstock {

class ConfigReader {
 public:
  /// `name` stands for the file in the places of stages.
  explicit ConfigReader(std::string_view name) : name_(name) {}

  /// Requires: called once.
  [[nodiscard]] CheckedConfig read(const DocumentNode& root);

 private:
  void read_profile(const DocumentNode& root);
  void read_section(const Section& section, const DocumentEntry& entry);
  void read_item(const Section& section, const DocumentNode& table);
  void read_keys(const Section& section, const DocumentNode& table, void* object);
  void refuse_unknown_section(const DocumentEntry& entry);
  void refuse_unknown_key(const Section& section, const DocumentNode& table,
                          const DocumentEntry& entry);
  [[nodiscard]] static std::string describe_table(const Section& section,
                                                  const DocumentNode& table);
  void problem(const Place& place, std::string message, std::string suggestion = {});

  // Fixed after construction.
  std::string name_;
  // Filled by read().
  CheckedConfig answer_;
};

}  // namespace penstock
