// Several units under one gatevisor: order, dependencies, and whose processes are whose.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "cgroup_home.h"
#include "unit.h"

namespace gatevisor::testing {
namespace {

/// Units that write into one file when they are started and when they end.
class Units {
 public:
  Units() : files_("") {
    unlink(files_.path().c_str());
    std::ofstream(trace()) << "";
    chmod(trace().c_str(), 0666);
  }
  std::string trace() const { return files_.files.file("trace"); }
  /// `head`: of [Unit]; `service`: of [Service]; `words`: what it does once it has told its start.
  void add(const std::string& name, const std::string& head, std::string words,
           std::string service = "") const {
    if (words == "wait") {
      // Started is then what has told so: the next one cannot be faster.
      words = "notify READY=1 wait";
      service += "Type=notify\n";
    }
    files_.write(name + ".service",
                 "[Unit]\n" + head + "[Service]\nExecStart=" + misbehave() + " append " + trace() +
                     " +" + name + " " + words + "\nExecStopPost=" + misbehave() + " append " +
                     trace() + " -" + name + " exit 0\n" + service);
  }
  std::string path(const std::string& name) const {
    return files_.files.file("units/" + name + ".service");
  }
  void write(const std::string& name, const std::string& text) const { files_.write(name, text); }
  std::string file(const std::string& name) const { return files_.files.file(name); }
  Launch launch(const std::string& name, std::vector<std::string> options = {}) const {
    Launch launch;
    launch.options = std::move(options);
    launch.unit = path(name);
    return launch;
  }
  std::string wait_file(const std::string& name) const { return files_.files.wait_file(name); }
  /// Until its processes have told that much.
  void wait_told(const std::string& text) const { files_.files.wait_text("trace", text); }
  /// '+db +gw -gw -db'
  std::string told() const {
    std::string text = read_file(trace());
    std::ranges::replace(text, '\n', ' ');
    return text.substr(0, text.find_last_not_of(' ') + 1);
  }

 private:
  Unit files_;
};

/// Of the next record of that event about `unit`.
Record expect_of(Gatevisor& supervisor, const std::string& event, const std::string& unit) {
  for (;;) {
    Record record = supervisor.expect(event);
    if (!record.exists() || record.text("/unit") == unit) return record;
  }
}

TEST(Units, StartInOrderAndStopInReverse) {
  Units units;
  units.add("gw", "Requires=db.service\nAfter=db.service\n", "wait");
  units.add("db", "Wants=cache.service\nAfter=cache.service network.target\n", "wait");
  units.add("cache", "", "exit 0", "Type=oneshot\nRemainAfterExit=yes\n");
  Gatevisor supervisor(units.launch("gw"));
  units.wait_told("+gw");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_EQ(units.told(), "+cache +db +gw -gw -db -cache");
}

TEST(Units, AReadyServiceIsWaitedFor) {
  Units units;
  units.add("gw", "After=db.service\n", "wait");
  const std::string trace = units.trace();
  units.add("db", "", "linger 300 append " + trace + " ready notify READY=1 wait", "Type=notify\n");
  Gatevisor supervisor(units.launch("gw", {units.path("db")}));
  units.wait_told("+gw");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_EQ(units.told(), "+db ready +gw -gw -db");
}

TEST(Units, TheMainUnitsEndIsTheContainers) {
  Units units;
  units.add("gw", "After=db.service\n", "exit 7");
  units.add("db", "", "wait");
  Gatevisor first(units.launch("gw", {units.path("db"), "--main=gw.service"}));
  EXPECT_EQ(first.expect_end(), 7);
  EXPECT_EQ(units.told(), "+db +gw -gw -db");
  Gatevisor kept(units.launch("gw", {units.path("db"), "--main=gw.service", "--keep-running"}));
  expect_of(kept, "exited", "gw");
  kept.signal(SIGTERM);
  EXPECT_EQ(kept.expect_end(), 7) << "the main unit's status, whenever it ended";
}

TEST(Units, WhatFailsToStartKeepsThoseFromStartingThatRequireIt) {
  Units units;
  units.add("gw", "Requires=db.service\nAfter=db.service\n", "wait");
  units.add("db", "", "exit 3", "Type=oneshot\n");
  Gatevisor supervisor(units.launch("gw"));
  const Record refused = supervisor.expect("not-started");
  EXPECT_EQ(refused.text("/unit"), "gw");
  EXPECT_EQ(refused.text("/reason"), "db.service, which it requires, failed");
  EXPECT_EQ(supervisor.expect_end(), 3);
  EXPECT_EQ(units.told(), "+db -db");
}

TEST(Units, ARespawnTakesThoseAlongThatRequireIt) {
  Units units;
  units.add("main", "", "wait");
  units.add("gw", "Requires=db.service\nAfter=db.service main.service\n", "wait");
  units.add("db", "After=main.service\n", "wait", "Restart=on-failure\nRestartSec=50ms\n");
  Gatevisor supervisor(units.launch("gw", {units.path("main"), "--main=main.service"}));
  const Record started = expect_of(supervisor, "started", "db");
  units.wait_told("+gw");
  kill(static_cast<int>(started.number("/pid")), SIGKILL);
  units.wait_told("-gw\n+db\n+gw");
  EXPECT_EQ(units.told().substr(units.told().find("-db")), "-db -gw +db +gw");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(Units, BoundUnitsAreStopped) {
  Units units;
  units.add("main", "", "wait");
  units.add("gw", "BindsTo=db.service\nAfter=db.service main.service\n", "wait");
  units.add("db", "", "wait");
  Gatevisor supervisor(units.launch("gw", {units.path("main"), "--main=main.service"}));
  const Record started = expect_of(supervisor, "started", "db");
  units.wait_told("+main");
  units.wait_told("+gw");
  kill(static_cast<int>(started.number("/pid")), SIGKILL);
  const Record ended = expect_of(supervisor, "exited", "gw");
  EXPECT_EQ(ended.text("/verdict/cause"), "requested");
  EXPECT_NE(ended.text("/verdict/summary").find("the end of db.service"), std::string::npos);
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(Units, OnFailureRunsBeforeTheContainerEnds) {
  Units units;
  units.add("gw", "OnFailure=report@%n.service\nWants=db.service\n", "exit 9");
  units.add("db", "", "wait");
  units.add("report@", "", "linger 200 append " + units.trace() +
                " reported-%i-%%MONITOR_SERVICE_RESULT%%-%%MONITOR_EXIT_STATUS%%-%%MONITOR_UNIT%% "
                "exit 0",
            "Type=oneshot\n");
  Gatevisor supervisor(units.launch("gw"));
  EXPECT_EQ(supervisor.expect_end(), 9);
  const std::string told = units.told();
  EXPECT_NE(told.find("reported-gw.service-exit-code-9-gw.service"), std::string::npos) << told;
  EXPECT_LT(told.find("reported-gw.service"), told.find("-db")) << told;
}

TEST(Units, DependencyDirectoriesCount) {
  Units units;
  units.add("gw", "", "wait");
  units.add("side", "", "wait");
  mkdir(units.file("units/gw.service.wants").c_str(), 0755);
  units.write("gw.service.wants/side.service", "");
  Gatevisor supervisor(units.launch("gw"));
  units.wait_told("+side");
  units.wait_told("+gw");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(Units, BadInput_IsOneLine) {
  Units units;
  units.add("gw", "After=db.service\n", "wait");
  units.add("db", "After=gw.service\n", "wait");
  Gatevisor circle(units.launch("gw", {units.path("db")}));
  EXPECT_EQ(circle.expect_end(), 78);
  EXPECT_NE(circle.log().find("go round in a circle: db.service before gw.service before "
                              "db.service"),
            std::string::npos)
      << circle.log();
  units.add("gw", "Requires=no.service\n", "wait");
  Gatevisor missing(units.launch("gw"));
  EXPECT_EQ(missing.expect_end(), 78);
  EXPECT_NE(missing.log().find("gw.service:2:1: Requires=: there is no no.service"),
            std::string::npos)
      << missing.log();
  Gatevisor allowed(units.launch("gw", {"--allow=Requires"}));
  units.wait_told("+gw");
  allowed.signal(SIGTERM);
  EXPECT_EQ(allowed.expect_end(), 0);
  units.add("gw", "", "wait");
  EXPECT_EQ(Gatevisor(units.launch("gw", {"--main=x.service"})).expect_end(), 64);
  EXPECT_EQ(Gatevisor(units.launch("gw", {units.path("gw")})).expect_end(), 64);
  EXPECT_EQ(units.told(), "+gw -gw") << "nothing was begun by the others";
}

TEST(Units, VerifyTellsWhatRunWouldRefuse) {
  Units units;
  units.add("gw", "Requires=db.service\nWants=side.service\n", "wait");
  const auto verify = [&](const std::string& options) {
    return answer_of("verify " + options + units.path("gw"));
  };
  auto [status, told] = verify("");
  EXPECT_EQ(status, 1);
  EXPECT_NE(told.find("gw.service:2:1: Requires=: there is no db.service; give its file"),
            std::string::npos)
      << told;
  std::tie(status, told) = verify("--allow=Requires ");
  EXPECT_EQ(status, 0);
  EXPECT_NE(told.find("remark: "), std::string::npos) << told;
  EXPECT_NE(told.find("gw.service:3:1: Wants=: there is no side.service"),
            std::string::npos)
      << told;
  units.add("db", "After=gw.service\nBefore=gw.service\n", "wait");
  std::tie(status, told) = verify("");
  EXPECT_EQ(status, 1);
  EXPECT_NE(told.find("go round in a circle"), std::string::npos) << told;
}

// Where there is no cgroup to tell by: an orphan is told by the $INVOCATION_ID that it has.
TEST(Sandbox, EachUnitEndsItsOwnOrphans) {
  Units units;
  const std::string kill_soon = "TimeoutStopSec=200ms\n";
  units.add("gw", "", "daemon " + units.file("kept") + " wait", kill_soon);
  units.add("job", "After=gw.service\n", "daemon " + units.file("ended") + " exit 0",
            "Type=oneshot\n" + kill_soon);
  Launch launch = units.launch("job", {units.path("gw"), "--main=gw.service"});
  launch.place = Place::Sandbox;
  Gatevisor supervisor(launch);
  expect_of(supervisor, "started", "gw");
  const int kept = std::stoi(units.wait_file("kept"));
  const int ended = std::stoi(units.wait_file("ended"));
  expect_of(supervisor, "exited", "job");
  EXPECT_TRUE(wait_gone(ended));
  EXPECT_TRUE(is_alive(kept)) << "the other unit's";
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_TRUE(wait_gone(kept));
}

}  // namespace
}  // namespace gatevisor::testing
