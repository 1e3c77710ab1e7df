// [Unit] of systemd.unit(5), and what is gatevisor's own.

#include "config/show_rows.h"
#include "config/signal_map.h"

namespace gatevisor::config {
namespace {

/// As the line of the unit file has it, without its place: 'ConditionPathExists=!/x'.
std::vector<std::string> conditions(const ShowSubject& of, bool assertion) {
  std::vector<std::string> lines;
  for (const Condition& condition : of.settings.conditions) {
    if (condition.assertion != assertion) continue;
    const std::size_t place = condition.text.find(": ");
    lines.push_back(place == std::string::npos ? condition.text : condition.text.substr(place + 2));
  }
  return lines;
}

std::vector<std::string> forwarded(const SignalMap& map) {
  std::vector<std::string> words;
  for (const auto& [from, to] : map) {
    words.push_back(short_signal(from) + (from == to ? "" : ":" + short_signal(to)));
  }
  return words;
}

/// In RestartCause='s own form.
std::vector<std::string> cause_rules(const RestartSettings& restart) {
  std::vector<std::string> words;
  for (const auto& [cause, rule] : restart.by_cause) {
    std::string word(to_string(cause));
    word += !rule.restart ? ":default" : *rule.restart ? ":restart" : ":no";
    if (rule.delay) word += ":" + time_span_text(*rule.delay);
    words.push_back(std::move(word));
  }
  return words;
}

template <Dependency kKind>
ShownValue others(const ShowSubject& of) {
  return shown_words(of.settings.dependencies.of(kKind));
}

constexpr ShowRow kRows[] = {
    {"", "Id", [](const ShowSubject& of) { return shown_text(of.id); }},
    {"Requires", "Requires", others<Dependency::Requires>},
    {"Requisite", "Requisite", others<Dependency::Requisite>},
    {"Wants", "Wants", others<Dependency::Wants>},
    {"Upholds", "Upholds", others<Dependency::Upholds>},
    {"BindsTo BindTo", "BindsTo", others<Dependency::BindsTo>},
    {"PartOf", "PartOf", others<Dependency::PartOf>},
    {"Conflicts", "Conflicts", others<Dependency::Conflicts>},
    {"Before", "Before", others<Dependency::Before>},
    {"After", "After", others<Dependency::After>},
    {"OnSuccess", "OnSuccess", others<Dependency::OnSuccess>},
    {"OnFailure", "OnFailure", others<Dependency::OnFailure>},
    {"PropagatesReloadTo PropagateReloadTo", "PropagatesReloadTo",
     others<Dependency::PropagatesReloadTo>},
    {"ReloadPropagatedFrom PropagateReloadFrom", "ReloadPropagatedFrom",
     others<Dependency::ReloadPropagatedFrom>},
    {"PropagatesStopTo", "PropagatesStopTo", others<Dependency::PropagatesStopTo>},
    {"StopPropagatedFrom", "StopPropagatedFrom", others<Dependency::StopPropagatedFrom>},
    {"Description", "Description",
     [](const ShowSubject& of) {
       return shown_text(of.unit.description.empty() ? of.id : of.unit.description);
     }},
    {"Documentation", "Documentation",
     [](const ShowSubject& of) { return shown_words(of.unit.documentation); }},
    {"StartLimitIntervalSec StartLimitInterval", "StartLimitIntervalUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.start_limit.interval); }},
    {"StartLimitBurst", "StartLimitBurst",
     [](const ShowSubject& of) { return shown_number(of.settings.start_limit.burst); }},
    {"Condition*", "Conditions",
     [](const ShowSubject& of) { return shown_lines(conditions(of, false)); }},
    {"Assert*", "Asserts", [](const ShowSubject& of) { return shown_lines(conditions(of, true)); }},
};

ShownValue shown_bytes(const std::optional<std::uint64_t>& bytes) {
  return bytes ? shown_number(*bytes) : shown_text("");
}

constexpr ShowRow kOwnRows[] = {
    {"Allow", "Allow",
     [](const ShowSubject& of) {
       return shown_words({of.unit.allow.begin(), of.unit.allow.end()});
     }},
    {"AlarmBurst", "AlarmBurst",
     [](const ShowSubject& of) { return shown_number(of.settings.alarm.burst); }},
    {"AlarmIntervalSec", "AlarmIntervalUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.alarm.interval); }},
    {"MemorySampleSec", "MemorySampleUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.memory.sample_interval); }},
    {"ForwardSignals", "ForwardSignals",
     [](const ShowSubject& of) { return shown_words(forwarded(of.settings.forward)); }},
    {"RestartCause", "RestartCause",
     [](const ShowSubject& of) { return shown_words(cause_rules(of.settings.restart)); }},
    {"RestartResetSec", "RestartResetUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.restart.reset_after); }},
    {"StrictLimits", "StrictLimits",
     [](const ShowSubject& of) { return shown_yes_no(of.settings.resources.strict); }},
    {"StrictCapabilities", "StrictCapabilities",
     [](const ShowSubject& of) { return shown_yes_no(of.settings.exec.strict_capabilities); }},
    {"Storage", "Storage",
     [](const ShowSubject& of) {
       switch (of.settings.journal.storage) {
         case JournalStorage::Auto: return shown_text("auto");
         case JournalStorage::Persistent: return shown_text("persistent");
         case JournalStorage::Volatile: return shown_text("volatile");
         case JournalStorage::None: return shown_text("none");
       }
       return shown_text("");
     }},
    {"SystemMaxUse", "SystemMaxUse",
     [](const ShowSubject& of) { return shown_bytes(of.settings.journal.max_use); }},
    {"SystemKeepFree", "SystemKeepFree",
     [](const ShowSubject& of) { return shown_bytes(of.settings.journal.keep_free); }},
    {"SystemMaxFileSize", "SystemMaxFileSize",
     [](const ShowSubject& of) { return shown_bytes(of.settings.journal.max_file_size); }},
    {"SystemMaxFiles", "SystemMaxFiles",
     [](const ShowSubject& of) { return shown_number(of.settings.journal.max_files); }},
    {"MaxFileSec", "MaxFileUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.journal.max_file_age); }},
    {"MaxRetentionSec", "MaxRetentionUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.journal.max_retention); }},
    {"SyncIntervalSec", "SyncIntervalUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.journal.sync_interval); }},
    {"JournalFull", "JournalFull",
     [](const ShowSubject& of) {
       return shown_text(of.settings.journal.full == JournalFull::Drop ? "drop" : "block");
     }},
};

}  // namespace

std::span<const ShowRow> unit_rows() { return kRows; }
std::span<const ShowRow> own_rows() { return kOwnRows; }

}  // namespace gatevisor::config
