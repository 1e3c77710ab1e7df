#include "protocol/journal_record.h"

#include "protocol/record_json.h"
#include "protocol/wire.h"

namespace gatevisor::protocol {
namespace {

constexpr std::size_t kMaxFields = 64;

// sd-messages.h
constexpr const char* kUnitStarted = "39f53479d3a045ac8e11786248231fbf";
constexpr const char* kUnitStopping = "de5b426a63be47a7b6ac3eaac82e2f6f";
constexpr const char* kUnitProcessExit = "98e322203f7a4ed290d09fe03c09fe15";
constexpr const char* kUnitOutOfMemory = "fe6faa94e7774663a0da52717891d8ef";
constexpr const char* kUnitReloading = "d34d037fff1847e6ae669a370e694725";
constexpr const char* kUnitReloaded = "7b05ebc668384222baa8881179cfda54";
constexpr const char* kUnitSkipped = "0e4284a0caca4bfc81c0bb6786972673";
constexpr const char* kUnitFailed = "be02cf6855d2428ba40df7e9d022f03d";
constexpr const char* kUnitFailureResult = "d9b373ed55a64feb8242e02dbe79a49c";

void add_verdict(std::vector<std::string>& fields, const Verdict& verdict) {
  const auto add = [&](const char* name, std::string_view value) {
    fields.push_back(std::string(name) + "=" + std::string(value));
  };
  if (!verdict.invocation.empty()) add("INVOCATION_ID", verdict.invocation);
  if (verdict.pid != 0) add("GATEVISOR_PID", std::to_string(verdict.pid));
  if (!verdict.command.empty()) add("COMMAND", verdict.command);
  add("GATEVISOR_CAUSE", to_string(verdict.cause));
  add("GATEVISOR_CONFIDENCE", to_string(verdict.confidence));
  if (verdict.scope) add("GATEVISOR_SCOPE", to_string(*verdict.scope));
  if (verdict.victim) add("GATEVISOR_VICTIM", to_string(*verdict.victim));
  if (verdict.sender) add("GATEVISOR_SENDER", to_string(*verdict.sender));
  if (!verdict.runtime.empty()) add("GATEVISOR_RUNTIME", verdict.runtime);
  if (!verdict.status) return;
  // As systemd's own records of a process's end have them.
  add("EXIT_CODE", to_string(verdict.status->kind));
  add("EXIT_STATUS", std::to_string(verdict.status->value));
}

struct OwnFields {
  std::vector<std::string>& fields;

  void id(const char* message_id) const {
    fields.push_back("MESSAGE_ID=" + std::string(message_id));
  }
  void operator()(const record::Started& r) const {
    id(kUnitStarted);
    fields.push_back("INVOCATION_ID=" + r.invocation);
    fields.push_back("GATEVISOR_PID=" + std::to_string(r.pid));
  }
  void operator()(const record::Flight& r) const {
    fields.push_back("INVOCATION_ID=" + r.invocation);
  }
  void operator()(const record::Exited& r) const {
    id(r.verdict.cause == Cause::OomKill ? kUnitOutOfMemory : kUnitProcessExit);
    if (r.result != "success") fields.push_back("UNIT_RESULT=" + r.result);
    add_verdict(fields, r.verdict);
  }
  void operator()(const record::Failed& r) const {
    id(kUnitFailureResult);
    fields.push_back("UNIT_RESULT=" + r.result);
  }
  void operator()(const record::Reloading&) const { id(kUnitReloading); }
  void operator()(const record::Reloaded&) const { id(kUnitReloaded); }
  void operator()(const record::Skipped&) const { id(kUnitSkipped); }
  void operator()(const record::NotStarted&) const { id(kUnitFailed); }
  void operator()(const record::CommandFailed&) const { id(kUnitProcessExit); }
  void operator()(const record::Ready&) const {}
  void operator()(const record::StartLimitHit&) const { id(kUnitFailureResult); }
  void operator()(const record::Stopping&) const { id(kUnitStopping); }
  void operator()(const record::OomWhileAlive&) const { id(kUnitOutOfMemory); }
  void operator()(const record::Alarm&) const {}
  void operator()(const record::Forwarded&) const {}
  void operator()(const record::SignalSent&) const {}
  void operator()(const record::KillEscalated&) const {}
  void operator()(const record::MemoryStalled&) const {}
  void operator()(const record::Serving&) const {}
  void operator()(const record::ProbeFailed&) const {}
  void operator()(const record::HookFailed&) const {}
  void operator()(const record::LeftBehind&) const {}
  void operator()(const record::Warning&) const {}
  void operator()(const record::Finished&) const {}
};

}  // namespace

std::vector<std::string> journal_fields(const Record& record, const std::string& unit, int priority,
                                        const std::string& message, const std::string& json) {
  std::vector<std::string> fields = {"MESSAGE=" + message,
                                     "PRIORITY=" + std::to_string(priority),
                                     "SYSLOG_IDENTIFIER=gatevisor",
                                     "UNIT=" + unit + ".service",
                                     "GATEVISOR_EVENT=" + std::string(event_name(record)),
                                     "GATEVISOR_RECORD=" + json};
  std::visit(OwnFields{fields}, record);
  return fields;
}

std::string encode(const JournalRecord& record) {
  std::string bytes;
  put(bytes, record.number);
  put(bytes, record.realtime_usec);
  put(bytes, record.monotonic_usec);
  put(bytes, std::uint64_t{record.fields.size()});
  for (const std::string& field : record.fields) put(bytes, field);
  return bytes;
}

std::optional<JournalRecord> decode(std::string_view bytes) {
  JournalRecord record;
  std::uint64_t count = 0;
  const bool head = take(bytes, record.number) && take(bytes, record.realtime_usec) &&
                    take(bytes, record.monotonic_usec) && take(bytes, count);
  if (!head || count == 0 || count > kMaxFields) return std::nullopt;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!take(bytes, record.fields.emplace_back())) return std::nullopt;
  }
  if (!bytes.empty()) return std::nullopt;
  return record;
}

}  // namespace gatevisor::protocol
