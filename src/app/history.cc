// `gatevisor history`: every invocation that the records tell of, the newest last.
#include <map>

#include "app/exit_code.h"
#include "app/why.h"
#include "config/text.h"
#include "log/timestamp.h"
#include "os/clock.h"
#include "os/pager.h"
#include "report/history_text.h"

namespace gatevisor::app {
namespace {

class History {
 public:
  History(ToldJournal& journal, const HistoryOptions& options)
      : journal_(journal), options_(options) {}

  /// False: a time or a cause is none, which was said.
  bool prepare() {
    const std::uint64_t now = os::journal_times().realtime_usec;
    for (const std::string& cause : options_.causes) {
      if (cause_from_name(cause)) continue;
      std::string names;
      for (const Cause one : kAllCauses) names += " " + std::string(to_string(one));
      journal_.complain("--cause=" + config::printable(cause) + ": expected one of" + names);
      return false;
    }
    return take("--since", options_.since, now, since_) &&
           take("--until", options_.until, now, until_);
  }

  void read() {
    std::vector<std::string> payloads = {"GATEVISOR_EVENT=exited"};
    // What has not ended has no cause.
    if (options_.causes.empty()) payloads.emplace_back("GATEVISOR_EVENT=started");
    for (const std::string& cause : options_.causes) {
      payloads.push_back("GATEVISOR_CAUSE=" + cause);
    }
    journal_.match(std::move(payloads));
    if (since_) journal_.set().seek_realtime(*since_);
    bool reads = true;
    while (reads && journal_.set().next()) {
      if (until_ && journal_.set().meta().realtime_usec > *until_) break;
      const auto told = journal_.read();
      if (told) reads = take(*told);
    }
    for (const auto& [unit, report] : alive_) reads = reads && show(report);
  }

  bool nothing() const { return shown_ == 0; }
  os::TextOut& out() { return out_; }

 private:
  bool take(const char* option, const std::string& text, std::uint64_t now,
            std::optional<std::uint64_t>& into) {
    if (text.empty()) return true;
    const auto time = log::parse_timestamp(text, journal_.calendar(), now);
    if (!time) {
      journal_.complain(std::string(option) + "=" + config::printable(text) + ": " + time.error());
      return false;
    }
    into = *time;
    return true;
  }

  bool take(const Told& told) {
    const auto known = alive_.find(told.record.unit);
    if (told.record.death) {
      if (known != alive_.end()) {
        // Another one's end: of that one none was recorded.
        const bool its_own = known->second.verdict.invocation == told.record.invocation;
        if (!its_own && !show(known->second)) return false;
        alive_.erase(known);
      }
      return show(death_of(told));
    }
    if (known != alive_.end()) {
      if (!show(known->second)) return false;
      alive_.erase(known);
    }
    if (alive_.size() >= kMostUnits) return true;
    DeathReport& report = alive_[told.record.unit];
    report.verdict.unit = told.record.unit;
    report.verdict.invocation = told.record.invocation;
    report.verdict.pid = told.record.pid;
    report.started_usec = told.usec;
    return true;
  }

  /// False: nobody reads any more.
  bool show(const DeathReport& report) {
    std::string& text = out_.text();
    const bool with_unit = journal_.unit().empty();
    if (options_.json) {
      text += protocol::invocation_json(report, wall_text) + "\n";
    } else {
      if (shown_ == 0) text += report::history_title(with_unit);
      text += report::history_line(report, journal_.calendar(), with_unit);
    }
    ++shown_;
    return out_.flush_if_much();
  }

  // A journal may hold anybody's lines.
  static constexpr std::size_t kMostUnits = 4096;

  ToldJournal& journal_;
  const HistoryOptions& options_;
  os::TextOut out_;
  std::optional<std::uint64_t> since_;
  std::optional<std::uint64_t> until_;
  std::map<std::string, DeathReport> alive_;
  std::uint64_t shown_ = 0;
};

}  // namespace

int history(const HistoryOptions& options) {
  ToldJournal journal(options, "history");
  History history(journal, options);
  if (!history.prepare()) return kUsage;
  if (const auto status = journal.trouble()) return *status;
  history.read();
  const auto say = [&journal](const std::string& line) { journal.complain(line); };
  const int status = finish(history.out(), kOk, say);
  if (status == kOk && history.nothing()) say("no such invocation is recorded");
  return status;
}

}  // namespace gatevisor::app
