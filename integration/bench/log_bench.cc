// `gatevisor log` against journalctl, in the same run, on the same files: ratios count, not
// seconds.
//
// Usage: log_bench GATEVISOR [ENTRIES] [--check]
// Makes a directory of journal files in $TMPDIR (about 250 bytes an entry), and removes it again.
// --check: exit 1 where a goal is missed: a first page in 20 ms however large the files, -o json
// five times as fast as journalctl, -g at least as fast.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "app/file_storage.h"
#include "journal/writer.h"
#include "os/data_file.h"

namespace {

using namespace gatevisor;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "log_bench: %s\n", what.c_str());
  std::exit(1);
}

constexpr std::uint64_t kFirstTime = 1'700'000'000'000'000;

/// A gateway's lines: a message that is new each time, and a dozen fields that are not.
void write_files(const std::string& directory, std::uint64_t entries) {
  auto opened = os::open_data_directory(directory);
  if (!opened) die(to_string(opened.error()));
  journal::FileIds ids;
  ids.boot_id[0] = std::byte{1};
  ids.seqnum_id[0] = std::byte{2};
  std::uint64_t written = 0;
  for (int number = 0; written < entries; ++number) {
    auto file = os::DataFile::create(*opened, "bench-" + std::to_string(number) + ".journal");
    if (!file) die(to_string(file.error()));
    app::FileStorage storage(std::move(*file));
    ids.file_id[0] = static_cast<std::byte>(number);
    journal::Limits limits;
    limits.max_size = std::uint64_t{1} << 30;
    limits.allocation_step = 8 << 20;
    limits.buffer = 256 << 10;
    auto writer = journal::Writer::create(storage, ids, written + 1, limits);
    if (!writer) die(to_string(writer.error()));
    for (; written < entries && !writer->full(); ++written) {
      std::vector<std::string> payloads = {
          "MESSAGE=GET /v1/sessions/" + std::to_string(written * 7919 % 100'003) + "/messages " +
              std::to_string(200 + written % 7) + " in " + std::to_string(written % 997) +
              " ms, request " + std::to_string(written),
          "PRIORITY=" + std::to_string(written % 1000 == 0 ? 3 : 6),
          "_PID=" + std::to_string(100 + written / 50'000),
          "_SYSTEMD_UNIT=gateway.service",
          "SYSLOG_IDENTIFIER=gateway",
          "_HOSTNAME=box",
          "_TRANSPORT=stdout",
          "_UID=1000",
          "_GID=1000",
          "_COMM=node",
          "_EXE=/usr/bin/node",
          "_CMDLINE=node /srv/gateway/main.js --port 8080",
          "_BOOT_ID=01000000000000000000000000000000"};
      std::vector<journal::Field> fields;
      for (const std::string& payload : payloads) {
        fields.push_back({{}, std::as_bytes(std::span(payload))});
      }
      auto added =
          writer->append({kFirstTime + written * 1000, 1'000'000 + written * 1000}, fields);
      if (!added && writer->full()) break;
      if (!added) die(to_string(added.error()));
    }
    if (auto closed = writer->close(); !closed) die(to_string(closed.error()));
  }
}

/// Seconds, the best of some: what else runs on the machine only adds.
double seconds_of(const std::string& command, int times) {
  double best = 1e9;
  for (int i = 0; i < times; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const int status = std::system((command + " >/dev/null").c_str());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) die("failed: " + command);
    best = std::min(best, took.count());
  }
  return best;
}

struct Case {
  const char* name;
  std::string options;
  const char* behind;   ///< in the shell
  double least_ratio;   ///< of journalctl's time to ours; 0: no goal
  double most_seconds;  ///< 0: no goal
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) die("usage: log_bench GATEVISOR [ENTRIES] [--check]");
  const bool check = std::string(argv[argc - 1]) == "--check";
  const std::uint64_t entries =
      argc > 2 && argv[2][0] != '-' ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  std::string name = (std::filesystem::temp_directory_path() / "log-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) die("no temporary directory");
  write_files(name, entries);
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(name)) bytes += file.file_size();
  std::printf("%llu entries, %llu MB\n", static_cast<unsigned long long>(entries),
              static_cast<unsigned long long>(bytes >> 20));
  const std::string middle =
      "-S @" + std::to_string(kFirstTime / 1'000'000 + entries / 2000) + ".5";
  const std::vector<Case> cases = {
      {"the last 20", "-n 20", "", 0, 0.020},
      {"the first page", "", " | head -n 40", 0, 0.020},
      {"from the middle on, 20", middle + " -n 20", "", 0, 0.020},
      {"the last 20 errors", "-p err -r -n 20", "", 0, 0.020},
      {"-u with all, short", "-u gateway", "", 0, 0},
      {"all, short", "", "", 0, 0},
      {"all, cat", "-o cat", "", 0, 0},
      {"all, export", "-o export", "", 0, 0},
      {"all, json", "-o json", "", 5, 0},
      {"-g of 1 in 1000", "-g 'in 99 ms'", "", 1, 0},
      {"-g of none", "-q -g 'no such line|nor this'", " ; true", 1, 0},
      {"-g, a class", "-g 'request [0-9]*77777$'", "", 1, 0},
  };
  int missed = 0;
  std::printf("%-24s %12s %12s %8s\n", "", "journalctl", "gatevisor", "ratio");
  for (const Case& one : cases) {
    const std::string options = " --no-pager -D " + name + " " + one.options + one.behind;
    const int times = one.most_seconds > 0 ? 10 : 2;
    const double ours = seconds_of(std::string(argv[1]) + " log" + options, times);
    const double theirs = seconds_of("journalctl" + options, one.most_seconds > 0 ? 3 : 1);
    const bool good =
        theirs / ours >= one.least_ratio && (one.most_seconds == 0 || ours <= one.most_seconds);
    missed += good ? 0 : 1;
    std::printf("%-24s %10.1f ms %10.1f ms %8.1f%s\n", one.name, theirs * 1e3, ours * 1e3,
                theirs / ours, good ? "" : "  missed");
    std::fflush(stdout);
  }
  std::filesystem::remove_all(name);
  return check && missed > 0 ? 1 : 0;
}
