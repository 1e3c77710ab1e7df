#include "journal.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <sstream>

#include "cgroup_home.h"
#include "gatevisor.h"

namespace gatevisor::testing {

using nlohmann::json;

std::string output_of(const std::string& command) {
  std::string output;
  std::FILE* pipe = popen(command.c_str(), "r");
  char bytes[4096];
  while (const std::size_t got = std::fread(bytes, 1, sizeof bytes, pipe))
    output.append(bytes, got);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return output;
}

std::vector<json> entries(const std::string& directory, const std::string& matches) {
  std::vector<json> all;
  std::istringstream lines(
      output_of("journalctl -q --no-pager -a -o json -D " + directory + " " + matches));
  for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line));
  return all;
}

std::string message_of(const json& entry) {
  const json& message = entry.at("MESSAGE");
  if (message.is_string()) return message;
  std::string bytes;
  for (const json& byte : message) bytes += static_cast<char>(byte.get<int>());
  return bytes;
}

Launch shell(const TempDir& files, const std::string& script,
             std::vector<std::string> properties) {
  return {.properties = std::move(properties),
          .options = {"--journal-dir=" + files.file("journal"), "--console=none"},
          .raw_command = {"/bin/sh", "-c", script}};
}

std::string lines_of(const TempDir& files, const std::string& more) {
  return output_of("journalctl -q --no-pager -a -o cat -D " + files.file("journal") +
                   " _TRANSPORT=stdout " + more);
}

std::string numbered(int last) {
  std::string all;
  for (int i = 1; i <= last; ++i) all += "line " + std::to_string(i) + "\n";
  return all;
}

SmallDisk::SmallDisk(const TempDir& files, const char* size) : directory_(files.file("journal")) {
  mkdir(directory_.c_str(), 0755);
  EXPECT_EQ(mount("tmpfs", directory_.c_str(), "tmpfs", 0, size), 0);
}

SmallDisk::~SmallDisk() { EXPECT_EQ(umount(directory_.c_str()), 0); }

int writer_of(int gatevisor) {
  const auto deadline = std::chrono::steady_clock::now() + patience();
  // It has its name a moment after it was made.
  while (std::chrono::steady_clock::now() < deadline) {
    for (const int pid : children_of(gatevisor)) {
      if (read_file("/proc/" + std::to_string(pid) + "/comm") == "journal-writer\n") return pid;
    }
  }
  return 0;
}

void spin(unsigned rounds) {
  for (unsigned i = 0; i < rounds * 100; ++i) asm volatile("");
}

void kill_writers(int gatevisor, int kills) {
  int last = 0;
  unsigned random = 1;
  for (int done = 0; done < kills;) {
    const int writer = writer_of(gatevisor);
    if (writer == 0 || writer == last) continue;
    // A moment is as good as any other.
    random = random * 1'103'515'245 + 12'345;
    spin((random >> 16) % 8000);
    kill(writer, SIGKILL);
    last = writer;
    ++done;
  }
}

}  // namespace gatevisor::testing
