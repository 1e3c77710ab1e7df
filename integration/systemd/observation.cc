#include "observation.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <set>
#include <sstream>

namespace gatevisor::oracle {
namespace {

std::string own_namespace(const std::string& name) {
  char target[PATH_MAX] = {};
  const std::string path = "/proc/self/ns/" + name;
  return readlink(path.c_str(), target, sizeof target - 1) > 0 ? target : "";
}

/// Lines of /proc/self/status that somebody may have set. The others change from run to run.
bool is_set_by_somebody(const std::string& name) {
  static const std::set<std::string> kNames = {"Groups",
                                               "CapInh",
                                               "CapPrm",
                                               "CapEff",
                                               "CapBnd",
                                               "CapAmb",
                                               "Seccomp",
                                               "NoNewPrivs",
                                               "Seccomp_filters",
                                               "SigBlk",
                                               "SigIgn",
                                               "SigCgt",
                                               "Uid",
                                               "Gid",
                                               "Cpus_allowed_list",
                                               "Mems_allowed_list"};
  return kNames.contains(name);
}

std::string field(const std::vector<std::pair<std::string, std::string>>& report,
                  const std::string& key) {
  for (const auto& [name, value] : report) {
    if (name == key) return value;
  }
  return {};
}

/// The words after 'event=' of each line that has it.
std::vector<std::vector<std::string>> events_of(const std::string& text) {
  std::vector<std::vector<std::string>> events;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("event=")) continue;
    std::istringstream words(line.substr(6));
    std::vector<std::string> event;
    for (std::string word; words >> word;) event.push_back(word);
    if (event.size() == 4) events.push_back(event);
  }
  return events;
}

bool is_random_id(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// A path, or a name without a file.
std::string socket_name(const std::string& value) {
  return value.starts_with('/') || value.starts_with('@') ? "a socket" : value;
}

/// gatevisor limits the slice above the cgroup of an invocation, systemd the unit's only one.
/// Empty: the key is not compared.
std::string cgroup_key(const std::string& key, Manager manager) {
  const bool leaf = key.ends_with("memory.oom.group") || key.ends_with(".owner");
  const bool slice = manager == Manager::Gatevisor && !leaf;
  const std::string place = slice ? "cgroup.above." : "cgroup.own.";
  return key.starts_with(place) ? "cgroup." + key.substr(place.size()) : std::string();
}

/// Where a controller is not enabled it is as if nothing was set.
std::string cgroup_value(const std::string& key, const std::string& value) {
  if (value != "ENOENT") return value;
  static const Facts kDefaults = {{"cgroup.cpu.max", "max 100000"},
                                  {"cgroup.cpu.weight", "100"},
                                  {"cgroup.cpu.idle", "0"},
                                  {"cgroup.io.weight", "default 100"}};
  const auto found = kDefaults.find(key);
  return found != kDefaults.end() ? found->second : std::string();
}

/// Those that come at once are seen in the order of their numbers (signal(7)), not as they were
/// sent; so they are one entry: '15+18, 9'.
constexpr long kAtOnce = 700;

}  // namespace

unsigned Observation::ready() const {
  unsigned count = 0;
  for (const auto& event : events_of(text_)) count += event[1] == "ready" ? 1 : 0;
  return count;
}

std::multimap<std::string, int> Observation::noted_pids() const {
  std::multimap<std::string, int> pids;
  for (const auto& event : events_of(text_)) {
    if (event[1] == "ready") pids.emplace(event[0], std::atoi(event[2].c_str()));
  }
  return pids;
}

std::vector<Observation::Report> Observation::reports() const {
  std::vector<Report> all;
  std::istringstream lines(text_);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("event=") || line.starts_with("command")) continue;
    if (line.starts_with("pid=")) all.emplace_back();
    if (all.empty()) continue;
    std::size_t split = line.find(line.starts_with("status.") ? ':' : '=');
    if (split == std::string::npos) continue;
    const std::size_t value = line.find_first_not_of('\t', split + 1);
    all.back().emplace_back(line.substr(0, split),
                            value == std::string::npos ? "" : line.substr(value));
  }
  return all;
}

void Observation::add_first_report(Facts& facts, const Report& report, Manager manager) const {
  static const std::set<std::string> kOfOneRun = {"pid", "time",    "ppid",     "cgroup",
                                                  "end", "env.PID", "env.CHILD"};
  const std::string pid = field(report, "pid");
  for (const auto& [key, given] : report) {
    if (kOfOneRun.contains(key)) continue;
    std::string name = key;
    std::string value = given;
    if (key == "sid" || key == "pgid") value = value == pid ? "own" : "of another";
    if (key == "env.SYSTEMD_EXEC_PID" || key == "env.WATCHDOG_PID") {
      value = value == pid ? "its pid" : "another pid";
    }
    if (key == "env.NOTIFY_SOCKET") value = socket_name(value);
    if (key == "env.INVOCATION_ID" && is_random_id(value)) value = "an identifier";
    if (key.starts_with("ns.")) value = value == own_namespace(key.substr(3)) ? "shared" : "own";
    if (key.starts_with("status.")) {
      name = key.substr(7);
      if (!is_set_by_somebody(name)) continue;
      // systemd has one of each directive and architecture, gatevisor one of all.
      if (name == "Seccomp_filters" && value != "0") value = "some";
    }
    if (key.starts_with("cgroup.")) {
      name = cgroup_key(key, manager);
      if (name.empty()) continue;
      value = cgroup_value(name, value);
    }
    // Its path as seen below another root.
    if (value.starts_with("/null ")) value.insert(0, "/dev");
    // Where the log goes: no journal runs in the guest, so that systemd's is /dev/null.
    if (!log_.empty() && value.starts_with(log_)) value.replace(0, log_.size(), "/dev/null");
    facts[name] = value;
  }
}

/// For each process: the order among processes is nobody's.
void Observation::add_signals(Facts& facts) const {
  struct Seen {
    std::string text;
    std::set<int> at_once;
    long last = 0;
    void close() {
      std::string group;
      for (const int signal : at_once)
        group += (group.empty() ? " " : "+") + std::to_string(signal);
      text += group;
      at_once.clear();
    }
  };
  std::map<std::string, Seen> all;
  for (const auto& event : events_of(text_)) {
    Seen& seen = all[event[0]];
    const long time = std::atol(event[3].c_str());
    if (event[1] == "ready" || time - seen.last > kAtOnce) seen.close();
    if (event[1] == "ready") seen.text += seen.text.empty() ? "ready" : ", ready";
    if (event[1] == "signal") seen.at_once.insert(std::atoi(event[2].c_str()));
    seen.last = time;
  }
  for (auto& [name, seen] : all) {
    seen.close();
    facts["signals." + name] = seen.text;
  }
}

/// 'commands' is their order; what each found is of its last run.
void Observation::add_commands(Facts& facts) const {
  const auto all = reports();
  const std::string main_pid = all.empty() ? std::string() : field(all.back(), "pid");
  std::string own_pid;
  std::istringstream lines(text_);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("command")) continue;
    const std::size_t equals = std::min(line.find('='), line.size() - 1);
    const std::string key = line.substr(0, equals);
    std::string value = line.substr(equals + 1);
    if (key == "command") {
      const std::size_t space = value.find(' ');
      own_pid = value.substr(space + 1);
      std::string& names = facts["commands"];
      names += (names.empty() ? "" : " ") + value.substr(0, space);
      continue;
    }
    if (key.ends_with(".time") || key.ends_with(".env.PID") || key.ends_with(".env.CHILD"))
      continue;
    if (key.ends_with(".env.SYSTEMD_EXEC_PID"))
      value = value == own_pid ? "its pid" : "another pid";
    if (key.ends_with(".env.NOTIFY_SOCKET")) value = socket_name(value);
    if (key.ends_with(".env.MAINPID")) value = value == main_pid ? "the main pid" : "another pid";
    if (key.ends_with(".env.INVOCATION_ID") && is_random_id(value)) value = "an identifier";
    facts[key] = value;
  }
}

/// From the first start, or from what came first of the stop, to the last that was told.
long Observation::span(unsigned stop_after) const {
  long first = 0;
  long last = 0;
  unsigned ready = 0;
  for (const auto& event : events_of(text_)) {
    last = std::max(last, std::atol(event[3].c_str()));
    const bool of_stop = stop_after != 0 && ready >= stop_after;
    if (of_stop && first == 0) first = std::atol(event[3].c_str());
    ready += event[1] == "ready" ? 1 : 0;
  }
  std::istringstream lines(text_);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t time = line.find(".time=");
    if (line.starts_with("command.") && time != std::string::npos) {
      last = std::max(last, std::atol(line.c_str() + time + 6));
    }
  }
  const auto all = reports();
  if (all.empty() || last == 0) return 0;
  return last - (first != 0 ? first : std::atol(field(all.front(), "time").c_str()));
}

Facts Observation::facts(Manager manager, bool timed, unsigned stop_after) const {
  Facts facts = extra_;
  const auto all = reports();
  facts["starts"] = std::to_string(all.size());
  if (!all.empty()) add_first_report(facts, all.front(), manager);
  add_signals(facts);
  add_commands(facts);
  // The shortest: a busy machine makes a delay longer, and nothing makes it shorter.
  long shortest = -1;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const long delay =
        std::atol(field(all[i], "time").c_str()) - std::atol(field(all[i - 1], "time").c_str());
    if (shortest < 0 || delay < shortest) shortest = delay;
  }
  if (timed) {
    facts["delay"] = std::to_string(shortest);
    facts["span"] = std::to_string(span(stop_after));
  }
  return facts;
}

}  // namespace gatevisor::oracle
