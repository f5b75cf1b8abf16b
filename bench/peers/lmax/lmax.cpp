// SPDX-License-Identifier: Apache-2.0
// PENSTOCK_LMAX_JAVA, PENSTOCK_LMAX_JAR and PENSTOCK_LMAX_CLASSES come from the build, where it
// found Java and the jar.
#include "lmax.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#if !defined(PENSTOCK_LMAX_CLASSES)
#define PENSTOCK_LMAX_JAVA ""
#define PENSTOCK_LMAX_JAR ""
#define PENSTOCK_LMAX_CLASSES ""
#endif

extern char** environ;

namespace penstock::bench {
namespace {

constexpr bool kBuilt = sizeof(PENSTOCK_LMAX_CLASSES) > 1;
/// A sample takes some ten seconds at most.
constexpr int kAnswerMaxMs = 120'000;
constexpr const char* kRemedy = "install packages-bench.txt and configure again";

Absent absent(const std::string& why) {
  return {.name = "LMAX Disruptor", .reason = why + ": " + kRemedy};
}

}  // namespace

std::variant<std::shared_ptr<Lmax>, Absent> Lmax::start(const Cores& cores,
                                                        std::size_t item_bytes) {
  if (!kBuilt) return absent("no javac or no disruptor.jar when this program was built");
  std::shared_ptr<Lmax> lmax(new Lmax);
  std::string line;
  if (!lmax->launch(item_bytes)) return absent("cannot run " PENSTOCK_LMAX_JAVA);
  if (!lmax->read_line(line) || line != "ready")
    return absent("its Java program does not start (" + lmax->gone_ + ")");
  if (!lmax->pin("lmax-source", cores.source) || !lmax->pin("lmax-consumer", cores.consumer))
    return Absent{.name = "LMAX Disruptor", .reason = "its threads cannot be pinned"};
  return lmax;
}

bool Lmax::launch(std::size_t item_bytes) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0) return false;
  if (::pipe2(out.data(), O_CLOEXEC) != 0) {
    ::close(in[0]);
    ::close(in[1]);
    return false;
  }
  // A JVM that ended must be an error of write(2).
  std::signal(SIGPIPE, SIG_IGN);
  // 64K slots of 512 bytes take 36 MB; nothing is allocated while a sample runs.
  std::vector<std::string> words = {PENSTOCK_LMAX_JAVA,
                                    "-XX:+UseSerialGC",
                                    "-Xms256m",
                                    "-Xmx256m",
                                    "-cp",
                                    PENSTOCK_LMAX_CLASSES ":" PENSTOCK_LMAX_JAR,
                                    "lmax.LmaxPeer",
                                    std::to_string(item_bytes)};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  const int failed = posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  requests_ = in[1];
  answers_ = out[0];
  if (failed != 0) pid_ = -1;
  return failed == 0;
}

Lmax::~Lmax() {
  // The end of its standard input ends it.
  if (requests_ >= 0) ::close(requests_);
  if (answers_ >= 0) ::close(answers_);
  reap();
}

std::string Lmax::reap() {
  if (pid_ <= 0) return "";
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFSIGNALED(status) ? "its process was ended by signal " + std::to_string(WTERMSIG(status))
                             : "its process ended with " + std::to_string(WEXITSTATUS(status));
}

bool Lmax::read_line(std::string& line) {
  for (;;) {
    if (const std::size_t end = unread_.find('\n'); end != std::string::npos) {
      line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return true;
    }
    pollfd answer{.fd = answers_, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&answer, 1, kAnswerMaxMs);
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) {
      ::kill(pid_, SIGKILL);
      reap();
      gone_ = "its process did not answer for " + std::to_string(kAnswerMaxMs / 1000) + " seconds";
      return false;
    }
    std::array<char, 256> bytes{};
    const ssize_t count = ::read(answers_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      gone_ = reap();
      return false;
    }
    unread_.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

/// The JVM gives its threads' names to the system.
bool Lmax::pin(const std::string& thread, unsigned cpu) const {
  std::error_code error;
  const std::string tasks = "/proc/" + std::to_string(pid_) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    if (name != thread) continue;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    const int id = std::atoi(task.path().filename().c_str());
    return sched_setaffinity(id, sizeof set, &set) == 0;
  }
  return false;
}

Sample Lmax::run(const Work& work, std::uint64_t count) {
  if (!gone_.empty()) return {.gone = gone_};
  const std::string request = work.kind + ' ' + std::to_string(work.slots) + ' ' +
                              std::to_string(work.batch) + ' ' + std::to_string(count) + '\n';
  std::string line;
  // A request that cannot be written is one that nobody answers.
  (void)!::write(requests_, request.data(), request.size());
  if (!read_line(line)) return {.gone = gone_};
  std::istringstream answer(line);
  double ns = 0;
  std::int64_t sum = 0;  // Java has no unsigned numbers
  double waited_ns = 0;
  if (!(answer >> ns >> sum >> waited_ns)) {
    gone_ = "its process answered \"" + line + "\"";
    return {.gone = gone_};
  }
  return {.ns_per_item = ns / double(count),
          .checksum = static_cast<std::uint64_t>(sum),
          .waited_ns = waited_ns};
}

void add_lmax(Case& to, const std::variant<std::shared_ptr<Lmax>, Absent>& lmax,
              const std::vector<LmaxRow>& rows) {
  if (const Absent* const why = std::get_if<Absent>(&lmax)) {
    to.absent.push_back(*why);
    return;
  }
  for (const LmaxRow& row : rows)
    to.implementations.push_back(
        {.name = row.name,
         .run = [jvm = std::get<std::shared_ptr<Lmax>>(lmax),
                 work = row.work](std::uint64_t count) { return jvm->run(work, count); },
         .settles = true});
}

}  // namespace penstock::bench
