#include "app/journal_senders.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "os/children.h"
#include "os/sender_process.h"

namespace gatevisor::app {
namespace {

constexpr int kDepth = 16;
constexpr std::string_view kCgroup = "_SYSTEMD_CGROUP=";
constexpr std::string_view kComm = "_COMM=";
/// By that gatevisor's own records are found: nobody else is told to be called so.
constexpr std::string_view kOwnComm = "gatevisor";

/// Of a line alone.
bool is_of_the_stream(std::string_view field) {
  return field.starts_with("_TRANSPORT=") || field.starts_with("_STREAM_ID=") ||
         field.starts_with("SYSLOG_FACILITY=") || field.starts_with("SYSLOG_IDENTIFIER=");
}

bool is_in(std::string_view path, std::string_view cgroup) {
  return path.starts_with(cgroup) && (path.size() == cgroup.size() || path[cgroup.size()] == '/');
}

}  // namespace

void JournalSenders::learn(const protocol::JournalStream& stream) {
  Known known;
  known.pid = static_cast<int>(stream.pid);
  known.name = stream.unit;
  known.invocation = stream.invocation;
  known.most_level = stream.most_level;
  for (const std::string& field : stream.fields) {
    if (is_of_the_stream(field)) continue;
    if (field.starts_with(kCgroup)) {
      known.cgroup = field.substr(kCgroup.size());
    } else if (field.starts_with(kComm)) {
      known.comm = field.substr(kComm.size());
    } else if (field.starts_with("_EXE=") || field.starts_with("_CMDLINE=")) {
      known.process.push_back(field);
    } else if (field.starts_with("_SYSTEMD_") || !field.starts_with('_')) {
      known.unit.push_back(field);  // also LogExtraFields=
    }
  }
  // The process's other output has told it already; a pid comes again.
  std::erase_if(known_, [&known](const Known& other) {
    return other.pid == known.pid && (known.pid != 0 || other.invocation == known.invocation);
  });
  known_.push_front(std::move(known));
  if (known_.size() > kMost) known_.pop_back();
  remembered_.clear();
}

/// Where it is of one, `path` becomes as that one's own lines tell it: what stands in front differs
/// with cgroup namespaces. The outermost counts: what is below it is made by the unit.
const JournalSenders::Known* JournalSenders::in_cgroup(std::string& path) const {
  for (std::size_t from = path.find('/'); from != path.npos; from = path.find('/', from + 1)) {
    const std::string_view rest = std::string_view(path).substr(from);
    for (const Known& known : known_) {
      if (known.cgroup.empty() || !is_in(rest, known.cgroup)) continue;
      path.erase(0, from);
      return &known;
    }
  }
  return nullptr;
}

const JournalSenders::Known* JournalSenders::started(int pid) const {
  if (pid <= 0) return nullptr;
  const auto found = std::ranges::find(known_, pid, &Known::pid);
  return found == known_.end() ? nullptr : &*found;
}

const JournalSenders::Known* JournalSenders::descends_from(int pid) const {
  for (int i = 0; i < kDepth && pid > 1; ++i, pid = os::parent_of(pid)) {
    const Known* const known = started(pid);
    if (known != nullptr && known->cgroup.empty()) return known;
  }
  return nullptr;
}

JournalSender JournalSenders::look(const os::LogSender& sender) const {
  os::SenderProcess process = os::sender_process(sender.pid);
  const bool gone = process.comm.empty();
  // Of one that is gone it is known only whether gatevisor had started it.
  const Known* unit = in_cgroup(process.cgroup);
  if (unit == nullptr) unit = gone ? started(sender.pid) : descends_from(sender.pid);
  const Known* self = started(sender.pid);
  if (self != nullptr && (unit == nullptr || self->invocation != unit->invocation)) self = nullptr;
  if (gone && self != nullptr) process = {self->comm, self->cgroup};
  // It may execute something else by now.
  if (self != nullptr && self->comm != process.comm) self = nullptr;

  std::vector<std::string> fields = host_;
  const auto add = [&fields](const char* name, const std::string& value) {
    if (!value.empty()) fields.push_back(name + value);
  };
  if (sender.pid > 0) {
    add("_PID=", std::to_string(sender.pid));
    add("_UID=", std::to_string(sender.uid));
    add("_GID=", std::to_string(sender.gid));
  }
  if (process.comm != kOwnComm) add("_COMM=", process.comm);
  add("_SYSTEMD_CGROUP=", process.cgroup);
  if (unit != nullptr) std::ranges::copy(unit->unit, std::back_inserter(fields));
  if (self != nullptr) std::ranges::copy(self->process, std::back_inserter(fields));
  JournalSender found;
  found.fields = journal::CommonFields(std::move(fields));
  found.comm = process.comm;
  if (unit == nullptr) return found;
  found.most_level = unit->most_level;
  found.unit = unit->name;
  found.invocation = unit->invocation;
  return found;
}

JournalSender& JournalSenders::of(const os::LogSender& sender, Instant now) {
  const auto found = std::ranges::find_if(remembered_, [&sender](const Remembered& each) {
    return each.pid == sender.pid && each.uid == sender.uid && each.gid == sender.gid;
  });
  if (found != remembered_.end() && now < found->until) return found->sender;
  if (found != remembered_.end()) remembered_.erase(found);
  if (remembered_.size() == kMost) remembered_.pop_back();
  remembered_.push_front({sender.pid, sender.uid, sender.gid, after(now, kFresh), look(sender)});
  return remembered_.front().sender;
}

}  // namespace gatevisor::app
