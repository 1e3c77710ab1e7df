// What one run of one unit showed, under systemd or under gatevisor.
//
// The unit's processes write into a pipe of the comparison's own (misbehave's `report` and `note`);
// the manager's opinion is added when the run has ended. facts() makes of it what can be compared:
// what has to differ (pids, random identifiers) is replaced by what it means.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace gatevisor::oracle {

using Facts = std::map<std::string, std::string>;

enum class Manager { Systemd, Gatevisor };

class Observation {
 public:
  /// From the pipe, as it comes.
  void add_text(const std::string& text) { text_ += text; }
  /// `note`s that are ready so far.
  unsigned ready() const;
  /// By the names of the `note`s.
  std::multimap<std::string, int> noted_pids() const;
  /// 'result', 'status' and their like, once the run is over.
  void add_fact(const std::string& key, const std::string& value) { extra_[key] = value; }
  /// The inode of the pipe that gatevisor's log goes into.
  void set_log(const std::string& pipe) { log_ = pipe; }

  /// `timed`: with 'delay', the milliseconds from one start to the next, and 'span', those from the
  /// first start, or from the stop that came after so many `note`s were ready, to the last that was
  /// told.
  Facts facts(Manager manager, bool timed, unsigned stop_after) const;

 private:
  using Report = std::vector<std::pair<std::string, std::string>>;
  std::vector<Report> reports() const;
  void add_first_report(Facts& facts, const Report& report, Manager manager) const;
  void add_signals(Facts& facts) const;
  void add_commands(Facts& facts) const;
  long span(unsigned stop_after) const;

  std::string text_;
  std::string log_;
  Facts extra_;
};

}  // namespace gatevisor::oracle
