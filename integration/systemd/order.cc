// Several units that belong together, under systemd and under gatevisor: what starts, what ends,
// and in which order.
//
// Runs in the guest of integration/systemd/run, as a service with Delegate=yes. A case is a set of
// units that tell their starts ('+name') and ends ('-name') into one file, and steps that are done
// to both; the two files must be equal. gatevisor runs with --keep-running: systemd does not end
// with a unit. The last line is 'N passed, N failed'.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "cgroup_home.h"
#include "differences.h"
#include "watched_file.h"

namespace gatevisor::oracle {
namespace {

constexpr const char* kUnits = "/run/systemd/system/";

struct Step {
  enum class Kind { Await, Kill };
  Kind kind;
  std::string what;  ///< text of the file, or a unit's name
};
Step await(std::string text) { return {Step::Kind::Await, std::move(text)}; }
Step kill_main(std::string unit) { return {Step::Kind::Kill, std::move(unit)}; }

struct UnitText {
  std::string name;
  std::string head;  ///< lines of [Unit], with '\n'
  std::string words = "wait";
  std::string service{};  ///< lines of [Service]
};

/// Started: the first unit, and what it needs.
struct Case {
  std::string name;
  std::vector<UnitText> units;
  std::vector<Step> steps;
};

const std::string kRequiresDb = "Requires=db.service\nAfter=db.service\n";
const std::string kRestart = "Restart=on-failure\nRestartSec=200ms\n";
const std::string kOneshot = "Type=oneshot\n";

std::vector<Case> cases() {
  return {
      {"requires-and-after",
       {{"gw", kRequiresDb}, {"db", "After=cache.service\nWants=cache.service\n"}, {"cache", ""}},
       {await("+gw")}},
      {"before", {{"gw", "Wants=db.service\nBefore=db.service\n"}, {"db", ""}}, {await("+db")}},
      {"oneshot-first",
       {{"gw", kRequiresDb}, {"db", "", "linger 200 append $T done exit 0", kOneshot}},
       {await("+gw")}},
      {"oneshot-stays",
       {{"gw", kRequiresDb}, {"db", "", "exit 0", kOneshot + "RemainAfterExit=yes\n"}},
       {await("+gw")}},
      {"ready-first",
       {{"gw", kRequiresDb},
        {"db", "", "linger 200 append $T ready notify READY=1 wait", "Type=notify\n"}},
       {await("+gw")}},
      {"required-fails", {{"gw", kRequiresDb}, {"db", "", "exit 3", kOneshot}}, {await("-db")}},
      {"wanted-fails",
       {{"gw", "Wants=db.service\nAfter=db.service\n"}, {"db", "", "exit 3", kOneshot}},
       {await("+gw")}},
      {"failure-goes-on",
       {{"gw", "Requires=mid.service\nAfter=mid.service\n"},
        {"mid", kRequiresDb},
        {"db", "", "exit 3", kOneshot}},
       {await("-db")}},
      {"required-fails-and-is-tried-again",
       {{"gw", kRequiresDb},
        {"db", "", "once /out/again exit 3", "Type=notify\nNotifyAccess=all\n" + kRestart}},
       {await("-db\n+db")}},
      {"respawn-takes-along",
       {{"gw", kRequiresDb}, {"db", "", "wait", kRestart}},
       {await("+gw"), kill_main("db"), await("-gw\n+db\n+gw")}},
      {"respawn-takes-part-along",
       {{"gw", "Wants=part.service\n", "wait", kRestart},
        {"part", "PartOf=gw.service\nAfter=gw.service\n"}},
       {await("+part"), kill_main("gw"), await("-part\n+gw\n+part")}},
      {"requires-survives-an-end",
       {{"gw", kRequiresDb}, {"db", ""}},
       {await("+gw"), kill_main("db"), await("-db")}},
      {"bound-is-stopped",
       // Its stop begins while the other's ExecStopPost= runs.
       {{"gw", "BindsTo=db.service\nAfter=db.service\n", "wait",
         "ExecStop=/t/misbehave linger 1000\n"},
        {"db", ""}},
       {await("+gw"), kill_main("db"), await("-gw")}},
      {"bound-is-stopped-though-it-is-respawned",
       {{"gw", "BindsTo=db.service\nAfter=db.service\n"}, {"db", "", "wait", kRestart}},
       {await("+gw"), kill_main("db"), await("-db\n-gw\n+db")}},
      {"bound-to-what-was-skipped",
       {{"gw", "BindsTo=db.service\nAfter=db.service\nWants=other.service\n"},
        {"db", "ConditionPathExists=/no\n"},
        {"other", "After=gw.service\n"}},
       {await("+other")}},
      {"requires-what-was-skipped",
       {{"gw", kRequiresDb}, {"db", "ConditionPathExists=/no\n"}},
       {await("+gw")}},
      {"on-failure",
       {{"gw", "OnFailure=report.service\n"},
        {"report", "",
         "append $T %%MONITOR_UNIT%%:%%MONITOR_SERVICE_RESULT%%:%%MONITOR_EXIT_CODE%%:"
         "%%MONITOR_EXIT_STATUS%% exit 0",
         kOneshot}},
       {await("+gw"), kill_main("gw"), await("-report")}},
      {"on-failure-not-for-a-respawn",
       {{"gw", "OnFailure=report.service\n", "wait", kRestart}, {"report", "", "exit 0", kOneshot}},
       {await("+gw"), kill_main("gw"), await("-gw\n+gw")}},
      {"on-failure-of-a-dependency",
       {{"gw", kRequiresDb + "OnFailure=report.service\n"},
        {"db", "", "exit 3", kOneshot},
        {"report", "", "exit 0", kOneshot}},
       {await("-report")}},
      {"on-success",
       {{"gw", "OnSuccess=next.service\n", "exit 0"}, {"next", "After=gw.service\n"}},
       {await("+next")}},
      {"called-conflicts",
       {{"gw", "OnFailure=rescue.service\nWants=db.service\nBefore=db.service\n"},
        {"db", ""},
        {"rescue", "Conflicts=db.service\nAfter=db.service\n"}},
       {await("+db"), kill_main("gw"), await("+rescue")}},
      {"upholds",
       {{"gw", "Upholds=db.service\n"}, {"db", "After=gw.service\n"}},
       {await("+db"), kill_main("db"), await("-db\n+db")}},
      {"upholds-no-more",
       {{"gw", "Upholds=db.service\nWants=other.service\n", "exit 0", kOneshot},
        {"db", "After=gw.service\n"},
        {"other", "After=db.service\n"}},
       {await("+other"), kill_main("db"), await("-db")}},
      {"condition-at-a-respawn",
       {{"gw", "ConditionPathExists=!/out/condition\n", "append /out/condition x exit 3",
         kRestart}},
       {await("-gw")}},
      {"start-limit-then-on-failure",
       {{"gw", "OnFailure=report.service\nStartLimitBurst=2\nStartLimitIntervalSec=100\n", "exit 3",
         kRestart},
        {"report", "", "exit 0", kOneshot}},
       {await("-report")}},
  };
}

/// Files of one case and one manager.
class Stage {
 public:
  Stage(const Case& of, const std::string& manager)
      : case_(of), trace_("/out/" + of.name + "." + manager) {
    std::ofstream(trace_) << "";
    unlink("/out/again");
    unlink("/out/condition");
    for (const UnitText& unit : of.units) write(unit);
  }
  ~Stage() {
    for (const UnitText& unit : case_.units) unlink(file(unit.name).c_str());
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  static std::string file(const std::string& unit) { return kUnits + unit + ".service"; }
  bool wait(const std::string& text) const { return wait_for_text(trace_, text); }
  std::string told() const {
    std::string text = testing::read_file(trace_);
    std::ranges::replace(text, '\n', ' ');
    return text;
  }
  /// Of the last start that was told.
  int main_pid(const std::string& unit) const {
    return std::atoi(testing::read_file("/out/pid-" + unit).c_str());
  }

 private:
  void write(const UnitText& unit) const {
    // Started is what has told so: the next one cannot be faster.
    const bool plain = unit.words == "wait";
    std::string words = plain ? "notify READY=1 wait" : unit.words;
    if (const auto at = words.find("$T"); at != std::string::npos) words.replace(at, 2, trace_);
    std::ofstream(file(unit.name))
        << "[Unit]\nDefaultDependencies=no\nPartOf=order.target\nAfter=order.target\n"
        << unit.head << "[Service]\nExecStart=/t/misbehave pid /out/pid-" << unit.name << " append "
        << trace_ << " +" << unit.name << " " << words << "\nExecStopPost=/t/misbehave append "
        << trace_ << " -" << unit.name << " exit 0\n"
        << (plain ? "Type=notify\n" : "") << unit.service;
  }

  const Case& case_;
  const std::string trace_;
};

bool do_steps(const Case& of, const Stage& stage) {
  for (const Step& step : of.steps) {
    if (step.kind == Step::Kind::Await) {
      if (!stage.wait(step.what)) {
        std::printf("  %s: waited for '%s', and there was: %s\n", of.name.c_str(),
                    step.what.c_str(), stage.told().c_str());
        return false;
      }
    } else {
      kill(stage.main_pid(step.what), SIGKILL);
    }
  }
  return true;
}

bool command(const std::string& line) { return std::system(line.c_str()) == 0; }

bool under_systemd(const Case& of, std::string& told) {
  const Stage stage(of, "systemd");
  bool done = command("/usr/bin/systemctl daemon-reload") &&
              command("/usr/bin/systemctl start order.target") &&
              command("/usr/bin/systemctl start --no-block " + of.units.front().name + ".service");
  done = done && do_steps(of, stage);
  // Of several units that systemctl is told to stop, each is a request of its own.
  done = command("/usr/bin/systemctl stop order.target") && done;
  told = stage.told();
  command("/usr/bin/systemctl reset-failed 2>/dev/null");
  return done;
}

bool under_gatevisor(const Case& of, std::string& told) {
  const Stage stage(of, "gatevisor");
  Child supervisor({"/t/gatevisor", "run", "--keep-running", Stage::file(of.units.front().name)},
                   "/out/" + of.name + ".log");
  const bool done = do_steps(of, stage);
  const bool ended = supervisor.stop();
  told = stage.told();
  if (!done || !ended) {
    std::printf("  %s: gatevisor wrote: %s\n", of.name.c_str(),
                testing::read_file("/out/" + of.name + ".log").c_str());
  }
  return done && ended;
}

}  // namespace

int compare_orders(const std::string& pattern) {
  unsigned passed = 0;
  unsigned failed = 0;
  mkdir("/out", 0755);
  mkdir("/run/systemd/system", 0755);
  // It ends the units of a case in one transaction, as gatevisor's own end does.
  std::ofstream(std::string(kUnits) + "order.target") << "[Unit]\nDefaultDependencies=no\n";
  for (const Case& each : cases()) {
    if (!matches(pattern, each.name)) continue;
    std::string systemd;
    std::string gatevisor;
    const bool done = under_systemd(each, systemd) && under_gatevisor(each, gatevisor);
    const bool same = done && systemd == gatevisor;
    if (!same) {
      std::printf("FAILED %s: systemd '%s', gatevisor '%s'\n", each.name.c_str(), systemd.c_str(),
                  gatevisor.c_str());
    }
    ++(same ? passed : failed);
  }
  std::printf("%u passed, %u failed\n", passed, failed);
  std::fflush(stdout);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace gatevisor::oracle

int main(int argc, char** argv) {
  return gatevisor::oracle::compare_orders(argc > 1 ? argv[1] : "*");
}
