// Gives the same unit files to systemd and to gatevisor, and compares what their services find.
//
// Usage: compare UNIT-DIRECTORY DIFFERENCES [PATTERN]
// Runs as a service of the systemd that it asks, with Delegate=yes: gatevisor lives below its
// cgroup. A difference needs a line in DIFFERENCES, 'UNIT KEY: REASON' (both are glob patterns),
// and a line there needs a difference. The last line is 'N passed, N failed': a case is a unit, or
// a line of that file.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cgroup_home.h"
#include "differences.h"
#include "managers.h"

namespace gatevisor::oracle {
namespace {

namespace fs = std::filesystem;

/// The assignments of [X-Compare].
Facts read_plan(const fs::path& path) {
  Facts plan;
  std::ifstream file(path);
  bool here = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("[")) here = line == "[X-Compare]";
    const std::size_t equals = line.find('=');
    if (here && equals != std::string::npos) plan[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return plan;
}

/// compare.service is this program.
std::vector<Run> find_runs(const std::string& directory, const std::string& pattern) {
  std::vector<Run> runs;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string stem = entry.path().stem();
    if (entry.path().extension() != ".service" || stem == "compare") continue;
    Facts plan = read_plan(entry.path());
    std::istringstream instances(plan["Instances"]);
    std::vector<std::string> names;
    for (std::string instance; instances >> instance;) names.push_back(stem + instance);
    if (names.empty()) names.push_back(stem);
    for (const std::string& name : names) {
      if (!matches(pattern, name)) continue;
      Run run;
      run.name = name;
      run.stop_after = static_cast<unsigned>(std::atoi(plan["StopAfter"].c_str()));
      run.reload_after = static_cast<unsigned>(std::atoi(plan["ReloadAfter"].c_str()));
      run.timed = plan["Timed"] == "yes";
      runs.push_back(run);
    }
  }
  std::ranges::sort(runs, {}, &Run::name);
  return runs;
}

/// An ended unit is forgotten, with its result, unless a loaded one refers to it.
void keep_loaded(const std::vector<Run>& runs) {
  const std::string directory = "/run/systemd/system/compare.target.d";
  fs::create_directories(directory);
  {
    std::ofstream file(directory + "/units.conf");
    file << "[Unit]\n";
    for (const Run& run : runs) file << "After=" << run.name << ".service\n";
  }
  if (std::system("/usr/bin/systemctl daemon-reload") != 0) std::exit(71);
}

/// Delays of an emulated machine that others use too: a quarter, and what a start may take there.
bool same_delay(const std::string& one, const std::string& other) {
  const long a = std::atol(one.c_str());
  const long b = std::atol(other.c_str());
  return std::abs(a - b) <= std::max(a, b) / 4 + 1000;
}

bool same(const std::string& key, const std::string& one, const std::string& other) {
  return one == other || ((key == "delay" || key == "span") && same_delay(one, other));
}

/// Whether every difference of this run has a row.
bool explained(const Run& run, Differences& rows) {
  Facts systemd = run.systemd.facts(Manager::Systemd, run.timed, run.stop_after);
  Facts gatevisor = run.gatevisor.facts(Manager::Gatevisor, run.timed, run.stop_after);
  Facts keys = systemd;
  keys.insert(gatevisor.begin(), gatevisor.end());
  bool all = true;
  for (const auto& [key, unused] : keys) {
    const std::string one = systemd.contains(key) ? systemd[key] : "(none)";
    const std::string other = gatevisor.contains(key) ? gatevisor[key] : "(none)";
    if (same(key, one, other)) continue;
    if (rows.explains(run.name, key)) continue;
    all = false;
    std::printf("FAILED %s %s: systemd '%s', gatevisor '%s'\n", run.name.c_str(), key.c_str(),
                one.c_str(), other.c_str());
  }
  return all;
}

long seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool run_all(std::vector<Run*> runs, const char* what) {
  const long start = seconds();
  const bool systemd = run_under_systemd(runs);
  const long middle = seconds();
  const bool gatevisor = run_under_gatevisor(runs);
  std::printf("%zu %s: %ld s under systemd, %ld s under gatevisor\n", runs.size(), what,
              middle - start, seconds() - middle);
  if (!systemd) std::printf("FAILED %s: not ended in time under systemd\n", what);
  if (!gatevisor) std::printf("FAILED %s: not ended in time under gatevisor\n", what);
  std::fflush(stdout);
  return systemd && gatevisor;
}

int compare(const std::string& directory, const std::string& table, const std::string& pattern) {
  Differences rows(table);
  std::vector<Run> runs = find_runs(directory, pattern);
  fs::create_directories(kPipes);
  // Whoever needs them first makes them: not one of the two managers then.
  for (const char* place : {"/run/user", "/dev/mqueue"}) fs::create_directories(place);
  keep_loaded(runs);
  (void)testing::CgroupHome::get();
  // Those whose delays are measured have the machine for themselves.
  std::vector<Run*> timed;
  std::vector<Run*> others;
  for (Run& run : runs) (run.timed ? timed : others).push_back(&run);
  unsigned passed = 0;
  unsigned failed = 0;
  for (const auto& [part, what] : {std::pair(others, "units"), std::pair(timed, "timed units")}) {
    if (!part.empty() && !run_all(part, what)) ++failed;
  }
  for (const Run& run : runs) ++(explained(run, rows) ? passed : failed);
  return rows.finish(pattern == "*", passed, failed);
}

}  // namespace
}  // namespace gatevisor::oracle

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: compare UNIT-DIRECTORY DIFFERENCES [PATTERN]\n");
    return 64;
  }
  return gatevisor::oracle::compare(argv[1], argv[2], argc > 3 ? argv[3] : "*");
}
