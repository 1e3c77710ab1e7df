// What gatevisor tells whoever runs it.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>

#include "cgroup_home.h"
#include "os/unique_fd.h"
#include "unit.h"

namespace gatevisor::testing {
namespace {

/// The socket of podman or systemd.
class Above {
 public:
  explicit Above(const std::string& path)
      : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  /// Every state up to and with this one.
  std::string hears(const std::string& state) {
    std::string all;
    while (all.find(state) == all.npos) {
      pollfd ready{fd_.get(), POLLIN, 0};
      if (poll(&ready, 1, static_cast<int>(patience().count())) != 1) break;
      char text[4096];
      const ssize_t got = recv(fd_.get(), text, sizeof text, 0);
      if (got <= 0) break;
      all += std::string(text, static_cast<std::size_t>(got)) + "\n";
    }
    EXPECT_NE(all.find(state), all.npos) << "heard only: " << all;
    return all;
  }

 private:
  os::UniqueFd fd_;
};

TEST(Upstream, IsToldThatTheGatewayIsReadyAndThatItStops) {
  TempDir files;
  Above above(files.file("notify"));
  Gatevisor supervisor({.command = {"report", files.file("report"), "notify", "READY=1", "wait"},
                        .properties = {"Type=notify"},
                        .environment = {{"NOTIFY_SOCKET", files.file("notify")}}});
  const std::string start = above.hears("READY=1");
  EXPECT_LT(start.find("STATUS=started (pid "), start.find("READY=1"));
  EXPECT_EQ(start.find("STOPPING"), start.npos);
  auto report = files.wait_report("report");
  EXPECT_EQ(report["env.NOTIFY_SOCKET"].substr(0, 11), "@gatevisor/") << "its own, not ours";
  supervisor.signal(SIGTERM);
  above.hears("STOPPING=1");
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(Upstream, ARespawnIsNoSecondStartAndTheGatewayDoesNotSeeTheSocket) {
  TempDir files;
  Above above(files.file("notify"));
  Gatevisor supervisor({.command = {"report", files.file("report"), "once", files.file("x"), "exit",
                                    "3", "wait"},
                        .properties = {"RestartSec=0"},
                        .environment = {{"NOTIFY_SOCKET", files.file("notify")},
                                        {"WATCHDOG_USEC", "1000"}}});
  const std::string all = above.hears("STATUS=respawned");
  EXPECT_NE(all.find("STATUS=pid "), all.npos) << all;
  EXPECT_EQ(all.find("READY=1"), all.rfind("READY=1")) << all;
  EXPECT_NE(all.find("READY=1"), all.npos) << all;
  auto report = files.wait_report("report");
  EXPECT_FALSE(report.contains("env.NOTIFY_SOCKET"));
  EXPECT_FALSE(report.contains("env.WATCHDOG_USEC"));
  supervisor.signal(SIGTERM);
  supervisor.expect_end();
}

TEST(Upstream, ASocketThatIsGoneHoldsNothingUp) {
  Gatevisor supervisor({.command = {"exit", "3"},
                        .properties = {"Restart=no"},
                        .environment = {{"NOTIFY_SOCKET", "/nowhere/notify"}}});
  EXPECT_EQ(supervisor.expect_end(), 3);
}

TEST(Upstream, TheTerminationLogGetsTheLastVerdict) {
  TempDir files;
  const std::string path = files.file("termination-log");
  { std::ofstream(path) << std::string(9000, 'x'); }
  Gatevisor supervisor({.command = {"exit", "78"}, .options = {"--termination-log=" + path}});
  EXPECT_EQ(supervisor.expect_end(), 78);
  const std::string told = read_file(path);
  EXPECT_EQ(told.find("gateway (pid "), 0u) << told;
  EXPECT_NE(told.find("\nBecause     exit code 78 (EX_CONFIG): a configuration error\n"), told.npos);
  EXPECT_NE(told.find("\nWhat to do  "), told.npos);
  EXPECT_EQ(told.find("xx"), told.npos) << "what was there is gone";
}

TEST(Upstream, BadInput_ATerminationLogThatCannotBeWritten) {
  TempDir files;
  symlink("/etc/hostname", files.file("link").c_str());
  for (const std::string& path : {files.file("missing"), files.file("link"), std::string("/tmp")}) {
    Gatevisor supervisor({.command = {"exit", "0"}, .options = {"--termination-log=" + path}});
    EXPECT_EQ(supervisor.expect_end(), 73) << path;
    EXPECT_NE(supervisor.log().find("give a file that is there"), std::string::npos)
        << supervisor.log();
    EXPECT_EQ(supervisor.lines_with("gatevisor: "), 1u);
  }
}

}  // namespace
}  // namespace gatevisor::testing
