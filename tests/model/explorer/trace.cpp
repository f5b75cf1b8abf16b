// SPDX-License-Identifier: Apache-2.0
#include "trace.hpp"

#include <cstdio>
#include <fstream>
#include <map>

namespace penstock::model {
namespace {

const char* name_of(Op op) {
  switch (op) {
    case Op::begin: return "begin";
    case Op::load: return "load";
    case Op::store: return "store";
    case Op::modify: return "modify";
    case Op::compare: return "compare";
    case Op::plain_read: return "read";
    case Op::plain_write: return "write";
    case Op::pause: return "pause";
    case Op::park: return "park";
    case Op::resume: return "resume";
    case Op::wake: return "wake";
    case Op::await: return "await";
  }
  return "?";
}

const char* name_of(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed: return "relaxed";
    case std::memory_order_consume: return "consume";
    case std::memory_order_acquire: return "acquire";
    case std::memory_order_release: return "release";
    case std::memory_order_acq_rel: return "acq_rel";
    case std::memory_order_seq_cst: return "seq_cst";
  }
  return "?";
}

/// The text of source lines, where the sources are there to be read.
class Sources {
 public:
  std::string line(const Site& site) {
    std::vector<std::string>& lines = lines_of(site.file_name());
    const std::size_t number = site.line();
    if (number == 0 || number > lines.size()) return {};
    const std::string& text = lines[number - 1];
    const std::size_t begin = text.find_first_not_of(' ');
    return begin == std::string::npos ? std::string() : text.substr(begin);
  }

 private:
  std::vector<std::string>& lines_of(const std::string& path) {
    const auto found = files_.find(path);
    if (found != files_.end()) return found->second;
    std::vector<std::string>& lines = files_[path];
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  std::map<std::string, std::vector<std::string>> files_;
};

std::string place(const Site& site) {
  const std::string path = site.file_name();
  return path.substr(path.find_last_of('/') + 1) + ":" + std::to_string(site.line());
}

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "%#llx", static_cast<unsigned long long>(value));
  return text;
}

std::string detail(const Step& step) {
  std::string text;
  const bool atomic = step.op == Op::load || step.op == Op::store || step.op == Op::modify ||
                      step.op == Op::compare;
  if (atomic || step.op == Op::park || step.op == Op::resume || step.op == Op::wake)
    text += " #" + std::to_string(step.location);
  if (step.op == Op::modify) text += " " + hex(step.before) + " ->";
  if (step.op == Op::compare)
    text += step.done ? " " + hex(step.before) + " ->" : " wanted " + hex(step.before) + ", saw";
  if (step.op == Op::park)
    text += step.done ? " sleeps at" : " wanted " + hex(step.before) + ", saw";
  if (atomic || step.op == Op::park) text += " " + hex(step.value);
  if (atomic) text += std::string(" ") + name_of(step.order);
  if (step.age != 0) text += " (not the latest: " + std::to_string(step.age) + " older)";
  if (step.op == Op::resume) {
    constexpr const char* kWhy[] = {" woken", " timed out", " by itself"};
    text += kWhy[step.value];
  }
  return text;
}

}  // namespace

std::string render(const std::vector<Step>& steps) {
  Sources sources;
  std::string text;
  std::size_t number = 0;
  for (const Step& step : steps) {
    char begin[64];
    std::snprintf(begin, sizeof begin, "%4zu  %*sT%u %-8s", ++number,
                  static_cast<int>(step.thread) * 2, "", step.thread, name_of(step.op));
    std::string line = begin + detail(step);
    line.resize(std::max<std::size_t>(line.size() + 2, 64), ' ');
    text += line + place(step.site) + "  " + sources.line(step.site) + "\n";
  }
  return text;
}

std::string render(const Memory::Race& race) {
  std::string text = "data race:";
  for (unsigned i = 0; i < 2; ++i) {
    text += i == 0 ? " T" : " and T";
    text += std::to_string(race.threads[i]) + (race.writes[i] ? " writes at " : " reads at ");
    text += place(race.sites[i]);
  }
  return text;
}

}  // namespace penstock::model
